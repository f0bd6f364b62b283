//! Connection establishment: delayed, refused or without an answer.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::script::{
    ExpectedError, ScriptStep, Setting, SocketLoss, SocketOp, Target, another_client, another_server, client, listener,
    server,
};
use crate::model::Side;

const TCP: Scenario = Scenario { topic: Topic::Handshake, ..Scenario::TCP };

pub(super) static REFUSED: Scenario = Scenario {
    name: "refused",
    about: "a client that starts before its server: RST, and success at the second attempt",
    description: "No program listens yet, so the client's SYN is answered by RST and its connect fails with \"connection \
            refused\". Then the server starts to listen, and the client's second attempt succeeds. A refusal arrives \
            after one round trip; if the host does not exist or a firewall drops the SYN, there is no answer at all.",
    programs: Programs::Script(&[
        client(SocketOp::Fails(ExpectedError::Refused, &SocketOp::Connect)),
        listener(SocketOp::Listen(8)),
        another_client(1, SocketOp::Connect),
        server(SocketOp::Accept),
        another_client(1, SocketOp::Send("Now you are here")),
        server(SocketOp::Echo(16)),
        another_client(1, SocketOp::Receive(16)),
        another_client(1, SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        another_client(1, SocketOp::ReceiveAll),
        another_client(1, SocketOp::Close),
    ]),
    expects: Expectation {
        conversations: 2,
        shows: &["refused", "echo_identical"],
        handshake: "refused",
        close: "rst",
        closed_first: "",
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static WRONG_PORT: Scenario = Scenario {
    name: "wrong-port",
    about: "client and server use different ports: RST",
    description: "The server listens, but the client tries another port of the same host, where no program listens: the \
            answer is RST. To the client this looks as if the server were not running.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Fails(ExpectedError::Refused, &SocketOp::ConnectTo(Target::ClosedPort))),
    ]),
    expects: Expectation {
        shows: &["refused"],
        handshake: "refused",
        close: "rst",
        closed_first: "",
        steps: Count::Exactly(2),
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static LOST_SYN: Scenario = Scenario {
    name: "lost-syn",
    about: "the first SYN is lost: connecting takes one second longer",
    description: "The SYN never arrives. The client has no RTT sample yet, so its retransmission timer is one second (RFC \
            6298 §2.1). Then it retransmits the SYN, and the rest is as usual. If a connect takes one, three or seven \
            seconds, a lost SYN or SYN-ACK is the first thing to check.",
    takes: ms(1100),
    lasts: ms(2500),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        listener(SocketOp::Lose(SocketLoss::Marked)),
        client(SocketOp::Set(Setting::Marked(true))),
        client(SocketOp::Begin),
        client(SocketOp::Set(Setting::Marked(false))),
        client(SocketOp::Finish),
        server(SocketOp::Accept),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    lab: LabSetup { script: "drop syn 1 of client", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["handshake_retried"],
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static LOST_SYNACK: Scenario = Scenario {
    name: "lost-synack",
    about: "the SYN-ACK is lost: both sides retransmit",
    description: "The SYN arrives and the server answers, but the SYN-ACK is lost. To the client this looks like a lost \
            SYN, so it retransmits the SYN after one second. The server, whose own timer is as long, retransmits the \
            SYN-ACK. In the lab the capture is made at the server, where the lost SYN-ACK is visible.",
    takes: ms(1100),
    lasts: ms(3500),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Lose(SocketLoss::All)),
        client(SocketOp::Begin),
        client(SocketOp::Wait(ms(500))),
        client(SocketOp::Lose(SocketLoss::Nothing)),
        client(SocketOp::Finish),
        server(SocketOp::Accept),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    lab: LabSetup { script: "drop syn-ack 1 of server", capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["handshake_retried"],
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static BACKLOG_FULL: Scenario = Scenario {
    name: "backlog-full",
    about: "a server that does not accept: the SYN of the next client is dropped and retransmitted",
    description: "The server's accept queue has room for one connection, and the server is busy. The kernel completes the \
            first client's handshake. It drops the second client's SYN without an answer, because there may be room \
            when the SYN is retransmitted one second later. By then the server has accepted the first connection.",
    takes: ms(1100),
    lasts: ms(3500),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(0)),
        client(SocketOp::Connect),
        another_client(1, SocketOp::Begin),
        client(SocketOp::Wait(ms(300))),
        server(SocketOp::Accept),
        another_client(1, SocketOp::Finish),
        another_server(1, SocketOp::Accept),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
        another_client(1, SocketOp::Shutdown),
        another_server(1, SocketOp::ReceiveAll),
        another_server(1, SocketOp::Close),
        another_client(1, SocketOp::ReceiveAll),
        another_client(1, SocketOp::Close),
    ]),
    expects: Expectation {
        conversations: 2,
        shows: &["handshake_retried"],
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static CONNECT_TIMEOUT: Scenario = Scenario {
    name: "connect-timeout",
    about: "nothing answers the SYN: the kernel retransmits it and gives up",
    description: "Every SYN is lost. The kernel retransmits the SYN after one or two seconds and then gives up, because the \
            program set a low limit (TCP_SYNCNT; by default it tries for two minutes): connect fails with \
            \"connection timed out\". No RST says that the port is closed, so the host may also be absent.",
    takes: ms(3100),
    lasts: ms(4500),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        listener(SocketOp::Lose(SocketLoss::All)),
        client(SocketOp::Set(Setting::SynRetries(1))),
        client(SocketOp::Fails(ExpectedError::TimedOut, &SocketOp::Connect)),
    ]),
    lab: LabSetup { script: "drop syn of client always", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["handshake_retried", "abandoned"],
        handshake: "partial",
        close: "none",
        closed_first: "",
        // newer kernels repeat a SYN every second for a while before they double the time
        steps: Count::AtLeast(2),
        analysis: &[("retransmission", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

const REUSE: &[ScriptStep] = &[
    listener(SocketOp::Listen(8)),
    client(SocketOp::Set(Setting::ReuseAddress)),
    client(SocketOp::Bind),
    client(SocketOp::Connect),
    server(SocketOp::Accept),
    client(SocketOp::Send("the first")),
    server(SocketOp::Echo(9)),
    client(SocketOp::Receive(9)),
    server(SocketOp::Shutdown),
    client(SocketOp::ReceiveAll),
    client(SocketOp::Close),
    server(SocketOp::ReceiveAll),
    server(SocketOp::Close),
    another_client(1, SocketOp::Set(Setting::ReuseAddress)),
    another_client(1, SocketOp::BindLike(0)),
    another_client(1, SocketOp::Connect),
    another_server(1, SocketOp::Accept),
    another_client(1, SocketOp::Send("the second")),
    another_server(1, SocketOp::Echo(10)),
    another_client(1, SocketOp::Receive(10)),
    another_client(1, SocketOp::Shutdown),
    another_server(1, SocketOp::ReceiveAll),
    another_server(1, SocketOp::Close),
    another_client(1, SocketOp::ReceiveAll),
    another_client(1, SocketOp::Close),
];

pub(super) static PORT_REUSE: Scenario = Scenario {
    name: "port-reuse",
    about: "a second connection between the same ports, distinguished by its sequence number",
    description: "The server closes first and holds the connection in TIME-WAIT. The client connects again from the same \
            port. The sequence number of its SYN is higher than any number of the old connection, so the server's \
            kernel accepts it as a new connection (RFC 9293 §3.6.1) and not as a late segment of the old one. The \
            capture contains two conversations between the same endpoints.",
    programs: Programs::Script(REUSE),
    expects: Expectation {
        conversations: 2,
        shows: &["port_reused", "echo_identical"],
        closed_first: "server",
        analysis: &[("reused_ports", Count::Exactly(1))],
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static SIMULTANEOUS_OPEN: Scenario = Scenario {
    name: "simultaneous-open",
    about: "both sides connect to each other at the same time",
    description: "No program listens: both programs connect to the other's port, and their SYNs cross. Each kernel answers \
            the SYN with a SYN-ACK and passes through the state SYN-RECEIVED. The result is one connection, opened \
            with four segments instead of three (RFC 9293 §3.5, figure 7). The link delays every SYN by a third of a \
            second so that the SYNs cross. Programs behind two firewalls open connections in this way on purpose.",
    takes: ms(800),
    lasts: ms(2000),
    runs: RunsOn::Lab,
    programs: Programs::Script(&[
        client(SocketOp::Bind),
        client(SocketOp::Begin),
        listener(SocketOp::BeginTo(Target::Client)),
        client(SocketOp::Finish),
        listener(SocketOp::Finish),
        client(SocketOp::Send("Hello, world")),
        listener(SocketOp::Echo(12)),
        client(SocketOp::Receive(12)),
        client(SocketOp::Shutdown),
        listener(SocketOp::ReceiveAll),
        listener(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    // enough time for a busy machine to start the other end too, and too little for a SYN retransmission
    lab: LabSetup { script: "delay syn by 330ms always; delay syn-ack by 330ms always", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["simultaneous_open", "echo_identical"],
        hides: &["spurious_retransmit"],
        echoed: Some(1),
        ..Expectation::TCP
    },
    ..TCP
};
