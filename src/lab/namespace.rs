//! A network namespace that lives as long as its thread: with its own interfaces, routes, ports and settings.
//!
//! It has no name on the machine, so that nothing can remain of it: once its thread and its sockets are gone, and a
//! killed process has neither, the kernel removes the namespace with everything in it.

use std::any::Any;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use caps::CapSet;
use nix::sched::{CloneFlags, unshare};

use super::rights;

type Job = Box<dyn FnOnce() + Send>;

/// A thread in a network namespace of its own.
#[derive(Debug)]
pub(super) struct Namespace {
    name: &'static str,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The result, still pending, of work that was passed to a namespace's thread.
#[derive(Debug)]
pub struct Pending<T> {
    name: &'static str,
    result: mpsc::Receiver<Result<T, Box<dyn Any + Send>>>,
}

impl<T> Pending<T> {
    /// Waits for the result; a panic in the work is resumed here.
    ///
    /// # Errors
    /// If the host's thread has ended.
    pub fn wait(self) -> Result<T> {
        match self.result.recv() {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(mpsc::RecvError) => Err(anyhow!("the thread of the lab's {} has ended", self.name)),
        }
    }
}

impl Namespace {
    /// Creates the thread and its namespace.
    ///
    /// # Errors
    /// If the process may not create network namespaces; the message names the cause.
    pub(super) fn new(name: &'static str) -> Result<Self> {
        Self::start(name, || unshare(CloneFlags::CLONE_NEWNET))
    }

    /// Creates a thread in the network of this process.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn shared(name: &'static str) -> Result<Self> {
        Self::start(name, || Ok(()))
    }

    fn start(name: &'static str, enter: impl FnOnce() -> nix::Result<()> + Send + 'static) -> Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (ready, made) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let outcome = enter();
                let usable = outcome.is_ok();
                if ready.send(outcome).is_ok() && usable {
                    queue.into_iter().for_each(|job| job());
                }
            })
            .with_context(|| format!("cannot start the thread of the lab's {name}"))?;
        let namespace = Self { name, jobs: Some(jobs), thread: Some(thread) };
        match made.recv() {
            Ok(Ok(())) => Ok(namespace),
            Ok(Err(errno)) => Err(rights::refused(rights::Step::NetworkNamespace, errno)),
            Err(mpsc::RecvError) => Err(anyhow!("the thread of the lab's {name} has ended")),
        }
    }

    /// Passes `work` to the thread, which runs its jobs one after the other.
    pub(super) fn submit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (done, result) = mpsc::sync_channel(1);
        let job = Box::new(move || {
            // a caller that no longer waits does not need the value
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        });
        if let Some(jobs) = &self.jobs {
            // if the thread is gone the job is dropped, and its sender with it: `wait` reports that
            let _ = jobs.send(job);
        }
        Pending { name: self.name, result }
    }

    /// Runs `work` in the thread and returns its result.
    pub(super) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.submit(work).wait()
    }

    /// A handle on the namespace, to move a device into it.
    pub(super) fn handle(&self) -> Result<OwnedFd> {
        self.run(|| File::open("/proc/thread-self/ns/net"))?
            .map(OwnedFd::from)
            .context("cannot open /proc/thread-self/ns/net (is /proc mounted?)")
    }
}

/// Ends the thread when its jobs are done, and the namespace with it.
impl Drop for Namespace {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // its jobs catch their own panics
            let _ = thread.join();
        }
    }
}

/// Drops every capability of the calling thread.
pub(super) fn give_up_capabilities() -> Result<()> {
    caps::clear(None, CapSet::Effective)
        .and_then(|()| caps::clear(None, CapSet::Permitted))
        .context("cannot give up the capabilities of one of the lab's threads")
}
