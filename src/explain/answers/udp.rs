//! The header of UDP, what fits behind it, and what it lacks.

use super::answer::{Answer, AnswerTable};
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of};
use crate::explain::describe::thousands;
use crate::model::{Direction, Endpoint, IcmpError, PerDirection};
use crate::track::{Event, IcmpFacts, UdpFacts};

pub(super) static HEADER: Question = Question {
    id: "udp_header",
    text: "Which fields does the UDP header have, and how long are they?",
    topic: Topic::Udp(header),
    of_all_steps: false,
};

pub(super) static LENGTH: Question = Question {
    id: "udp_length",
    text: "What does the Length field count?",
    topic: Topic::Udp(length),
    of_all_steps: false,
};

pub(super) static LARGEST: Question = Question {
    id: "udp_largest",
    text: "What is the largest payload that a UDP datagram can carry, and the largest port number?",
    topic: Topic::Udp(largest),
    of_all_steps: true,
};

pub(super) static NO_CONNECTION: Question = Question {
    id: "udp_no_connection",
    text: "Why has UDP no connection, and what is missing without one?",
    topic: Topic::Udp(no_connection),
    of_all_steps: true,
};

/// The header's length in bytes: four fields of two (RFC 768).
const HEADER_LEN: u16 = 8;

#[derive(Clone, Copy, Debug)]
pub(super) struct SentDatagram {
    pub(super) frame: u64,
    source: Endpoint,
    destination: Endpoint,
    length: u16,
    len: u32,
    checksum: u16,
    ip_version: u8,
    ip_header: u16,
    fragments: u16,
}

impl SentDatagram {
    /// The frame that names the datagram: its own, or the one that completes it.
    fn place(&self) -> String {
        match self.fragments {
            0 | 1 => format!("frame {}", self.frame),
            fragments => format!("the datagram of {fragments} IP fragments that frame {} completes", self.frame),
        }
    }
}

/// An ICMP error that tells that a datagram did not arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreachable {
    pub(super) frame: u64,
    pub(super) error: IcmpError,
    /// The datagram's frame, where that is known.
    pub(super) quotes: Option<u64>,
}

/// The evidence about datagrams.
#[derive(Clone, Debug, Default)]
pub(super) struct DatagramEvidence {
    pub(super) first: Option<SentDatagram>,
    longest: Option<SentDatagram>,
    /// The first that tells that the other side's datagram of this direction did not arrive.
    errors: PerDirection<Option<Unreachable>>,
}

impl DatagramEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &UdpFacts) {
        let sent = SentDatagram {
            frame: event.frame,
            source: event.source,
            destination: event.destination,
            length: facts.length,
            len: facts.len,
            checksum: facts.checksum_raw,
            ip_version: event.ip.version,
            ip_header: event.ip.header_len,
            fragments: event.ip.fragments,
        };
        self.first.get_or_insert(sent);
        if self.longest.is_none_or(|longest| longest.len < sent.len) {
            self.longest = Some(sent);
        }
    }

    pub(super) fn see_error(&mut self, event: &Event<'_>, facts: &IcmpFacts) {
        if facts.error.is_unreachable() {
            let per_sender = Unreachable { frame: event.frame, error: facts.error, quotes: facts.quotes_frame };
            self.errors.get_mut(!event.direction).get_or_insert(per_sender);
        }
    }

    /// The first ICMP error that tells that a datagram of this direction did not arrive.
    pub(super) fn error(&self, about: Direction) -> Option<&Unreachable> {
        self.errors.get(about).as_ref()
    }

    /// The first about either side's datagrams.
    pub(super) fn first_error(&self) -> Option<&Unreachable> {
        BOTH.into_iter().filter_map(|about| self.error(about)).min_by_key(|per_sender| per_sender.frame)
    }
}

/// The reason for an answer without a datagram.
pub(super) const NO_DATAGRAM: &str = "No datagram is in the capture, only an ICMP error about one.";

fn header(case: &Case<'_>) -> Answer {
    let Some(sent) = case.seen.udp.first else { return Answer::unknown(NO_DATAGRAM) };
    let mut table = AnswerTable::new(format!("The header of {}", sent.place()), &["field", "bytes", "value"]);
    for (field, value) in [
        ("source port", sent.source.port.to_string()),
        ("destination port", sent.destination.port.to_string()),
        ("length", sent.length.to_string()),
        ("checksum", format!("0x{:04x}", sent.checksum)),
    ] {
        table.push([field.to_owned(), "2".to_owned(), value]);
    }
    Answer::new("Four fields of two bytes each: source port, destination port, length and checksum (RFC 768).")
        .line("4 × 2 bytes = 8 bytes")
        .frames([sent.frame])
        .table(table)
}

fn length(case: &Case<'_>) -> Answer {
    let Some(sent) = case.seen.udp.first else { return Answer::unknown(NO_DATAGRAM) };
    let data = i64::from(sent.length) - i64::from(HEADER_LEN);
    let answer = Answer::new("The header and the data, in bytes (RFC 768).").frames([sent.frame]);
    match data == i64::from(sent.len) {
        true => answer.line(format!(
            "{}: Length = {} = {HEADER_LEN} (header) + {} (data): the packet holds {} of data",
            sent.place(),
            sent.length,
            sent.len,
            counted(u64::from(sent.len), "byte")
        )),
        false => answer
            .line(format!(
                "{}: Length = {}, header = {HEADER_LEN}, data in the packet = {}",
                sent.place(),
                sent.length,
                sent.len
            ))
            .but(format!("Frame {} does not show it: its Length and the data in the packet do not agree.", sent.frame)),
    }
}

fn largest(case: &Case<'_>) -> Answer {
    let answer = Answer::new(
        "65,527 bytes by UDP's own 16-bit Length field; 65,507 over IPv4, whose 16-bit total length counts the IP header too. The largest port number is 65,535.",
    )
    .line("2^16 - 1 - 8 (UDP header) = 65,535 - 8 = 65,527")
    .line("IPv4: 65,535 - 20 (IP header) - 8 (UDP header) = 65,507")
    .line("largest port number: 2^16 - 1 = 65,535");
    let Some(sent) = case.seen.udp.longest else { return answer };
    let answer = match sent.ip_version {
        4 if sent.ip_header > 20 => answer.line(format!(
            "here, with an IP header of {}: 65,535 - {} - 8 = {}",
            sent.ip_header,
            sent.ip_header,
            thousands(u64::from(65_527_u16.saturating_sub(sent.ip_header)))
        )),
        4 => answer,
        _ => answer.line("IPv6: the payload length leaves the 40-byte header out, so 65,535 - 8 = 65,527"),
    };
    answer
        .add(format!(
            "The largest in this capture has {} (frame {}).",
            counted(u64::from(sent.len), "byte"),
            sent.frame
        ))
        .frames([sent.frame])
}

fn no_connection(case: &Case<'_>) -> Answer {
    let seen = &case.seen.udp;
    let Some(first) = seen.first else { return Answer::unknown(NO_DATAGRAM) };
    let answer = Answer::new(format!(
        "UDP needs no handshake: the first packet, {}, already carries data ({}). There are no sequence numbers, ACKs, retransmissions or close either; the eight bytes of header have no room for them.",
        first.place(),
        counted(u64::from(first.len), "byte")
    ))
    .frames([first.frame]);
    if let Some(Unreachable { frame, error, quotes }) = seen.first_error() {
        let which = quotes.map_or_else(|| "a datagram".to_owned(), |quotes| format!("the datagram in frame {quotes}"));
        return answer
            .add(format!("ICMP ({} in frame {frame}), not UDP, reports that {which} reached no program.", error.name()))
            .frames(quotes.iter().copied().chain([*frame]));
    }
    let Some(unanswered) = case.totals.udp.as_ref().map(|udp| &udp.unanswered).filter(|sighting| sighting.count > 0)
    else {
        return answer;
    };
    let frames = frames_of(unanswered.count, &unanswered.frames);
    let answer_is = if case.seen.replies.doubted() { "known" } else { "in the capture" };
    answer
        .but(format!(
            "Whether the data of {frames} arrived: no reply is {answer_is}, and UDP does not report delivery."
        ))
        .frames(unanswered.frames.iter().copied())
}
