//! Loss and reordering in the middle of the stream, between the lab's hosts.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::script::{ScriptStep, SocketOp, client, listener, server};
use crate::model::Side;

const TCP: Scenario = Scenario {
    topic: Topic::Loss,
    runs: RunsOn::Lab,
    lasts: ms(2000),
    programs: Programs::Script(TEN_SEGMENTS),
    expects: Expectation { may_show: &["echo_partial"], ..Expectation::TCP },
    ..Scenario::TCP
};

/// Ten segments over IPv4 and over IPv6, the initial window (RFC 6928), in one send.
const TEN_SEGMENTS: &[ScriptStep] = &one_way(14_280);

/// An exchange of one segment each way.
const ONE_SEGMENT: &[ScriptStep] = &[
    listener(SocketOp::Listen(8)),
    client(SocketOp::Connect),
    server(SocketOp::Accept),
    client(SocketOp::Send("Hello, world")),
    server(SocketOp::Echo(12)),
    client(SocketOp::Receive(12)),
    client(SocketOp::Shutdown),
    server(SocketOp::ReceiveAll),
    server(SocketOp::Close),
    client(SocketOp::ReceiveAll),
    client(SocketOp::Close),
];

/// Sends `bytes` bytes to the server, none back.
const fn one_way(bytes: usize) -> [ScriptStep; 10] {
    [
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::SendBytes(bytes)),
        server(SocketOp::Receive(bytes)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]
}

pub(super) static LOST_FIN: Scenario = Scenario {
    name: "lost-fin",
    about: "the FIN is lost: closing takes a little longer",
    description: "All data is acknowledged, and then the client's FIN is lost. A FIN takes 1 sequence number, so \
            it is acknowledged like data, and retransmitted like data when no ACK arrives.",
    takes: ms(300),
    programs: Programs::Script(ONE_SEGMENT),
    lab: LabSetup { script: "drop fin 1 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["echo_identical"],
        may_show: &["timeout_retransmit"],
        echoed: Some(1),
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static TAIL_LOSS: Scenario = Scenario {
    name: "tail-loss",
    about: "the last two of ten segments are lost: no duplicate ACK can report it",
    description: "The last two of ten segments are lost. No later segment arrives that would make the receiver send \
            duplicate ACKs, so only a timer helps. After about two round trips the sender retransmits the last \
            segment to provoke an ACK (a tail-loss probe, RFC 8985 §7), much sooner than its retransmission timer \
            would expire. The SACK block of that ACK reveals the other missing segment, which is then retransmitted. \
            The link delays the probe a little: if its ACK arrived sooner than the lowest RTT, the sender could not \
            attribute it to the probe and would wait for its timer (RFC 8985 §6.2).",
    takes: ms(200),
    // two short round trips are over long before a timer, even where the machine stands still meanwhile
    lab: LabSetup {
        script: "drop data 9 of client; drop data 10 of client; delay data 10 of client by 20ms",
        ..LabSetup::PLAIN
    },
    expects: Expectation {
        shows: &["tail_loss_probe"],
        may_show: &["echo_partial", "fast_retransmit"],
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static FAST_RETRANSMIT: Scenario = Scenario {
    name: "fast-retransmit",
    about: "one of ten segments is lost: duplicate ACKs report the gap within one round trip",
    description: "The third of ten segments is lost. Each later segment makes the receiver send a duplicate ACK, with SACK \
            blocks that say which bytes beyond the gap have arrived (RFC 2018). The sender retransmits the missing \
            segment and does not wait for its timer. The loss costs one round trip instead of 200 ms.",
    lab: LabSetup { script: "drop data 3 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["fast_retransmit"],
        may_show: &["echo_partial"],
        // Wireshark takes it for out of order where it comes within a round trip of the newest segment
        analysis: &[("duplicate_ack", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static REORDERED: Scenario = Scenario {
    name: "reordered",
    about: "two segments change places in transit; captured where they arrive",
    description: "The fifth of ten segments overtakes the fourth. The receiver sees a gap and sends a duplicate ACK with a \
            SACK block; a moment later the gap is filled. Nothing was lost and nothing is retransmitted: one \
            duplicate ACK is not enough for that. The capture is made at the server; at the client everything is in \
            order.",
    lab: LabSetup { script: "swap data 4 5 of client", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["reordered"],
        may_show: &["echo_partial"],
        analysis: &[("out_of_order", Count::Exactly(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static DUPLICATE: Scenario = Scenario {
    name: "duplicate",
    about: "a segment is sent once and arrives twice",
    description: "The link delivers the client's request twice. The server's kernel discards the duplicate and reports in \
            its ACK that it already had the bytes (RFC 2883). Both copies have the same IP identification and \
            timestamp, which distinguishes them from a retransmission. The capture is made at the server.",
    programs: Programs::Script(ONE_SEGMENT),
    lab: LabSetup { script: "duplicate data 1 of client", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["duplicate_frame", "echo_identical"],
        echoed: Some(1),
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static CORRUPT: Scenario = Scenario {
    name: "corrupt",
    about: "a segment is corrupted in transit, discarded by its checksum, and retransmitted",
    description: "One bit of the client's request is flipped on the link. The segment arrives, but its checksum is wrong, \
            so the server's kernel discards it without an answer. To the client it is lost, and it retransmits the \
            request. The capture, made at the server, contains both the corrupted segment and the good one.",
    takes: ms(300),
    programs: Programs::Script(ONE_SEGMENT),
    lab: LabSetup { script: "corrupt data 1 of client", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["checksum_invalid", "echo_identical"],
        may_show: &["timeout_retransmit"],
        checksums: &[("invalid", Count::Exactly(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static RANDOM_LOSS: Scenario = Scenario {
    name: "random-loss",
    about: "three percent of all packets are lost at random",
    description: "The link loses three percent of the packets in both directions at random; the seed is fixed, so each run \
            has the same faults. All 150,000 bytes arrive in order nevertheless: lost data is retransmitted, usually \
            after one round trip, sometimes after a timer. A lost ACK rarely matters, because the next one covers the \
            same bytes.",
    takes: ms(200),
    lasts: ms(6000),
    programs: Programs::Script(&one_way(150_000)),
    lab: LabSetup { loss: 3.0, seed: 1, ..LabSetup::PLAIN },
    expects: Expectation {
        may_show: &[
            "fast_retransmit",
            "timeout_retransmit",
            "retransmit",
            "handshake_retried",
            "reordered",
            "order_unknown",
            "echo_partial",
        ],
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static ECN: Scenario = Scenario {
    name: "ecn",
    about: "a router marks a packet instead of dropping it: congestion without loss",
    description: "Both hosts use ECN (RFC 3168), which they negotiate in the handshake with the flags ECE and CWR. A router \
            with a long queue marks one of the client's packets (Congestion Experienced). The server sets ECE in its \
            ACKs until the client answers with CWR that it has reduced its rate. Nothing was lost. The capture is \
            made at the server, where the mark is visible.",
    lab: LabSetup {
        script: "mark data 2 of client",
        sysctls: &["net.ipv4.tcp_ecn=1"],
        capture_at: Side::Server,
        ..LabSetup::PLAIN
    },
    programs: Programs::Script(&one_way(60_000)),
    expects: Expectation { shows: &["ecn_marked"], may_show: &["echo_partial"], ..Expectation::TCP },
    ..TCP
};

pub(super) static SLOW_LINK: Scenario = Scenario {
    name: "slow-link",
    about: "a slow link with a long delay: slow start, round by round",
    description: "The link carries 8 Mbit/s and delays each packet by 30 ms. The client may send ten segments before it has \
            to wait for an ACK (RFC 6928), and each ACK allows it to send more: ten, twenty, forty segments per round \
            trip, until the link is full. In the report the rounds are 60 ms apart, and each is twice as long as the \
            one before.",
    takes: ms(600),
    programs: Programs::Script(&one_way(200_000)),
    lab: LabSetup { delay: ms(30), rate: "8mbit", ..LabSetup::PLAIN },
    expects: Expectation { may_show: &["echo_partial"], steps: Count::AtLeast(150), ..Expectation::TCP },
    ..TCP
};
