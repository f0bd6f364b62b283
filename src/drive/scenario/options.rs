//! What the two hosts agree on with their SYNs' options, and what becomes of it.

use super::expectation::{Count, Expectation};
use super::play::{Deed, Setting, another_client, another_server, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::model::Protocol;

const TCP: Scenario = Scenario {
    name: "",
    about: "",
    story: "",
    runs: Runs::Lab,
    lasts: ms(1000),
    protocol: Protocol::Tcp,
    programs: Programs::Cues(&[]),
    lab: LabSetup::PLAIN,
    expects: Expectation::TCP,
};

pub(super) static SMALL_MSS: Scenario = Scenario {
    name: "small-mss",
    about: "the client takes only short segments: more of them are needed",
    story: "The client's SYN says that it takes segments of 536 bytes at most (the MSS option), the server's says 1460. \
            Each side keeps to the smaller one, less 12 bytes for time stamps: 3,000 bytes are six segments where three \
            would do.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Set(Setting::Mss(536))),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::SendBytes(3000)),
        server(Deed::Echo(3000)),
        client(Deed::Receive(3000)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    expects: Expectation { shows: &["echo_identical"], steps: Count::AtLeast(18), ..Expectation::TCP },
    ..TCP
};

pub(super) static FAST_OPEN: Scenario = Scenario {
    name: "fast-open",
    about: "the second connection sends its request with the SYN: TCP Fast Open",
    story: "With its first SYN the client asks for a Fast Open cookie (RFC 7413), which the SYN-ACK brings. Its second \
            connection shows the cookie and sends the request with the SYN; the server's program gets it at once and may \
            answer before the handshake is done. A round trip is saved. Both hosts allow it (net.ipv4.tcp_fastopen).",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::ConnectAndSend("asks for a cookie")),
        client(Deed::Finish),
        server(Deed::Accept),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
        another_client(1, Deed::ConnectAndSend("Hello, world")),
        another_server(1, Deed::Accept),
        another_server(1, Deed::Echo(12)),
        another_client(1, Deed::Receive(12)),
        another_client(1, Deed::Shutdown),
        another_server(1, Deed::ReceiveAll),
        another_server(1, Deed::Close),
        another_client(1, Deed::ReceiveAll),
        another_client(1, Deed::Close),
    ]),
    lab: LabSetup { delay: ms(10), sysctls: &["net.ipv4.tcp_fastopen=1027"], ..LabSetup::PLAIN },
    expects: Expectation { conversations: 2, shows: &["fast_open", "echo_identical"], ..Expectation::TCP },
    ..TCP
};

pub(super) static NO_OPTIONS: Scenario = Scenario {
    name: "no-options",
    about: "TCP as it was in 1981: no SACK, no time stamps, no window scale",
    story: "Both hosts have the options of RFC 2018 and RFC 7323 turned off: the SYNs carry only the MSS. Segments have \
            1,460 bytes in place of 1,448, the window can't exceed 65,535 bytes, and when a segment is lost its receiver \
            can only repeat what it still waits for: three such duplicate ACKs, and the sender sends the segment again (RFC \
            5681 §3.2) without knowing which of the later ones arrived.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::SendBytes(14_400)),
        server(Deed::Receive(14_400)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
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
