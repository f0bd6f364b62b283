//! One direction's bytes in the order of the stream, whatever order the segments came in.

use crate::model::SeqNumber;

/// Most bytes held back until the ones before them come.
const HELD: usize = 256 * 1024;

/// Puts segments in order; bounded, and broken for good when more is held back than it may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct InOrder {
    next: Option<SeqNumber>,
    /// Made when the first segment comes out of order.
    held: Option<Box<Held>>,
    broken: bool,
}

/// Segments that wait for the ones before them.
#[derive(Clone, Debug, Default)]
struct Held {
    segments: Vec<(SeqNumber, Vec<u8>)>,
    bytes: usize,
}

impl InOrder {
    /// Whether bytes are missing for good.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Gives `deliver` the bytes that are now in order. `offset` counts from the stream's start, modulo 2^32.
    pub(super) fn feed(&mut self, offset: u32, payload: &[u8], mut deliver: impl FnMut(&[u8])) {
        let at = SeqNumber(offset);
        let next = *self.next.get_or_insert(at);
        if at.is_after(next) {
            self.hold(at, payload);
            return;
        }
        let known = next.relative_to(at) as usize;
        let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) else { return };
        deliver(fresh);
        let mut next = advance(next, fresh.len());
        while let Some((at, bytes)) = self.held.as_mut().and_then(|held| held.take(next)) {
            if let Some(fresh) = bytes.get(next.relative_to(at) as usize..) {
                deliver(fresh);
                next = advance(next, fresh.len());
            }
        }
        self.next = Some(next);
    }

    fn hold(&mut self, at: SeqNumber, payload: &[u8]) {
        let held = self.held.get_or_insert_default();
        if self.broken || held.bytes + payload.len() > HELD {
            self.broken = true;
            self.held = None;
            return;
        }
        if held.segments.iter().any(|(other, bytes)| *other == at && bytes.len() >= payload.len()) {
            return;
        }
        held.bytes += payload.len();
        held.segments.push((at, payload.to_vec()));
    }
}

impl Held {
    /// Takes a segment that begins at `next` or before.
    fn take(&mut self, next: SeqNumber) -> Option<(SeqNumber, Vec<u8>)> {
        let index = self.segments.iter().position(|(at, _)| !at.is_after(next))?;
        let segment = self.segments.swap_remove(index);
        self.bytes -= segment.1.len();
        Some(segment)
    }
}

fn advance(next: SeqNumber, bytes: usize) -> SeqNumber {
    next.plus(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_and_repeated_bytes_come_out_once_and_in_order() {
        let mut stream = InOrder::default();
        let mut out = Vec::new();
        let mut feed = |at: u32, bytes: &[u8]| stream.feed(at, bytes, |fresh| out.extend_from_slice(fresh));
        feed(u32::MAX - 1, b"ab");
        feed(2, b"ef");
        feed(2, b"ef");
        feed(u32::MAX, b"bcd");
        feed(3, b"fg");
        assert_eq!(out, b"abcdefg");
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let mut stream = InOrder::default();
        stream.feed(0, b"x", |_| {});
        (0..100).for_each(|n| stream.feed(10 + n * 65_536, &[0; 60_000], |_| {}));
        assert!(stream.is_broken() && stream.held.is_none());
    }
}
