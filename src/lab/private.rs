//! One host of its own: a network namespace with nothing but a loopback interface.

use anyhow::Result;

use super::namespace::{self, Namespace, Pending};
use super::netlink::{Link, Netlink};

/// A host whose only interface is its own loopback: every port is free, and nothing reaches it from outside.
#[derive(Debug)]
pub struct PrivateHost {
    namespace: Namespace,
}

impl PrivateHost {
    /// Makes it. [`obtain_rights`](super::obtain_rights) must have been called.
    ///
    /// # Errors
    /// Whatever keeps the process from making network namespaces.
    pub fn start() -> Result<Self> {
        let namespace = Namespace::new("host")?;
        namespace.run(|| Netlink::open()?.raise("lo", &Link { mac: None, mtu: None, quiet: false }))??;
        Ok(Self { namespace })
    }

    /// Does `work` in the host, as [`Host::run`](super::Host::run) does.
    ///
    /// # Errors
    /// When the host's thread has ended.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.namespace.run(work)
    }

    /// Hands `work` to the host's thread without waiting for it.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        self.namespace.submit(work)
    }

    /// Gives up the capabilities of the host's thread.
    ///
    /// # Errors
    /// When the system refuses, which it has no reason to.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.namespace.run(namespace::give_up_capabilities)?
    }
}
