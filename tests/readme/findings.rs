//! The findings of the reference: each code with its meaning, its standards, and an example on which echolab reports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use echolab::model::FindingCode;
use echolab::track::rules;
use serde_json::Value;

use crate::output::{jsonl, records};

/// For each code, the arguments of echolab that show it, beginning with a subcommand or a capture.
const EXAMPLES: &[(&str, &str)] = &[
    ("handshake_retried", "fixtures/kernel/connect_timeout_syncnt1.pcap"),
    ("accept_queue_full", "fixtures/cases/synack-again-answers-data.pcap"),
    ("stray_syn", "fixtures/cases/syn-again-after-its-ack.pcap"),
    ("another_syn_ack", "fixtures/examples/another-syn-ack.pcap"),
    ("refused", "fixtures/kernel-refused.pcap"),
    ("simultaneous_open", "fixtures/kernel/simopen.pcap"),
    ("fast_open", "fixtures/kernel/tfo.pcap"),
    ("syn_data", "fixtures/made/syn-data-without-cookie.pcap"),
    ("handshake_partial", "fixtures/examples/handshake-partial.pcap"),
    ("port_reused", "fixtures/kernel/timewait_reuse_clientTW.pcap"),
    ("mptcp_fastclose", "fixtures/examples/mptcp-fastclose.pcap"),
    ("fast_retransmit", "fixtures/kernel/loss_fast.pcap"),
    ("timeout_retransmit", "fixtures/scripted/o02-rto-backoff-notlp.pcap"),
    ("tail_loss_probe", "fixtures/scripted/o59-tlp-newdata.pcap"),
    ("retransmit", "fixtures/lab-v3.pcap"),
    ("spurious_retransmit", "fixtures/scripted/o38-dup-data-dsack.pcap"),
    ("reordered", "fixtures/kernel/ooo.pcap"),
    ("sack_reneging", "fixtures/scripted/o09-sack-reneging.pcap"),
    ("limited_transmit", "fixtures/scripted/o46-limited-transmit.pcap"),
    ("frto", "fixtures/scripted/o05-frto-spurious.pcap"),
    ("path_mtu", "fixtures/scripted/o11-icmp-fragneeded.pcap"),
    ("mtu_black_hole", "fixtures/cases/mtu-black-hole.pcap"),
    ("gap_never_filled", "fixtures/cases/hole-never-filled.pcap"),
    ("bytes_twice", "fixtures/cases/old-ack-after-fin-is-no-keep-alive.pcap"),
    ("duplicate_frame", "fixtures/kernel/dup.pcap"),
    ("capture_gap", "fixtures/cases/data-missing-at-its-sender.pcap"),
    ("captured_late", "fixtures/made/answers-captured-late.pcap"),
    ("order_unknown", "fixtures/examples/order-unknown.pcap"),
    ("zero_window", "fixtures/kernel/zerowin.pcap"),
    ("zero_window_probe", "fixtures/kernel/zero_window_probe.pcap"),
    ("window_shrunk", "fixtures/scripted/o15-smallwin-sws.pcap"),
    ("window_limited", "fixtures/made/window-shut-briefly.pcap"),
    ("close_three", "fixtures/lab-echo-ten-steps.pcap"),
    ("close_four", "fixtures/lab-v4.pcap"),
    ("half_close", "fixtures/kernel/halfclose.pcap"),
    ("simultaneous_close", "fixtures/kernel/simclose.pcap"),
    ("no_close", "fixtures/lab-tcp-line.pcap"),
    ("reset_unread", "fixtures/kernel/rst_unread.pcap"),
    ("reset_after_close", "fixtures/lab-v2.pcap"),
    ("reset_abort", "fixtures/kernel/rst_linger.pcap"),
    ("reset_stale", "fixtures/made/scan.pcap"),
    ("reset_unknown", "fixtures/made/reset-by-another.pcap"),
    ("reset_ignored", "fixtures/made/reset-outside-window.pcap"),
    ("challenge_ack", "fixtures/scripted/o21-challenge-syn.pcap"),
    ("unacceptable_segment", "fixtures/scripted/o22-paws.pcap"),
    ("invalid_sack", "fixtures/cases/sack-beyond-sent.pcap"),
    ("ack_loop", "fixtures/cases/challenge-ack-loop.pcap"),
    ("delayed_ack", "fixtures/scripted/o41-delack.pcap"),
    ("nagle_wait", "fixtures/lab-v4.pcap"),
    ("cork_wait", "fixtures/scripted/o44-cork-timeout.pcap"),
    ("idle_gap", "fixtures/lab-tcp-line.pcap"),
    ("slow_server", "fixtures/wire/late-answer.pcap"),
    ("unanswered_request", "fixtures/cases/request-never-answered-then-fin.pcap"),
    ("keep_alive", "fixtures/kernel/keepalive.pcap"),
    ("other_host", "fixtures/cases/another-box-answers-for-server.pcap"),
    ("mirrored_capture", "fixtures/wire/captured-twice.pcap"),
    ("syn_flood", "fixtures/cases/syn-flood.pcap"),
    ("port_scan", "fixtures/cases/port-scan.pcap"),
    ("backscatter", "fixtures/cases/backscatter.pcap"),
    ("abandoned", "fixtures/made/no-ack-of-the-syn-ack.pcap"),
    ("echo_identical", "fixtures/lab-echo-ten-steps.pcap"),
    ("echo_upper", "fixtures/lab-v0.pcap"),
    ("echo_prefixed", "fixtures/made/pipelined-prefixes.pcap"),
    ("echo_repeated", "fixtures/lab-v3.pcap"),
    ("echo_partial", "fixtures/wire/late-answer.pcap"),
    ("echo_different", "fixtures/examples/echo-different.pcap"),
    ("sends_merged", "fixtures/lab-v4.pcap"),
    ("urgent_data", "fixtures/kernel/oob.pcap"),
    ("ecn_marked", "fixtures/made/ecn-agreed.pcap"),
    ("fragmented", "fixtures/kernel/udp_frag.pcap"),
    ("checksum_offloaded", "fixtures/lab-tcp-line.pcap"),
    ("checksum_absent", "fixtures/formats/nano.pcap"),
    ("checksum_accepted", "fixtures/examples/checksum-accepted.pcap"),
    ("checksum_invalid", "fixtures/kernel/corrupt.pcap"),
    ("no_reply", "fixtures/wire/udp-lost-request.pcap"),
    ("reply_from_other_address", "fixtures/cases/udp-answer-from-other-address.pcap"),
    ("reply_to_group", "fixtures/made/udp-group-answered.pcap"),
    ("reply_from_other_port", "fixtures/cases/tftp-answers-from-new-port.pcap"),
    ("port_unreachable", "fixtures/kernel-udp-closed.pcap"),
    ("icmp_error", "fixtures/scripted/o54-icmp-hostunreach.pcap"),
    ("udp_duplicate", "fixtures/wire/udp-doubled-request.pcap"),
    ("udp_reordered", "fixtures/wire/udp-first-two-swapped.pcap"),
    (
        "connect_before_listen",
        "run --client-first --server 'python3 tests/programs/echo_server.py 7000' --client 'python3 tests/programs/echo_client.py localhost 7000'",
    ),
    (
        "other_port",
        "run --server 'python3 tests/programs/echo_server.py 7000' --client 'python3 tests/programs/echo_client.py localhost 7001'",
    ),
    (
        "bound_to_loopback",
        "run --network lab --server 'python3 tests/programs/echo_server.py 7000 --host 127.0.0.1' --client 'python3 tests/programs/echo_client.py server 7000'",
    ),
    ("address_in_use", "run --server 'python3 tests/programs/mistakes.py bind-twice 7000' --client true"),
    (
        "deadlock",
        "run --timeout 2s --server 'python3 tests/programs/echo_server.py 7000' --client 'python3 tests/programs/echo_client.py localhost 7000 --send HELLO --burst 0'",
    ),
    (
        "partial_receive",
        "run --network lab --rate 50kbit --server 'python3 tests/programs/echo_server.py 7000 --repeat 1000' --client 'python3 tests/programs/echo_client.py server 7000 --send HELLO-WORLD --read 20000'",
    ),
    (
        "short_write",
        "run --server 'python3 tests/programs/mistakes.py read-all 7000' --client 'python3 tests/programs/mistakes.py ignore-send 7000'",
    ),
    (
        "datagram_truncated",
        "run --server 'python3 tests/programs/udp_server.py 9000 5' --client 'python3 tests/programs/udp_client.py localhost 9000 HELLO-WORLD'",
    ),
    (
        "small_writes",
        "run --network lab --delay 20ms --server 'python3 tests/programs/echo_server.py 7000' --client 'python3 tests/programs/echo_client.py server 7000 --send HELLO --burst 2'",
    ),
    ("wire_dropped", "session --wire 'drop data 1'"),
    ("wire_corrupted", "session --wire 'corrupt data 1'"),
    ("wire_duplicated", "session --wire 'duplicate data 1'"),
    ("wire_marked", "session --scenario ecn"),
    ("wire_reordered", "session --scenario reordered"),
    ("wire_delayed", "session --wire 'delay data 1 by 30ms'"),
];

/// The table of the page: two lines in a cell, since three columns are read more easily than five.
pub(crate) fn table() -> String {
    let mut text = "| finding | meaning | example |\n|---|---|---|\n".to_owned();
    let examples: BTreeMap<_, _> = EXAMPLES.iter().copied().collect();
    for code in FindingCode::ALL {
        let (meaning, mut standards) = without_standards(code.about());
        if standards.is_empty() {
            let of_rules = rules().into_iter().filter(|rule| rule.code == *code).flat_map(|rule| rule.rfc);
            standards.extend(of_rules.filter(|name| name.starts_with("RFC ")).map(|name| (*name).to_owned()));
            standards.sort();
            standards.dedup();
        }
        let links: Vec<_> = standards.iter().map(|standard| link(standard)).collect();
        let standards = if links.is_empty() { String::new() } else { format!("<br>{}", links.join(", ")) };
        let example = example(examples.get(code.name()).unwrap_or_else(|| panic!("{code} has no example")));
        let severity = code.severity().name();
        writeln!(text, "| `{code}`<br>{severity} | {meaning}{standards} | {example} |").unwrap();
    }
    text
}

/// A meaning without the standards that it names in parentheses, and these.
fn without_standards(about: &str) -> (String, Vec<String>) {
    let Some((start, rest)) = about.split_once(" (").filter(|(_, rest)| rest.contains("RFC ")) else {
        return (about.to_owned(), Vec::new());
    };
    let (inside, end) = rest.split_once(')').unwrap();
    let (remark, named): (Vec<_>, Vec<_>) = inside.split(", ").partition(|part| !part.starts_with("RFC "));
    let remark = if remark.is_empty() { String::new() } else { format!(" ({})", remark.join(", ")) };
    let (tail, more) = without_standards(end);
    (format!("{start}{remark}{tail}"), named.into_iter().map(str::to_owned).chain(more).collect())
}

/// `RFC 9293 §3.6` as a link to that section.
fn link(standard: &str) -> String {
    let (number, section) = standard.split_once(" §").map_or((standard, None), |(rfc, section)| (rfc, Some(section)));
    let number = number.trim_start_matches("RFC ");
    let section = section.map(|section| format!("#section-{section}")).unwrap_or_default();
    format!("[{standard}](https://www.rfc-editor.org/rfc/rfc{number}{section})")
}

/// A capture as a link to it, a command as it is.
fn example(arguments: &str) -> String {
    match arguments.strip_prefix("fixtures/") {
        Some(capture) if !capture.contains(' ') => format!("[{capture}](../../fixtures/{capture})"),
        Some(_) => format!("`echolab analyze {}`", arguments.replace('|', "\\|")),
        None => format!("`echolab {arguments}`"),
    }
}

/// The codes that echolab reports.
fn reported(arguments: &str) -> BTreeSet<String> {
    let line = if arguments.starts_with("fixtures/") { format!("analyze {arguments}") } else { arguments.to_owned() };
    let words = shlex::split(&line).unwrap();
    let output = jsonl(words.iter().map(String::as_str));
    let records = records(&output);
    let Some(Value::Object(summary)) = records.last() else {
        panic!("{line}: {}", String::from_utf8_lossy(&output.stderr))
    };
    summary["findings_count"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_code_has_an_example_that_shows_it() {
    let names: BTreeSet<_> = EXAMPLES.iter().map(|(code, _)| *code).collect();
    let codes: BTreeSet<_> = FindingCode::ALL.iter().map(|code| code.name()).collect();
    let (lacking, unknown): (Vec<_>, Vec<_>) = (codes.difference(&names).collect(), names.difference(&codes).collect());
    assert!(lacking.is_empty() && unknown.is_empty(), "without an example: {lacking:?}; no codes: {unknown:?}");
    assert_eq!(EXAMPLES.len(), names.len(), "a code has two examples");
    for (code, arguments) in EXAMPLES {
        let reported = reported(arguments);
        assert!(reported.contains(*code), "echolab {arguments} shows no {code}, but {reported:?}");
    }
}

#[test]
fn standards_are_extracted_from_a_meaning() {
    let (meaning, standards) =
        without_standards("Probes (F-RTO, RFC 5682) and more (RFC 5961 §3.2, RFC 6298), twice (a).");
    assert_eq!(meaning, "Probes (F-RTO) and more, twice (a).");
    assert_eq!(standards, ["RFC 5682", "RFC 5961 §3.2", "RFC 6298"]);
    assert_eq!(link("RFC 9293 §3.6"), "[RFC 9293 §3.6](https://www.rfc-editor.org/rfc/rfc9293#section-3.6)");
}
