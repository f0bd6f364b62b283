//! Tests of dialogues of which the capture lacks a part or holds it late.

use super::*;

#[test]
fn late_first_segment_is_waited_for() {
    let (echoes, echo_matcher) = play_at(&[('>', 4, b"efgh"), ('>', 0, b"abcd"), ('<', 4, b"efgh"), ('<', 0, b"abcd")]);
    assert_eq!(echoes, [None, Some(IDENTICAL)]);
    assert_eq!((echo_matcher.found.totals.matched, echo_matcher.pending()), (2, (0, 0)));
}

#[test]
fn uncaptured_answer_is_neither_echo_nor_missing() {
    let dialogue: &[(char, u32, &[u8])] =
        &[('>', 0, b"one"), ('<', 0, b"one"), ('>', 3, b"two"), ('c', 6, b""), ('>', 6, b"three"), ('<', 6, b"three")];
    let (echoes, echo_matcher) = play_at(dialogue);
    assert_eq!(echoes, [Some(IDENTICAL); 2]);
    let totals = echo_matcher.found.totals(echo_matcher.pending().0, echo_matcher.pending().1).unwrap();
    assert_eq!((totals.requests, totals.matched, totals.unanswered, totals.pending_bytes), (3, 2, 0, 0));
    assert_eq!(echo_matcher.found.clone().take_log().lost, 3);
}

#[test]
fn uncaptured_request_is_not_inferred_from_its_answer() {
    let dialogue: &[(char, u32, &[u8])] =
        &[('>', 0, b"one"), ('<', 0, b"one"), ('a', 6, b""), ('<', 3, b"two"), ('>', 6, b"three"), ('<', 6, b"three")];
    let (echoes, echo_matcher) = play_at(dialogue);
    assert_eq!(echoes, [Some(IDENTICAL), None, Some(IDENTICAL)]);
    assert_eq!(
        (echo_matcher.found.totals.requests, echo_matcher.found.totals.matched, echo_matcher.pending()),
        (2, 2, (0, 0))
    );
}

#[test]
fn gap_in_a_request_leaves_the_rest_comparable() {
    let dialogue: &[(char, u32, &[u8])] =
        &[('>', 0, b"ab"), ('>', 4, b"ef"), ('a', 6, b""), ('<', 0, b"ABCDE"), ('<', 5, b"F")];
    let (echoes, echo_matcher) = play_at(dialogue);
    assert_eq!(echoes, [None, Some(UPPER)]);
    assert_eq!((echo_matcher.found.totals.transformed, echo_matcher.found.totals.requests), (2, 2));
}

#[test]
fn bytes_after_a_gap_are_not_judged() {
    let dialogue: &[(char, u32, &[u8])] =
        &[('>', 0, b"one"), ('c', 9, b""), ('<', 9, b"x"), ('>', 3, b"two"), ('<', 10, b"two")];
    let (echoes, echo_matcher) = play_at(dialogue);
    assert_eq!(echoes, [None, Some(IDENTICAL)]);
    assert_eq!((echo_matcher.found.totals.matched, echo_matcher.found.clone().take_log().different.count), (1, 0));
}

#[test]
fn short_answer_is_partial() {
    let (_, echo_matcher) = play_at(&[('>', 0, b"hello"), ('<', 0, b"hel"), ('>', 5, b"world"), ('<', 3, b"wor")]);
    let log = echo_matcher.found.clone().take_log();
    assert_eq!((log.partial_requests, log.partial_back, log.partial_of), (2, 6, 10));
    let (pending, bytes) = echo_matcher.pending();
    let totals = echo_matcher.found.totals(pending, bytes).unwrap();
    assert_eq!((totals.requests, totals.matched, totals.unanswered, totals.pending_bytes), (2, 0, 0, 4));
}

#[test]
fn request_captured_after_its_answer_is_not_lost() {
    let mut echo_matcher = EchoMatcher::default();
    [Direction::ClientToServer, Direction::ServerToClient]
        .into_iter()
        .for_each(|direction| echo_matcher.begin(direction));
    echo_matcher.skip(1, Direction::ClientToServer, 3);
    echo_matcher.answer(&part(1, 0, b"ONE"), &MemoryBudget::default());
    assert!(echo_matcher.is_past(Direction::ClientToServer, 0));
    echo_matcher.captured_late(Direction::ClientToServer, &part(2, 0, b"one"), true);
    echo_matcher.skip(3, Direction::ClientToServer, 9);
    echo_matcher.captured_late(Direction::ClientToServer, &part(4, 3, b"second"), true);
    echo_matcher.answer(&part(5, 3, b"second"), &MemoryBudget::default());
    let totals = echo_matcher.found.totals(0, 0).unwrap();
    assert_eq!((totals.requests, totals.matched, totals.transformed, echo_matcher.pending()), (2, 1, 1, (0, 0)));
    let log = echo_matcher.found.clone().take_log();
    assert_eq!((log.lost, log.late), (0, 0));
}

#[test]
fn late_captured_answer_is_compared_with_its_request() {
    let dialogue: &[(char, u32, &[u8])] =
        &[('>', 0, b"one"), ('>', 3, b"second"), ('c', 9, b""), ('>', 9, b"third"), ('<', 9, b"third")];
    let (_, mut echo_matcher) = play_at(dialogue);
    let late = |echo_matcher: &mut EchoMatcher, frame, at, bytes: &[u8]| {
        echo_matcher.captured_late(Direction::ServerToClient, &part(frame, at, bytes), true);
    };
    assert_eq!((echo_matcher.found.totals.matched, echo_matcher.found.lost()), (1, Some(9)));
    late(&mut echo_matcher, 6, 5, b"cond");
    late(&mut echo_matcher, 7, 0, b"onese");
    assert_eq!(
        (echo_matcher.found.totals.matched, echo_matcher.found.lost(), echo_matcher.lacks_any()),
        (3, None, false)
    );
    let log = echo_matcher.found.clone().take_log();
    assert_eq!((log.late, log.forms[0].requests, log.forms[0].seen.frames.as_slice()), (0, 3, &[5, 6, 7][..]));
}

#[test]
fn retransmitted_answer_is_compared_once() {
    let dialogue: &[(char, u32, &[u8])] = &[('>', 0, b"one"), ('>', 3, b"two"), ('<', 3, b"two"), ('c', 3, b"")];
    let (_, mut echo_matcher) = play_at(dialogue);
    let again = |echo_matcher: &mut EchoMatcher, bytes: &[u8]| {
        echo_matcher.captured_late(Direction::ServerToClient, &part(9, 0, bytes), false);
        (echo_matcher.found.totals.matched, echo_matcher.found.lost())
    };
    assert_eq!([again(&mut echo_matcher, b"onetwo"), again(&mut echo_matcher, b"onetwo")], [(2, None); 2]);
    // other bytes are no echo
    let (_, mut echo_matcher) = play_at(dialogue);
    assert_eq!(again(&mut echo_matcher, b"eno"), (1, None));
}
