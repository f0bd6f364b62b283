//! Options that the two hosts negotiate with their SYNs, and their effects.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::script::{Setting, SocketOp, another_client, another_server, client, listener, server};

const TCP: Scenario = Scenario { topic: Topic::Handshake, runs: RunsOn::Lab, ..Scenario::TCP };

pub(super) static SMALL_MSS: Scenario = Scenario {
    name: "small-mss",
    about: "a client that accepts only short segments",
    description: "The client's SYN announces an MSS of 536 bytes, the server's 1460. Both sides use the smaller value, less \
            12 bytes for timestamps: 3,000 bytes need six segments instead of three.",
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Set(Setting::Mss(536))),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::SendBytes(3000)),
        server(SocketOp::Echo(3000)),
        client(SocketOp::Receive(3000)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    expects: Expectation { shows: &["echo_identical"], steps: Count::AtLeast(18), ..Expectation::TCP },
    ..TCP
};

pub(super) static FAST_OPEN: Scenario = Scenario {
    name: "fast-open",
    about: "the second connection sends its request with the SYN: TCP Fast Open",
    description: "With its first SYN the client asks for a Fast Open cookie (RFC 7413), which the SYN-ACK delivers. Its \
            second connection sends the cookie and the request with the SYN. The server program receives the request \
            immediately and may answer before the handshake is complete, which saves one round trip. Both hosts \
            enable Fast Open (net.ipv4.tcp_fastopen).",
    takes: ms(200),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::ConnectAndSend("asks for a cookie")),
        client(SocketOp::Finish),
        server(SocketOp::Accept),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
        another_client(1, SocketOp::ConnectAndSend("Hello, world")),
        another_server(1, SocketOp::Accept),
        another_server(1, SocketOp::Echo(12)),
        another_client(1, SocketOp::Receive(12)),
        another_client(1, SocketOp::Shutdown),
        another_server(1, SocketOp::ReceiveAll),
        another_server(1, SocketOp::Close),
        another_client(1, SocketOp::ReceiveAll),
        another_client(1, SocketOp::Close),
    ]),
    lab: LabSetup { delay: ms(10), sysctls: &["net.ipv4.tcp_fastopen=1027"], ..LabSetup::PLAIN },
    expects: Expectation { conversations: 2, shows: &["fast_open", "echo_identical"], ..Expectation::TCP },
    ..TCP
};

pub(super) static NO_OPTIONS: Scenario = Scenario {
    name: "no-options",
    about: "TCP as in 1981: no SACK, no timestamps, no window scale",
    description: "Both hosts disable the options of RFC 2018 and RFC 7323, so the SYNs contain only the MSS. Segments carry \
            1,460 bytes instead of 1,448, and the window cannot exceed 65,535 bytes. When a segment is lost, the \
            receiver can only repeat its last ACK. After three such duplicate ACKs the sender retransmits the segment \
            (RFC 5681 §3.2) without knowing which of the later ones arrived.",
    takes: ms(200),
    programs: Programs::Script(&[
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::SendBytes(14_400)),
        server(SocketOp::Receive(14_400)),
        client(SocketOp::Shutdown),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    lab: LabSetup {
        script: "drop data 3 of client",
        sysctls: &["net.ipv4.tcp_sack=0", "net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_window_scaling=0"],
        ..LabSetup::PLAIN
    },
    expects: Expectation {
        shows: &["fast_retransmit"],
        may_show: &["echo_partial"],
        analysis: &[("duplicate_ack", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};
