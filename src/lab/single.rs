//! One host for both sides of a session: a private one, or this one through a thread of its own.

use anyhow::Result;

use super::namespace::{self, Namespace, Pending};
use super::netlink::{Link, Netlink};

/// A host on which the server and the client run, and the thread that works in its network namespace.
#[derive(Debug)]
pub struct SingleHost {
    namespace: Namespace,
}

impl SingleHost {
    /// Starts a thread in the network of this host.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn local() -> Result<Self> {
        Ok(Self { namespace: Namespace::shared("host")? })
    }

    /// Creates a network namespace whose only interface is its own loopback: every port is free, and nothing reaches it
    /// from outside. [`obtain_rights`](super::obtain_rights) must have been called.
    ///
    /// # Errors
    /// Any error that prevents the process from creating network namespaces.
    pub fn private() -> Result<Self> {
        let namespace = Namespace::new("host")?;
        namespace.run(|| Netlink::open()?.raise("lo", &Link { mac: None, mtu: None, quiet: false }))??;
        Ok(Self { namespace })
    }

    /// Runs `work` in the host, as [`Host::run`](super::Host::run) does.
    ///
    /// # Errors
    /// If the host's thread has ended.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.namespace.run(work)
    }

    /// Passes `work` to the host's thread without waiting for it.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        self.namespace.submit(work)
    }

    /// Drops the capabilities of the host's thread.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.namespace.run(namespace::give_up_capabilities)?
    }
}
