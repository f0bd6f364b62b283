//! ICMP errors about a connection, and the packets that they quote.

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use crate::model::{Direction, IcmpError, Quoted};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission_proof::Discarded;

/// IP and TCP headers without options, and with all that fit, in bytes.
const HEADERS: std::ops::RangeInclusive<u32> = 40..=120;
/// A packet that the network card cuts into segments takes an IP identification for each of these many bytes, at most.
const SMALLEST_SEGMENT: u32 = 500;

/// A packet that carried the quoted sequence number.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    frame: u64,
    ip_id: u16,
    /// Bytes before the quoted sequence number, and all of them.
    before: u32,
    len: u32,
}

impl Candidate {
    /// Rates how well it matches the quotation: by its IP identification first, then by its length, then by its
    /// position.
    fn fit(&self, quoted: &Quoted) -> u8 {
        let ip_id = quoted.ip_id.unwrap_or(0);
        let ahead = u32::from(ip_id.wrapping_sub(self.ip_id));
        let known = ip_id != 0 && self.ip_id != 0;
        let same_id = known && (ahead == 0 || self.before > 0 && ahead <= self.len / SMALLEST_SEGMENT);
        let rest = self.len.saturating_sub(self.before);
        let same_length = quoted.length.is_some_and(|length| {
            u32::from(length).checked_sub(rest).is_some_and(|headers| HEADERS.contains(&headers))
        });
        match (same_id, known) {
            (true, _) => 3 + u8::from(same_length),
            (false, true) => 0,
            (false, false) => 1 + u8::from(same_length),
        }
    }
}

/// The frame of the packet of this side that an ICMP error quotes: of those that carried the quoted sequence number the one
/// with its IP identification, or length; `None` where none is remembered or several fit as well.
pub(super) fn quoted_frame(sender: &mut TcpEndpoint, quoted: &Quoted) -> Option<u64> {
    let seq = quoted.seq?;
    let original = sender.sent.carrying(seq).map(|sent| Candidate {
        frame: sent.frame,
        ip_id: sent.ip_id.unwrap_or(0),
        before: seq.relative_to(sent.seq),
        len: sent.end.relative_to(sent.seq),
    });
    let retransmissions =
        sender.loss().retransmissions.iter().filter(|again| !again.seq.is_after(seq) && again.packet_end.is_after(seq));
    let retransmissions = retransmissions.map(|again| Candidate {
        frame: again.frame,
        ip_id: again.ip_id.unwrap_or(0),
        before: seq.relative_to(again.seq),
        len: again.packet_end.relative_to(again.seq),
    });
    let candidates: Vec<Candidate> = original.into_iter().chain(retransmissions).collect();
    if let [only] = candidates.as_slice() {
        return Some(only.frame);
    }
    let best = candidates.iter().map(|candidate| candidate.fit(quoted)).max().filter(|best| *best > 0)?;
    let mut fitting = candidates.iter().filter(|candidate| candidate.fit(quoted) == best).map(|fitting| fitting.frame);
    // without an identification the newest is the likeliest, but not certain
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

impl Connection {
    /// An ICMP error to the sender of the segment that it quotes; the frame of that segment, where it is known.
    pub(in crate::track) fn take_error(&mut self, packet: &PacketRef, error: &IcmpError) -> Option<u64> {
        self.prediction.forget();
        self.recorder.see_error(packet.frame);
        // the sender's own kernel may give up on an address after seconds
        if error.source != error.quoted.source.address {
            self.clues.note_error(packet.direction, packet.since(self.last.1));
        }
        self.account_error(packet);
        let sender = self.endpoints.get_mut(!packet.direction);
        if error.is_route_missing() {
            sender.loss_mut().unreachable = packet.place();
        }
        if error.is_too_big() {
            sender.loss_mut().too_big = packet.place();
            self.recorder.see_too_big(!packet.direction, packet.frame, error.mtu);
        }
        let quoted = quoted_frame(sender, &error.quoted);
        if let Some((frame, by)) = quoted.zip(packet.place()).filter(|_| error.is_discarded()) {
            sender.loss_mut().discarded = Some(Discarded { frame, by: by.0 });
        }
        quoted
    }

    /// Returns `true` if a segment of this side is the quoted one, by its IP identification and sequence number.
    pub(in crate::track) fn has_sent(&mut self, direction: Direction, quoted: &Quoted) -> bool {
        let sender = self.endpoints.get_mut(direction);
        let named = quoted.ip_id.is_none_or(|id| id == 0)
            || quoted.seq.and_then(|seq| sender.sent.carrying(seq)).is_some_and(|sent| sent.ip_id == quoted.ip_id);
        named && quoted_frame(sender, quoted).is_some()
    }
}
