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
    segments: Vec<Segment>,
    bytes: usize,
}

/// What a segment's bytes are known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) frame: u64,
    pub(super) push: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    at: SeqNumber,
    bytes: Vec<u8>,
    mark: Mark,
}

impl InOrder {
    /// Whether bytes are missing for good.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The stream's beginning is in the capture: it starts at offset 0, whatever comes first.
    pub(super) fn begin(&mut self) {
        self.next.get_or_insert_default();
    }

    /// Whether the bytes up to `acked`, which the receiver has, are not all there.
    #[inline]
    pub(super) fn lacks(&self, acked: u32) -> bool {
        self.next.is_some_and(|next| SeqNumber(acked).is_after(next))
    }

    /// How far the stream has come beyond `offset`.
    pub(super) fn ahead_of(&self, offset: u32) -> Option<u32> {
        let next = self.next.filter(|next| next.is_after(SeqNumber(offset)))?;
        Some(next.relative_to(SeqNumber(offset)))
    }

    /// Goes on behind the bytes below `acked` that never come: the receiver has them, and the capture does not. Gives
    /// `deliver` how many are lost in one place, or the bytes that were held back behind such a place.
    pub(super) fn skip(&mut self, acked: u32, mut deliver: impl FnMut(Result<(&[u8], Mark), u32>)) {
        let acked = SeqNumber(acked);
        while let Some(next) = self.next.filter(|next| acked.is_after(*next)) {
            let held = self.held.as_ref().and_then(|held| held.first_after(next));
            let to = held.filter(|held| held.is_before(acked)).unwrap_or(acked);
            deliver(Err(to.relative_to(next)));
            self.next = Some(to);
            self.release(to, |fresh, mark| deliver(Ok((fresh, mark))));
        }
    }

    /// Gives `deliver` the bytes that are now in order. `offset` counts from the stream's start, modulo 2^32.
    pub(super) fn feed(&mut self, offset: u32, payload: &[u8], mark: Mark, mut deliver: impl FnMut(&[u8], Mark)) {
        let at = SeqNumber(offset);
        let next = *self.next.get_or_insert(at);
        if at.is_after(next) {
            self.hold(at, payload, mark);
            return;
        }
        let known = next.relative_to(at) as usize;
        let Some(fresh) = payload.get(known..).filter(|fresh| !fresh.is_empty()) else { return };
        deliver(fresh, mark);
        self.release(advance(next, fresh.len()), deliver);
    }

    /// Gives `deliver` what was held back until `next`, and goes on behind that.
    #[inline]
    fn release(&mut self, mut next: SeqNumber, mut deliver: impl FnMut(&[u8], Mark)) {
        while let Some(Segment { at, bytes, mark }) = self.held.as_mut().and_then(|held| held.take(next)) {
            if let Some(fresh) = bytes.get(next.relative_to(at) as usize..).filter(|fresh| !fresh.is_empty()) {
                deliver(fresh, mark);
                next = advance(next, fresh.len());
            }
        }
        self.next = Some(next);
    }

    fn hold(&mut self, at: SeqNumber, payload: &[u8], mark: Mark) {
        let held = self.held.get_or_insert_default();
        if self.broken || held.bytes + payload.len() > HELD {
            self.broken = true;
            self.held = None;
            return;
        }
        if held.segments.iter().any(|other| other.at == at && other.bytes.len() >= payload.len()) {
            return;
        }
        held.bytes += payload.len();
        held.segments.push(Segment { at, bytes: payload.to_vec(), mark });
    }
}

impl Held {
    /// Where the first segment behind `next` begins.
    fn first_after(&self, next: SeqNumber) -> Option<SeqNumber> {
        self.segments.iter().map(|held| held.at).min_by_key(|at| at.relative_to(next))
    }

    /// Takes a segment that begins at `next` or before.
    fn take(&mut self, next: SeqNumber) -> Option<Segment> {
        let index = self.segments.iter().position(|held| !held.at.is_after(next))?;
        let segment = self.segments.swap_remove(index);
        self.bytes -= segment.bytes.len();
        Some(segment)
    }
}

fn advance(next: SeqNumber, bytes: usize) -> SeqNumber {
    next.plus(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { frame: 1, push: true };

    #[test]
    fn late_and_repeated_bytes_come_out_once_and_in_order() {
        let mut stream = InOrder::default();
        let mut out = Vec::new();
        let mut feed = |at: u32, bytes: &[u8]| stream.feed(at, bytes, MARK, |fresh, _| out.extend_from_slice(fresh));
        feed(u32::MAX - 1, b"ab");
        feed(2, b"ef");
        feed(2, b"ef");
        feed(u32::MAX, b"bcd");
        feed(3, b"fg");
        assert_eq!(out, b"abcdefg");
    }

    #[test]
    fn a_stream_that_was_seen_to_begin_waits_for_its_first_bytes() {
        let mut stream = InOrder::default();
        stream.begin();
        let mut out = Vec::new();
        [(2, b"cd"), (0, b"ab")]
            .iter()
            .for_each(|(at, bytes)| stream.feed(*at, *bytes, MARK, |x, _| out.extend_from_slice(x)));
        assert_eq!(out, b"abcd");
    }

    #[test]
    fn what_the_receiver_has_and_the_capture_lacks_is_skipped() {
        let mut stream = InOrder::default();
        stream.feed(0, b"ab", MARK, |_, _| {});
        [(4, b"ef"), (8, b"ij")].iter().for_each(|(at, bytes)| stream.feed(*at, *bytes, MARK, |_, _| {}));
        assert!(stream.lacks(9) && !stream.lacks(2));
        let mut out = Vec::new();
        stream.skip(9, |part| out.push(part.map(|(bytes, _)| bytes.to_vec())));
        assert_eq!(out, [Err(2), Ok(b"ef".to_vec()), Err(2), Ok(b"ij".to_vec())]);
        assert!(!stream.lacks(10) && stream.lacks(11));
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let mut stream = InOrder::default();
        stream.feed(0, b"x", MARK, |_, _| {});
        (0..100).for_each(|n| stream.feed(10 + n * 65_536, &[0; 60_000], MARK, |_, _| {}));
        assert!(stream.is_broken() && stream.held.is_none());
    }
}
