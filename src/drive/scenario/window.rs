//! How much may be sent: the receiver's window.

use super::expectation::{Count, Expectation};
use super::play::{Deed, Setting, client, listener, server};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::model::Protocol;

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

pub(super) static ZERO_WINDOW: Scenario = Scenario {
    name: "zero-window",
    about: "a server that does not read: its window shuts, and the client asks when it opens",
    story: "The server's socket has little room and its program does not read. The client sends until the window is full; \
            the server's ACKs then say window 0, and the client stops. It asks now and then whether there is room \
            (zero-window probes, which Wireshark calls keep-alives), for the message that opens the window could be lost. \
            After most of a second the server reads, and the rest comes.",
    lasts: ms(4000),
    programs: Programs::Cues(&[
        listener(Deed::Set(Setting::ReceiveBuffer(4096))),
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Fill(20_000)),
        client(Deed::Shutdown),
        client(Deed::Wait(ms(800))),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    expects: Expectation {
        shows: &["zero_window", "zero_window_probe"],
        may_show: &["window_limited", "echo_partial", "delayed_ack", "timeout_retransmit"],
        analysis: &[("zero_window", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};
