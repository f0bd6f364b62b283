//! Where client and server run: both on this host, or each on a host of its own.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};

use super::privileges::bar_new_privileges;
use crate::lab::{self, Lab, LabOptions, LocalHost, Pending, PrivateHost, Rights, Rule, WireLog};
use crate::model::Side;

/// Where client and server run.
#[derive(Debug)]
pub enum Network {
    /// Both on this host, so that they meet on loopback.
    ThisHost,
    /// The same, with a thread for programs that are not echolab's own.
    LocalHost(LocalHost),
    /// Both on one host of their own, which has nothing but a loopback interface.
    PrivateHost(PrivateHost),
    /// Each on its own host of a private network.
    Lab(Box<Lab>),
}

/// What a lab's wire did to a whole session.
#[derive(Clone, Debug)]
pub struct WireRecord {
    /// Where its chances began.
    pub seed: u64,
    /// Its script.
    pub rules: Vec<Rule>,
    /// What it did.
    pub log: WireLog,
}

impl Network {
    /// Builds a lab. A process without the rights for it enters a user namespace, which it can only while it has no
    /// thread but the first.
    ///
    /// # Errors
    /// Where the system keeps its users from making networks (the message names the setting), and for settings that the
    /// hosts do not have.
    pub fn lab(options: &LabOptions) -> Result<Self> {
        obtain_rights()?;
        Ok(Self::Lab(Box::new(Lab::start(options)?)))
    }

    /// This host, for programs that are not echolab's own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn local_host() -> Result<Self> {
        Ok(Self::LocalHost(LocalHost::start()?))
    }

    /// Makes one host with a loopback interface of its own, under the same conditions as [`Network::lab`].
    ///
    /// # Errors
    /// Where the system keeps its users from making networks (the message names the setting).
    pub fn private_host() -> Result<Self> {
        obtain_rights()?;
        Ok(Self::PrivateHost(PrivateHost::start()?))
    }

    /// Does `work` where the program of `side` runs: sockets and threads that it makes are that host's. In a lab, one work
    /// of each host is done at a time.
    ///
    /// # Errors
    /// When the host is gone.
    pub fn on<T: Send + 'static>(&self, side: Side, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        match self {
            Self::ThisHost => Ok(work()),
            Self::LocalHost(host) => host.run(work),
            Self::PrivateHost(host) => host.run(work),
            Self::Lab(lab) => lab.host(side).run(work),
        }
    }

    /// Hands `work` to the thread of the host where the program of `side` runs, without waiting for it.
    ///
    /// # Errors
    /// On this host, which has no thread of its own.
    pub fn submit<T: Send + 'static>(
        &self,
        side: Side,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Pending<T>> {
        match self {
            Self::ThisHost => bail!("this host has no thread for programs that are not echolab's own"),
            Self::LocalHost(host) => Ok(host.submit(work)),
            Self::PrivateHost(host) => Ok(host.submit(work)),
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

    /// Gives up the capabilities of the threads that run already.
    ///
    /// # Errors
    /// When the system refuses, which it has no reason to.
    pub fn give_up_capabilities(&self) -> Result<()> {
        match self {
            Self::ThisHost => Ok(()),
            Self::LocalHost(host) => host.give_up_capabilities(),
            Self::PrivateHost(host) => host.give_up_capabilities(),
            Self::Lab(lab) => lab.give_up_capabilities(),
        }
    }

    /// Ends the wire when what is under way has been delivered, and tells what it did; `None` where there is none.
    ///
    /// # Errors
    /// When the wire had broken.
    pub fn end(&mut self) -> Result<Option<WireRecord>> {
        match self {
            Self::ThisHost | Self::LocalHost(_) | Self::PrivateHost(_) => Ok(None),
            Self::Lab(lab) => {
                let log = lab.wire.stop().context("the session's network failed")?;
                Ok(Some(WireRecord { seed: lab.wire.seed(), rules: lab.wire.rules(), log }))
            }
        }
    }
}

fn obtain_rights() -> Result<()> {
    if lab::obtain_rights()? == Rights::UserNamespace {
        // where every right is there anew
        bar_new_privileges()?;
    }
    Ok(())
}
