//! Tests that match the answers of a conversation with its requests.

use std::net::IpAddr;

use super::*;
use crate::model::{Endpoint, IcmpError, Nanos, Protocol, Quoted};

const NONE: Identity = Identity { ip_id: 0, checksum: 0, length: 0 };

#[test]
fn repeated_answer_is_counted_each_time() {
    let mut datagrams = Datagrams::default();
    datagrams.request((1, OptTime::UNKNOWN), NONE, b"one", 3);
    let kinds =
        [2, 3, 4].map(|frame| datagrams.answer((frame, OptTime::UNKNOWN), b"one", 3).unwrap().echo.unwrap().kind);
    assert_eq!(kinds, [1, 2, 3].map(|copies| EchoKind::Whole(EchoForm { copies, ..EchoForm::IDENTICAL })));
}

#[test]
fn answers_find_their_requests_by_their_bytes() {
    let mut datagrams = Datagrams::default();
    datagrams.request((1, OptTime::UNKNOWN), NONE, b"one", 3);
    datagrams.request((2, OptTime::UNKNOWN), NONE, b"two", 3);
    let second = datagrams.answer((3, OptTime::UNKNOWN), b"TWO", 3).unwrap();
    assert_eq!((second.request, second.overtaken_by), (2, None));
    let first = datagrams.answer((4, OptTime::UNKNOWN), b"one", 3).unwrap();
    assert_eq!((first.request, first.overtaken_by), (1, Some(3)));
    assert_eq!(datagrams.answer((5, OptTime::UNKNOWN), b"three", 5), None);
    assert_eq!((datagrams.pending(), datagrams.unanswered()), ((0, 0), (0, Vec::new())));
}

#[test]
fn retransmitted_request_is_answered_last() {
    let at = |millis| OptTime::from(Some(Nanos::from_millis(millis)));
    let mut datagrams = Datagrams::default();
    (1..=3).for_each(|n| datagrams.request((n, at(n.cast_signed())), NONE, b"x", 1));
    let order = [4, 5, 6].map(|n| datagrams.answer((n, at(20)), b"x", 1).unwrap());
    assert_eq!(order.map(|answered| (answered.request, answered.retransmitted)), [(1, None), (2, None), (3, None)]);
    datagrams.request((7, at(1_000)), NONE, b"query", 5);
    datagrams.request((8, at(6_000)), NONE, b"query", 5);
    let answered = datagrams.answer((9, at(6_020)), b"response", 8).unwrap();
    assert_eq!((answered.request, answered.retransmitted), (8, Some(7)));
    datagrams.request((10, at(7_000)), NONE, b"other", 5);
    assert_eq!(datagrams.answer((11, at(7_020)), b"response", 8).unwrap().request, 10);
    assert_eq!((datagrams.unanswered(), datagrams.pending().0), ((1, vec![7]), 1));
}

/// An error about a datagram with these, as quoted: the IP identification, UDP's Length and checksum.
fn error(ip_id: Option<u16>, udp: Option<(u16, u16)>) -> IcmpError {
    let end = Endpoint::new(IpAddr::from([10, 0, 0, 1]), 7);
    let quoted = Quoted { protocol: Protocol::Udp, source: end, destination: end, seq: None, ip_id, length: None, udp };
    let (source, destination) = (end.address, end.address);
    IcmpError { source, destination, version: 4, icmp_type: 3, code: 3, mtu: None, quoted }
}

#[test]
fn an_error_is_about_the_datagram_that_it_quotes() {
    let mut datagrams = Datagrams::default();
    let sent = |n: u16| Identity { ip_id: n, checksum: 100 * n, length: 9 };
    (1..=3).for_each(|n: u16| datagrams.request((n.into(), OptTime::UNKNOWN), sent(n), b"x", 1));
    assert_eq!(datagrams.refuse(&error(Some(2), Some((9, 0)))), Some(2));
    // a second error about the same request, and one about an unknown request
    assert_eq!([Some(2), Some(9)].map(|id| datagrams.refuse(&error(id, None))), [Some(2), None]);
    assert_eq!(datagrams.unanswered(), (2, vec![1, 3]));
    assert_eq!(datagrams.refuse(&error(None, Some((20, 300)))), None);
    assert_eq!(datagrams.refuse(&error(None, Some((9, 300)))), Some(3));
    assert_eq!(datagrams.refuse(&error(Some(0), Some((9, 7)))), Some(1));
    assert_eq!((datagrams.unanswered().0, datagrams.pending().0), (0, 3));
}

#[test]
fn an_error_that_fits_several_names_none() {
    let mut datagrams = Datagrams::default();
    (1..=2).for_each(|n: u16| datagrams.request((n.into(), OptTime::UNKNOWN), NONE, b"x", 1));
    let redirect = IcmpError { icmp_type: 5, ..error(None, None) };
    assert_eq!([datagrams.refuse(&redirect), datagrams.refuse(&error(None, None))], [None, None]);
    assert_eq!(datagrams.unanswered(), (1, vec![2]));
    assert_eq!([datagrams.refuse(&redirect), datagrams.refuse(&error(None, None))], [Some(2), Some(2)]);
    assert_eq!(datagrams.unanswered().0, 0);
}

/// The header of a DNS message with this ID, and no more.
fn dns(id: u8, answer: bool) -> [u8; 12] {
    [0, id, if answer { 0x81 } else { 1 }, 0, 0, 1, 0, 0, 0, 0, 0, 0]
}

#[test]
fn answers_of_dns_find_their_requests_by_their_ids() {
    let mut datagrams = Datagrams::default().between([40_000, 53]);
    (1..=4).for_each(|id: u8| datagrams.request((id.into(), OptTime::UNKNOWN), NONE, &dns(id.min(3), false), 12));
    let mut answer = |frame, id| {
        datagrams
            .answer((frame, OptTime::UNKNOWN), &dns(id, true), 12)
            .map(|answered| (answered.request, answered.by, answered.sure))
    };
    let by = PairedBy::DnsId;
    assert_eq!([answer(5, 2), answer(6, 1)], [Some((2, by(2), true)), Some((1, by(1), true))]);
    assert_eq!([answer(7, 2), answer(8, 9)], [None, None]);
    assert_eq!([answer(9, 3), answer(10, 3)], [Some((3, by(3), false)), Some((4, by(3), false))]);
}

#[test]
fn answer_in_order_is_uncertain_while_several_requests_wait() {
    let mut datagrams = Datagrams::default();
    (1..=3).for_each(|n: u16| {
        datagrams.request((n.into(), OptTime::UNKNOWN), Identity { ip_id: n, ..NONE }, &[b'0' + n as u8], 1)
    });
    datagrams.refuse(&error(Some(1), None));
    let mut answer = |frame| {
        datagrams.answer((frame, OptTime::UNKNOWN), b"other", 5).map(|answered| (answered.request, answered.sure))
    };
    assert_eq!([answer(4), answer(5), answer(6)], [Some((2, false)), Some((3, false)), None]);
    datagrams.request((7, OptTime::UNKNOWN), NONE, b"next", 4);
    assert!(datagrams.answer((8, OptTime::UNKNOWN), b"other", 5).unwrap().sure);
}

#[test]
fn abandoned_request_waits_for_no_turn() {
    let at = |millis| OptTime::from(Some(Nanos::from_millis(millis)));
    let answer = |second, answered| {
        let mut datagrams = Datagrams::default();
        datagrams.request((1, at(0)), NONE, b"first", 5);
        datagrams.request((2, at(second)), NONE, b"next", 4);
        let found = datagrams.answer((3, at(answered)), b"other", 5).unwrap();
        ((found.request, found.sure), datagrams.unanswered().1)
    };
    assert_eq!(answer(64_000, 64_020), ((2, true), vec![1]));
    // the first request may be the one that is answered
    assert_eq!([answer(900, 920), answer(2_000, 3_000)], [((1, false), vec![2]), ((1, false), vec![2])]);
}

#[test]
fn repeated_answers_are_reported_while_others_wait() {
    let mut datagrams = Datagrams::default();
    [&b"one"[..], b"two"]
        .iter()
        .zip(1..)
        .for_each(|(bytes, n)| datagrams.request((n, OptTime::UNKNOWN), NONE, bytes, 3));
    let answers = [&b"p:one"[..], b"p:one", b"p:two", b"p:one", b"p:two"].map(|bytes| {
        let answered = datagrams.answer((9, OptTime::UNKNOWN), bytes, 5).unwrap();
        let EchoKind::Whole(form) = answered.echo.unwrap().kind else { panic!("{answered:?}") };
        (answered.request, form.prefix, form.copies)
    });
    assert_eq!(answers, [(1, 2, 1), (1, 2, 2), (2, 2, 1), (1, 2, 3), (2, 2, 2)]);
    datagrams.request((10, OptTime::UNKNOWN), NONE, b"new", 3);
    assert_eq!((datagrams.recent.len(), datagrams.waiting.len()), (1, 1));
    (11..40).for_each(|n| datagrams.request((n, OptTime::UNKNOWN), NONE, &[n as u8; 3], 3));
    (11..40).for_each(|n| assert!(datagrams.answer((n, OptTime::UNKNOWN), &[n as u8; 3], 3).is_some()));
    assert_eq!((datagrams.recent.len(), datagrams.waiting.len()), (8, 1));
}

#[test]
fn lost_request_is_not_the_one_answered() {
    let mut datagrams = Datagrams::default();
    (1..=2)
        .for_each(|n: u16| datagrams.request((n.into(), OptTime::UNKNOWN), Identity { ip_id: n, ..NONE }, b"same", 4));
    datagrams.refuse(&error(Some(1), None));
    let mut answer = || datagrams.answer((4, OptTime::UNKNOWN), b"same", 4).map(|found| (found.request, found.sure));
    assert_eq!([answer(), answer()], [Some((2, true)), Some((1, true))]);
}

#[test]
fn bytes_decide_where_order_does_not() {
    let mut datagrams = Datagrams::default();
    (1..=3).for_each(|n| datagrams.request((n, OptTime::UNKNOWN), NONE, &[b'0' + n as u8], 1));
    let answers = [&b"other"[..], b"3"].map(|bytes| datagrams.answer((9, OptTime::UNKNOWN), bytes, bytes.len() as u32));
    assert_eq!(answers.map(|answered| answered.map(|answered| answered.sure)), [Some(false), Some(true)]);
}

#[test]
fn copied_request_has_its_own_answer() {
    let mut datagrams = Datagrams::default();
    datagrams.request((1, OptTime::UNKNOWN), NONE, b"one", 3);
    assert_eq!(datagrams.answer((2, OptTime::UNKNOWN), b"one", 3).unwrap().request, 1);
    datagrams.copied(1, 3, OptTime::UNKNOWN);
    let answers = [4, 5].map(|frame| datagrams.answer((frame, OptTime::UNKNOWN), b"one", 3).unwrap());
    assert_eq!(answers.map(|answer| answer.request), [3, 1]);
    assert_eq!(answers[1].echo.unwrap().kind, EchoKind::Whole(EchoForm { copies: 2, ..EchoForm::IDENTICAL }));
}

#[test]
fn long_datagrams_are_compared_whole_as_far_as_they_are_kept() {
    let mut datagrams = Datagrams::default();
    let request = vec![b'x'; 5000];
    datagrams.request((1, OptTime::UNKNOWN), NONE, &request, 5000);
    let answer = datagrams.answer((2, OptTime::UNKNOWN), &[b"> ", &request[..]].concat(), 5002).unwrap();
    assert_eq!(answer.echo.unwrap().kind, EchoKind::Whole(EchoForm { prefix: 2, ..EchoForm::IDENTICAL }));
    (3..8).for_each(|n| datagrams.request((n, OptTime::UNKNOWN), NONE, &[b'y'; 60_000], 60_000));
    assert!(datagrams.kept <= KEPT + 3 * KEPT_OF_MORE);
    for n in 8..13 {
        datagrams.answer((n, OptTime::UNKNOWN), &[b'y'; 59_999], 59_999);
    }
    let log = datagrams.found.take_log();
    assert_eq!((log.partial_requests, log.uncompared, log.different.count), (2, 3, 0));
}

#[test]
fn waiting_requests_are_bounded_and_counted() {
    let mut datagrams = Datagrams::default();
    (0..100).for_each(|n| datagrams.request((n, OptTime::UNKNOWN), NONE, b"x", 1));
    assert_eq!(datagrams.pending().0, 100);
    assert_eq!(datagrams.waiting.len(), WAITING);
}
