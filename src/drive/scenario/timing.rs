//! Delayed sends and acknowledgments, and keep-alives of idle connections.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, Scenario, Topic, ms};
use crate::drive::script::{ScriptStep, Setting, SocketOp, client, listener, server};
use crate::model::Side;

const TCP: Scenario = Scenario { topic: Topic::Timers, ..Scenario::TCP };

pub(super) static KEEP_ALIVE: Scenario = Scenario {
    name: "keep-alive",
    about: "an idle connection whose client checks that the server still exists",
    description: "Neither program sends. After one second the client's kernel sends a segment without data whose sequence \
            number is one below the next (RFC 1122 §4.2.3.6). If the server's host still has the connection, it \
            answers with an ACK. The programs do not notice. By default the first keep-alive is sent after two hours.",
    takes: ms(2600),
    lasts: ms(4000),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Set(Setting::KeepAlive(ms(1000)))),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Wait(ms(2500))),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["keep_alive"],
        analysis: &[("keep_alive", Count::AtLeast(1)), ("keep_alive_ack", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

/// A request in two parts, after an exchange that has taught the server's kernel to delay its ACKs.
const fn two_parts(no_delay: bool) -> [ScriptStep; 17] {
    [
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(if no_delay { SocketOp::Set(Setting::NoDelay) } else { SocketOp::Wait(ms(0)) }),
        client(SocketOp::Send("before")),
        server(SocketOp::Echo(6)),
        client(SocketOp::Receive(6)),
        server(SocketOp::Set(Setting::QuickAck(false))),
        client(SocketOp::Send("Hello, ")),
        client(SocketOp::Send("world")),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]
}

const WITH_NAGLE: &[ScriptStep] = &two_parts(false);
const WITHOUT_NAGLE: &[ScriptStep] = &two_parts(true);

pub(super) static NAGLE: Scenario = Scenario {
    name: "nagle",
    about: "a request in two sends: the second part waits 40 ms for a delayed ACK",
    description: "The client sends its request in two parts. The first is sent immediately; the second waits until the \
            first is acknowledged, which avoids many small segments (Nagle's algorithm, RFC 896). But the server's \
            kernel delays the ACK by 40 ms so that it can travel with an answer, and the server cannot answer before \
            it has the second part: each side waits for the other. One send instead of two, or TCP_NODELAY, avoids \
            the wait.",
    programs: Programs::Script(WITH_NAGLE),
    expects: Expectation { shows: &["nagle_wait"], ..Expectation::TCP },
    ..TCP
};

pub(super) static NO_NAGLE: Scenario = Scenario {
    name: "no-nagle",
    about: "the same request in two sends with TCP_NODELAY: no wait",
    description: "As in the scenario `nagle`, but the client has turned Nagle's algorithm off (TCP_NODELAY): both parts are \
            sent immediately, as two small segments, and the answer arrives 40 ms earlier.",
    programs: Programs::Script(WITHOUT_NAGLE),
    expects: Expectation { shows: &["echo_identical"], hides: &["nagle_wait"], ..Expectation::TCP },
    ..TCP
};

pub(super) static DELAYED_ACK: Scenario = Scenario {
    name: "delayed-ack",
    about: "a slow server: the ACK waits for the answer, but at most 40 ms",
    description: "The server's kernel delays the ACK of a request, because the ACK can travel with the answer if that comes \
            soon (RFC 1122 §4.2.3.2). In this scenario the program needs 120 ms for its answer; after 40 ms the \
            kernel sends the ACK alone. In the lab the capture is made at the server, so the link adds nothing to \
            that time.",
    takes: ms(200),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("before")),
        server(SocketOp::Echo(6)),
        client(SocketOp::Receive(6)),
        server(SocketOp::Set(Setting::QuickAck(false))),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Receive(12)),
        server(SocketOp::Wait(ms(120))),
        server(SocketOp::Send("Hello, world")),
        client(SocketOp::Receive(12)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    lab: LabSetup { capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation { shows: &["delayed_ack", "echo_identical"], echoed: Some(2), ..Expectation::TCP },
    ..TCP
};

pub(super) static URGENT: Scenario = Scenario {
    name: "urgent",
    topic: Topic::Echo,
    about: "one byte outside the ordinary stream: the urgent pointer",
    description: "Between two pieces of ordinary data the client sends one byte as urgent data (MSG_OOB): its segment has \
            the URG flag and an urgent pointer. The server's ordinary reads skip this byte. Few programs use urgent \
            data, and RFC 6093 advises new ones against it.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("wait")),
        server(SocketOp::Receive(4)),
        client(SocketOp::SendUrgent("!")),
        client(SocketOp::Send("stop")),
        server(SocketOp::Receive(4)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    expects: Expectation { shows: &["urgent_data"], may_show: &["echo_partial"], ..Expectation::TCP },
    ..TCP
};
