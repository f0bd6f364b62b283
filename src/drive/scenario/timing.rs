//! What waits, and what keeps a silent connection alive.

use super::expectation::{Count, Expectation};
use super::play::{Cue, Deed, Setting, client, listener, server};
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

pub(super) static KEEP_ALIVE: Scenario = Scenario {
    name: "keep-alive",
    about: "a silent connection whose client asks whether the server is still there",
    story: "Nobody has anything to say. After a second the client's kernel sends a segment without data whose sequence \
            number is one below the next (RFC 1122 §4.2.3.6): the server has to answer it with an ACK if it is still \
            there. Programs do not see it. Usually the first such question comes after two hours.",
    lasts: ms(4000),
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Set(Setting::KeepAlive(ms(1000)))),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Wait(ms(2500))),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    expects: Expectation {
        shows: &["keep_alive"],
        analysis: &[("keep_alive", Count::AtLeast(1)), ("keep_alive_ack", Count::AtLeast(1))],
        ..Expectation::TCP
    },
    ..TCP
};

/// A request in two parts, after an exchange that has taught the server's kernel to delay its ACKs.
const fn two_parts(no_delay: bool) -> [Cue; 17] {
    [
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(if no_delay { Deed::Set(Setting::NoDelay) } else { Deed::Wait(ms(0)) }),
        client(Deed::Send("before")),
        server(Deed::Echo(6)),
        client(Deed::Receive(6)),
        server(Deed::Set(Setting::QuickAck(false))),
        client(Deed::Send("Hello, ")),
        client(Deed::Send("world")),
        server(Deed::Echo(12)),
        client(Deed::Receive(12)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]
}

const WITH_NAGLE: &[Cue] = &two_parts(false);
const WITHOUT_NAGLE: &[Cue] = &two_parts(true);

pub(super) static NAGLE: Scenario = Scenario {
    name: "nagle",
    about: "a request in two sends: the second part waits 40 ms for an ACK that is itself delayed",
    story: "The client sends its request in two parts. The first leaves at once; the second must wait until the first is \
            acknowledged, so that the net is not flooded with small segments (Nagle, RFC 896). But the server's kernel \
            holds the ACK back for 40 ms in the hope of an answer to carry it, and the server can't answer before it has \
            the second part: each waits for the other. One send in place of two, or TCP_NODELAY, mends it.",
    programs: Programs::Cues(WITH_NAGLE),
    expects: Expectation { shows: &["nagle_wait"], ..Expectation::TCP },
    ..TCP
};

pub(super) static NO_NAGLE: Scenario = Scenario {
    name: "no-nagle",
    about: "the same request in two sends with TCP_NODELAY: nothing waits",
    story: "As in the scenario `nagle`, but the client has turned Nagle's algorithm off: both parts leave at once, as two \
            small segments, and the answer comes 40 ms earlier.",
    programs: Programs::Cues(WITHOUT_NAGLE),
    expects: Expectation { shows: &["echo_identical"], hides: &["nagle_wait"], ..Expectation::TCP },
    ..TCP
};

pub(super) static DELAYED_ACK: Scenario = Scenario {
    name: "delayed-ack",
    about: "a server that takes its time: the ACK waits for the answer, but no longer than 40 ms",
    story: "The server's kernel holds the ACK of a request back, for if the answer comes soon the ACK can ride on it (RFC \
            1122 §4.2.3.2). Here the program needs 120 ms for its answer; after 40 ms the kernel sends the ACK alone. \
            Between the lab's hosts it is captured at the server, where the wire adds nothing to that time.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("before")),
        server(Deed::Echo(6)),
        client(Deed::Receive(6)),
        server(Deed::Set(Setting::QuickAck(false))),
        client(Deed::Send("Hello, world")),
        server(Deed::Receive(12)),
        server(Deed::Wait(ms(120))),
        server(Deed::Send("Hello, world")),
        client(Deed::Receive(12)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    lab: LabSetup { capture_at: Side::Server, ..LabSetup::PLAIN },
    expects: Expectation { shows: &["delayed_ack", "echo_identical"], echoed: Some(2), ..Expectation::TCP },
    ..TCP
};

pub(super) static URGENT: Scenario = Scenario {
    name: "urgent",
    about: "a byte to be read out of turn: the urgent pointer",
    story: "Between two pieces of ordinary data the client sends one byte as urgent (MSG_OOB): its segment has the URG flag \
            and a pointer to it. The server's ordinary reads pass it over. Hardly any program uses it, and RFC 6093 says \
            that new ones should not.",
    programs: Programs::Cues(&[
        listener(Deed::Listen(8)),
        client(Deed::Connect),
        server(Deed::Accept),
        client(Deed::Send("wait")),
        server(Deed::Receive(4)),
        client(Deed::SendUrgent("!")),
        client(Deed::Send("stop")),
        server(Deed::Receive(4)),
        client(Deed::Shutdown),
        server(Deed::ReceiveAll),
        server(Deed::Close),
        client(Deed::ReceiveAll),
        client(Deed::Close),
    ]),
    expects: Expectation { shows: &["urgent_data"], may_show: &["echo_partial"], ..Expectation::TCP },
    ..TCP
};
