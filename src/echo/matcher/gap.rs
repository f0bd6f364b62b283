//! Expected answer bytes that the capture lacks although their receiver has them: a capture out of order, or a
//! retransmission, may still show them.

use super::{Chunk, Request};
use crate::echo::relation::is_upper;
use crate::echo::{Echo, EchoForm, EchoKind};
use crate::model::Occurrences;
use crate::model::SeqNumber;

/// Limit of the expected bytes kept in one conversation.
const KEPT: usize = 16 * 1024;
/// The same limit once the conversation has ended.
const KEPT_OF_ENDED: usize = 256;

/// The answer to one request, not captured so far.
#[derive(Clone, Debug)]
struct Gap {
    /// The offset of its first byte in the answers' stream.
    at: SeqNumber,
    /// The request's bytes.
    expected: Vec<u8>,
    /// The number of its bytes not captured so far.
    missing: usize,
    identical: bool,
    upper: bool,
    request: (u64, u64),
    seen: Occurrences,
}

/// All gaps of a conversation, bounded.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps(Vec<Gap>);

impl Gaps {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The memory that all gaps take, in bytes.
    fn kept(&self) -> usize {
        self.0.iter().map(|gap| gap.expected.len() + size_of::<Gap>()).sum()
    }

    /// Notes that the answer to `request`, with the `expected` bytes, is not captured.
    pub(super) fn add(&mut self, at: SeqNumber, request: &Request, expected: &[u8]) {
        if self.kept() + expected.len() > KEPT {
            return;
        }
        let (missing, request) = (expected.len(), (request.first, request.last));
        let expected = expected.to_vec();
        self.0.push(Gap { at, expected, missing, identical: true, upper: true, request, seen: Occurrences::default() });
    }

    /// The conversation has ended: keeps only a little.
    pub(super) fn settle(&mut self) {
        if self.kept() > KEPT_OF_ENDED {
            self.0.clear();
        }
    }

    /// Compares late answer bytes with the expected ones. Returns the number of bytes compared and the echoes that they
    /// complete, each with its number of requests and its earlier frames.
    pub(super) fn fill(&mut self, part: &Chunk<'_>) -> (usize, Vec<(Echo, u64, Occurrences)>) {
        let compared = self.0.iter_mut().map(|gap| gap.fill(part)).sum();
        let mut echoes: Vec<(Echo, u64, Occurrences)> = Vec::new();
        for (echo, seen) in self.0.extract_if(.., |gap| gap.missing == 0).filter_map(Gap::echo) {
            let index = echoes.iter().position(|(other, ..)| other.kind == echo.kind).unwrap_or(echoes.len());
            if index == echoes.len() {
                echoes.push((echo, 0, Occurrences::default()));
            }
            let Some((_, requests, frames)) = echoes.get_mut(index) else { continue };
            *requests += 1;
            for frame in seen.frames.into_iter().filter(|frame| *frame != part.frame) {
                if !frames.frames.contains(&frame) {
                    frames.see(frame);
                }
            }
        }
        (compared, echoes)
    }
}

impl Gap {
    /// Fills the gap from the chunk; returns the number of bytes that are the gap's.
    fn fill(&mut self, part: &Chunk<'_>) -> usize {
        // the chunk's offset within the gap
        let from = i64::from(SeqNumber(part.offset).distance(self.at));
        let to = from + part.payload.len() as i64;
        let (start, end) = (from.max(0), to.min(self.expected.len() as i64));
        let within = |at: i64, base: i64| usize::try_from(at - base).unwrap_or(usize::MAX);
        let now = part.payload.get(within(start, from)..within(end, from));
        let expected = self.expected.get(within(start, 0)..within(end, 0));
        let Some((now, expected)) = now.zip(expected).filter(|(now, _)| !now.is_empty()) else { return 0 };
        self.identical &= now == expected;
        self.upper &= is_upper(expected, now);
        self.missing = self.missing.saturating_sub(now.len());
        self.seen.see(part.frame);
        now.len()
    }

    fn echo(self) -> Option<(Echo, Occurrences)> {
        let form = match (self.identical, self.upper) {
            (true, _) => EchoForm::IDENTICAL,
            (false, true) => EchoForm::UPPER,
            (false, false) => return None,
        };
        let bytes = u32::try_from(self.expected.len()).unwrap_or(u32::MAX);
        Some((Echo::whole(EchoKind::Whole(form), self.request, bytes), self.seen))
    }
}
