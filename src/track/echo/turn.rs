//! Echoes in a TCP stream: turn by turn, byte by byte.
//!
//! A turn is the request bytes that are not answered yet, and the answer bytes that came for them. While the answer
//! follows the request byte by byte (identical or in upper case) borders of segments and messages do not matter; an
//! answer that runs past the request's end must begin it again (repeated); only when neither holds, whole turns are
//! compared (prefixed, different).

use smallvec::SmallVec;

use super::Found;
use super::in_order::InOrder;
use super::relation::{LONGEST_PREFIX, count, relation};
use crate::track::facts::{Echo, EchoKind};

/// Most request bytes kept for comparison.
const MOST: usize = 64 * 1024;
/// Most bytes of memory that one conversation hands to the next.
const HANDED_OVER: usize = 256;
/// After so many turns without any likeness this is no echo service, and nothing is compared any more.
const GIVE_UP_AFTER: u32 = 3;

/// Bytes that the client sent in one go, as far as segments show it.
#[derive(Clone, Copy, Debug)]
struct Request {
    first: u64,
    last: u64,
    /// Where it ends within the turn's request bytes.
    end: usize,
    /// PSH was set: the client's program had no more to send then.
    complete: bool,
}

/// The turns of one conversation.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct Turns {
    requests_in_order: InOrder,
    answers_in_order: InOrder,
    /// Request bytes of the current turn; once all are answered they stay, for an answer that repeats them.
    request: Vec<u8>,
    requests: SmallVec<[Request; 1]>,
    /// The current turn's first and last request frame.
    frames: (u64, u64),
    /// Answer bytes of the current turn.
    answered: usize,
    answer: Vec<u8>,
    not_identical: bool,
    not_upper: bool,
    /// The answer of this turn is counted: the next request begins a new one.
    closed: bool,
    /// The last answer frame of this turn that does not follow the request.
    unlike_frame: u64,
    unlike: u32,
    given_up: bool,
    pub(in crate::track) found: Found,
}

impl Turns {
    /// Reads a field of each end; see [`super::super::tcp::Connection`].
    #[inline]
    pub(in crate::track) fn warm(&self) -> u64 {
        self.found.totals.requests ^ self.frames.0 ^ self.requests.len() as u64 ^ u64::from(self.unlike)
    }

    /// Hands its memory to the next one, unless it is more than most need.
    pub(in crate::track) fn hand_over(&mut self, next: &mut Self) {
        if self.request.capacity() <= HANDED_OVER {
            next.request = std::mem::take(&mut self.request);
            next.request.clear();
        }
    }

    /// The client sent `payload` at `offset` of its stream; `cut` when the capture does not hold all of it.
    pub(in crate::track) fn request(&mut self, frame: u64, offset: u32, payload: &[u8], push: bool, cut: bool) {
        if self.given_up {
            return;
        }
        if cut || self.requests_in_order.is_broken() {
            return self.give_up();
        }
        let mut in_order = std::mem::take(&mut self.requests_in_order);
        in_order.feed(offset, payload, |fresh| self.ask(frame, fresh, push));
        self.requests_in_order = in_order;
    }

    /// The server sent `payload` at `offset` of its stream. Returns what it echoes.
    pub(in crate::track) fn answer(&mut self, frame: u64, offset: u32, payload: &[u8], cut: bool) -> Option<Echo> {
        if self.given_up {
            return None;
        }
        if cut || self.answers_in_order.is_broken() {
            self.give_up();
            return None;
        }
        let mut in_order = std::mem::take(&mut self.answers_in_order);
        let mut echo = None;
        in_order.feed(offset, payload, |fresh| {
            let part = self.reply(frame, fresh);
            echo = merge(echo, part);
        });
        self.answers_in_order = in_order;
        echo
    }

    /// Request bytes that an answer in progress, which follows them byte by byte, has not come to.
    pub(in crate::track) fn left_over(&self) -> u32 {
        let follows = !(self.not_identical && self.not_upper);
        let begun = self.answered > 0 && follows && !self.closed && !self.given_up;
        if begun { count(self.request.len().saturating_sub(self.answered)) } else { 0 }
    }

    /// Requests without an answer at the end, and their bytes.
    pub(in crate::track) fn pending(&self) -> (u64, u64) {
        if self.closed || self.given_up {
            return (0, 0);
        }
        (self.requests.len() as u64, self.request.len().saturating_sub(self.answered) as u64)
    }

    fn ask(&mut self, frame: u64, fresh: &[u8], push: bool) {
        if self.closed {
            self.next_turn();
        } else if self.answered > 0 && self.not_identical && self.not_upper {
            self.unlike_turn();
        }
        if self.request.len() + fresh.len() > MOST {
            self.forget_answered();
            if self.request.len() + fresh.len() > MOST {
                return self.give_up();
            }
        }
        if self.request.is_empty() {
            self.frames.0 = frame;
        }
        self.frames.1 = frame;
        self.request.extend_from_slice(fresh);
        let end = self.request.len();
        match self.requests.last_mut().filter(|request| !request.complete) {
            Some(request) => (request.last, request.end, request.complete) = (frame, end, push),
            None => {
                self.found.totals.requests += 1;
                self.requests.push(Request { first: frame, last: frame, end, complete: push });
            }
        }
    }

    fn reply(&mut self, frame: u64, fresh: &[u8]) -> Option<Echo> {
        if self.request.is_empty() {
            return None;
        }
        let was_clean = self.answered.is_multiple_of(self.request.len());
        let from = self.answered;
        let alike = (!self.not_identical, !self.not_upper);
        self.follow(fresh);
        if self.not_identical && self.not_upper {
            self.keep_answer(alike, fresh);
        }
        self.answered += fresh.len();
        if self.not_identical && self.not_upper {
            self.unlike_frame = frame;
            return self.compare_whole(frame, was_clean && from > 0);
        }
        let plain = if self.not_identical { EchoKind::Upper } else { EchoKind::Identical };
        let times = self.answered / self.request.len();
        let over = self.answered > self.request.len();
        let kind = if over { EchoKind::Repeated(count(times.max(1))) } else { plain };
        let complete = self.answered.is_multiple_of(self.request.len());
        let (request, requests) = self.take_answered();
        let request = if over { self.frames } else { request };
        let echo = Echo { kind, request, bytes: count(fresh.len()), complete };
        if requests > 0 {
            self.unlike = 0;
            self.found.count(&echo, requests, frame);
        } else if over {
            self.found.story_mut().repeated(times, frame);
        }
        self.closed |= over || complete;
        Some(echo)
    }

    /// Keeps the answer once it does not follow the request any more: what went before did, so it is made again.
    fn keep_answer(&mut self, alike: (bool, bool), fresh: &[u8]) {
        match alike {
            (true, _) => self.answer.extend(self.request.iter().cycle().take(self.answered)),
            (false, true) => {
                self.answer.extend(self.request.iter().map(u8::to_ascii_uppercase).cycle().take(self.answered));
            }
            (false, false) => {}
        }
        if self.answer.len() < self.request.len() + LONGEST_PREFIX {
            self.answer.extend_from_slice(fresh);
        }
    }

    /// Holds the next answer bytes against the request's, from its beginning again when it is through.
    fn follow(&mut self, fresh: &[u8]) {
        let length = self.request.len();
        let mut at = self.answered % length.max(1);
        let mut rest = fresh;
        while !(rest.is_empty() || self.not_identical && self.not_upper) {
            let take = rest.len().min(length - at);
            let (Some(now), Some(expected)) = (rest.get(..take), self.request.get(at..at + take)) else { return };
            self.not_identical |= now != expected;
            self.not_upper |= !super::relation::is_upper(expected, now);
            rest = rest.get(take..).unwrap_or_default();
            at = 0;
        }
    }

    /// The answer does not follow the request byte by byte: a prefix, or something else.
    fn compare_whole(&mut self, frame: u64, was_clean: bool) -> Option<Echo> {
        if was_clean && self.closed {
            // the echo was complete; what follows it is something of the server's own
            self.next_turn();
            return None;
        }
        let kind = relation(&self.request, &self.answer);
        match kind {
            EchoKind::Prefixed(_) | EchoKind::Repeated(_) | EchoKind::Upper | EchoKind::Identical => {
                let echo = Echo { kind, request: self.frames, bytes: count(self.request.len()), complete: true };
                self.unlike = 0;
                self.found.count(&echo, self.requests.len() as u64, frame);
                self.closed = true;
                Some(echo)
            }
            EchoKind::Partial | EchoKind::Different => None,
        }
    }

    /// Takes the requests that are answered now off the list; their frames and number.
    fn take_answered(&mut self) -> ((u64, u64), u64) {
        let mut frames = self.requests.first().map_or(self.frames, |request| (request.first, request.last));
        let answered = self.answered;
        let requests = self.requests.iter().take_while(|request| request.end <= answered).count();
        if let Some(last) = self.requests.drain(..requests).next_back() {
            frames.1 = last.last;
        }
        (frames, requests as u64)
    }

    /// A turn's answer is not an echo.
    fn unlike_turn(&mut self) {
        let echo = Echo { kind: EchoKind::Different, request: self.frames, bytes: 0, complete: true };
        self.found.count(&echo, self.requests.len() as u64, self.unlike_frame);
        self.unlike += 1;
        self.next_turn();
        if self.unlike >= GIVE_UP_AFTER {
            self.give_up();
        }
    }

    fn next_turn(&mut self) {
        self.request.clear();
        self.requests.clear();
        self.answer.clear();
        self.answered = 0;
        self.frames = (0, 0);
        (self.not_identical, self.not_upper, self.closed) = (false, false, false);
    }

    /// Makes room by giving up what is answered; a repetition of it could not be told any more.
    fn forget_answered(&mut self) {
        let gone = self.answered.min(self.request.len());
        self.request.drain(..gone);
        self.answer.clear();
        self.answered -= gone;
        self.requests.iter_mut().for_each(|request| request.end = request.end.saturating_sub(gone));
    }

    fn give_up(&mut self) {
        let found = std::mem::take(&mut self.found);
        *self = Self { given_up: true, found, ..Self::default() };
        self.found.story_mut().gave_up = true;
    }
}

/// Two pieces of one segment's payload: the later kind, all the bytes.
fn merge(first: Option<Echo>, second: Option<Echo>) -> Option<Echo> {
    match (first, second) {
        (Some(a), Some(b)) => {
            Some(Echo { request: (a.request.0, b.request.1), bytes: a.bytes.saturating_add(b.bytes), ..b })
        }
        (a, b) => b.or(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a dialogue: `>` request, `<` answer; returns each answer's echo.
    fn play(dialogue: &[(char, &[u8])]) -> (Vec<Option<Echo>>, Turns) {
        let mut turns = Turns::default();
        let (mut up, mut down) = (0, 0);
        let mut echoes = Vec::new();
        for (frame, (way, bytes)) in (1..).zip(dialogue) {
            if *way == '>' {
                turns.request(frame, up, bytes, true, false);
                up += count(bytes.len());
            } else {
                echoes.push(turns.answer(frame, down, bytes, false));
                down += count(bytes.len());
            }
        }
        (echoes, turns)
    }

    fn kinds(dialogue: &[(char, &[u8])]) -> Vec<Option<EchoKind>> {
        play(dialogue).0.into_iter().map(|echo| echo.map(|echo| echo.kind)).collect()
    }

    #[test]
    fn segment_borders_do_not_matter() {
        let (echoes, turns) = play(&[('>', b"abc"), ('>', b"def"), ('<', b"ab"), ('<', b"cdef")]);
        let last = echoes[1].unwrap();
        assert_eq!((last.kind, last.complete, last.request), (EchoKind::Identical, true, (1, 2)));
        assert!(!echoes[0].unwrap().complete);
        assert_eq!(turns.found.totals.matched, 2);
        assert_eq!(turns.pending(), (0, 0));
    }

    #[test]
    fn each_exchange_is_judged_by_itself() {
        use EchoKind::{Identical, Prefixed, Upper};
        let dialogue: &[(char, &[u8])] =
            &[('>', b"abc"), ('<', b"ABC"), ('>', b"DEF"), ('<', b"DEF"), ('>', b"x"), ('<', b"you said x")];
        assert_eq!(kinds(dialogue), [Some(Upper), Some(Identical), Some(Prefixed(9))]);
    }

    #[test]
    fn a_repeated_answer_is_counted_as_it_grows() {
        let dialogue: &[(char, &[u8])] = &[('>', b"ab"), ('<', b"ab"), ('<', b"aba"), ('<', b"b")];
        assert_eq!(
            kinds(dialogue),
            [Some(EchoKind::Identical), Some(EchoKind::Repeated(2)), Some(EchoKind::Repeated(3))]
        );
        let (_, turns) = play(dialogue);
        assert_eq!(turns.found.totals.requests, 1);
    }

    #[test]
    fn another_service_is_given_up() {
        let mut dialogue: Vec<(char, &[u8])> = Vec::new();
        for _ in 0..5 {
            dialogue.extend([('>', &b"GET / HTTP/1.1"[..]), ('<', &b"404 Not Found"[..])]);
        }
        let (echoes, turns) = play(&dialogue);
        assert!(echoes.iter().all(Option::is_none) && turns.given_up);
        let (pending, bytes) = turns.pending();
        assert_eq!(turns.found.totals(pending, bytes), None);
    }

    #[test]
    fn unanswered_bytes_are_counted_and_memory_is_bounded() {
        let (_, turns) = play(&[('>', b"abcd"), ('<', b"ab")]);
        assert_eq!(turns.pending(), (1, 2));
        let mut bulk = Turns::default();
        (0..100).for_each(|n| bulk.request(1, n * 1000, &[b'x'; 1000], false, false));
        assert!(bulk.given_up && bulk.request.capacity() == 0);
    }
}
