//! The link without devices and without waiting: computes the arrivals from the frames and their sending times.

use std::time::Duration;

use super::LinkOptions;
use super::emulator::Emulator;
use super::log::{LinkFrame, LinkLog};
use crate::model::{Direction, Timestamp};

/// A frame that came out of the link.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// The time of arrival, on the clock of the sending times.
    pub at: Duration,
    /// The frame that was sent.
    pub frame: LinkFrame,
    /// Its bytes on arrival.
    pub bytes: Vec<u8>,
}

/// Carries `frames`, each with its sending time and direction. Returns the frames that arrive, in that order, and the
/// log. A sending time before its predecessor's counts as the latest so far. The same seed reproduces the same faults.
pub fn emulate<'a>(
    options: &LinkOptions,
    seed: u64,
    frames: impl IntoIterator<Item = (Duration, Direction, &'a [u8])>,
) -> (Vec<Delivered>, LinkLog) {
    let mut emulator = Emulator::new(options, seed, Timestamp::default());
    let mut delivered = Vec::new();
    let mut now = Duration::ZERO;
    for (sent, direction, bytes) in frames {
        now = now.max(sent);
        deliver(&mut emulator, now, &mut delivered);
        emulator.accept(now, direction, bytes);
    }
    while let Some(due) = emulator.deadline() {
        deliver(&mut emulator, due, &mut delivered);
    }
    (delivered, emulator.log)
}

/// Collects the frames that have arrived by `now`.
fn deliver(emulator: &mut Emulator, now: Duration, delivered: &mut Vec<Delivered>) {
    while let Some(due) = emulator.deadline().filter(|due| *due <= now) {
        // a held frame's deadline is the end of its hold
        if let Some((frame, bytes)) = emulator.arrived(due) {
            emulator.delivered(frame);
            delivered.push(Delivered { at: due, frame, bytes });
        }
    }
}
