//! This host, used through a thread of its own as the hosts of a lab are.

use anyhow::Result;

use super::namespace::{self, Namespace, Pending};

/// A thread that shares the network of this host.
#[derive(Debug)]
pub struct LocalHost {
    namespace: Namespace,
}

impl LocalHost {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub fn start() -> Result<Self> {
        Ok(Self { namespace: Namespace::shared("host")? })
    }

    /// Runs `work` in the thread, as [`Host::run`](super::Host::run) does.
    ///
    /// # Errors
    /// If the thread has ended.
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.namespace.run(work)
    }

    /// Passes `work` to the thread without waiting for it.
    pub fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        self.namespace.submit(work)
    }

    /// Drops the capabilities of the thread.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.namespace.run(namespace::give_up_capabilities)?
    }
}
