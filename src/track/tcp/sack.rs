//! ACKs as reports: of gaps, by SACK blocks (RFC 2018) and duplicates (RFC 5681 §2), and of bytes received twice (DSACK,
//! RFC 2883).

use std::num::NonZeroU64;

use super::dup_acks::DupAck;
use super::endpoint::TcpEndpoint;
use super::loss_state::SackBlocks;
use super::rules::dsack::{DSACKS, ProvenDsack};
use super::segment::{RetransmittedSegment, SentSegment};
use crate::model::{Segment, SeqNumber, TcpFlags};
use crate::track::facts::Observations;
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::DsackReport;
use crate::track::retransmission_proof::View;

/// The header of an ACK with timestamps alone (RFC 7323 appendix A): a longer one has SACK blocks.
const LONGEST_WITHOUT_SACK: u8 = 32;

impl TcpEndpoint {
    /// Notes the gaps that its ACK reports: duplicates and SACK blocks count, a DSACK reports bytes received twice. Gives
    /// whether the ACKs before it had reported a gap. `view` is the side of the path of the peer's segments.
    #[inline]
    pub(super) fn note_sack(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        peer: &mut Self,
        (advances, view): (bool, impl Fn() -> View),
        observations: &mut Observations,
    ) -> bool {
        let evidence_before = self.loss.as_ref().is_some_and(|loss| !loss.dup_acks.is_empty());
        // nearly every ACK acknowledges something new, or rides on data, and has no block
        if evidence_before || !segment.options.sack.is_empty() || !advances && segment.len == 0 {
            self.note_loss_evidence(packet, segment, peer, (advances, view()), observations);
        }
        evidence_before
    }

    fn note_loss_evidence(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        peer: &mut Self,
        (advances, view): (bool, View),
        observations: &mut Observations,
    ) {
        let mut blocks = segment.options.sack.as_slice();
        if let Some((first, rest)) = blocks.split_first() {
            let (left, right) = (SeqNumber(first.0), SeqNumber(first.1));
            let below = !right.is_after(segment.ack);
            let within =
                rest.first().is_some_and(|(l, r)| !left.is_before(SeqNumber(*l)) && !right.is_after(SeqNumber(*r)));
            if below || within {
                blocks = rest;
                let echo = segment.options.timestamps.map(|stamps| stamps.echo_reply);
                let report = received_twice(peer, (left, right), echo, view);
                observations.duplicate_sack = report.and_then(|report| ProvenDsack::first(DSACKS, &report));
            }
        }
        let block = blocks.first().copied();
        if !blocks.is_empty() {
            let mut kept = SackBlocks::default();
            for (slot, (left, right)) in kept.iter_mut().zip(blocks) {
                *slot = Some((SeqNumber(*left), SeqNumber(*right)));
            }
            self.loss_mut().sack_blocks = kept;
        }
        let highest =
            blocks.iter().map(|(_, right)| SeqNumber(*right)).reduce(|a, b| if b.is_after(a) { b } else { a });
        if advances && segment.options.sack.is_empty() {
            observations.reneged = self.note_reneging(packet, segment);
        }
        if let Some(highest) = highest.filter(|new| self.loss().sacked.is_none_or(|old| new.is_after(old))) {
            self.loss_mut().sacked = Some(highest);
        }
        // a FIN or SYN is no duplicate ACK (RFC 5681 §2)
        let bare = segment.len == 0 && !segment.flags.intersects(TcpFlags::CONTROL);
        let duplicate = bare && self.ack_sent == Some(segment.ack) && peer.sent.in_flight() > 0;
        if block.is_some() || duplicate && !advances && observations.void_sack.is_none() && self.repeats_ack(segment) {
            self.loss_mut().dup_acks.push(DupAck {
                frame: packet.frame,
                at: packet.at,
                ack: segment.ack,
                sacked: highest,
                block,
                cut: segment.options.cut && segment.header_len > LONGEST_WITHOUT_SACK,
                acks: 1,
            });
        } else if advances && let Some(loss) = &mut self.loss {
            loss.dup_acks.clear();
        }
    }

    /// An ACK of new data that reports nothing by SACK, although bytes above it had been reported: its sender discarded
    /// them (RFC 2018 §8). An older ACK, overtaken, would acknowledge no new data. Gives the last ACK that reported them.
    #[cold]
    fn note_reneging(&mut self, packet: &PacketRef, segment: &Segment) -> Option<NonZeroU64> {
        let until = self.loss().sacked.filter(|sacked| sacked.is_after(segment.ack))?;
        let from = self.lowest_sacked().filter(|from| !from.is_before(segment.ack)).unwrap_or(segment.ack);
        let last = self.last_with_sack()?;
        let loss = self.loss_mut();
        loss.reneged = Some((packet.frame, from, until));
        loss.sacked = None;
        NonZeroU64::new(last)
    }
}

/// Returns the reason why the peer's bytes from `left` up to `right` arrived twice. A duplicate SYN has its own
/// finding, or was the SYN-ACK of a simultaneous open, which repeats its number. A keep-alive's byte is a duplicate by
/// design.
///
/// Every transmission in the capture is looked at before the network is named. Which one was not needed is known where
/// two were sent, or the timestamp echo names one, or, at the receiver, where the last that came before this ACK is the
/// second to arrive.
fn received_twice(
    peer: &mut TcpEndpoint,
    (left, right): (SeqNumber, SeqNumber),
    echo: Option<u32>,
    view: View,
) -> Option<DsackReport> {
    let one_byte = left.plus(1) == right;
    if peer.seq_base == Some(left) && one_byte && peer.isn.is_some() {
        return None;
    }
    let carried = peer.sent.carried(left).copied();
    let mut copies = peer.loss().copies.iter().chain(&peer.loss().retransmissions);
    let copy = copies.rfind(|other| other.copy.is_some() && other.carries(left)).copied();
    let retransmissions: Vec<RetransmittedSegment> =
        peer.loss().retransmissions.iter().filter(|again| again.carries(left)).copied().collect();
    // a retransmission that filled a gap is the first of its bytes in the capture, not their original
    let is_first = |sent: &SentSegment| retransmissions.iter().all(|again| again.frame != sent.frame);
    let holds = |sent: &&SentSegment| !sent.seq.is_after(left) && sent.end.is_after(left) && is_first(sent);
    let original = carried.filter(is_first).or_else(|| peer.sent.iter().find(holds).copied());
    if let Some(copied) = copy {
        // the duplicate reached the receiver, too; another transmission can have come twice as well
        let others = retransmissions
            .iter()
            .any(|again| again.frame != copied.frame && Some(again.frame) > copied.copy.map(NonZeroU64::get));
        if !others {
            return Some(DsackReport::Duplicated { first: copied.frame, copy: copied.copy });
        }
    }
    // a late original behind its retransmission: both arrived
    if let Some((late, again)) =
        retransmissions.iter().rev().filter(|again| again.late).find_map(|late| Some((late, late.first?)))
    {
        let (from, to) = peer.range_of(again).unwrap_or((left, right));
        let whole = !left.is_after(from) && !right.is_before(to);
        return Some(if whole {
            DsackReport::Retransmitted { again, other: late.frame }
        } else {
            peer.partly(again, (left, right))
        });
    }
    let probe = peer.newest().filter(|newest| newest.len == 1 && one_byte).map(|newest| newest.frame);
    match (original, retransmissions.is_empty()) {
        (_, false) => peer.already_received((left, right), original.as_ref(), echo, view),
        (Some(sent), true) if sent.retransmissions > 0 => {
            Some(DsackReport::Retransmitted { again: sent.last.0, other: 0 })
        }
        (Some(sent), true) if probe.is_some_and(|probe| probe != sent.frame && probe != sent.last.0) => None,
        (Some(sent), true) if peer.isn.is_none() && peer.begins_with(&sent) => {
            Some(DsackReport::Unknown { once: sent.frame })
        }
        (Some(sent), true) if view == View::Receiver => Some(DsackReport::Unknown { once: sent.frame }),
        (Some(sent), true) => Some(DsackReport::Duplicated { first: sent.frame, copy: None }),
        (None, true) => Some(DsackReport::Unknown { once: carried.map_or(0, |sent| sent.frame) }),
    }
}

impl TcpEndpoint {
    /// Returns `true` if an ACK repeats an earlier one, without data and with the same window (RFC 5681 §2). An ACK
    /// with another window reports that window, and no gap.
    #[cold]
    fn repeats_ack(&self, segment: &Segment) -> bool {
        let window = u32::from(segment.window) << self.scale().unwrap_or(0);
        self.newest().is_some_and(|last| last.len == 0 && (window == self.window || last.syn))
    }

    /// The sequence space of the segment in a frame, as far as it is remembered.
    fn range_of(&self, frame: u64) -> Option<(SeqNumber, SeqNumber)> {
        let again = self
            .loss()
            .retransmissions
            .iter()
            .find(|again| again.frame == frame)
            .map(|again| (again.seq, again.packet_end));
        let mut parts = self.sent.iter().filter(|sent| sent.frame == frame);
        let first = parts.next().map(|sent| (sent.seq, sent.end));
        again.or_else(|| first.map(|(from, to)| (from, parts.next_back().map_or(to, |sent| sent.end))))
    }

    /// The report of a part of its retransmission in frame `again`: payload bytes, and its FIN, which is none.
    fn partly(&self, again: u64, (left, right): (SeqNumber, SeqNumber)) -> DsackReport {
        let fin = self.fin.is_some_and(|fin| fin.end == right);
        DsackReport::Partly { again, bytes: right.relative_to(left).saturating_sub(fin.into()), fin }
    }

    /// Returns `true` if this is its first segment in the capture: it may have sent the bytes before the capture began.
    fn begins_with(&self, sent: &SentSegment) -> bool {
        self.sent.iter().all(|other| other.frame >= sent.frame)
    }

    /// Returns which of its retransmissions brought the bytes from `left` up to `right` a second time: at the receiver
    /// the last one captured before the DSACK, elsewhere one that no DSACK has reported yet. If the first copy was not
    /// captured, none is known to be the second.
    ///
    /// A receiver discards bytes that it has before it takes their timestamp (RFC 7323 §4.3, §5.3), so the DSACK echoes that
    /// of what advanced it last. Where that is a copy of these bytes, a retransmission sent after it was not needed.
    fn already_received(
        &mut self,
        (left, right): (SeqNumber, SeqNumber),
        original: Option<&SentSegment>,
        echo: Option<u32>,
        view: View,
    ) -> Option<DsackReport> {
        // several segments may have left in one tick of the clock
        let only = |stamp: Option<u32>, frame: u64| {
            let others = self.sent.iter().filter(|sent| sent.frame != frame && sent.last.0 != frame);
            let fin = self.fin.filter(|fin| fin.frame != frame).and_then(|fin| fin.stamp);
            !others.map(|sent| sent.timestamp).chain([fin]).any(|other| other == stamp)
        };
        let mut of_echo = self.loss().retransmissions.iter().filter(|again| echo.is_some() && again.timestamp == echo);
        let arrived_first = of_echo.next().filter(|again| of_echo.next().is_none() && only(echo, again.frame));
        let arrived_first = arrived_first.filter(|again| again.carries(left)).map(|again| again.frame);
        let unreported =
            |again: &&mut RetransmittedSegment| again.carries(left) && again.had.is_none_or(|had| !left.is_before(had));
        let mut retransmissions: Vec<_> = self.loss_mut().retransmissions.iter_mut().filter(unreported).collect();
        // what its sender retransmitted it had sent before, captured or not
        let arrived = retransmissions.iter().any(|again| again.arrived);
        let earlier = original.is_some() || arrived || matches!(view, View::Sender | View::Both);
        let sent = retransmissions.len() + usize::from(earlier);
        let last = retransmissions.iter().filter(|again| again.had.is_none()).map(|again| again.frame).max();
        let newest = retransmissions.len().checked_sub(1).filter(|_| view.shows_arrival() && sent > 1);
        let later = retransmissions.iter().position(|again| arrived_first.is_some_and(|first| again.frame > first));
        let known = newest.or(later);
        if let Some((first, sent)) =
            arrived_first.zip(original).filter(|_| known.is_none() && retransmissions.len() == 1)
        {
            let again = retransmissions.first_mut()?;
            let whole = !left.is_after(again.seq) && !right.is_before(again.end);
            again.had = Some(right);
            if whole {
                return Some(DsackReport::Retransmitted { again: first, other: sent.frame });
            }
            return Some(self.partly(first, (left, right)));
        }
        let index = known.or_else(|| retransmissions.iter().position(|again| again.had.is_none())).unwrap_or(0);
        let again = retransmissions.get_mut(index)?;
        let continues = again.had.is_some_and(|had| !left.is_after(had));
        let whole = (continues || !left.is_after(again.seq)) && !right.is_before(again.end);
        again.had = Some(right);
        let first = again.frame;
        Some(match last.filter(|last| known.is_none() && *last != first) {
            _ if sent < 2 => DsackReport::Unknown { once: first },
            Some(last) => DsackReport::OneOf { first, last },
            None if whole => DsackReport::Retransmitted { again: first, other: 0 },
            None => self.partly(first, (left, right)),
        })
    }
}
