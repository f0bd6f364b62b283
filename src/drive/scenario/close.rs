//! How connections end: in order, by halves, or by force.

use super::expectation::{Count, Expectation};
use super::play::{Deed, Refusal, Setting, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, Topic, ms};
use crate::model::Protocol;

const TCP: Scenario = Scenario {
    name: "",
    topic: Topic::Close,
    about: "",
    story: "",
    runs: Runs::Anywhere,
    takes: ms(100),
    lasts: ms(1000),
    protocol: Protocol::Tcp,
    programs: Programs::Cues(&[]),
    lab: LabSetup::PLAIN,
    expects: Expectation::TCP,
};

pub(super) static HALF_CLOSE: Scenario = Scenario {
    name: "half-close",
    about: "the client has finished sending; the server continues",
    story: "The client shuts down its sending direction (shutdown): its FIN says that it will send no more data. The \
            other direction stays open, and the server continues to send before it closes too. Between the two FINs \
            the connection is half-closed (RFC 9293 §3.6).",
    takes: ms(200),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Tell me all")),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Send("Tell me ")),
        server(Deed::Wait(ms(50))),
        server(Deed::Send("all")),
        server(Deed::Wait(ms(50))),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    expects: Expectation { shows: &["half_close"], ..Expectation::TCP },
    ..TCP
};

pub(super) static LINGER_RESET: Scenario = Scenario {
    name: "linger-reset",
    about: "a server that aborts: RST instead of FIN, although all data was read and answered",
    story: "The server's socket has SO_LINGER with a zero timeout, so its close sends RST instead of FIN and discards \
            the connection immediately: no TIME-WAIT, and no guarantee that its last bytes arrived. No data was \
            unread. The client's receive fails with \"connection reset by peer\", as it would after a restart of the \
            server's host.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Hello, world")),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        server(Deed::Wait(ms(20))),
        server(Deed::Set(Setting::LingerZero)),
        server(Deed::Leave),
        client(Deed::Fails(Refusal::Reset, &Deed::ReceiveAll)),
        client(Deed::Close),
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
    story: "Client and server both close before the other's FIN has arrived. Each acknowledges the other's FIN, and \
            both pass through the state CLOSING to TIME-WAIT (RFC 9293 §3.6, figure 14): neither closed first. This \
            needs a link with some delay.",
    takes: ms(600),
    runs: Runs::Lab,
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Hello, world")),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        client(Deed::Wait(ms(50))),
        client(Deed::Shutdown),
        server(Deed::Shutdown),
        client(Deed::ReceiveAll),
        server(Deed::ReceiveAll),
        client(Deed::Close),
        server(Deed::Close),
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
    story: "The server reads 5 of the 12 bytes that arrived and closes. A FIN would tell the client that all data was \
            received, so the kernel sends RST instead (RFC 1122 §4.2.2.13, RFC 2525 §2.17): seven bytes never reached \
            the program.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Hello, world")),
        server(Deed::Receive(5)),
        server(Deed::Leave),
        client(Deed::Fails(Refusal::Reset, &Deed::Receive(12))),
        client(Deed::Close),
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
    story: "The server answers once and closes. Its FIN is in order, and the client may still send. But no program \
            reads any more: the server's kernel answers the client's next request with RST. A client that writes \
            without checking for the server's FIN notices it one send later.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Hello, world")),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Send("One more thing")),
        client(Deed::AwaitReset),
        client(Deed::Fails(Refusal::Reset, &Deed::Send("Hello?"))),
        client(Deed::Close),
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
    story: "The server process is killed (SIGKILL). Its kernel closes the socket as for any program that exits: no \
            data was unread, so it sends FIN, which looks like an orderly close. The client's next request is \
            answered by RST.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("Hello, world")),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        server(Deed::Kill),
        client(Deed::ReceiveAll),
        client(Deed::Send("Are you there?")),
        client(Deed::AwaitReset),
        client(Deed::Fails(Refusal::Reset, &Deed::Send("Hello?"))),
        client(Deed::Close),
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
