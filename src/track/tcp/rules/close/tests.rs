use std::net::{IpAddr, Ipv4Addr};

use super::after::AFTER_CLOSE;
use super::*;
use crate::echo::EchoLog;
use crate::model::{Direction, Endpoint, Finding, FindingCode as Code, Nanos, PerDirection, Protocol, Unknown};
use crate::track::analysis::AnalysisCounts;
use crate::track::stop_reason::StopReason;
use crate::track::stream::{RolesFrom, StreamId};
use crate::track::tcp::summary::{AfterFin, Fins, TcpSummary};
use crate::track::totals::{Close, Handshake};

const CLIENT: Direction = Direction::ClientToServer;

/// A connection that was opened in frames 1 to 3 and ends with frame 20, with 5 bytes each way.
fn connection(close: Close, summary: TcpSummary) -> ConversationTotals {
    let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
    let summary = Box::new(TcpSummary { handshake: [Some(1), Some(2), Some(3)], ..summary });
    let tcp = TcpTotals {
        client_isn: None,
        server_isn: None,
        handshake: Handshake::Complete,
        close,
        closed_first: Some(CLIENT),
        analysis: AnalysisCounts::default(),
        summary,
    };
    let five = PerDirection { client_to_server: 5, server_to_client: 5 };
    ConversationTotals {
        stream: StreamId { protocol: Protocol::Tcp, number: 0 },
        client: endpoint(40_000),
        server: endpoint(7),
        roles_from: RolesFrom::Syn,
        first_frame: 1,
        last_frame: 20,
        start: None,
        duration: None,
        resets: 0,
        longest_stall: None,
        ledger: None,
        packets: five,
        bytes: five,
        payload: five,
        tcp: Some(tcp),
        echo: None,
        echo_log: EchoLog::default(),
        udp: None,
        rtt: None,
        response_times: None,
        in_surge: false,
        unknown: Unknown::default(),
        early: None,
    }
}

/// The handshake came as far as the SYN-ACK, and no data.
fn unopened(close: Close, summary: TcpSummary) -> ConversationTotals {
    let mut totals = connection(close, summary);
    totals.payload = PerDirection::default();
    if let Some(tcp) = &mut totals.tcp {
        tcp.handshake = Handshake::Partial;
        tcp.summary.handshake = [Some(1), Some(2), None];
    }
    totals
}

fn cut(mut totals: ConversationTotals) -> ConversationTotals {
    totals.early = Some(StopReason::Reading);
    totals
}

/// FINs in frames 10 and `other`, acknowledged in `acks`.
fn fins(other: u64, acks: [Option<u64>; 2], acks_peer_fin: bool) -> TcpSummary {
    let fin = |frame, acked_by, acks_peer_fin| Some(Fins { frame, at: None, acked_by, acks_peer_fin });
    let [first, second] = acks;
    let fins =
        PerDirection { client_to_server: fin(10, first, false), server_to_client: fin(other, second, acks_peer_fin) };
    TcpSummary { fins, ..TcpSummary::default() }
}

fn one_fin() -> TcpSummary {
    let mut summary = fins(12, [Some(11), None], false);
    summary.fins.server_to_client = None;
    summary
}

fn reset() -> TcpSummary {
    let mut summary = TcpSummary::default();
    summary.resets.server_to_client = Some(12);
    summary.reset_labels.server_to_client = Some("unread data");
    summary
}

/// A finding's code and frames.
type Found = (Code, Vec<u64>);

/// The label, finding, fact, and both answers.
fn said(totals: &ConversationTotals) -> (&'static str, Option<Found>, [String; 3]) {
    let tcp = totals.tcp.as_ref();
    let close = tcp.and_then(|tcp| of(totals, tcp));
    let mut found: Vec<Finding> = Vec::new();
    if let Some(tcp) = tcp {
        report(totals, tcp, &mut found);
    }
    let reported = found.pop().map(|finding| (finding.code, finding.frames));
    let both = |reply: Reply| format!("{}|{}", reply.text, reply.unknown);
    close.map_or_else(Default::default, |Verdict { rule, proof }| {
        let effect = &rule.effect;
        let texts = [(effect.fact)(&proof), both((effect.first)(&proof)), both((effect.time_wait)(&proof))];
        (rule.label, reported, texts)
    })
}

#[test]
fn two_fins_close_in_three_or_four_segments_or_simultaneously() {
    let three = connection(Close::Fin, fins(11, [Some(11), Some(12)], true));
    let (label, found, [fact, first, wait]) = said(&three);
    assert_eq!((label, found), ("close in three segments", Some((Code::CloseThree, vec![10, 11, 12]))));
    assert!(fact.contains("client closed first, in three segments"), "{fact}");
    assert!(first.contains("carried the ACK of the first.|"), "{first}");
    assert!(wait.starts_with("The client, because it closed first (frame 10)"), "{wait}");

    let four = connection(Close::Fin, fins(12, [Some(11), Some(13)], true));
    assert_eq!(said(&four).1, Some((Code::CloseFour, vec![10, 11, 12, 13])));
    let last_ack_missing = connection(Close::Fin, fins(12, [Some(11), None], true));
    assert!(
        said(&last_ack_missing).2[1]
            .ends_with("|Whether the client acknowledged the second FIN: that ACK is not in the capture.")
    );

    let at_once = connection(Close::Fin, fins(11, [Some(12), Some(13)], false));
    let (_, found, [fact, first, wait]) = said(&at_once);
    assert_eq!(found, Some((Code::SimultaneousClose, vec![10, 11, 12, 13])));
    assert!(fact.starts_with("both closed at once") && first.starts_with("Both") && wait.starts_with("Both"));

    // the server's FIN first
    let server_first = connection(Close::Fin, fins(8, [Some(11), Some(10)], false));
    assert_eq!(
        said(&server_first).1,
        Some((Code::SimultaneousClose, vec![8, 10, 11])),
        "the client's FIN acknowledges none"
    );
}

#[test]
fn one_fin_leaves_the_other_direction_open() {
    let half = connection(Close::Half, one_fin());
    let (label, found, [fact, first, wait]) = said(&half);
    assert_eq!((label, found), ("closed by one side", Some((Code::NoClose, vec![10, 20]))));
    assert_eq!(fact, "only the client closed within the capture");
    assert!(first.starts_with("The client closed its direction.|Whether"), "{first}");
    assert!(wait.starts_with("|Only the client has closed"), "{wait}");

    let (_, found, [fact, ..]) = said(&cut(half));
    assert_eq!(found, Some((Code::NoClose, vec![10, 20])));
    assert_eq!(fact, "only the client closed as far as the capture was read");
}

#[test]
fn a_reset_is_reported_at_its_step_and_not_as_a_close() {
    let (label, found, [fact, first, wait]) = said(&connection(Close::Rst, reset()));
    assert_eq!((label, found), ("reset", None));
    assert_eq!(fact, "ended by a reset (frame 12: unread data); the client was first to close or reset");
    assert!(first.contains("the server's RST in frame 12 ended the connection at once.|"), "{first}");
    assert!(wait.starts_with("Neither"), "{wait}");

    let mut foreign = reset();
    foreign.rare_mut().continued_after_reset.server_to_client = Some(14);
    let (_, _, [fact, first, _]) = said(&connection(Close::Rst, foreign));
    assert!(fact.contains("the server went on in frame 14"), "{fact}");
    assert!(first.contains("|Who sent the first RST"), "{first}");

    let (label, _, [fact, ..]) = said(&unopened(Close::Rst, TcpSummary { reset_in_opening: true, ..reset() }));
    assert_eq!(label, "reset before open");
    assert_eq!(fact, "the server's RST in frame 12 ended the connection before it was open");

    let mut refused = unopened(Close::Rst, reset());
    if let Some(tcp) = &mut refused.tcp {
        (tcp.handshake, tcp.closed_first) = (Handshake::Refused, None);
    }
    let (label, found, [fact, first, _]) = said(&refused);
    assert_eq!((label, found), ("refused", None));
    assert_eq!(fact, "ended by a reset (frame 12: unread data)");
    assert!(first.starts_with("Neither"), "{first}");
    // FINs show that it was opened after all
    let mut opened = refused;
    if let Some(tcp) = &mut opened.tcp {
        tcp.close = Close::Half;
        tcp.summary.fins = one_fin().fins;
    }
    assert_eq!(said(&opened).0, "closed by one side");
}

#[test]
fn a_connection_without_fin_or_reset_is_open_or_never_opened() {
    let open = connection(Close::None, TcpSummary::default());
    let (label, found, [fact, first, wait]) = said(&open);
    assert_eq!((label, found), ("no close captured", Some((Code::NoClose, vec![3, 20]))));
    assert_eq!(fact, "not captured");
    assert!(first.starts_with("|No FIN or RST") && wait.ends_with("goes to TIME-WAIT."));

    let (label, found, [fact, ..]) = said(&cut(open));
    assert_eq!((label, found), ("not read to the end", Some((Code::NoClose, vec![3, 20]))));
    assert_eq!(fact, "none as far as the capture was read");

    let never = unopened(Close::None, TcpSummary::default());
    assert_eq!((said(&never).0, said(&never).1), ("never opened", None));
    // the SYN-ACK may still be answered in what was not read
    assert_eq!(said(&cut(never)).0, "not read to the end");
    let syn = TcpSummary { unanswered_syn: true, ..TcpSummary::default() };
    assert_eq!(said(&unopened(Close::None, syn.clone())).2[0], "none: the connection never opened in this capture");
    let cut_syn = cut(unopened(Close::None, syn));
    assert_eq!((said(&cut_syn).1, said(&cut_syn).2[0].as_str()), (None, "none as far as the capture was read"));

    let mut superseded = TcpSummary::default();
    superseded.rare_mut().superseded_by = Some(21);
    let (label, found, _) = said(&connection(Close::None, superseded));
    assert_eq!((label, found), ("superseded", Some((Code::NoClose, vec![3, 20, 21]))));

    let mut ignored = TcpSummary::default();
    ignored.rare_mut().ignored_resets.client_to_server = Some([9, 0, 0]);
    let totals = connection(Close::None, ignored);
    assert!(said(&totals).2[1].contains("no RST that ended the connection"));
}

fn after_close(summary: TcpSummary) -> Vec<Found> {
    let totals = connection(Close::None, summary);
    totals.tcp.iter().flat_map(after).map(|finding| (finding.code, finding.frames)).collect()
}

#[test]
fn data_after_the_peers_fin_is_a_half_close_where_the_peer_takes_it() {
    let data = || {
        let mut summary = one_fin();
        summary.rare_mut().after_fin.server_to_client =
            Some(AfterFin { first: 13, last: 15, bytes: 9, until: Some(Nanos(5)) });
        summary
    };
    assert_eq!(after_close(data()), [(Code::HalfClose, vec![10, 13, 15])]);
    let mut refused = data();
    refused.resets.client_to_server = Some(14);
    assert_eq!(after_close(refused), [], "the peer's RST shows that its socket was closed");
    let mut no_fin = data();
    no_fin.fins.client_to_server = None;
    assert_eq!(after_close(no_fin), [], "no FIN");
}

#[test]
fn reset_ended_nothing_where_later_segments_disprove_it() {
    let ignored = |proof| {
        let mut summary = TcpSummary::default();
        summary.rare_mut().ignored_resets.server_to_client = Some(proof);
        summary
    };
    assert_eq!(after_close(ignored([9, 11, 12])), [(Code::ResetIgnored, vec![9, 11, 12])]);
    assert_eq!(after_close(ignored([9, 0, 12])), [(Code::ResetIgnored, vec![9, 12])]);
    assert_eq!(after_close(ignored([9, 0, 0])), [], "nothing shows it");
    let mut ended = ignored([9, 0, 12]);
    ended.resets.server_to_client = Some(13);
    assert_eq!(after_close(ended), [], "a RST answered the challenge ACK");
}

#[test]
fn every_rule_names_its_standard_and_has_a_label() {
    assert!(CLOSES.iter().all(|rule| !rule.label.is_empty() && !rule.rfc.is_empty()));
    assert!(AFTER_CLOSE.iter().all(|rule| !rule.label.is_empty() && !rule.rfc.is_empty()));
}
