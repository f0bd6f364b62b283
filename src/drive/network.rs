//! The network of client and server: both on this host, or each on a host of its own.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};

use super::privileges::bar_new_privileges;
use crate::lab::{self, Lab, LabOptions, LinkLog, Pending, Rights, Rule, SingleHost};
use crate::model::Side;

/// The network on which client and server run.
#[derive(Debug)]
pub enum Network {
    /// Both on this host, so that they meet on loopback.
    ThisHost,
    /// The same, with a thread for third-party programs.
    LocalHost(SingleHost),
    /// Both on one private host, which has nothing but a loopback interface.
    PrivateHost(SingleHost),
    /// Each on its own host of a private network.
    Lab(Box<Lab>),
}

/// The record of a lab's wire over a whole session.
#[derive(Clone, Debug)]
pub struct LinkRecord {
    /// The random seed.
    pub seed: u64,
    /// Its script.
    pub rules: Vec<Rule>,
    /// The log of what it did.
    pub log: LinkLog,
}

impl Network {
    /// Builds a lab. A process without the rights for it enters a user namespace, which is possible only while it has
    /// only its first thread.
    ///
    /// # Errors
    /// If the system does not let its users create networks (the message names the setting), and for settings that the
    /// hosts do not have.
    pub fn lab(options: &LabOptions) -> Result<Self> {
        obtain_rights()?;
        Ok(Self::Lab(Box::new(Lab::start(options)?)))
    }

    /// This host, for third-party programs.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn local_host() -> Result<Self> {
        Ok(Self::LocalHost(SingleHost::local()?))
    }

    /// Creates one host with a loopback interface of its own, under the same conditions as [`Network::lab`].
    ///
    /// # Errors
    /// If the system does not let its users create networks (the message names the setting).
    pub fn private_host() -> Result<Self> {
        obtain_rights()?;
        Ok(Self::PrivateHost(SingleHost::private()?))
    }

    /// Runs `work` on the host of the program of `side`: its sockets and threads belong to that host. Each host of a
    /// lab runs one job at a time.
    ///
    /// # Errors
    /// If the host is gone.
    pub fn on<T: Send + 'static>(&self, side: Side, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        match self {
            Self::ThisHost => Ok(work()),
            Self::LocalHost(host) | Self::PrivateHost(host) => host.run(work),
            Self::Lab(lab) => lab.host(side).run(work),
        }
    }

    /// Passes `work` to the thread of the host of the program of `side`, without waiting for it.
    ///
    /// # Errors
    /// If the network is this host, which has no thread of its own.
    pub fn submit<T: Send + 'static>(
        &self,
        side: Side,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Pending<T>> {
        match self {
            Self::ThisHost => bail!("this host has no thread for programs that are not echolab's own"),
            Self::LocalHost(host) | Self::PrivateHost(host) => Ok(host.submit(work)),
            Self::Lab(lab) => Ok(lab.host(side).submit(work)),
        }
    }

    /// The address from which a client reaches a server at `server`.
    pub fn client_ip(&self, server: IpAddr) -> IpAddr {
        match (self, server) {
            (Self::ThisHost | Self::LocalHost(_) | Self::PrivateHost(_), ip) => ip,
            (Self::Lab(lab), IpAddr::V4(_)) => lab.client.addresses().ipv4.into(),
            (Self::Lab(lab), IpAddr::V6(_)) => lab.client.addresses().ipv6.into(),
        }
    }

    /// Drops the capabilities of the threads that run already.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        match self {
            Self::ThisHost => Ok(()),
            Self::LocalHost(host) | Self::PrivateHost(host) => host.give_up_capabilities(),
            Self::Lab(lab) => lab.give_up_capabilities(),
        }
    }

    /// Ends the link when the frames in transit have been delivered, and returns its record; `None` if there is no
    /// wire.
    ///
    /// # Errors
    /// If the link has failed.
    pub fn end(&mut self) -> Result<Option<LinkRecord>> {
        match self {
            Self::ThisHost | Self::LocalHost(_) | Self::PrivateHost(_) => Ok(None),
            Self::Lab(lab) => {
                let log = lab.wire.stop().context("the session's network failed")?;
                Ok(Some(LinkRecord { seed: lab.wire.seed(), rules: lab.wire.rules(), log }))
            }
        }
    }
}

fn obtain_rights() -> Result<()> {
    if lab::obtain_rights()? == Rights::UserNamespace {
        // a user namespace grants every right again
        bar_new_privileges()?;
    }
    Ok(())
}
