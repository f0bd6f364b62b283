//! The thread that empties libpcap's ring, and how it finds the end.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout};
use pcap::{Active, Capture, Packet};

use super::LiveCapture;
use super::drainer::DrainReceiver;
use super::frames::{Batch, LiveSource, Message};
use super::notice::{Notice, Notify};
use crate::capture::tee::Tee;
use crate::model::{Frame, LinkType, Timestamp};

/// Batches queued between the capture and its reader; beyond them the ring takes the load.
const BATCHES: usize = 32;

/// A batch is handed over when it holds this many bytes.
const BATCH_BYTES: usize = 1 << 20;

/// Time for which the ring may stay silent while a frame is still missing, before that frame is given up, in
/// milliseconds. The kernel hands a block over within two, unless the machine stands still.
const SILENCE_MS: u16 = 1000;

/// Ends a capture when told to, or when dropped.
pub(crate) struct StopHandle(PipeWriter);

impl StopHandle {
    /// Has the capture deliver what the kernel has seen so far, and end. Returns at once.
    pub(crate) fn stop(self) {}

    /// The same where somebody else has counted as well: the capture ends with no fewer than so many frames. Those that
    /// still do not come count as dropped.
    pub(crate) fn stop_with(mut self, frames: u64) {
        // a capture that has broken off waits for no count
        let _ = self.0.write_all(&frames.to_ne_bytes());
    }
}

/// The state of the capture thread.
struct Worker {
    capture: Capture<Active>,
    stopped: PipeReader,
    drain_receiver: DrainReceiver,
    messages: SyncSender<Message>,
    batch: Batch,
    /// Written here and not by the reader: a report that is slow, or not read, must not lose a frame.
    tee: Tee,
    link: LinkType,
    /// Frames of the session so far.
    frames: u64,
    /// The capture ends after this number of frames.
    max: u64,
    /// Frames taken out of the ring since it was opened, modulo 2³² like libpcap's counters.
    taken: u32,
    /// Frames dropped before the session.
    dropped_before: u32,
    notify: Notify,
    /// `true` if the error of the file has been reported.
    told: bool,
}

/// The reason why the thread ends early.
enum EarlyEnd {
    /// There is no reader any more.
    NoReader,
    /// libpcap or the system failed.
    Broken(String),
}

impl From<pcap::Error> for EarlyEnd {
    fn from(error: pcap::Error) -> Self {
        Self::Broken(match error {
            pcap::Error::PcapError(text) => text,
            other => other.to_string(),
        })
    }
}

impl From<nix::Error> for EarlyEnd {
    fn from(error: nix::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

pub(super) fn start(
    live: LiveCapture,
    tee: Tee,
    max: Option<u64>,
    notify: Notify,
) -> io::Result<(LiveSource, StopHandle)> {
    let LiveCapture { capture, info, link, backlog, drain_receiver, .. } = live;
    let (stopped, stopper) = io::pipe()?;
    let (messages, receiver) = sync_channel(BATCHES);
    let (batch, taken, dropped_before) = (Batch::default(), backlog.taken, backlog.dropped);
    let (frames, max) = (0, max.unwrap_or(u64::MAX));
    let told = false;
    let worker = Worker {
        capture,
        stopped,
        drain_receiver,
        messages,
        batch,
        tee,
        link,
        frames,
        max,
        taken,
        dropped_before,
        notify,
        told,
    };
    let handle = thread::Builder::new().name("capture".to_owned()).spawn(move || worker.run())?;
    Ok((LiveSource::new(info, link, receiver, handle), StopHandle(stopper)))
}

impl Worker {
    fn run(mut self) {
        let (missing, error) = match self.read_until_stopped().and_then(|()| self.drain()) {
            Ok(missing) => (missing, None),
            Err(EarlyEnd::NoReader) => (0, None),
            Err(EarlyEnd::Broken(text)) => (0, Some(text)),
        };
        let dropped = self.capture.stats().map_or(0, |stat| stat.dropped.wrapping_sub(self.dropped_before));
        let dropped = u64::from(dropped) + u64::from(missing);
        let written = self.tee.finish(Some(dropped));
        // a reader that has gone wants no end either
        let _ = self.messages.send(Message::End { dropped, error, written });
    }

    fn read_until_stopped(&mut self) -> Result<(), EarlyEnd> {
        loop {
            let mut waits = [
                PollFd::new(self.capture.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.stopped.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.drain_receiver.asked.as_fd(), PollFlags::POLLIN),
            ];
            poll(&mut waits, PollTimeout::NONE)?;
            let is_down = waits.first().and_then(PollFd::revents).is_some_and(|what| what.contains(PollFlags::POLLERR));
            let [_, stopped, is_asked] = waits.map(|wait| wait.any().unwrap_or(false));
            let asked = self.drain_receiver.take(is_asked);
            self.take()?;
            self.drain_receiver.complete(asked);
            if is_down {
                // had it vanished, there would be no taking from it
                (self.notify)(&Notice::Down);
            }
            self.report_file_error();
            if stopped || self.frames >= self.max {
                return Ok(());
            }
        }
    }

    /// Says once that the capture file lacks frames.
    fn report_file_error(&mut self) {
        if let Some(error) = self.tee.error().filter(|_| !self.told) {
            (self.notify)(&Notice::Unwritten(error.to_string()));
            self.told = true;
        }
    }

    /// Takes the rest: exactly the frames that the kernel (and the other counter, if any) has counted and not dropped.
    /// Returns how many frames never came.
    fn drain(&mut self) -> Result<u32, EarlyEnd> {
        if self.frames >= self.max {
            return Ok(0);
        }
        let stat = self.capture.stats()?;
        let mut due = stat.received.wrapping_sub(stat.dropped);
        let mut count = [0; 8];
        // nothing is written where there is no other counter
        if self.stopped.read_exact(&mut count).is_ok() {
            let counted = (u64::from_ne_bytes(count) as u32).wrapping_sub(stat.dropped);
            if counted.wrapping_sub(due).cast_signed() > 0 {
                due = counted;
            }
        }
        loop {
            self.take()?;
            // `taken` may have run ahead by frames that came after the count
            let missing = due.wrapping_sub(self.taken).cast_signed();
            if missing <= 0 {
                return Ok(0);
            }
            let mut waits = [PollFd::new(self.capture.as_fd(), PollFlags::POLLIN)];
            if poll(&mut waits, PollTimeout::from(SILENCE_MS))? == 0 {
                return Ok(missing.unsigned_abs());
            }
        }
    }

    /// Takes everything that is ready out of the ring, writes it to the file and hands it over.
    fn take(&mut self) -> Result<(), EarlyEnd> {
        let Self { capture, drain_receiver, messages, batch, tee, link, frames, max, taken, .. } = self;
        let mut gone = false;
        let mut send = |batch: &mut Batch, tee: &mut Tee| {
            match messages.try_send(Message::Frames(std::mem::take(batch))) {
                Ok(()) => {}
                Err(TrySendError::Disconnected(_)) => gone = true,
                Err(TrySendError::Full(message)) => {
                    // the reader may take its time
                    tee.flush();
                    gone |= messages.send(message).is_err();
                }
            }
            drain_receiver.progressed();
        };
        loop {
            let count = capture.dispatch(None, |packet| {
                *taken = taken.wrapping_add(1);
                if *frames >= *max {
                    return;
                }
                *frames += 1;
                let (time, wire_len, data) = (time_of(&packet), packet.header.len, packet.data);
                tee.write(&Frame {
                    unknown: Default::default(),
                    number: *frames,
                    time: Some(time),
                    link: *link,
                    interface: 0,
                    wire_len,
                    data,
                });
                batch.push(time, wire_len, data);
                if batch.weight() >= BATCH_BYTES {
                    send(batch, tee);
                }
            })?;
            if count == 0 {
                break;
            }
        }
        tee.flush();
        if !batch.is_empty() {
            send(batch, tee);
        }
        if gone { Err(EarlyEnd::NoReader) } else { Ok(()) }
    }
}

/// `poll`, begun again when a signal interrupts it.
pub(super) fn poll(waits: &mut [PollFd<'_>], timeout: PollTimeout) -> Result<i32, nix::Error> {
    loop {
        match nix::poll::poll(waits, timeout) {
            Err(nix::Error::EINTR) => {}
            result => return result,
        }
    }
}

/// libpcap keeps nanoseconds in `tv_usec` when asked for nanosecond precision.
fn time_of(packet: &Packet<'_>) -> Timestamp {
    let ts = packet.header.ts;
    #[allow(clippy::useless_conversion, reason = "the width differs between systems")]
    Timestamp::new(i64::from(ts.tv_sec), u32::try_from(ts.tv_usec).unwrap_or(0))
}
