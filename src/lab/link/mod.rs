//! The link between the lab's two hosts: a thread that carries Ethernet frames from one device to the other, and
//! applies the faults of a real network: loss, delay, duplication, reordering, corruption.
//!
//! Faults are decided by chance, with configured percentages ([`Faults`]) and a seed that reproduces them, or by a
//! script ([`Rule`]). The link is not a capture: its [`LinkLog`] holds what it did, and captures at the two hosts hold
//! what each of them sent and received.

mod corrupt;
mod counter;
mod decision;
mod emulate;
mod emulator;
mod faults;
mod in_flight;
mod log;
mod packet;
mod parse;
mod rule;
#[cfg(test)]
mod samples;

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::prctl;
use nix::sys::time::TimeSpec;

pub use self::emulate::{Delivered, emulate};
pub use self::faults::{Faults, Percent, QuantityError, Rate};
pub use self::log::{Cause, Effect, LinkEvent, LinkFrame, LinkLog, LinkTotals};
pub use self::packet::{PacketKind, UnknownKind};
pub use self::parse::{RuleError, parse_script};
pub use self::rule::{Action, Rule, Times};

use self::emulator::Emulator;
use super::device::LinkEnd;
use super::namespace;
use crate::model::{Direction, PerDirection, Timestamp};

/// Frames read from one host before the other has its turn.
const TURN: usize = 64;

/// The longest time that a stopped wire continues to deliver the frames in transit.
const LAST_DELIVERY: Duration = Duration::from_secs(2);

/// The longest single wait: the kernel does not accept every time that a rule may name.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The configuration of the link. The default is a link without faults.
#[derive(Clone, Debug, Default)]
pub struct LinkOptions {
    /// The random faults, by direction.
    pub faults: PerDirection<Faults>,
    /// The rules for single packets.
    pub rules: Vec<Rule>,
    /// The random seed; `None` for a different one each time.
    pub seed: Option<u64>,
}

/// The running wire.
#[derive(Debug)]
pub struct EmulatedLink {
    shared: Arc<Shared>,
    seed: u64,
    thread: Option<JoinHandle<(PerDirection<LinkEnd>, Result<()>)>>,
    /// The ends, once the thread has ended: closing a TAP device's end would remove the host's interface.
    ends: Option<PerDirection<LinkEnd>>,
}

#[derive(Debug)]
struct Shared {
    emulator: Mutex<Emulator>,
    stop: AtomicBool,
    give_up: AtomicBool,
    wake: EventFd,
}

impl Shared {
    /// The emulator. A panic elsewhere while it was locked leaves no inconsistent state that matters.
    fn emulator(&self) -> MutexGuard<'_, Emulator> {
        self.emulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread to look at its flags.
    fn wake(&self) -> Result<()> {
        self.wake.write(1).map(|_| ()).context("cannot wake the lab's wire")
    }
}

impl EmulatedLink {
    /// Starts the link between the two ends; `mtu` is the longest IP packet in bytes.
    pub(super) fn start(ends: PerDirection<LinkEnd>, mtu: u16, options: &LinkOptions) -> Result<Self> {
        // short enough to be retyped
        let seed = options.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch = Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos());
        let start = Instant::now();
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .context("cannot make an eventfd for the lab's wire")?;
        let emulator = Mutex::new(Emulator::new(options, seed, epoch));
        let shared = Arc::new(Shared { emulator, stop: AtomicBool::new(false), give_up: AtomicBool::new(false), wake });
        let carrier =
            LinkThread { shared: Arc::clone(&shared), ends, start, buffer: vec![0; LinkEnd::frame_room(mtu)] };
        let thread = thread::Builder::new().name("wire".to_owned()).spawn(move || carrier.run());
        let thread = thread.context("cannot start the thread of the lab's wire")?;
        Ok(Self { shared, seed, thread: Some(thread), ends: None })
    }

    /// The random seed; with the same packets it reproduces the same faults.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Changes the random faults, from the next packet on.
    pub fn set_faults(&self, faults: &PerDirection<Faults>) {
        self.shared.emulator().set_faults(faults);
    }

    /// Adds rules to the script; they count packets from the session's start.
    pub fn add_rules(&self, rules: &[Rule]) {
        self.shared.emulator().add_rules(rules);
    }

    /// The script, in the order that [`Cause::Rule`] counts in; a rule that was to apply to whichever side came first
    /// now names that side.
    pub fn rules(&self) -> Vec<Rule> {
        self.shared.emulator().rules()
    }

    /// The log of the link so far.
    pub fn log(&self) -> LinkLog {
        self.shared.emulator().log.clone()
    }

    /// Delivers the frames in transit when they are due, for two seconds at most, then ends the link. Frames that a
    /// host sends meanwhile are carried too. After that, captures at the hosts hold everything, and can be read to
    /// their end.
    ///
    /// # Errors
    /// If the link has failed: a device could not be read.
    pub fn stop(&mut self) -> Result<LinkLog> {
        self.end()?;
        Ok(self.log())
    }

    /// Makes the link's thread drop its capabilities.
    pub(super) fn give_up_capabilities(&self) -> Result<()> {
        self.shared.give_up.store(true, Ordering::Release);
        self.shared.wake()
    }

    fn end(&mut self) -> Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.shared.stop.store(true, Ordering::Release);
        self.shared.wake()?;
        let (ends, outcome) = thread.join().map_err(|_| anyhow!("the lab's wire has panicked"))?;
        self.ends = Some(ends);
        outcome.context("the lab's wire broke")
    }
}

impl Drop for EmulatedLink {
    fn drop(&mut self) {
        // a caller that needs the error calls `stop`
        let _ = self.end();
    }
}

/// The state of the link's thread.
struct LinkThread {
    shared: Arc<Shared>,
    /// The device of the host that sends in each direction.
    ends: PerDirection<LinkEnd>,
    start: Instant,
    buffer: Vec<u8>,
}

impl LinkThread {
    fn run(mut self) -> (PerDirection<LinkEnd>, Result<()>) {
        // wake up when a frame is due, not 50 µs later; not essential
        let _ = prctl::set_timerslack(1);
        let outcome = self.carry().and_then(|()| self.count_missed());
        (self.ends, outcome)
    }

    fn count_missed(&mut self) -> Result<()> {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let missed = self.ends.get_mut(direction).missed()?;
            self.shared.emulator().log.totals.get_mut(direction).missed = missed;
        }
        Ok(())
    }

    /// Carries frames until the link is stopped.
    fn carry(&mut self) -> Result<()> {
        let mut last = None;
        loop {
            // the reason for waking is handled below, and must not end the next wait
            let _ = self.shared.wake.read();
            if self.shared.give_up.swap(false, Ordering::AcqRel) {
                // frames are carried through open descriptors, which need no capability
                namespace::give_up_capabilities()?;
            }
            if self.shared.stop.load(Ordering::Acquire) {
                last.get_or_insert(self.start.elapsed() + LAST_DELIVERY);
            }
            let moved = self.collect()? | self.deliver();
            let deadline = self.shared.emulator().deadline();
            // delivered frames may have been answered at once
            if last.is_some_and(|last| (!moved && deadline.is_none()) || self.start.elapsed() >= last) {
                self.shared.emulator().abandon();
                return Ok(());
            }
            if !moved {
                self.wait([deadline, last].into_iter().flatten().min())?;
            }
        }
    }

    /// Accepts the frames that the hosts have sent; `false` if there are none.
    fn collect(&mut self) -> Result<bool> {
        let mut any = false;
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let end = self.ends.get_mut(direction);
            let mut emulator = self.shared.emulator();
            for _ in 0..TURN {
                let Some(frame) = end.receive(&mut self.buffer)? else { break };
                emulator.accept(self.start.elapsed(), direction, frame);
                any = true;
            }
        }
        Ok(any)
    }

    /// Delivers the frames that are due; `false` if there are none.
    fn deliver(&mut self) -> bool {
        let mut any = false;
        let mut emulator = self.shared.emulator();
        while let Some((frame, bytes)) = emulator.arrived(self.start.elapsed()) {
            match self.ends.get_mut(!frame.direction).send(&bytes) {
                Ok(()) => emulator.delivered(frame),
                Err(_) => emulator.undeliverable(frame),
            }
            any = true;
        }
        any
    }

    /// Waits for a frame, for the deadline, or to be stopped.
    fn wait(&self, deadline: Option<Duration>) -> Result<()> {
        let mut watched =
            [self.ends.client_to_server.as_fd(), self.ends.server_to_client.as_fd(), self.shared.wake.as_fd()]
                .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
        let timeout = deadline.map(|due| TimeSpec::from(due.saturating_sub(self.start.elapsed()).min(LONGEST_WAIT)));
        match ppoll(&mut watched, timeout, None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno).context("cannot wait for a frame"),
        }
    }
}
