//! Lost segments, and TCP's recovery from the loss.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, Scenario, Topic, ms};
use crate::drive::script::{ExpectedError, ScriptStep, Setting, SocketLoss, SocketOp, client, listener, server};
use crate::model::Side;

const TCP: Scenario = Scenario { topic: Topic::Loss, ..Scenario::TCP };

pub(super) static BLACKOUT: Scenario = Scenario {
    name: "blackout",
    about: "nothing arrives for one second: the sender retransmits at growing intervals",
    description: "After a first echo, everything sent to the server is lost for one second. The client retransmits its \
            request after some 200 ms, without success, and again after the same time, because the first \
            retransmission was a tail-loss probe (RFC 8985 §7), which does not double the timer. From then on each \
            wait is twice the one before (RFC 6298 §5.5): 400 ms, without success, and 800 ms, when the path works \
            again. After a dozen attempts a wait would be minutes.",
    takes: ms(1800),
    lasts: ms(3000),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("before")),
        server(SocketOp::Echo(6)),
        client(SocketOp::Receive(6)),
        // the ACK of the answer is to arrive
        client(SocketOp::Wait(ms(20))),
        server(SocketOp::Lose(SocketLoss::All)),
        client(SocketOp::Send("in the dark")),
        client(SocketOp::Wait(ms(1000))),
        server(SocketOp::Lose(SocketLoss::Nothing)),
        server(SocketOp::Echo(11)),
        client(SocketOp::Receive(11)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
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
    about: "the request is lost once and retransmitted",
    description: "The client's request is lost. No ACK arrives, and the client retransmits the same bytes with the same \
            sequence number when the retransmission timer expires, or shortly before as a tail-loss probe (RFC 8985 \
            §7). The programs notice only the delay.",
    takes: ms(300),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        server(SocketOp::Lose(SocketLoss::Marked)),
        client(SocketOp::Set(Setting::Marked(true))),
        client(SocketOp::Send("Hello, world")),
        client(SocketOp::Set(Setting::Marked(false))),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
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
    about: "the answer is lost once, and the server retransmits it",
    description: "The request arrives and is acknowledged; the answer is lost. In this case the server's timer expires, and \
            the server retransmits: each side repairs its own direction.",
    takes: ms(300),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Lose(SocketLoss::Marked)),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Receive(12)),
        server(SocketOp::Set(Setting::Marked(true))),
        server(SocketOp::Send("Hello, world")),
        server(SocketOp::Set(Setting::Marked(false))),
        client(SocketOp::Receive(12)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
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

const ACKS_LOST: &[ScriptStep] = &[
    listener(SocketOp::Listen(8)),
    client(SocketOp::Connect),
    server(SocketOp::Accept),
    client(SocketOp::Send("before")),
    server(SocketOp::Echo(6)),
    client(SocketOp::Receive(6)),
    client(SocketOp::Lose(SocketLoss::PureAcks)),
    client(SocketOp::Send("Hello, world")),
    server(SocketOp::Receive(12)),
    // longer than a timer that a busy machine has taught to be patient
    server(SocketOp::Wait(ms(800))),
    client(SocketOp::Lose(SocketLoss::Nothing)),
    server(SocketOp::Send("Hello, world")),
    client(SocketOp::Receive(12)),
    client(SocketOp::Shutdown),
    server(SocketOp::ReceiveAll),
    server(SocketOp::Close),
    client(SocketOp::ReceiveAll),
    client(SocketOp::Close),
];

pub(super) static LOST_ACK: Scenario = Scenario {
    name: "lost-ack",
    about: "the data arrives, its ACKs are lost: a spurious retransmission",
    description: "The request arrives, but its ACKs are lost. The client cannot know this and retransmits. The server \
            discards the duplicate and acknowledges again, with a SACK block that reports bytes received twice (RFC \
            2883). This continues until the answer, most of a second later, carries an ACK that arrives. In the lab \
            the capture is made at the server, where the lost ACKs are visible.",
    takes: ms(900),
    lasts: ms(2000),
    programs: Programs::Script(ACKS_LOST),
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
    description: "Everything sent to the server is lost, and the client program has set a limit of 700 ms for \
            unacknowledged data (TCP_USER_TIMEOUT, RFC 5482); by default the kernel tries for about a quarter of an \
            hour. The client's receive fails with \"connection timed out\". The server learns nothing of this until \
            it closes: its FIN arrives at a host that has no such connection any more, and is answered by RST.",
    takes: ms(1300),
    lasts: ms(4000),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Set(Setting::UserTimeout(ms(700)))),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        server(SocketOp::Lose(SocketLoss::All)),
        client(SocketOp::Send("Hello, world")),
        client(SocketOp::Fails(ExpectedError::TimedOut, &SocketOp::Receive(12))),
        client(SocketOp::Close),
        server(SocketOp::Lose(SocketLoss::Nothing)),
        server(SocketOp::Leave),
        server(SocketOp::Wait(ms(50))),
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
