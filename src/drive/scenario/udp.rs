//! UDP: no connection, no acknowledgment, no order.

use super::expectation::{Count, Expectation};
use super::play::{Cue, Deed, Loses, Refusal, Setting, Target, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::drive::behaviour::Behaviour;
use crate::drive::client::Plan;
use crate::model::{Protocol, Side};

const UDP: Scenario = Scenario {
    name: "",
    about: "",
    story: "",
    runs: Runs::Anywhere,
    lasts: ms(1000),
    protocol: Protocol::Udp,
    programs: Programs::Cues(&[]),
    lab: LabSetup::PLAIN,
    expects: Expectation::UDP,
};

pub(super) static UDP_ECHO: Scenario = Scenario {
    name: "udp-echo",
    about: "three datagrams and their echoes: no handshake, no close",
    story: "Three datagrams of 17, 24 and 1 bytes, each answered. There is nothing before the first and nothing after the \
            last: UDP has no connection, and who is client and who server is only a matter of who speaks first.",
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
    story: "Five bytes as they are typed, a datagram each, each echoed. Unlike TCP's segments, datagrams keep the borders \
            of the sends: one send, one datagram, one receive.",
    programs: Programs::Echo(|| {
        (Plan { continuous: true, ..Plan::of(Protocol::Udp, ["ABC!\""]) }, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(5), steps: Count::Exactly(10), ..Expectation::UDP },
    ..UDP
};

pub(super) static UDP_NOBODY: Scenario = Scenario {
    name: "udp-nobody",
    about: "a datagram to a port where nobody listens: ICMP port unreachable",
    story: "UDP itself has no refusal. The host that gets a datagram for a port where nobody listens answers with an ICMP \
            error that quotes it, and the sender's kernel finds the socket by the quotation: the client's next receive \
            fails with \"connection refused\", though there never was a connection.",
    programs: Programs::Cues(&[
        client(Deed::ConnectTo(Target::ClosedPort)),
        client(Deed::Send("Is anybody there?")),
        client(Deed::Fails(Refusal::Refused, &Deed::Receive(1))),
        client(Deed::Close),
    ]),
    expects: Expectation { shows: &["port_unreachable"], steps: Count::Exactly(2), ..Expectation::UDP },
    ..UDP
};

const LOST: &[Cue] = &[
    listener(Deed::Lose(Loses::Marked)),
    client(Deed::Connect),
    client(Deed::Set(Setting::Marked(true))),
    client(Deed::Send("lost")),
    client(Deed::Set(Setting::Marked(false))),
    client(Deed::Fails(Refusal::NothingFor(ms(200)), &Deed::Receive(4))),
    client(Deed::Send("sent again by the program")),
    server(Deed::Echo(25)),
    client(Deed::Receive(25)),
    client(Deed::Close),
];

pub(super) static UDP_LOST: Scenario = Scenario {
    name: "udp-lost",
    about: "a datagram is lost and nobody tells: the program must help itself",
    story: "The first datagram is lost. No ACK is missing and nothing is sent again, for UDP has neither; the client's \
            program waits 200 ms, gives up and sends another, which is answered. The capture alone can't tell whether the \
            datagram, its answer or the will to answer was missing.",
    programs: Programs::Cues(LOST),
    lab: LabSetup { script: "drop datagram 1 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["no_reply"],
        may_show: &["echo_partial"],
        steps: Count::Exactly(3),
        ..Expectation::UDP
    },
    ..UDP
};

const OVERFLOW: &[Cue] = &[
    listener(Deed::Set(Setting::ReceiveBuffer(2304))),
    client(Deed::Connect),
    client(Deed::Send("one of a dozen datagrams, 1")),
    client(Deed::Send("one of a dozen datagrams, 2")),
    client(Deed::Send("one of a dozen datagrams, 3")),
    client(Deed::Send("one of a dozen datagrams, 4")),
    client(Deed::Send("one of a dozen datagrams, 5")),
    client(Deed::Send("one of a dozen datagrams, 6")),
    client(Deed::Send("one of a dozen datagrams, 7")),
    client(Deed::Send("one of a dozen datagrams, 8")),
    client(Deed::Send("one of a dozen datagrams, 9")),
    client(Deed::Send("one of a dozen datagrams, 10")),
    client(Deed::Send("one of a dozen datagrams, 11")),
    client(Deed::Send("one of a dozen datagrams, 12")),
    client(Deed::Wait(ms(150))),
    server(Deed::EchoWaiting),
    client(Deed::Wait(ms(150))),
    client(Deed::Close),
];

pub(super) static UDP_OVERFLOW: Scenario = Scenario {
    name: "udp-overflow",
    about: "more datagrams than the server's socket has room for: the rest is lost at the very end of the way",
    story: "The server does not read while a dozen datagrams come, and its socket has room for a few. All twelve are in the \
            capture, which is made where they arrive (in the lab at the server); the kernel threw away what found no room, \
            without a word to anybody. The server answers what it has. TCP would have shut its window instead.",
    programs: Programs::Cues(OVERFLOW),
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
    about: "a datagram longer than the wire's packets: IP cuts it in three",
    story: "The client sends 4,000 bytes as one datagram; an IP packet on this wire holds 1,500. IP sends it in three \
            fragments, of which only the first has the UDP header with its ports, and the other host puts them together; if \
            one were lost the whole datagram would be. The answer goes the same way back. TCP would have cut its stream \
            into segments that fit.",
    runs: Runs::Lab,
    programs: Programs::Cues(&[
        client(Deed::Connect),
        client(Deed::SendBytes(4000)),
        server(Deed::Echo(4000)),
        client(Deed::Receive(4000)),
        client(Deed::Close),
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
    story: "The client's socket sends without a checksum: the field is 0, which over IPv4 means that there is none (RFC \
            768). Damage on the way would go unseen. The answer has one.",
    programs: Programs::Cues(&[
        client(Deed::Set(Setting::NoChecksum)),
        client(Deed::Connect),
        client(Deed::Send("believe me")),
        server(Deed::Echo(10)),
        client(Deed::Receive(10)),
        client(Deed::Close),
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
