//! How connections open, late or not at all.

use super::expectation::{Count, Expectation};
use super::play::{
    Cue, Deed, Loses, Refusal, Setting, Target, another_client, another_server, client, listener, server,
};
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

pub(super) static REFUSED: Scenario = Scenario {
    name: "refused",
    about: "a client that comes before its server: RST, and all is well at the second try",
    story: "Nobody listens yet, so the client's SYN is answered by RST and its connect fails with \"connection refused\". \
            Then the server begins to listen, and the client's second try goes through. A refusal comes at once; where \
            there is no host or a firewall drops the SYN, nothing comes at all.",
    programs: Programs::Cues(&[
        client(Deed::Fails(Refusal::Refused, &Deed::Connect)),
        listener(Deed::Listen(8)),
        another_client(1, Deed::Connect),
        server(Deed::Accept),
        another_client(1, Deed::Send("Now you are here")),
        server(Deed::Echo(16)),
        another_client(1, Deed::Receive(16)),
        another_client(1, Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        another_client(1, Deed::ReceiveAll),
        another_client(1, Deed::Close),
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
    about: "client and server on different ports: RST",
    story: "The server listens, but the client tries another port of the same host, where nobody listens: RST. To the \
            client it looks as if the server were not running.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Fails(Refusal::Refused, &Deed::ConnectTo(Target::ClosedPort))),
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
    about: "the first SYN is lost: connecting takes a second longer",
    story: "The SYN never arrives. The client has no round-trip time yet to go by, so its timer runs a whole second (RFC \
            6298 §2.1) before the SYN is sent again; all else is as usual. A connect that takes one, three or seven \
            seconds is nearly always this.",
    lasts: ms(2500),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        listener(Deed::Lose(Loses::Marked)),
        client(Deed::Set(Setting::Marked(true))),
        client(Deed::Begin),
        client(Deed::Set(Setting::Marked(false))),
        client(Deed::Finish),
        server(Deed::Accept),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
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
    about: "the SYN-ACK is lost: both sides send again",
    story: "The SYN arrives and the server answers, but the SYN-ACK is lost. The client can't tell that from a lost SYN and \
            sends its SYN again after a second; the server, whose own timer runs as long, answers again. In the lab it is \
            captured at the server, where the lost SYN-ACK is to be seen.",
    lasts: ms(3500),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Lose(Loses::All)),
        client(Deed::Begin),
        client(Deed::Wait(ms(500))),
        client(Deed::Lose(Loses::Nothing)),
        client(Deed::Finish),
        server(Deed::Accept),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
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
    about: "a server that does not accept: the next client's SYN is dropped, and comes again",
    story: "The server's queue has room for one connection that waits to be accepted, and the server is busy. The first \
            client is connected by the kernel alone; the second one's SYN is dropped without a word, since the kernel \
            hopes for room by the time it comes again, a second later. The server has accepted by then.",
    lasts: ms(3500),
    programs: Programs::Cues(&[
        listener(Deed::Listen(0)),
        client(Deed::Connect),
        another_client(1, Deed::Begin),
        client(Deed::Wait(ms(300))),
        server(Deed::Accept),
        another_client(1, Deed::Finish),
        another_server(1, Deed::Accept),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
        another_client(1, Deed::Shutdown),
        another_server(1, Deed::ReceiveAll),
        another_server(1, Deed::Close),
        another_client(1, Deed::ReceiveAll),
        another_client(1, Deed::Close),
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
    about: "nothing answers the SYN: the kernel asks again and gives up",
    story: "Every SYN is lost. The kernel sends it again after a second or two and then gives up, for it was told not to \
            try for long (TCP_SYNCNT; usually it tries for two minutes): connect fails with \"connection timed out\". No \
            RST says that nobody listens, so it may also be the host that is not there.",
    lasts: ms(4500),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        listener(Deed::Lose(Loses::All)),
        client(Deed::Set(Setting::SynRetries(1))),
        client(Deed::Fails(Refusal::TimedOut, &Deed::Connect)),
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

const REUSE: &[Cue] = &[
    listener(Deed::Listen(8)),
    client(Deed::Set(Setting::ReuseAddress)),
    client(Deed::Bind),
    client(Deed::Connect),
    server(Deed::Accept),
    client(Deed::Send("the first")),
    server(Deed::Echo(9)),
    client(Deed::Receive(9)),
    server(Deed::Shutdown),
    client(Deed::ReceiveAll),
    client(Deed::Close),
    server(Deed::ReceiveAll),
    server(Deed::Close),
    another_client(1, Deed::Set(Setting::ReuseAddress)),
    another_client(1, Deed::BindLike(0)),
    another_client(1, Deed::Connect),
    another_server(1, Deed::Accept),
    another_client(1, Deed::Send("the second")),
    another_server(1, Deed::Echo(10)),
    another_client(1, Deed::Receive(10)),
    another_client(1, Deed::Shutdown),
    another_server(1, Deed::ReceiveAll),
    another_server(1, Deed::Close),
    another_client(1, Deed::ReceiveAll),
    another_client(1, Deed::Close),
];

pub(super) static PORT_REUSE: Scenario = Scenario {
    name: "port-reuse",
    about: "a second connection between the same ports, told from the first by its sequence number",
    story: "The server closes first and so keeps the connection in TIME-WAIT. The client connects again from the very same \
            port: its SYN has a higher sequence number than anything before, which lets the server's kernel take it for \
            a new connection (RFC 9293 §3.6.1) instead of a late segment of the old one. Two conversations between the \
            same endpoints.",
    programs: Programs::Cues(REUSE),
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
    about: "both sides connect to each other at the same moment",
    story: "Nobody listens: both programs connect to the other's port, and their SYNs cross on the way. Each kernel answers \
            a SYN that it did not expect with a SYN-ACK and goes through the state SYN-RECEIVED; there is one connection, \
            made with four segments in place of three (RFC 9293 §3.5, figure 7). The wire holds every SYN up for a third of \
            a second, so that they cross. It is what programs behind two firewalls do on purpose.",
    lasts: ms(2000),
    runs: Runs::Lab,
    programs: Programs::Cues(&[
        client(Deed::Bind),
        client(Deed::Begin),
        listener(Deed::BeginTo(Target::Client)),
        client(Deed::Finish),
        listener(Deed::Finish),
        client(Deed::Send("Hello, world")),
        listener(Deed::Echo(12)),
        client(Deed::Receive(12)),
        client(Deed::Shutdown),
        listener(Deed::ReceiveAll),
        listener(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    // time enough for a busy machine to begin at the other end too, and none for a SYN to be sent again
    lab: LabSetup { script: "delay syn by 330ms always; delay syn-ack by 330ms always", ..LabSetup::PLAIN },
    expects: Expectation {
        shows: &["simultaneous_open", "echo_identical"],
        hides: &["spurious_retransmit"],
        echoed: Some(1),
        ..Expectation::TCP
    },
    ..TCP
};
