//! Sessions of the echo server and its clients in which nothing goes wrong, and those of a client that leaves early.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::drive::behaviour::{Behaviour, Transform};
use crate::drive::client::Plan;
use crate::model::Protocol;

/// A session over TCP, on either network.
const TCP: Scenario = Scenario {
    topic: Topic::Echo,
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["Hello, world"]), Behaviour::default(), 1)),
    ..Scenario::TCP
};

pub(super) static ECHO: Scenario = Scenario {
    name: "echo",
    about: "the ten steps of a TCP echo",
    description: "The client connects (three segments) and sends \"Hello, world\" (12 bytes). The server acknowledges the \
            request and echoes it. The client acknowledges the echo and closes; the close takes three segments. Every \
            sequence and acknowledgment number can be checked by hand: a SYN and a FIN each count 1, data counts its \
            length, and an ACK without data counts nothing.",
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
    description: "A client in line mode sends \"HELLO MASTER\" and \"WELCOME BACK\" with their line ends, 13 bytes each. \
            Both use the same connection. The ACK of each request travels with the answer or shortly before it.",
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
    description: "A client in continuous mode sends each byte as soon as it is typed: `L`, `I`, `F`, `E` and the line end \
            are five segments of one byte each, and each is echoed. One byte of text needs at least forty bytes of \
            headers.",
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
    description: "The server returns what it reads with the letters in upper case. TCP does not compare requests and \
            answers: the answer has the same length and other bytes.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["hello, world"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], hides: &["echo_identical"], ..Expectation::TCP },
    ..TCP
};

pub(super) static TWO_SIZES: Scenario = Scenario {
    name: "two-sizes",
    about: "479 and then 1,380 bytes, to practise the arithmetic",
    description: "The client sends 479 times `A`, then 1,380 times `B`. The first data segment has sequence number 1, and \
            its ACK is 480. The second starts at 480, and its ACK is 1860. Each ACK names the next byte that the \
            receiver expects.",
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
    description: "The client sends two requests of nine bytes, which are answered in upper case, and closes. If X and Y are \
            the initial sequence numbers, the last ACK of the client's data is X+19: 1 for the SYN and 2 × 9 for the \
            data.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["good day!", "good bye!"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], ..Expectation::TCP },
    ..TCP
};

pub(super) static V1: Scenario = Scenario {
    name: "v1",
    about: "one exchange with an upper-case server",
    description: "The client sends one request of 13 bytes, which is answered in upper case, and closes.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["hello, server"]), upper(), 1)),
    expects: Expectation { shows: &["echo_upper"], ..Expectation::TCP },
    ..TCP
};

pub(super) static V2: Scenario = Scenario {
    name: "v2",
    about: "a client that closes after a quarter of the answer: its kernel answers the rest with RST",
    description: "The server reads five bytes at a time and pauses before each read. The client sends 20 bytes, reads the \
            first five bytes of the answer and closes. Its FIN arrives in order, but the server's next five bytes \
            arrive at a socket that is already closed, so the client's kernel answers with RST. Fifteen bytes of the \
            answer never reach the client program. The RST does not request retransmission; those bytes are lost.",
    takes: ms(400),
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
    about: "13 bytes are answered by 13,000; the client reads a few of them and closes",
    description: "The server repeats the 13 bytes a thousand times in one send. The client reads twice and closes while \
            most of the answer is unread in its socket. Its kernel therefore sends RST instead of FIN, which tells \
            the server that data was lost (RFC 2525 §2.17). In the lab the MSS is 1460 less 12 bytes of timestamps, \
            so 13,000 bytes are eight segments of 1,448 and one of 1,416.",
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
    about: "four small sends and a slow reader: TCP is a byte stream without message boundaries",
    description: "The client sends four times 130 bytes without waiting for answers. The first segment is sent immediately; \
            the other data waits for its ACK (Nagle's algorithm, RFC 896) and then leaves as one segment of 390 \
            bytes. The server pauses before it reads, finds all 520 bytes and answers once. Four sends become two \
            segments and one answer. On loopback the ACK arrives so soon that the four sends would be four segments.",
    takes: ms(500),
    runs: RunsOn::Lab,
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
    about: "eight clients at the same time, each in a conversation of its own",
    description: "Eight clients connect to one server at the same time. The server's port is the same in all conversations; \
            the client's port distinguishes them. Their packets are interleaved in the capture, and the report \
            separates them.",
    programs: Programs::Echo(|| (Plan::of(Protocol::Tcp, ["Hello, world"]), Behaviour::default(), 8)),
    expects: Expectation { conversations: 8, shows: &["echo_identical"], echoed: Some(1), ..Expectation::TCP },
    ..TCP
};

fn upper() -> Behaviour {
    Behaviour { transform: Transform::Upper, ..Behaviour::default() }
}
