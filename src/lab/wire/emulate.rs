//! The wire without devices and without waiting: given frames, and when each was sent, what arrives and when.

use std::time::Duration;

use super::WireOptions;
use super::emulator::Emulator;
use super::log::{WireFrame, WireLog};
use crate::model::{Direction, Timestamp};

/// A frame that came out of the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// When, on the clock that sending times are on.
    pub at: Duration,
    /// The frame that was sent.
    pub frame: WireFrame,
    /// Its bytes now.
    pub bytes: Vec<u8>,
}

/// Carries `frames`, each with the time when it is sent and its direction, and gives what arrives, in that order, and
/// what was done. Times that go back are taken for the latest before them. The same seed brings the same accidents.
pub fn emulate<'a>(
    options: &WireOptions,
    seed: u64,
    frames: impl IntoIterator<Item = (Duration, Direction, &'a [u8])>,
) -> (Vec<Delivered>, WireLog) {
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

/// Takes what has arrived by `now`.
fn deliver(emulator: &mut Emulator, now: Duration, delivered: &mut Vec<Delivered>) {
    while let Some(due) = emulator.deadline().filter(|due| *due <= now) {
        // the deadline of a frame that is held is when it goes
        if let Some((frame, bytes)) = emulator.arrived(due) {
            emulator.delivered(frame);
            delivered.push(Delivered { at: due, frame, bytes });
        }
    }
}
