//! Sessions of the echo server and its clients in which nothing goes wrong, and those of a client that leaves early.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::drive::behaviour::{Behaviour, Transform};
use crate::drive::client::Plan;
use crate::model::Protocol;

/// A session over TCP, on either network.
const TCP: Scenario = Scenario {
    name: "",
    about: "",
    story: "",
    runs: Runs::Anywhere,
    lasts: ms(1000),
    protocol: Protocol::Tcp,
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["Hello, world"]), Behaviour::default(), 1)),
    lab: LabSetup::PLAIN,
    expects: Expectation::TCP,
};

pub(super) static ECHO: Scenario = Scenario {
    name: "echo",
    about: "the ten steps of a TCP echo",
    story: "The client connects (three segments), sends \"Hello, world\" (12 bytes), which the server acknowledges and \
            sends back; the client acknowledges that and closes, in three segments. Every sequence and acknowledgment \
            number can be followed by hand: a SYN and a FIN count one, data counts its length, an ACK alone nothing.",
    expects: Expectation {
        shows: &["echo_identical"],
        echoed: Some(1),
        // the server's FIN carries the ACK of the client's, unless it comes too late for that
        steps: Count::AtLeast(10),
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static LINE: Scenario = Scenario {
    name: "line",
    about: "two lines, each echoed before the next is sent",
    story: "A client in line mode: \"HELLO MASTER\" and \"WELCOME BACK\" with their line ends, 13 bytes each. Both go over \
            the one connection, and each answer carries the ACK of its request or follows it.",
    programs: Programs::Echo(|| {
        let plan = Plan { line: true, ..Plan::of(Protocol::Tcp, ["HELLO MASTER", "WELCOME BACK"]) };
        (plan, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(2), ..Expectation::TCP },
    ..TCP
};

pub(super) static CONTINUOUS: Scenario = Scenario {
    name: "continuous",
    about: "every byte in a segment of its own, as it is typed",
    story: "A client in continuous mode sends each byte as soon as it is typed: `L`, `I`, `F`, `E` and the line end are \
            five segments of one byte, each echoed. Forty or more bytes of headers carry one byte of text.",
    programs: Programs::Echo(|| {
        let plan = Plan { line: true, continuous: true, ..Plan::of(Protocol::Tcp, ["LIFE"]) };
        (plan, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(5), ..Expectation::TCP },
    ..TCP
};

pub(super) static UPPER: Scenario = Scenario {
    name: "upper",
    about: "a server that answers in upper case",
    story: "The server sends back what it reads with its letters in upper case. To TCP that is any answer at all: the \
            same number of bytes, other bytes.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["hello, world"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], hides: &["echo_identical"], ..Expectation::TCP },
    ..TCP
};

pub(super) static TWO_SIZES: Scenario = Scenario {
    name: "two-sizes",
    about: "479 and then 1,380 bytes, to follow the numbers",
    story: "The client sends 479 times `A`, then 1,380 times `B`. The first data segment has sequence number 1 and its ACK \
            is 480; the second begins at 480 and its ACK is 1860: each ACK names the next byte that is awaited.",
    programs: Programs::Echo(|| {
        let plan = Plan { messages: vec![vec![b'A'; 479], vec![b'B'; 1380]], ..Plan::of(Protocol::Tcp, [""; 0]) };
        (plan, Behaviour::default(), 1)
    }),
    expects: Expectation { shows: &["echo_identical"], echoed: Some(2), ..Expectation::TCP },
    ..TCP
};

pub(super) static V0: Scenario = Scenario {
    name: "v0",
    about: "two exchanges with an upper-case server",
    story: "Two requests of nine bytes, answered in upper case; the client closes. With X and Y as the two initial sequence \
            numbers the last ACK of data is X+19: 1 for the SYN and twice 9.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["good day!", "good bye!"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], ..Expectation::TCP },
    ..TCP
};

pub(super) static V1: Scenario = Scenario {
    name: "v1",
    about: "one exchange with an upper-case server",
    story: "One request of 13 bytes, answered in upper case; the client closes.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["hello, server"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], ..Expectation::TCP },
    ..TCP
};

pub(super) static V2: Scenario = Scenario {
    name: "v2",
    about: "a client that leaves after a quarter of the answer: its kernel answers the rest with RST",
    story: "The server reads five bytes at a time and pauses before each read; the client sends 20 bytes, reads the first \
            five that come back and closes. Its FIN is in order, but the server's next five bytes meet a socket whose \
            program has gone: the client's kernel answers with RST. Fifteen bytes never reach a program. The RST is a \
            refusal, no attempt to get them back.",
    lasts: ms(1500),
    programs: Programs::Echo(|| {
        let plan = Plan { reads: Some(1), read_size: 5, ..Plan::of(Protocol::Tcp, ["abcdefghijklmnopqrst"]) };
        (plan, Behaviour { read_size: 5, read_delay: ms(100), ..upper() }, 1)
    }),
    expects: Expectation {
        shows: &["reset_after_close"],
        may_show: &["echo_partial"],
        close: "rst",
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static V3: Scenario = Scenario {
    name: "v3",
    about: "13 bytes answered by 13,000, of which the client reads little and leaves",
    story: "The server answers 13 bytes a thousand times over, in one send. The client reads twice and closes while most of \
            the answer lies unread in its socket: its kernel sends RST in place of a FIN, so that the server learns that \
            data was lost (RFC 2525 §2.17). Between the lab's hosts, with an MSS of 1460 less 12 bytes of time stamps, \
            13,000 bytes are eight segments of 1,448 and one of 1,416.",
    programs: Programs::Echo(|| {
        let plan = Plan { reads: Some(2), read_size: 512, ..Plan::of(Protocol::Tcp, ["hello, server"]) };
        (plan, Behaviour { repeat: 1000, ..Behaviour::default() }, 1)
    }),
    expects: Expectation {
        shows: &["reset_unread"],
        may_show: &["reset_after_close", "echo_partial"],
        close: "rst",
        closed_first: "",
        ..Expectation::TCP
    },
    ..TCP
};

pub(super) static V4: Scenario = Scenario {
    name: "v4",
    about: "four small sends and a slow reader: TCP is a stream of bytes and keeps no borders",
    story: "The client sends four times 130 bytes without waiting for answers. The first leaves at once; the others wait for \
            its ACK (Nagle's algorithm, RFC 896) and then leave together as one segment of 390 bytes. The server takes a \
            pause before it reads, finds all 520 bytes and answers once. Four sends, two segments, one answer. On loopback, \
            where an ACK takes no time, the four sends would go out as four segments.",
    runs: Runs::Lab,
    lasts: ms(1500),
    programs: Programs::Echo(|| {
        let messages = [b'a', b'b', b'c', b'd'].map(|letter| vec![letter; 130]).to_vec();
        let plan = Plan { messages, no_wait: true, ..Plan::of(Protocol::Tcp, [""; 0]) };
        (plan, Behaviour { read_delay: ms(150), ..Behaviour::default() }, 1)
    }),
    // a client that is held up between its sends must be back before the ACK, and all must have come when the server reads
    lab: LabSetup { delay: ms(15), ..LabSetup::PLAIN },
    expects: Expectation { shows: &["nagle_wait", "sends_merged", "echo_identical"], ..Expectation::TCP },
    ..TCP
};

pub(super) static MANY_CLIENTS: Scenario = Scenario {
    name: "many-clients",
    about: "eight clients at once, each a conversation of its own",
    story: "Eight clients connect to one server at the same time. The server's port is the same in all conversations; what \
            tells them apart is the client's port. Their steps are mixed in the capture and told apart in the report.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["Hello, world"]), Behaviour::default(), 8)),
    expects: Expectation { conversations: 8, shows: &["echo_identical"], echoed: Some(1), ..Expectation::TCP },
    ..TCP
};

fn upper() -> Behaviour {
    Behaviour { transform: Transform::Upper, ..Behaviour::default() }
}
