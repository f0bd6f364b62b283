//! Connection termination: orderly, half-closed, or by reset.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::script::{ExpectedError, Setting, SocketOp, client, listener, server};

const TCP: Scenario = Scenario { topic: Topic::Close, ..Scenario::TCP };

pub(super) static HALF_CLOSE: Scenario = Scenario {
    name: "half-close",
    about: "the client has finished sending; the server continues",
    description: "The client shuts down its sending direction (shutdown): its FIN says that it will send no more data. The \
            other direction stays open, and the server continues to send before it closes too. Between the two FINs \
            the connection is half-closed (RFC 9293 §3.6).",
    takes: ms(200),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Tell me all")),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Send("Tell me ")),
        server(SocketOp::Wait(ms(50))),
        server(SocketOp::Send("all")),
        server(SocketOp::Wait(ms(50))),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    expects: Expectation { shows: &["half_close"], ..Expectation::TCP },
    ..TCP
};

pub(super) static LINGER_RESET: Scenario = Scenario {
    name: "linger-reset",
    about: "a server that aborts: RST instead of FIN, although all data was read and answered",
    description: "The server's socket has SO_LINGER with a zero timeout, so its close sends RST instead of FIN and discards \
            the connection immediately: no TIME-WAIT, and no guarantee that its last bytes arrived. No data was \
            unread. The client's receive fails with \"connection reset by peer\", as it would after a restart of the \
            server's host.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        server(SocketOp::Wait(ms(20))),
        server(SocketOp::Set(Setting::LingerZero)),
        server(SocketOp::Leave),
        client(SocketOp::Fails(ExpectedError::Reset, &SocketOp::ReceiveAll)),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["reset_abort", "echo_identical"],
        close: "rst",
        closed_first: "server",
        echoed: Some(1),
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static SIMULTANEOUS_CLOSE: Scenario = Scenario {
    name: "simultaneous-close",
    about: "both sides close at the same time: their FINs cross",
    description: "Client and server both close before the other's FIN has arrived. Each acknowledges the other's FIN, and \
            both pass through the state CLOSING to TIME-WAIT (RFC 9293 §3.6, figure 14): neither closed first. This \
            needs a link with some delay.",
    takes: ms(600),
    runs: RunsOn::Lab,
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        client(SocketOp::Wait(ms(50))),
        client(SocketOp::Shutdown),
        server(SocketOp::Shutdown),
        client(SocketOp::ReceiveAll),
        server(SocketOp::ReceiveAll),
        client(SocketOp::Close),
        server(SocketOp::Close),
    ]),
    // time enough for a busy machine to close the other end too
    lab: LabSetup { delay: ms(60), ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["simultaneous_close", "echo_identical"],
        closed_first: "",
        echoed: Some(1),
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static UNREAD_RESET: Scenario = Scenario {
    name: "unread-reset",
    about: "a server that closes with unread data: RST tells the client that data was lost",
    description: "The server reads 5 of the 12 bytes that arrived and closes. A FIN would tell the client that all data was \
            received, so the kernel sends RST instead (RFC 1122 §4.2.2.13, RFC 2525 §2.17): seven bytes never reached \
            the program.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Receive(5)),
        server(SocketOp::Leave),
        client(SocketOp::Fails(ExpectedError::Reset, &SocketOp::Receive(12))),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["reset_unread"],
        may_show: &["echo_partial", "unanswered_request"],
        close: "rst",
        closed_first: "",
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static DATA_AFTER_CLOSE: Scenario = Scenario {
    name: "data-after-close",
    about: "data for a socket that its program has closed: RST",
    description: "The server answers once and closes. Its FIN is in order, and the client may still send. But no program \
            reads any more: the server's kernel answers the client's next request with RST. A client that writes \
            without checking for the server's FIN notices it one send later.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Send("One more thing")),
        client(SocketOp::AwaitReset),
        client(SocketOp::Fails(ExpectedError::Reset, &SocketOp::Send("Hello?"))),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["reset_after_close"],
        may_show: &["echo_partial"],
        close: "rst",
        closed_first: "server",
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static KILLED_SERVER: Scenario = Scenario {
    name: "killed-server",
    about: "the server is killed: its kernel closes the connection, and the next request is answered by RST",
    description: "The server process is killed (SIGKILL). Its kernel closes the socket as for any program that exits: no \
            data was unread, so it sends FIN, which looks like an orderly close. The client's next request is \
            answered by RST.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Send("Hello, world")),
        server(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        server(SocketOp::Kill),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Send("Are you there?")),
        client(SocketOp::AwaitReset),
        client(SocketOp::Fails(ExpectedError::Reset, &SocketOp::Send("Hello?"))),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["reset_after_close"],
        may_show: &["echo_partial"],
        close: "rst",
        closed_first: "server",
        steps: Count::AtLeast(10),
        ..Expectation::TCP
    },
    ..TCP
};
