//! Sequence numbers as they were on the wire, where a text shows enough of them.
//!
//! tcpdump prints relative numbers unless told otherwise (`-S`): for each connection it takes the numbers of the first
//! segment with ACK, or of each SYN-ACK, as the bases, prints that one as it is and the others less the bases. The same is
//! done here the other way round.

use std::collections::HashMap;
use std::net::IpAddr;

use super::options;
use super::printed::{ACK, FIN, PrintedTcp, SYN};
use crate::model::Unknown;

/// Most connections whose numbers are known at once.
const MAX_CONNECTIONS: usize = 65_536;
/// The first numbers of a connection are on the wire below this once in four thousand; relative ones mostly.
const SMALL: u32 = 1 << 20;

type End = (IpAddr, u16);

/// The notation of sequence numbers in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Undecided,
    Relative,
    Absolute,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// The number that printed ones are relative to.
    base: Option<u32>,
    /// The number after the last byte so far.
    next: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Connection {
    /// Of the end that sorts first, and of the other.
    ways: [Way; 2],
    /// Bases have been set.
    based: bool,
}

/// The numbers of all connections of a text.
#[derive(Debug)]
pub(super) struct Numbers {
    style: Style,
    connections: HashMap<(End, End), Connection>,
    pub(super) guessed: bool,
    pub(super) relative: bool,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self { style: Style::Undecided, connections: HashMap::new(), guessed: false, relative: false }
    }

    /// Puts the numbers of a segment of tcpdump's in place as they were on the wire, as far as that is known; tells which
    /// are not.
    pub(super) fn tcpdump(&mut self, source: End, destination: End, tcp: &mut PrintedTcp) -> Unknown {
        let (key, way) = key(source, destination);
        if !self.connections.contains_key(&key) && self.connections.len() >= MAX_CONNECTIONS {
            self.connections.clear();
        }
        let connection = self.connections.entry(key).or_default();
        let mut unknown = Unknown::default();
        let [first, second] = &mut connection.ways;
        let (own, peer) = if way == 0 { (first, second) } else { (second, first) };
        if tcp.has(ACK) {
            if !connection.based || tcp.has(SYN) {
                // the text may lack the lines before
                let doubtful = !tcp.has(SYN)
                    && self.style != Style::Absolute
                    && tcp.ack.is_some_and(|ack| ack < SMALL)
                    && tcp.seq.is_none_or(|seq| seq < SMALL);
                connection.based = true;
                if doubtful {
                    unknown = Unknown::SEQ.and(Unknown::ACK);
                    (own.base, peer.base) = (None, None);
                } else {
                    own.base = tcp.seq.or(own.next);
                    peer.base = tcp.ack.map(|ack| ack.wrapping_sub(1));
                }
            } else {
                if self.style == Style::Undecided {
                    let pairs = [tcp.seq.zip(own.base), tcp.ack.zip(peer.base)];
                    let sack = options::sack_edges(&tcp.options).first().copied().zip(peer.base);
                    self.style = pairs
                        .into_iter()
                        .chain([sack])
                        .flatten()
                        .map(|(number, base)| style(number, base))
                        .find(|style| *style != Style::Undecided)
                        .unwrap_or(Style::Undecided);
                }
                if self.style != Style::Absolute {
                    // numbers that are as near to the base as to zero are right without it
                    let relative = self.style == Style::Relative;
                    let seq_base = own.base.filter(|_| relative).unwrap_or(0);
                    let ack_base = peer.base.filter(|_| relative).unwrap_or(0);
                    tcp.seq = tcp.seq.map(|seq| seq.wrapping_add(seq_base));
                    tcp.ack = tcp.ack.map(|ack| ack.wrapping_add(ack_base));
                    if own.base.is_none() {
                        unknown = unknown.and(Unknown::SEQ);
                    }
                    if peer.base.is_none() {
                        unknown = unknown.and(Unknown::ACK);
                    }
                }
            }
            let edges = options::sack_edges(&tcp.options);
            if let (Some(base), Some(edge)) = (peer.base, edges.first())
                && self.style != Style::Absolute
                && style(*edge, base) == Style::Relative
            {
                options::rebase_sack(&mut tcp.options, base);
            }
            peer.next = peer.next.or(tcp.ack);
        }
        if !tcp.has(ACK) {
            unknown = unknown.and(Unknown::ACK_FIELD);
        }
        match tcp.seq {
            Some(seq) => own.next = Some(seq.wrapping_add(counted(tcp))),
            None => {
                // tcpdump prints the number of an empty segment only with -vv
                tcp.seq = Some(own.next.or(own.base).unwrap_or(0));
                unknown = unknown.and(Unknown::SEQ);
                self.guessed = true;
            }
        }
        self.relative |=
            unknown.contains(Unknown::ACK) || (tcp.len.is_some_and(|len| len > 0) && unknown.contains(Unknown::SEQ));
        unknown
    }
}

/// The connection of a segment, and its direction within it.
fn key(source: End, destination: End) -> ((End, End), usize) {
    if source <= destination { ((source, destination), 0) } else { ((destination, source), 1) }
}

/// The sequence space that a segment takes.
pub(super) fn counted(tcp: &PrintedTcp) -> u32 {
    tcp.len.unwrap_or(0).wrapping_add(u32::from(tcp.has(SYN))).wrapping_add(u32::from(tcp.has(FIN)))
}

/// The notation that a number shows: it is nearer to its base or to zero.
fn style(number: u32, base: u32) -> Style {
    let distance = |from: u32| number.wrapping_sub(from).min(from.wrapping_sub(number));
    // behind a SYN no number is that of the SYN
    if number == base && distance(0) < SMALL {
        return Style::Relative;
    }
    match distance(base).cmp(&distance(0)) {
        std::cmp::Ordering::Less => Style::Absolute,
        std::cmp::Ordering::Greater => Style::Relative,
        std::cmp::Ordering::Equal => Style::Undecided,
    }
}
