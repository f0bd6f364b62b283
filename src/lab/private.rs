//! A private host: a network namespace with nothing but a loopback interface.

use anyhow::Result;

use super::namespace::{self, Namespace, Pending};
use super::netlink::{Link, Netlink};

/// A host whose only interface is its own loopback: every port is free, and nothing reaches it from outside.
#[derive(Debug)]
pub struct PrivateHost {
    namespace: Namespace,
}

impl PrivateHost {
    /// Creates it. [`obtain_rights`](super::obtain_rights) must have been called.
    ///
    /// # Errors
    /// Any error that prevents the process from creating network namespaces.
    pub fn start() -> Result<Self> {
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
