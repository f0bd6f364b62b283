//! The receiver's window, which limits the data in flight.

use super::expectation::{Count, Expectation};
use super::{Programs, Scenario, Topic, ms};
use crate::drive::script::{Setting, SocketOp, client, listener, server};

const TCP: Scenario = Scenario { topic: Topic::Timers, ..Scenario::TCP };

pub(super) static ZERO_WINDOW: Scenario = Scenario {
    name: "zero-window",
    about: "a server that does not read: zero window, probes, and a window update",
    description: "The server's receive buffer is small and its program does not read. The client sends until the window is \
            full; the server's ACKs then announce a zero window, and the client stops. It sends zero-window probes \
            (which Wireshark may call keep-alives), because the segment that reopens the window could be lost. After \
            most of a second the server reads, and the rest is sent.",
    takes: ms(900),
    lasts: ms(4000),
    programs: Programs::Script(&[
        listener(SocketOp::Set(Setting::ReceiveBuffer(4096))),
        listener(SocketOp::Listen(8)),
        client(SocketOp::Connect),
        server(SocketOp::Accept),
        client(SocketOp::Fill(20_000)),
        client(SocketOp::Shutdown),
        client(SocketOp::Wait(ms(800))),
        server(SocketOp::ReceiveAll),
        server(SocketOp::Close),
        client(SocketOp::ReceiveAll),
        client(SocketOp::Close),
    ]),
    expects: Expectation {
        shows: &["zero_window", "zero_window_probe"],
        may_show: &["window_limited", "echo_partial", "delayed_ack", "timeout_retransmit"],
        analysis: &[("zero_window", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};
