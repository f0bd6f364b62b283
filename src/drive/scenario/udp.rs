//! UDP: no connection, no acknowledgment, no order.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::behaviour::Behaviour;
use crate::drive::client::Plan;
use crate::drive::script::{
    ExpectedError, ScriptStep, Setting, SocketLoss, SocketOp, Target, client, listener, server,
};
use crate::model::{Protocol, Side};

const UDP: Scenario =
    Scenario { topic: Topic::Udp, protocol: Protocol::Udp, expects: Expectation::UDP, ..Scenario::TCP };

pub(super) static UDP_ECHO: Scenario = Scenario {
    name: "udp-echo",
    about: "three datagrams and their echoes: no handshake, no close",
    description: "The client sends three datagrams of 17, 24 and 1 bytes, and each is answered. Nothing precedes the first \
            datagram and nothing follows the last: UDP has no connection. The host that sends first is the client.",
    programs: Programs::Echo(|| {
        let plan = Plan::of(Protocol::Udp, ["Hello over UDP :)", "datagrams have borders!\n", "\n"]);
        (plan, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(3), steps: Count::Exactly(6), ..Expectation::UDP },
    ..UDP
};

pub(super) static UDP_CONTINUOUS: Scenario = Scenario {
    name: "udp-continuous",
    about: "every byte in a datagram of its own",
    description: "The client sends five bytes as they are typed, one datagram each, and each is echoed. Unlike TCP, UDP \
            keeps message boundaries: one send, one datagram, one receive.",
    programs: Programs::Echo(|| {
        (Plan { continuous: true, ..Plan::of(Protocol::Udp, ["ABC!\""]) }, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(5), steps: Count::Exactly(10), ..Expectation::UDP },
    ..UDP
};

pub(super) static UDP_NOBODY: Scenario = Scenario {
    name: "udp-nobody",
    about: "a datagram to a port without a listener: ICMP port unreachable",
    description: "UDP itself cannot refuse a datagram. A host that receives a datagram for a port without a listener \
            answers with an ICMP error that quotes the datagram. The sender's kernel uses the quotation to find the \
            socket, and the client's next receive fails with \"connection refused\", although UDP has no connections.",
    programs: Programs::Script(&[
        client(SocketOp::ConnectTo(Target::ClosedPort)),
        client(SocketOp::Send("Is anybody there?")),
        client(SocketOp::Fails(ExpectedError::Refused, &SocketOp::Receive(1))),
        client(SocketOp::Close),
    ]),
    expects: Expectation { shows: &["port_unreachable"], steps: Count::Exactly(2), ..Expectation::UDP },
    ..UDP
};

const LOST: &[ScriptStep] = &[
    listener(SocketOp::Lose(SocketLoss::Marked)),
    client(SocketOp::Connect),
    client(SocketOp::Set(Setting::Marked(true))),
    client(SocketOp::Send("lost")),
    client(SocketOp::Set(Setting::Marked(false))),
    client(SocketOp::Fails(ExpectedError::NothingFor(ms(200)), &SocketOp::Receive(4))),
    client(SocketOp::Send("sent again by the program")),
    server(SocketOp::Echo(25)),
    client(SocketOp::Receive(25)),
    client(SocketOp::Close),
];

pub(super) static UDP_LOST: Scenario = Scenario {
    name: "udp-lost",
    about: "a datagram is lost, and only the program can notice",
    description: "The first datagram is lost. UDP has no ACK and no retransmission, so the client program waits 200 ms, \
            gives up and sends another datagram, which is answered. The capture alone does not show whether the \
            request was lost, the answer was lost, or the server did not answer.",
    takes: ms(300),
    programs: Programs::Script(LOST),
    lab: LabSetup { script: "drop datagram 1 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["no_reply"],
        may_show: &["echo_partial"],
        steps: Count::Exactly(3),
        ..Expectation::UDP
    },
    ..UDP
};

const OVERFLOW: &[ScriptStep] = &[
    listener(SocketOp::Set(Setting::ReceiveBuffer(2304))),
    client(SocketOp::Connect),
    client(SocketOp::Send("one of a dozen datagrams, 1")),
    client(SocketOp::Send("one of a dozen datagrams, 2")),
    client(SocketOp::Send("one of a dozen datagrams, 3")),
    client(SocketOp::Send("one of a dozen datagrams, 4")),
    client(SocketOp::Send("one of a dozen datagrams, 5")),
    client(SocketOp::Send("one of a dozen datagrams, 6")),
    client(SocketOp::Send("one of a dozen datagrams, 7")),
    client(SocketOp::Send("one of a dozen datagrams, 8")),
    client(SocketOp::Send("one of a dozen datagrams, 9")),
    client(SocketOp::Send("one of a dozen datagrams, 10")),
    client(SocketOp::Send("one of a dozen datagrams, 11")),
    client(SocketOp::Send("one of a dozen datagrams, 12")),
    client(SocketOp::Wait(ms(150))),
    server(SocketOp::EchoWaiting),
    client(SocketOp::Wait(ms(150))),
    client(SocketOp::Close),
];

pub(super) static UDP_OVERFLOW: Scenario = Scenario {
    name: "udp-overflow",
    about: "more datagrams than the server's receive buffer holds: the rest is lost at the socket",
    description: "Twelve datagrams arrive while the server does not read, and its socket has room for a few. The capture \
            contains all twelve, since it is made where they arrive (in the lab at the server). The kernel discards \
            the datagrams that do not fit and reports this to no program. The server answers the others. TCP would \
            have announced a zero window instead.",
    takes: ms(400),
    programs: Programs::Script(OVERFLOW),
    lab: LabSetup { capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["no_reply"],
        may_show: &["echo_partial"],
        steps: Count::AtLeast(13),
        ..Expectation::UDP
    },
    ..UDP
};

pub(super) static FRAGMENTS: Scenario = Scenario {
    name: "fragments",
    about: "a datagram larger than the MTU: IP splits it into three fragments",
    description: "The client sends 4,000 bytes as one datagram; the MTU of this link is 1,500 bytes. IP sends three \
            fragments, and only the first contains the UDP header with the ports. The receiving host reassembles \
            them; if one fragment were lost, the whole datagram would be lost. The answer is fragmented in the same \
            way. TCP would have split its byte stream into segments that fit.",
    takes: ms(200),
    runs: RunsOn::Lab,
    programs: Programs::Script(&[
        client(SocketOp::Connect),
        client(SocketOp::SendBytes(4000)),
        server(SocketOp::Echo(4000)),
        client(SocketOp::Receive(4000)),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["fragmented", "echo_identical"],
        echoed: Some(1),
        steps: Count::Exactly(2),
        ..Expectation::UDP
    },
    ..UDP
};

pub(super) static UDP_NO_CHECKSUM: Scenario = Scenario {
    name: "udp-no-checksum",
    about: "a datagram without a checksum, which IPv4 allows",
    description: "The client's socket sends without a checksum: the field is 0, which means \"no checksum\" over IPv4 (RFC \
            768). Corruption in transit would not be detected. The answer has a checksum.",
    programs: Programs::Script(&[
        client(SocketOp::Set(Setting::NoChecksum)),
        client(SocketOp::Connect),
        client(SocketOp::Send("believe me")),
        server(SocketOp::Echo(10)),
        client(SocketOp::Receive(10)),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["echo_identical", "checksum_absent"],
        echoed: Some(1),
        steps: Count::Exactly(2),
        checksums: &[("absent", Count::Exactly(1))],
        ..Expectation::UDP
    },
    ..UDP
};
