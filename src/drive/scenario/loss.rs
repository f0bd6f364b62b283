//! Segments that are lost, and how TCP mends it.

use super::expectation::{Count, Expectation};
use super::play::{Cue, Deed, Loses, Refusal, Setting, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::model::{Protocol, Side};

const TCP: Scenario = Scenario {
    name: "",
    about: "",
    story: "",
    runs: Runs::Anywhere,
    lasts: ms(1000),
    protocol: Protocol::Tcp,
    programs: Programs::Cues(&[]),
    lab: LabSetup::PLAIN,
    expects: Expectation::TCP,
};

pub(super) static BLACKOUT: Scenario = Scenario {
    name: "blackout",
    about: "nothing arrives for a while: the sender asks again at growing intervals",
    story: "After a first echo everything that is sent to the server is lost for a second. The client's request is sent \
            again after some 200 ms, in vain, and again after the same time, for the first repeat was a tail-loss probe \
            (RFC 8985 §7), which does not count as the timer's. From then on each wait is twice the one before (RFC 6298 \
            §5.5): 400 ms, in vain, and 800 ms, when the way is open again. After a dozen tries it would be minutes.",
    lasts: ms(3000),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("before")),
        server(Deed::Echo(6)),
        client(Deed::Receive(6)),
        // the ACK of the answer is to arrive
        client(Deed::Wait(ms(20))),
        server(Deed::Lose(Loses::All)),
        client(Deed::Send("in the dark")),
        client(Deed::Wait(ms(1000))),
        server(Deed::Lose(Loses::Nothing)),
        server(Deed::Echo(11)),
        client(Deed::Receive(11)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    // as often as the request is sent within a second
    lab: LabSetup { script: "drop data 2 of client 4 times", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["timeout_retransmit", "echo_identical"],
        may_show: &["slow_server"],
        echoed: Some(2),
        analysis: &[("retransmission", Count::AtLeast(3))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static LOST_REQUEST: Scenario = Scenario {
    name: "lost-request",
    about: "the request is lost once, and sent again",
    story: "The client's request is lost on its way. No ACK comes, and after the retransmission timer, or a tail-loss \
            probe shortly before (RFC 8985 §7), the same bytes are sent again under the same sequence number. The programs \
            notice nothing but the time.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        server(Deed::Lose(Loses::Marked)),
        client(Deed::Set(Setting::Marked(true))),
        client(Deed::Send("Hello, world")),
        client(Deed::Set(Setting::Marked(false))),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    lab: LabSetup { script: "drop data 1 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["echo_identical"],
        may_show: &["timeout_retransmit", "slow_server"],
        echoed: Some(1),
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static LOST_REPLY: Scenario = Scenario {
    name: "lost-reply",
    about: "the answer is lost once, and sent again by the server",
    story: "The request arrives and is acknowledged; the answer is lost. Now it is the server whose timer runs out and who \
            sends again: each side mends its own direction.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Lose(Loses::Marked)),
        client(Deed::Send("Hello, world")),
        server(Deed::Receive(12)),
        server(Deed::Set(Setting::Marked(true))),
        server(Deed::Send("Hello, world")),
        server(Deed::Set(Setting::Marked(false))),
        client(Deed::Receive(12)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    lab: LabSetup { script: "drop data 1 of server", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["echo_identical"],
        may_show: &["timeout_retransmit", "slow_server"],
        echoed: Some(1),
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

const ACKS_LOST: &[Cue] = &[
    listener(Deed::Listen(8)),
    client(Deed::Connect),
    server(Deed::Accept),
    client(Deed::Send("before")),
    server(Deed::Echo(6)),
    client(Deed::Receive(6)),
    client(Deed::Lose(Loses::PureAcks)),
    client(Deed::Send("Hello, world")),
    server(Deed::Receive(12)),
    // longer than a timer that a busy machine has taught to be patient
    server(Deed::Wait(ms(800))),
    client(Deed::Lose(Loses::Nothing)),
    server(Deed::Send("Hello, world")),
    client(Deed::Receive(12)),
    client(Deed::Shutdown),
    server(Deed::ReceiveAll),
    server(Deed::Close),
    client(Deed::ReceiveAll),
    client(Deed::Close),
];

pub(super) static LOST_ACK: Scenario = Scenario {
    name: "lost-ack",
    about: "the data arrive, their ACK does not: sent again for nothing",
    story: "The request arrives, but the ACKs that say so are lost. The client can't know that and sends again; the server \
            throws the repeat away and acknowledges once more, saying in a SACK block that it has the bytes already (RFC \
            2883), and so on until the answer, most of a second later, carries an ACK that comes through. In the lab it is \
            captured at the server, where the lost ACKs are to be seen.",
    lasts: ms(2000),
    programs: Programs::Cues(ACKS_LOST),
    lab: LabSetup { script: "drop ack of server always", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["spurious_retransmit", "echo_identical"],
        may_show: &["timeout_retransmit", "slow_server"],
        echoed: Some(2),
        analysis: &[("spurious_retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static USER_TIMEOUT: Scenario = Scenario {
    name: "user-timeout",
    about: "the sender gives up after the time that its program allows",
    story: "Everything to the server is lost, and the client's program had said that data may stay unacknowledged for 700 \
            ms at most (TCP_USER_TIMEOUT, RFC 5482); usually the kernel tries for a quarter of an hour. Its receive fails \
            with \"connection timed out\". The server knows nothing of it until it closes: its FIN meets a host that has \
            forgotten the connection, and is answered by RST.",
    lasts: ms(4000),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Set(Setting::UserTimeout(ms(700)))),
        client(Deed::Connect),
        server(Deed::Accept),
        server(Deed::Lose(Loses::All)),
        client(Deed::Send("Hello, world")),
        client(Deed::Fails(Refusal::TimedOut, &Deed::Receive(12))),
        client(Deed::Close),
        server(Deed::Lose(Loses::Nothing)),
        server(Deed::Leave),
        server(Deed::Wait(ms(50))),
    ]),
    lab: LabSetup { script: "drop data 1 of client always", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["timeout_retransmit"],
        may_show: &["abandoned", "reset_stale", "reset_unknown", "reset_after_close", "echo_partial"],
        close: "rst",
        closed_first: "",
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};
