//! Facts about transfers, compared with what was really done when the captures were recorded.

use crate::run::echolab;

/// A fact of a capture as each format with facts has it: label, and the beginning of its text.
const SAID: &[(&str, &str, &str)] = &[
    // 5,100 bytes in one burst over a path of 10 ms; the third segment of the burst was lost and sent again
    (
        "loss_fast",
        "Goodput",
        "client: 197 kB/s (1.58 Mbit/s): 5,100 bytes acknowledged in 25.9 ms, from the first data to the last ACK",
    ),
    ("loss_fast", "Retransmitted", "client: 500 of 5,600 bytes (8.9%)"),
    ("loss_fast", "In flight", "client: max 5,000 bytes"),
    ("loss_fast", "Idle", "client: 0 s"),
    ("loss_fast", "Limited by", "client: the network: "),
    ("loss_fast", "Captured at", "the client: the server's answer to the SYN came after 10.3 ms"),
    // the same, captured where it arrives
    ("loss_fast_o", "Captured at", "the server: "),
    ("loss_fast_o", "RTT", "not shown by this capture: only the client sent data"),
    ("loss_fast_o", "Limited by", "client: unknown: a capture at the server does not show what the client waited for"),
    // the last segments were lost, and a timer had to run out
    (
        "loss_tail",
        "Limited by",
        "client: the network: 96% of the time was loss recovery (until retransmitted bytes were acknowledged)",
    ),
    // the receiver's program did not read for most of the time
    ("zerowin", "Goodput", "client: 227 kB/s (1.82 Mbit/s): 204,800 bytes acknowledged in 902 ms"),
    ("zerowin", "Retransmitted", "client: none of 204,800 bytes"),
    ("zerowin", "Limited by", "client: the server's window: 100% of the time it had no room for another full segment"),
    // the server's program waited 300 ms
    ("pureack", "Response time", "request's last byte to answer's first: 300 ms (1 sample)"),
    // the SYN-ACK, and the SYN, had to be sent again after a second
    (
        "synack_retrans",
        "Handshake",
        "complete, 1.01 s from the first SYN to the ACK of the SYN-ACK, with retransmissions",
    ),
    ("syn_retrans_filter", "Handshake", "complete, 1.01 s from the first SYN "),
    ("simopen", "Handshake", "complete, 10.3 ms from the first SYN to the last ACK"),
    // nothing answered, so there was nothing to close
    ("connect_timeout_syncnt1", "Close", "none: the connection never opened in this capture"),
    // 4,000 bytes each way, in three fragments each
    ("udp_frag", "Traffic", "client 1 packet in 3 frames (4,110 bytes, 4,000 of payload)"),
    // microseconds on loopback show nothing
    ("mss536_bulk", "Limited by", "client: unknown: "),
    ("mss536_bulk", "Captured at", "both endpoints (same host): "),
    (
        "random",
        "Echo",
        "20 of 20 requests echoed (20 byte for byte); client's data in 20 segments, server's in 20 segments",
    ),
];

/// The text of a fact in a report in Markdown.
fn fact(report: &str, label: &str) -> Option<String> {
    let line = report.lines().find_map(|line| line.strip_prefix(&format!("- **{label}**: ")))?;
    Some(line.replace('\\', ""))
}

#[test]
fn transfer_is_reported_as_it_was_made() {
    for (capture, label, wanted) in SAID {
        let file = format!("fixtures/kernel/{capture}.pcap");
        let report = echolab(["analyze", &file, "--format", "markdown", "--limit", "1"]).done();
        let said = fact(&report, label).unwrap_or_else(|| panic!("{capture} has no fact {label}:\n{report}"));
        assert!(said.starts_with(wanted), "{capture}, {label}: {said}");
    }
}

#[test]
fn an_echo_of_a_few_bytes_has_no_lines_of_a_transfer() {
    for capture in ["lab-echo-ten-steps", "lab-v0", "lab-tcp-continuous", "kernel/random", "kernel/nagle_delack"] {
        let report = echolab(["analyze", &format!("fixtures/{capture}.pcap"), "--format", "markdown"]).done();
        assert!(fact(&report, "Traffic").is_some(), "{report}");
        for label in ["Goodput", "Retransmitted", "In flight", "Idle", "Slow start", "Limited by"] {
            assert_eq!(fact(&report, label), None, "{capture}");
        }
    }
}

#[test]
fn every_format_with_facts_has_the_same() {
    let wanted = "204,800 bytes acknowledged in 902 ms, from the first data to the last ACK";
    for format in ["table", "markdown", "html", "latex"] {
        let arguments =
            ["analyze", "fixtures/kernel/zerowin.pcap", "--format", format, "--limit", "1", "--width", "300"];
        let report = echolab(arguments).done();
        assert!(report.contains(wanted), "{format}: {report}");
    }
}
