//! This host, worked on by a thread of its own, as the hosts of a lab are.

use anyhow::Result;

use super::namespace::{self, Namespace, Pending};

/// A thread that shares the network of this host.
#[derive(Debug)]
pub struct LocalHost {
    namespace: Namespace,
}

impl LocalHost {
    /// Makes it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> Result<Self> {
        Ok(Self { namespace: Namespace::shared("host")? })
    }

    /// Does `work` in the thread, as [`Host::run`](super::Host::run) does.
    ///
    /// # Errors
    /// When the thread has ended.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.namespace.run(work)
    }

    /// Hands `work` to the thread without waiting for it.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        self.namespace.submit(work)
    }

    /// Gives up the capabilities of the thread.
    ///
    /// # Errors
    /// When the system refuses, which it has no reason to.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.namespace.run(namespace::give_up_capabilities)?
    }
}
