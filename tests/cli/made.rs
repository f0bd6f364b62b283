//! Captures in fixtures/made, written by hand for what no kernel does on demand: what must be said of each, and what
//! must not. Their whole explanations lie in tests/explanations, with those of recorded sessions.

use crate::explanations::explanation;
use crate::run::echolab;

/// A capture with words that must be said of it, step by step and at its end, and words that would be wrong.
const SAID: &[(&str, &[&str], &[&str])] = &[
    // a RST far outside the window, then data and both FINs
    ("reset-outside-window", &["reset_ignored [4,6]", "close_three"], &["reset_unknown"]),
    // a RST in the window, but not at the number due; its receiver asks, and everything goes on
    ("reset-challenged", &["reset_ignored [6,7]", "challenge_ack [7,8]", "close_three"], &["reset_unknown"]),
    // a RST at the number due that did not arrive, or was not taken
    ("reset-not-taken", &["reset_ignored [7,8,9]: The server's RST in frame 7 ended nothing", "close_three"], &[]),
    // RFC 9293 §3.5.1, figure 10: a host that has forgotten a connection asks for a new one between the same ports
    (
        "half-open",
        &[
            "challenge_ack [5,6,7]",
            "reset_stale [7,8]",
            "frame 7 answered the SYN before with the ACK of another number",
            "close_three",
        ],
        &["0 + 1 = 4", "no answer came"],
    ),
    // the SYN-ACK covers 554 bytes that the SYN did not carry
    ("syn-ack-of-another", &["1555, not 1000 + 1", "(SYN-SENT), refuses it"], &["of data", "lacks the ACK"]),
    // a SYN, a SYN-ACK, a RST: there never was an ACK that the capture could lack
    ("scan", &["abandoned [1,2,3]: The client answered the SYN-ACK with RST"], &["lacks"]),
    ("no-ack-of-the-syn-ack", &["abandoned [1,3,4]: No ACK of the SYN-ACK"], &["lacks", "no_close"]),
    // a firewall resets the connection in the server's name, whose answer comes all the same
    (
        "reset-by-another",
        &[
            "reset_unknown [4,5]: The TTL of this RST is 128, and that of the server's other packets 64",
            "reset_stale [5,6,7]",
        ],
        &["reset_unread", "half-open"],
    ),
    // the same for a SYN
    ("refused-on-the-way", &["refused [1,2]", "reset_stale [2,3,4]"], &["port scanner"]),
    // linger 0, 80 ms after the echo was read
    (
        "linger-after-the-answer",
        &["reset_abort [5,7]", "Either SO_LINGER was set with a zero timeout"],
        &["reset_unread", "did not answer"],
    ),
    // data that its sender sent before the peer's FIN came
    ("fin-crosses-data", &["close_three"], &["half_close"]),
    // of what the server sends on, a part is lost before the capture, and sent again
    ("half-closed-hole", &["half_close [4,6,10]", "for 230 ms: 3,000 bytes in frames 6 to 10"], &[]),
    // a resolver asks again after five seconds; a ping is lost, and the next one carries the same bytes
    (
        "udp-asked-again",
        &[
            "3 server sends 45 bytes in answer to frame 2",
            "no_reply [5,6,7]",
            "The program sent the bytes of frame 5 again, last in frame 6, and they were answered in frame 7",
        ],
        &["slow_server"],
    ),
    (
        "udp-asked-thrice",
        &["The program sent the bytes of frame 1 again, last in frame 3, and they were answered in frame 4"],
        &["So it was"],
    ),
    ("udp-same-bytes", &["no_reply [5,6,7]", "echo_identical [2,4,7]"], &["slow_server", "udp_reordered"]),
    ("udp-first-three-reversed", &["udp_reordered [1,2,3,9]", "Those of frames 2, 3 are lower"], &["no_reply"]),
    // three questions under way, and two answers that give nothing back; then a fourth
    (
        "udp-in-doubt",
        &[
            "4 server sends \"12:00\" (5 bytes); several requests were unanswered",
            "7 server sends \"echolab\" (7 bytes), the next datagram after frame 6; after 20.0 ms",
            "no_reply [3]",
            "which of them is unknown",
        ],
        &["after frame 1", "after frame 2"],
    ),
    // ICMP errors quote eight bytes of UDP, and no IP identification: its length and checksum tell
    (
        "udp-errors",
        &[
            "about frame 3: fragmentation needed: next-hop MTU 1,400 bytes",
            "about frame 2: port unreachable",
            "about frame 1: redirect",
            "about a packet: port unreachable",
            "it was forwarded",
            "no_reply [1,8]: The capture holds no answer to 2 of the client's datagrams; which of them is unknown",
        ],
        &[],
    ),
    (
        "udp-answers-elsewhere",
        &["reply_from_other_port [3,4]", "(RFC 1350 §4)"],
        &["no_reply [1]", "no_reply [2]", "no_reply [3]", "no_reply [5]"],
    ),
    // a resolver of the link asks a multicast group, and a host answers from its own address
    (
        "udp-group-answered",
        &["reply_to_group [1,2]: The answer to the request to 224.0.0.252:5355 came from 10.0.0.2:5355"],
        &["no_reply", "reply_from_other_address"],
    ),
    ("udp-length-too-long", &["its Length field counts 87 bytes that the packet does not hold"], &["checksum"]),
    // fragments out of order, one of them twice, with others between
    (
        "udp-fragments-apart",
        &[
            "in frames 1, 2, 5; this",
            "fragmented [78,79]",
            "78, 79, and 1 other before these, more than 64 frames back",
        ],
        &[],
    ),
    // a server reads two requests one by one, and its answers go in one segment
    (
        "pipelined-prefixes",
        &[
            "6 server echoes the 2 bytes of frames 4 to 5, each with a 2-byte prefix",
            "12 server echoes the 11 bytes of frames 9 to 10, each in upper case with a 2-byte prefix",
        ],
        &["echo_different"],
    ),
    // the capture holds two answers behind the ACKs that cover them
    ("answers-captured-late", &["captured_late [5,6]", "echo_identical [6]", "echo_upper [8]"], &["echo_different"]),
    // window probes without an answer are no keep-alives
    ("window-never-opens", &["reset_abort [8,9]", "(RFC 9293 §3.8.6.1).\n"], &["RFC 1122"]),
    (
        "window-shut-briefly",
        &["window was zero once for 55.0 µs in total: its program read more slowly than data came"],
        &["did not read"],
    ),
    // a SYN with data, two without, then the data twice: they came again twice, not four times
    ("syn-data-sent-again", &["The transmission in frame 5 was not acknowledged"], &["4th time"]),
    (
        "syn-data-without-cookie",
        &["with 5 bytes of data on the SYN\n", "syn_data [1,2]", "syn_data [1,2,3]"],
        &["(Fast Open)", "fast_open", "RFC 7413"],
    ),
    ("fin-with-data-again", &["by a timer: no ACK came; client sends its FIN with them\n"], &["retransmits its FIN"]),
    ("ecn-agreed", &["ecn_marked [5,6]: CWR"], &[]),
    ("icmpv6", &["hop limit exceeded", "RFC 4443 §3.1", "RFC 4443 §3.3"], &["time to live", "RFC 1122"]),
];

/// Words that a fact or an answer must say of a capture, and words that would be wrong.
const REPORTED: &[(&str, &str, &str)] = &[
    ("reset-outside-window", "the client closed first, in three segments", "ended the connection"),
    ("reset-not-taken", "the client closed first, in three segments", "ended the connection"),
    ("reset-challenged", "the client closed first, in three segments", "ended the connection"),
    ("half-open", "open (until the first FIN or RST) = 1.100000 s - 1.020100 s = 0.079900 s", "776774"),
    ("scan", "the client's RST in frame 3 ended the connection before it was open", "first to close"),
    ("scan", "never completed: the client answered the SYN-ACK with RST", "partly captured"),
    ("no-ack-of-the-syn-ack", "never completed: no ACK of the SYN-ACK is in the capture", "partly captured"),
    ("no-ack-of-the-syn-ack", "The connection never opened, so there is nothing to close.", "still open"),
    ("syn-ack-of-another", "the SYN got no answer that fits it", "was not answered"),
    ("udp-asked-again", "max 21.0 ms (2 samples)", "5.02 s"),
    ("udp-fragments-apart", "client 2 packets in 4 frames (3,959 bytes, 3,807 of payload)", "without fragments"),
    ("udp-in-doubt", "Frame 6 is a request, frame 7 its reply", "Frame 1 is a request"),
    ("pipelined-prefixes", "5 of 5 requests echoed (2 with a 2-byte prefix", "not echoes"),
    ("answers-captured-late", "2 of 2 requests echoed (1 byte for byte, 1 in upper case)", "too late"),
    ("udp-empty", "only empty datagrams came back", "no data from the server was captured"),
    ("no-request", "the capture holds no data of the client, so no request", "not echoes of the requests"),
    ("ecn-agreed", "ECN negotiated (RFC 3168 §6.1.1)", "ECN asked for"),
];

#[test]
fn explanations_match_the_generated_traffic() {
    for (name, must, must_not) in SAID {
        let said = explanation(&format!("fixtures/made/{name}.pcap"));
        for text in *must {
            assert!(said.contains(text), "{name} lacks {text}:\n{said}");
        }
        for text in *must_not {
            assert!(!said.contains(text), "{name} must not say {text}:\n{said}");
        }
    }
}

#[test]
fn reports_match_the_generated_traffic() {
    for (name, must, must_not) in REPORTED {
        let capture = format!("fixtures/made/{name}.pcap");
        let run = |more: &[&str]| echolab(["analyze", "--width", "400", &capture].iter().chain(more)).done();
        let report = run(&[]) + &run(&["--answers"]);
        assert!(report.contains(must), "{name} lacks {must}:\n{report}");
        assert!(!report.contains(must_not), "{name} must not say {must_not}:\n{report}");
    }
}
