//! Header sizes, and the number by which IP names the transport.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::counted;
use crate::explain::describe::thousands;
use crate::model::{Direction, Protocol, TcpFlags};
use crate::track::{Body, Event, TcpTotals};

pub(super) static TCP: Question = Question {
    id: "header_sizes",
    text: "How long are the headers of IP and TCP in each kind of segment?",
    topic: Topic::Tcp(tcp),
    of_all_steps: false,
};

pub(super) static PROTOCOL: Question = Question {
    id: "protocol_number",
    text: "Which number tells IP that this is TCP or UDP?",
    topic: Topic::Any(protocol),
    of_all_steps: false,
};

/// Maximum number of combinations of header sizes.
const KINDS: usize = 8;
const TCP_HEADER: u8 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    sender: Direction,
    syn: bool,
    ip: u16,
    tcp: u8,
}

/// The sizes that occur, and the first packet.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderEvidence {
    kinds: Vec<(Sizes, u64, u64)>,
    other: u64,
    first: Option<(u64, u8)>,
}

impl HeaderEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>) {
        match &event.body {
            Body::Icmp(_) => {}
            Body::Udp(_) => {
                self.first.get_or_insert((event.frame, event.ip.version));
            }
            Body::Tcp(facts) => {
                self.first.get_or_insert((event.frame, event.ip.version));
                let syn = facts.flags.contains(TcpFlags::SYN);
                let sizes = Sizes { sender: event.direction, syn, ip: event.ip.header_len, tcp: facts.header_len };
                if let Some((_, _, count)) = self.kinds.iter_mut().find(|(known, ..)| *known == sizes) {
                    *count += 1;
                } else if self.kinds.len() < KINDS {
                    self.kinds.push((sizes, event.frame, 1));
                } else {
                    self.other += 1;
                }
            }
        }
    }
}

fn tcp(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let seen = &case.seen.headers;
    let version = seen.first.map_or(4, |(_, version)| version);
    let mut table = AnswerTable::new(
        "Header sizes in bytes",
        &["first frame", "from", "kind", "IP", "TCP", "of it options", "segments"],
    );
    for (sizes, frame, count) in &seen.kinds {
        table.push([
            frame.to_string(),
            sizes.sender.sender().to_owned(),
            if sizes.syn { "SYN" } else { "other" }.to_owned(),
            sizes.ip.to_string(),
            sizes.tcp.to_string(),
            sizes.tcp.saturating_sub(TCP_HEADER).to_string(),
            count.to_string(),
        ]);
    }
    table.left_out = seen.other;
    let mut sizes: Vec<u8> = seen.kinds.iter().map(|(sizes, ..)| sizes.tcp).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let Some(((first, frame, _), (min, max))) = seen.kinds.first().zip(sizes.first().zip(sizes.last())) else {
        return Answer::unknown("No TCP segment is in the capture.");
    };
    let range = if min == max { format!("{min} bytes") } else { format!("{min} to {max} bytes") };
    let ip = if version == 4 { "20 bytes without options" } else { "40 bytes without extension headers" };
    let answer = Answer::new(format!(
        "The TCP header is {range} long: 20 without options, and up to 40 of options. The IPv{version} header is {ip}."
    ))
    .line(format!(
        "frame {frame}: TCP header = data offset × 4 = {} × 4 = {} = 20 + {} of options",
        first.tcp / 4,
        first.tcp,
        first.tcp.saturating_sub(TCP_HEADER)
    ))
    .frames(seen.kinds.iter().map(|(_, frame, _)| *frame))
    .table(table);
    match seen.other {
        0 => answer,
        more => {
            answer.but(format!("The sizes in {} of further kinds, which are not told apart.", counted(more, "segment")))
        }
    }
}

fn protocol(case: &Case<'_>) -> Answer {
    let (name, number) = match case.totals.stream.protocol {
        Protocol::Tcp => ("TCP", 6_u8),
        Protocol::Udp => ("UDP", 17),
    };
    let Some((frame, version)) = case.seen.headers.first else {
        return Answer::unknown(format!(
            "No packet of the conversation itself is in the capture, only an ICMP error about it; {name}'s number is {number}."
        ));
    };
    let field =
        if version == 4 { "Protocol field of the IPv4 header" } else { "Next Header field of the (last) IPv6 header" };
    Answer::new(format!("{name} is number {} (0x{number:02x}), in the {field}.", thousands(u64::from(number))))
        .frames([frame])
}
