//! Verdicts and time ledgers, compared with what was really done when the captures were recorded.

use serde_json::Value;

use crate::run::echolab;

/// The kind of wait that took most of the time of a capture's first conversation.
const LARGEST: &[(&str, &str)] = &[
    // the accepted socket dropped everything for a while
    ("blackout", "timeout"),
    ("mark", "timeout"),
    ("payload", "timeout"),
    ("random", "timeout"),
    ("loss_tail", "timeout"),
    ("connect_timeout_syncnt1", "timeout"),
    ("syn_retrans_filter", "timeout"),
    ("synack_retrans", "timeout"),
    ("user_timeout700", "timeout"),
    // a path of 10 ms
    ("dup", "client_application"),
    ("corrupt", "network"),
    ("ooo", "network"),
    ("loss_fast_o", "network"),
    ("refused", "network"),
    // the receiver's program did not read
    ("zerowin", "window"),
    ("zerowin-snap120", "window"),
    ("zero_window_probe", "window"),
    ("nagle_delack", "delayed_ack"),
    ("keepalive", "idle"),
    ("halfclose", "server_application"),
    ("rst_unread", "server_application"),
];

/// The first line of the verdict on a capture's first conversation.
const VERDICTS: &[(&str, &str)] = &[
    ("lab-echo-ten-steps", "Healthy: 1 of 1 requests echoed; both sides closed."),
    ("lab-tcp-line", "No problem found, but the capture lacks the close."),
    ("lab-udp-line", "Healthy: 3 of 3 requests echoed."),
    ("lab-v2", "Reset by the client: 2 RSTs answered segments for a closed socket; 15 bytes lost (frames 8, "),
    (
        "lab-v3",
        "Reset by the client: it closed with RST instead of FIN; the last 7,240 bytes from the server (up to frame 10) may be unread, and close() then sends RST (frames 10, 17).",
    ),
    (
        "kernel/refused",
        "Refused: port 7106 answered the SYN with RST: nothing listened there at that moment, or a firewall refused (frames 1, 2).",
    ),
    ("kernel/mark", "Slow: 208 ms of 216 ms spent waiting for a retransmission timer (frame 9)."),
    (
        "kernel/zerowin",
        "Slow: 860 ms of 902 ms spent waiting for room in the receiver's window; longest wait 448 ms (frame 10).",
    ),
    (
        "kernel/nagle_delack",
        "Slow: 40.9 ms of 41.1 ms spent waiting for a delayed ACK or because of Nagle's algorithm (frame 6).",
    ),
    (
        "kernel/udp_closed",
        "Port unreachable: no program listened on UDP port 7107 at that moment, or a firewall rejected the packet",
    ),
    ("kernel/user_timeout700", "Failed: the client's last byte was never acknowledged in this capture"),
    ("kernel/halfclose", "Healthy: the client sent 3 bytes, the server 15 bytes; both sides closed."),
    ("kernel/corrupt", "Corrupted: the checksum is invalid"),
];

fn nanos(time: &Value) -> u64 {
    time.as_str().and_then(|time| time.replace('.', "").parse().ok()).expect("seconds with nine decimals")
}

#[test]
fn the_largest_share_is_what_was_done() {
    for (capture, wanted) in LARGEST {
        let lines = echolab(["analyze", &format!("fixtures/kernel/{capture}.pcap"), "--format", "jsonl"]).done();
        let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        let conversation = records.into_iter().find(|record| record["kind"] == "conversation").expect("one");
        let ledger = conversation["ledger"].as_object().expect("a ledger");
        let largest = ledger.iter().max_by_key(|(_, time)| nanos(time)).map(|(wait, _)| wait.as_str());
        assert_eq!(largest, Some(*wanted), "{capture}: {ledger:?}");
        assert_eq!(ledger.values().map(nanos).sum::<u64>(), nanos(&conversation["duration"]), "{capture}");
    }
}

#[test]
fn the_verdict_comes_first_in_every_report() {
    for (capture, wanted) in VERDICTS {
        let file = format!("fixtures/{capture}.pcap");
        for (format, title) in [("table", "conversation 0:"), ("markdown", "## ")] {
            let report = echolab(["analyze", &file, "--format", format]).env("COLUMNS", "2000").done();
            let lines: Vec<_> = report.lines().map(|line| line.trim().replace(['*', '\\'], "")).collect();
            let at = lines.iter().position(|line| line.contains(title)).expect("a title");
            let verdict = lines[at + 1..].iter().find(|line| !line.is_empty()).expect("a verdict");
            assert!(verdict.starts_with(wanted), "{capture} as {format}: {verdict}");
        }
    }
}

#[test]
fn many_datagrams_without_any_answer_are_one_direction_and_few_are_unanswered() {
    let datagrams = |count: u32| -> String {
        let line = |second| format!("12:00:{second:02}.000000 IP 192.0.2.1.40000 > 192.0.2.2.514: UDP, length 20\n");
        (0..count).map(line).collect()
    };
    for (count, wanted) in [
        (9, "Unanswered: the capture holds no answer to 9 of the client's datagrams"),
        (10, "One direction only: the capture holds no answer to any of the client's 10 datagrams"),
    ] {
        let report = echolab(["analyze", "-"]).stdin(datagrams(count)).env("COLUMNS", "200").done();
        assert!(report.contains(wanted), "{report}");
    }
}
