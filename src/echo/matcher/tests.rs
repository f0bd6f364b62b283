//! Tests of dialogues and the echoes found in them.

use super::*;

mod gaps;

const IDENTICAL: EchoKind = EchoKind::Whole(EchoForm::IDENTICAL);
const UPPER: EchoKind = EchoKind::Whole(EchoForm::UPPER);

/// The form with a prefix of `prefix` bytes and `copies` copies.
fn form(upper: bool, prefix: u16, copies: u32) -> EchoKind {
    EchoKind::Whole(EchoForm { upper, prefix, copies })
}

fn part(frame: u64, offset: u32, payload: &[u8]) -> Chunk<'_> {
    Chunk { frame, offset, payload, push: true, cut: false }
}

/// Plays a dialogue: `>` request, `<` answer; returns each answer's echo.
fn play(dialogue: &[(char, &[u8])]) -> (Vec<Option<Echo>>, EchoMatcher) {
    let mut echo_matcher = EchoMatcher::default();
    let (mut up, mut down) = (0, 0);
    let mut echoes = Vec::new();
    for (frame, (way, bytes)) in (1..).zip(dialogue) {
        if *way == '>' {
            echo_matcher.request(&part(frame, up, bytes), &MemoryBudget::default());
            up += count(bytes.len());
        } else {
            echoes.push(echo_matcher.answer(&part(frame, down, bytes), &MemoryBudget::default()));
            down += count(bytes.len());
        }
    }
    (echoes, echo_matcher)
}

/// Plays a dialogue with segments at their offsets, and ACKs: `>`, `<` a segment, `a` the server has the client's bytes up to
/// there, `c` the client has the server's.
fn play_at(segments: &[(char, u32, &[u8])]) -> (Vec<Option<EchoKind>>, EchoMatcher) {
    let mut echo_matcher = EchoMatcher::default();
    echo_matcher.begin(Direction::ClientToServer);
    echo_matcher.begin(Direction::ServerToClient);
    let mut echoes = Vec::new();
    for (frame, (what, offset, bytes)) in (1..).zip(segments) {
        match what {
            '>' => echo_matcher.request(&part(frame, *offset, bytes), &MemoryBudget::default()),
            '<' => echoes.push(echo_matcher.answer(&part(frame, *offset, bytes), &MemoryBudget::default())),
            'a' => drop(echo_matcher.skip(frame, Direction::ClientToServer, *offset)),
            _ => drop(echo_matcher.skip(frame, Direction::ServerToClient, *offset)),
        }
    }
    echo_matcher.finish();
    (echoes.into_iter().map(|echo| echo.map(|echo| echo.kind)).collect(), echo_matcher)
}

fn kinds(dialogue: &[(char, &[u8])]) -> Vec<Option<EchoKind>> {
    play(dialogue).0.into_iter().map(|echo| echo.map(|echo| echo.kind)).collect()
}

#[test]
fn each_request_may_have_a_prefix_of_its_own() {
    let asked: [(char, &[u8]); 3] = [('>', b"a"), ('>', b"bc"), ('>', b"d")];
    let at_once = [&asked[..], &[('<', b"> a> bc> d")]].concat();
    let (echoes, echo_matcher) = play(&at_once);
    assert_eq!(echoes[0].map(|echo| (echo.kind, echo.request, echo.apart)), Some((form(false, 2, 1), (1, 3), true)));
    assert_eq!((echo_matcher.found.totals.transformed, echo_matcher.pending()), (3, (0, 0)));
    // the first two and a part of the third, then the rest of it
    let in_parts = [&asked[..], &[('<', b"> A> B"), ('<', b"C>"), ('<', b" D")]].concat();
    let (echoes, echo_matcher) = play(&in_parts);
    let requests: Vec<_> = echoes.iter().map(|echo| echo.map(|echo| echo.request)).collect();
    assert_eq!(requests, [None, Some((1, 2)), Some((3, 3))]);
    assert_eq!((echo_matcher.found.totals.transformed, echo_matcher.pending()), (3, (0, 0)));
    // each twice, without one and with one
    for (twice, prefix) in [(&b"aabcbcdd"[..], 0), (b"> a> a> bc> bc> d> d", 2)] {
        let (echoes, echo_matcher) = play(&[&asked[..], &[('<', twice)]].concat());
        assert_eq!(echoes[0].map(|echo| (echo.kind, echo.request)), Some((form(false, prefix, 2), (1, 3))));
        assert_eq!((echo_matcher.found.totals.transformed, echo_matcher.pending()), (3, (0, 0)));
    }
    let (echoes, echo_matcher) = play(&[&asked[..], &[('<', b"aabcbcd"), ('<', b"d")]].concat());
    assert_eq!(echoes[0].map(|echo| echo.request), Some((1, 2)));
    assert_eq!((echo_matcher.found.totals.transformed, echo_matcher.pending()), (3, (0, 0)));
    // a prefix is the same each time, and nothing stands behind the last request
    for other in [&b"> a- bc> d"[..], b"> a> bc> dx", b"xa"] {
        let (_, echo_matcher) = play(&[&asked[..], &[('<', other)]].concat());
        assert_eq!(echo_matcher.found.totals.transformed, 0);
    }
}

#[test]
fn segment_borders_do_not_matter() {
    let (echoes, echo_matcher) = play(&[('>', b"abc"), ('>', b"def"), ('<', b"ab"), ('<', b"cdef")]);
    let last = echoes[1].unwrap();
    assert_eq!((last.kind, last.complete, last.request), (IDENTICAL, true, (1, 2)));
    assert!(!echoes[0].unwrap().complete);
    assert_eq!(echo_matcher.found.totals.matched, 2);
    assert_eq!(echo_matcher.pending(), (0, 0));
}

#[test]
fn each_answer_to_requests_that_did_not_wait_names_what_it_answers() {
    let answers = |answers: &[&'static [u8]]| {
        let mut dialogue: Vec<(char, &[u8])> = vec![('>', b"abcdef"), ('>', b"ghijkl")];
        dialogue.extend(answers.iter().map(|answer| ('<', *answer)));
        let of = |echo: Option<Echo>| {
            let echo = echo.unwrap();
            (echo.request.0, echo.reaches, echo.from_start, echo.to_end, echo.complete)
        };
        play(&dialogue).0.into_iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(answers(&[b"abcdef", b"ghijkl"]), [(1, 1, true, true, false), (2, 2, true, true, true)]);
    let pieces = [(1, 1, true, false, false), (1, 2, false, false, false), (2, 2, false, true, true)];
    assert_eq!(answers(&[b"abc", b"defghi", b"jkl"]), pieces);
}

#[test]
fn each_exchange_is_judged_by_itself() {
    let dialogue: &[(char, &[u8])] =
        &[('>', b"abc"), ('<', b"ABC"), ('>', b"DEF"), ('<', b"DEF"), ('>', b"x"), ('<', b"you said x")];
    assert_eq!(kinds(dialogue), [Some(UPPER), Some(IDENTICAL), Some(form(false, 9, 1))]);
}

#[test]
fn a_repeated_answer_is_counted_as_it_grows() {
    let dialogue: &[(char, &[u8])] = &[('>', b"ab"), ('<', b"ab"), ('<', b"aba"), ('<', b"b")];
    assert_eq!(kinds(dialogue), [Some(IDENTICAL), Some(form(false, 0, 3)), Some(form(false, 0, 3))]);
    let (_, echo_matcher) = play(dialogue);
    assert_eq!(echo_matcher.found.totals.requests, 1);
}

#[test]
fn transformed_answer_is_matched_across_segment_borders() {
    let dialogue: &[(char, &[u8])] =
        &[('>', b"ab"), ('<', b"> AB"), ('<', b"> AB> "), ('<', b"AB"), ('>', b"cd"), ('<', b"> CD> CD")];
    let all = [form(true, 2, 1), form(true, 2, 3), form(true, 2, 3), form(true, 2, 2)].map(Some);
    assert_eq!(kinds(dialogue), all);
    let (_, echo_matcher) = play(dialogue);
    assert_eq!(
        (echo_matcher.found.totals.requests, echo_matcher.found.totals.transformed, echo_matcher.pending()),
        (2, 2, (0, 0))
    );
    let log = echo_matcher.found.clone().take_log();
    let seen: Vec<_> = log.forms.iter().map(|seen| (seen.form.copies, seen.requests, seen.seen.count)).collect();
    assert_eq!(seen, [(1, 1, 1), (3, 1, 3)]);
}

#[test]
fn different_answer_after_a_prefixed_echo_is_no_echo() {
    let dialogue: &[(char, &[u8])] = &[('>', b"ab"), ('<', b"> ab"), ('<', b"bye"), ('>', b"cd"), ('<', b"> cd")];
    assert_eq!(kinds(dialogue), [Some(form(false, 2, 1)), None, Some(form(false, 2, 1))]);
}

#[test]
fn every_frame_of_an_answer_in_pieces_is_named() {
    let (_, echo_matcher) =
        play(&[('>', b"abcdef"), ('<', b"ab"), ('<', b"cd"), ('<', b"ef"), ('>', b"x"), ('<', b"> x")]);
    let frames = |echo_matcher: &EchoMatcher| {
        echo_matcher.found.clone().take_log().forms.iter().map(|f| f.seen.frames.to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(frames(&echo_matcher), [vec![2, 3, 4], vec![6]]);
    let (_, echo_matcher) = play(&[('>', b"abcdefgh"), ('<', b"> ab"), ('<', b"cdef"), ('<', b"gh")]);
    assert_eq!(frames(&echo_matcher), [vec![2, 3, 4]]);
    let (_, echo_matcher) = play_at(&[('>', 0, b"hello"), ('<', 0, b"h"), ('<', 1, b"e")]);
    assert_eq!(echo_matcher.found.clone().take_log().partial.frames.to_vec(), [2, 3]);
}

#[test]
fn matching_stops_for_other_services() {
    let mut dialogue: Vec<(char, &[u8])> = Vec::new();
    for _ in 0..5 {
        dialogue.extend([('>', &b"GET / HTTP/1.1"[..]), ('<', &b"404 Not Found"[..])]);
    }
    let (echoes, echo_matcher) = play(&dialogue);
    assert!(echoes.iter().all(Option::is_none) && echo_matcher.given_up);
    let (pending, bytes) = echo_matcher.pending();
    assert_eq!(echo_matcher.found.totals(pending, bytes), None);
}

#[test]
fn unechoed_bytes_are_counted_and_memory_is_bounded() {
    let (_, echo_matcher) = play(&[('>', b"abcd"), ('<', b"ab")]);
    assert_eq!(echo_matcher.pending(), (0, 2));
}

/// Sends `pieces` pieces of 60,000 bytes, each echoed when `ahead` more are sent, all with one budget.
fn bulk(budget: &MemoryBudget, pieces: u32, ahead: u32) -> EchoMatcher {
    let mut echo_matcher = EchoMatcher::default();
    let piece = |n: u32| (0..60_000_u32).map(|at| (at.wrapping_mul(n + 7) >> 3) as u8).collect::<Vec<_>>();
    for n in 0..pieces + ahead {
        if n < pieces {
            echo_matcher.request(&part(u64::from(n) + 1, n * 60_000, &piece(n)), budget);
        }
        if let Some(back) = n.checked_sub(ahead) {
            echo_matcher.answer(&part(u64::from(n) + 1, back * 60_000, &piece(back)), budget);
        }
    }
    echo_matcher
}

#[test]
fn megabytes_in_flight_are_followed_and_their_memory_released() {
    let budget = MemoryBudget::default();
    let echo_matcher = bulk(&budget, 400, 100);
    assert_eq!(
        (echo_matcher.found.totals.requests, echo_matcher.found.totals.matched, echo_matcher.pending()),
        (400, 400, (0, 0))
    );
    assert!(!echo_matcher.given_up && echo_matcher.borrowed.is_none() && echo_matcher.request.capacity() == 0);
    assert!(budget.borrow(64 << 20).is_some());
}

#[test]
fn waiting_data_is_bounded_per_conversation_and_in_total() {
    let budget = MemoryBudget::default();
    let alone = bulk(&budget, 300, 300);
    assert!(alone.given_up && alone.borrowed.is_none() && alone.request.capacity() == 0);
    let waiting: Vec<_> = (0..16)
        .map(|_| {
            let mut echo_matcher = EchoMatcher::default();
            (0..60).for_each(|n| echo_matcher.request(&part(1, n * 60_000, &[b'x'; 60_000]), &budget));
            echo_matcher
        })
        .collect();
    let kept = |echo_matcher: &EchoMatcher| echo_matcher.request.capacity();
    assert!(waiting.iter().map(kept).sum::<usize>() <= 64 << 20);
    assert!(
        waiting.iter().any(|echo_matcher| echo_matcher.given_up)
            && waiting.iter().any(|echo_matcher| !echo_matcher.given_up)
    );
}

#[test]
fn ended_conversation_returns_its_memory_budget() {
    let budget = MemoryBudget::default();
    let mut echo_matcher = EchoMatcher::default();
    (0..20).for_each(|n| echo_matcher.request(&part(1, n * 60_000, &[b'x'; 60_000]), &budget));
    echo_matcher.answer(&part(30, 0, &[b'x'; 90_000]), &budget);
    echo_matcher.settle();
    assert!(budget.borrow(64 << 20).is_some());
    let (pending, bytes) = echo_matcher.pending();
    let totals = echo_matcher.found.totals(pending, bytes).unwrap();
    assert_eq!((totals.requests, totals.matched, totals.unanswered, totals.pending_bytes), (20, 1, 18, 1_110_000));
}
