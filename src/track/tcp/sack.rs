//! What ACKs say beside their number: holes, by SACK blocks (RFC 2018) and duplicates (RFC 5681 §2), and bytes that came
//! twice (DSACK, RFC 2883).

use std::num::NonZeroU64;

use super::PacketRef;
use super::endpoint::TcpEndpoint;
use super::loss_evidence::DupAck;
use super::loss_state::SackBlocks;
use super::scoreboard::SentSegment;
use super::verdict::RetransmittedSegment;
use crate::model::{Segment, SeqNumber};
use crate::track::facts::Observations;
use crate::track::retransmission::DsackReport;

impl TcpEndpoint {
    /// What its ACK says of holes: duplicates and SACK blocks count, a DSACK tells of a needless repeat. Gives whether the
    /// ACKs before it had told of a hole.
    #[inline]
    pub(super) fn note_sack(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        peer: &mut Self,
        advances: bool,
        observations: &mut Observations,
    ) -> bool {
        let evidence_before = self.loss.as_ref().is_some_and(|loss| !loss.dup_acks.is_empty());
        // nearly every ACK acknowledges something new, or rides on data, and has no block
        if evidence_before || !segment.options.sack.is_empty() || !advances && segment.len == 0 {
            self.note_loss_evidence(moment, segment, peer, advances, observations);
        }
        evidence_before
    }

    fn note_loss_evidence(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        peer: &mut Self,
        advances: bool,
        observations: &mut Observations,
    ) {
        let blocks = segment.options.sack.as_slice();
        let mut real = blocks;
        if let Some((first, rest)) = blocks.split_first() {
            let (left, right) = (SeqNumber(first.0), SeqNumber(first.1));
            let below = !right.is_after(segment.ack);
            let within =
                rest.first().is_some_and(|(l, r)| !left.is_before(SeqNumber(*l)) && !right.is_after(SeqNumber(*r)));
            if below || within {
                real = rest;
                let echo = segment.options.timestamps.map(|stamps| stamps.echo_reply);
                observations.duplicate_sack = twice(peer, left, right, echo);
            }
        }
        if !real.is_empty() {
            let mut kept = SackBlocks::default();
            for (slot, (left, right)) in kept.iter_mut().zip(real) {
                *slot = Some((SeqNumber(*left), SeqNumber(*right)));
            }
            self.loss_mut().sack_blocks = kept;
        }
        let highest = real.iter().map(|(_, right)| SeqNumber(*right)).reduce(|a, b| if b.is_after(a) { b } else { a });
        if let Some(highest) = highest.filter(|new| self.loss().sacked.is_none_or(|old| new.is_after(old))) {
            self.loss_mut().sacked = Some(highest);
        }
        let duplicate = segment.len == 0 && self.ack_sent == Some(segment.ack) && peer.sent.in_flight() > 0;
        if !real.is_empty() || duplicate && !advances && self.repeats_ack(segment) {
            self.loss_mut().dup_acks.push(DupAck {
                frame: moment.frame,
                at: moment.at,
                ack: segment.ack,
                sacked: highest,
                block: real.first().copied(),
                acks: 1,
            });
        } else if advances && let Some(loss) = &mut self.loss {
            loss.dup_acks.clear();
        }
    }
}

/// Why the peer's bytes from `left` up to `right` came twice. A SYN that comes twice has its own finding, or was a
/// simultaneous open's SYN-ACK, which repeats its number; a keep-alive's byte was meant to come twice.
fn twice(peer: &mut TcpEndpoint, left: SeqNumber, right: SeqNumber, echo: Option<u32>) -> Option<DsackReport> {
    let newest = peer.newest().filter(|newest| newest.len == 1 && left.plus(1) == right).map(|newest| newest.frame);
    let carried = peer.sent.carrying(left).map(|sent| *sent);
    // what filled a hole, or came again when the first copy was forgotten, is remembered as a repeat alone
    let again = carried.is_none_or(|sent| sent.repeats > 0 || sent.late).then(|| peer.had(left, right, echo)).flatten();
    match carried {
        _ if again.is_some() => again,
        Some(sent) if sent.repeats > 0 => Some(DsackReport::Retransmitted(sent.last.0)),
        _ if peer.seq_base == Some(left) && left.plus(1) == right => None,
        Some(sent) if newest.is_some_and(|probe| probe != sent.frame && probe != sent.last.0) => None,
        Some(SentSegment { frame, last: (last, _), .. }) => {
            Some(DsackReport::Doubled { first: frame, copy: NonZeroU64::new(last).filter(|copy| copy.get() != frame) })
        }
        None => Some(DsackReport::Unknown),
    }
}

impl TcpEndpoint {
    /// Whether an ACK of what it had acknowledged before says just the same again, without data and with the same window
    /// (RFC 5681 §2): one with another window tells of that, and of no hole.
    #[cold]
    fn repeats_ack(&self, segment: &Segment) -> bool {
        let window = u32::from(segment.window) << self.scale().unwrap_or(0);
        self.newest().is_some_and(|last| last.len == 0 && (window == self.window || last.syn))
    }

    /// Which of its repeats brought the bytes from `left` up to `right` a second time: the one whose time stamp the DSACK
    /// echoes (RFC 7323 §4.3), else one of those that no DSACK has told of yet.
    fn had(&mut self, left: SeqNumber, right: SeqNumber, echo: Option<u32>) -> Option<DsackReport> {
        let untold = |again: &&mut RetransmittedSegment| {
            let carries = !again.seq.is_after(left) && again.packet_end.is_after(left);
            carries && again.had.is_none_or(|had| !left.is_before(had))
        };
        let mut repeats: Vec<_> = self.loss_mut().repeats.iter_mut().filter(untold).collect();
        let last = repeats.iter().filter(|again| again.had.is_none()).map(|again| again.frame).max();
        let echoed = repeats.iter().position(|again| echo.is_some() && again.timestamp == echo);
        let index = echoed.or_else(|| repeats.iter().position(|again| again.had.is_none())).unwrap_or(0);
        let again = repeats.get_mut(index)?;
        let goes_on = again.had.is_some_and(|had| !left.is_after(had));
        let whole = (goes_on || !left.is_after(again.seq)) && !right.is_before(again.end);
        again.had = Some(right);
        let first = again.frame;
        Some(match last.filter(|last| echoed.is_none() && *last != first) {
            Some(last) => DsackReport::OneOf { first, last },
            None if whole => DsackReport::Retransmitted(first),
            None => DsackReport::Partly { again: first, bytes: right.relative_to(left) },
        })
    }
}
