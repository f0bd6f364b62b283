//! Losses and disorder in the middle of the stream, between the lab's hosts.

use super::expectation::{Count, Expectation};
use super::play::{Cue, Deed, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::model::{Protocol, Side};

const TCP: Scenario = Scenario {
    name: "",
    about: "",
    story: "",
    runs: Runs::Lab,
    lasts: ms(2000),
    protocol: Protocol::Tcp,
    programs: Programs::Cues(TEN_SEGMENTS),
    lab: LabSetup::PLAIN,
    expects: Expectation { may_show: &["echo_partial"], ..Expectation::TCP },
};

/// Ten segments over IPv4 as over IPv6, the first window, in one send.
const TEN_SEGMENTS: &[Cue] = &one_way(14_280);

/// An exchange of one segment each way.
const ONE_SEGMENT: &[Cue] = &[
    listener(Deed::Listen(8)),
    client(Deed::Connect),
    server(Deed::Accept),
    client(Deed::Send("Hello, world")),
    server(Deed::Echo(12)),
    client(Deed::Receive(12)),
    client(Deed::Shutdown),
    server(Deed::ReceiveAll),
    server(Deed::Close),
    client(Deed::ReceiveAll),
    client(Deed::Close),
];

/// So many bytes to the server, none back.
const fn one_way(bytes: usize) -> [Cue; 10] {
    [
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::SendBytes(bytes)),
        server(Deed::Receive(bytes)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]
}

pub(super) static LOST_FIN: Scenario = Scenario {
    name: "lost-fin",
    about: "the FIN is lost: closing takes a little longer",
    story: "All data are acknowledged, and then the client's FIN is lost. A FIN counts one in the sequence numbers, so that \
            it is acknowledged like data, and sent again like data when no ACK comes.",
    programs: Programs::Cues(ONE_SEGMENT),
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
    about: "the last two of ten segments are lost: no duplicate ACK can tell of it",
    story: "Of ten segments the last two are lost. Nothing arrives after them that could make the receiver complain, so \
            only time helps: after about two round trips the sender sends the last segment once more to provoke an ACK (a \
            tail-loss probe, RFC 8985 §7), much sooner than its retransmission timer would have run out. The ACK's SACK block \
            tells of the other one, which is then sent again at once. The wire holds the probe up a little: an ACK that came \
            back faster than any before could not be its own, and the sender would wait for its timer (RFC 8985 §6.2).",
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
    about: "one of ten segments is lost: duplicate ACKs tell of the hole within a round trip",
    story: "The third of ten segments is lost. Each segment that comes after it makes the receiver repeat its last ACK, \
            with SACK blocks that say what has arrived beyond the hole (RFC 2018); the sender sends the missing one again at \
            once and does not wait for its timer. One round trip is lost, not two hundred milliseconds.",
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
    about: "two segments change places on their way; captured where they arrive",
    story: "The fifth of ten segments overtakes the fourth. The receiver sees a hole, repeats its ACK with a SACK block, \
            and a moment later the hole is filled. Nothing was lost and nothing is sent again: one duplicate ACK is \
            not enough for that. The capture is made at the server, for at the client all is in order.",
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
    about: "a segment arrives twice though it was sent once",
    story: "The wire delivers the client's request twice. The server's kernel throws the second copy away and says in an ACK \
            that it had the bytes (RFC 2883). Both copies have the same IP identification and time stamp, which tells them \
            from a retransmission. The capture is made at the server; the client has sent one.",
    programs: Programs::Cues(ONE_SEGMENT),
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
    about: "a segment is damaged on its way: its checksum betrays it, and it is sent again",
    story: "A bit of the client's request is flipped on the wire. It arrives, but its checksum does not fit, so the server's \
            kernel drops it without a word; to the client it is lost, and it sends the request again. The capture, made at \
            the server, holds both: the damaged one and the good one.",
    programs: Programs::Cues(ONE_SEGMENT),
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
    about: "three packets in a hundred are lost, whichever they are",
    story: "The wire loses three percent of all packets in both directions, by chance, the same chance every time (a seed). \
            150,000 bytes arrive all the same, in order: data that are lost are sent again, mostly at once, sometimes after \
            a timer; a lost ACK matters little, for the next one says as much.",
    lasts: ms(6000),
    programs: Programs::Cues(&one_way(150_000)),
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
    about: "a router marks a packet in place of dropping it: congestion without loss",
    story: "Both hosts use ECN (RFC 3168), which they tell each other in the handshake (flags ECE and CWR). A router with a \
            long queue marks one of the client's packets (Congestion Experienced); the server tells the client with ECE on \
            its ACKs until the client says with CWR that it has slowed down. Nothing was lost. Captured at the server, where \
            the mark is to be seen.",
    lab: LabSetup {
        script: "mark data 2 of client",
        sysctls: &["net.ipv4.tcp_ecn=1"],
        capture_at: Side::Server,
        ..LabSetup::PLAIN
    },
    programs: Programs::Cues(&one_way(60_000)),
    expects: Expectation { shows: &["ecn_marked"], may_show: &["echo_partial"], ..Expectation::TCP },
    ..TCP
};

pub(super) static SLOW_LINK: Scenario = Scenario {
    name: "slow-link",
    about: "a slow link with a long way: slow start, round by round",
    story: "The wire carries 8 Mbit/s, and a packet needs 30 ms. The client may send ten segments before it has to wait for \
            an ACK (RFC 6928), and each ACK lets it send more: ten, twenty, forty a round trip, until the link is full. In \
            the report the rounds are 60 ms apart and twice as long each time.",
    programs: Programs::Cues(&one_way(200_000)),
    lab: LabSetup { delay: ms(30), rate: "8mbit", ..LabSetup::PLAIN },
    expects: Expectation { may_show: &["echo_partial"], steps: Count::AtLeast(150), ..Expectation::TCP },
    ..TCP
};
