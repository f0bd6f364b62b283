//! Evidence in an ACK about the copies that it covers: which one of several arrived, by the timestamp that it echoes,
//! and whether one with an invalid checksum arrived.

use std::num::NonZeroU64;

use super::dup_acks::DupAck;
use super::endpoint::TcpEndpoint;
use super::segment::{RetransmittedSegment, SentSegment};
use crate::model::thresholds::{COMPARABLE_RTT, MIN_RTO};
use crate::model::{Nanos, Segment, SeqNumber};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::SpuriousEvidence;

impl TcpEndpoint {
    /// Returns the evidence in this side's ACK about copies of the peer's bytes, which began at `from`. `usual` is the
    /// time an ACK took in the handshake; `reported`: earlier ACKs had reported a gap.
    #[cold]
    pub(super) fn shows_copies(
        &self,
        peer: &mut Self,
        packet: &PacketRef,
        segment: &Segment,
        from: Option<SeqNumber>,
        usual: Option<Nanos>,
        reported: bool,
    ) -> Option<SpuriousEvidence> {
        let quickest = usual.into_iter().chain(self.quickest_ack.get()).min();
        let of_earlier = from.and_then(|from| peer.earlier_copy(packet, segment, from, quickest));
        of_earlier.or_else(|| self.shows_bad_checksum(peer, packet, reported))
    }

    /// An original that was only late: the SACK of `dup_ack` had reported a gap at its bytes, and this ACK covers it
    /// sooner than a retransmission can have been acknowledged, captured or not.
    #[cold]
    pub(super) fn shows_late(
        peer: &mut Self,
        packet: &PacketRef,
        dup_ack: &DupAck,
        round_trip: Option<Nanos>,
    ) -> Option<SpuriousEvidence> {
        let trip = round_trip.filter(|trip| *trip >= COMPARABLE_RTT)?;
        let first = *peer.sent.carrying(dup_ack.ack)?;
        let newly = first.acked_by.is_some_and(|by| by.get() == packet.frame);
        let once = first.retransmissions == 0 && !first.late && !first.damaged;
        let reported = dup_ack.at.since(first.at).is_some_and(|since| since.0 >= trip.0 / 2);
        let too_soon = packet.since(dup_ack.at).is_some_and(|since| since.0 < trip.0 / 4 * 3);
        let (frame, reported_by) = (NonZeroU64::new(first.frame)?, NonZeroU64::new(dup_ack.frame)?);
        (newly && once && reported && too_soon).then_some(SpuriousEvidence::Late { frame, reported_by })
    }

    /// A segment with an invalid checksum, of which the capture holds no other copy. If one such segment arrived, the
    /// next may have been changed as harmlessly.
    fn shows_bad_checksum(&self, peer: &mut Self, packet: &PacketRef, reported: bool) -> Option<SpuriousEvidence> {
        let newly = |sent: &&SentSegment| sent.acked_by.is_some_and(|by| by.get() == packet.frame);
        let lone = |sent: &&SentSegment| sent.damaged && sent.retransmissions == 0 && !sent.late;
        let bad = *peer.sent.acked().filter(newly).find(lone)?;
        let frame = NonZeroU64::new(bad.frame)?;
        let by = self.had_reported(&RetransmittedSegment::whole(&bad)).filter(|_| reported);
        if let Some(reported_by) = by.and_then(NonZeroU64::new) {
            peer.sent.doubt_bad_checksum();
            return Some(SpuriousEvidence::Unseen { frame, reported_by });
        }
        // a copy that the capture missed comes a timeout and a round trip later
        let round_trip = peer.estimator.smoothed().unwrap_or_default();
        let at_once = packet.since(bad.at).is_none_or(|took| took < MIN_RTO.plus(round_trip));
        if !at_once {
            peer.sent.doubt_bad_checksum();
        }
        (at_once && !peer.sent.add_bad_checksum()).then_some(SpuriousEvidence::BadChecksum { frame })
    }

    /// The retransmission of the first unacknowledged bytes, if it was not needed: the ACK echoes a timestamp older
    /// than its own (Eifel detection, RFC 3522), where it would echo that of the copy that arrived (RFC 7323 §4.3).
    /// Without timestamps: the ACK comes sooner than a round trip, of which the quickest took `quickest`.
    fn earlier_copy(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        from: SeqNumber,
        quickest: Option<Nanos>,
    ) -> Option<SpuriousEvidence> {
        let first = *self.sent.carrying(from)?;
        let newly = first.acked_by.is_some_and(|by| by.get() == packet.frame);
        if first.retransmissions == 0 || !newly {
            return None;
        }
        let stamps = segment.options.timestamps.map(|stamps| stamps.echo_reply).zip(first.timestamp);
        let is_older = |stamp: u32, than: u32| stamp.wrapping_sub(than).cast_signed() < 0;
        let too_soon =
            |after: &Nanos| quickest.is_some_and(|quickest| quickest >= COMPARABLE_RTT && after.0 < quickest.0 / 2);
        // where the ACK covers only a part of it, the rest may have been needed; a FIN on an ACK was none
        let whole = |again: &&RetransmittedSegment| {
            let carries = !again.seq.is_after(from) && again.packet_end.is_after(from);
            carries && !again.packet_end.is_after(segment.ack) && !again.fin_on_ack
        };
        let mut retransmissions = self.loss().retransmissions.iter().filter(whole);
        let retransmitted = retransmissions.clone().next().map(|again| again.frame);
        let (again, after) = match stamps {
            Some((echo, stamp)) if is_older(echo, stamp) => return None,
            Some((echo, _)) => {
                (retransmissions.find(|again| again.timestamp.is_some_and(|stamp| is_older(echo, stamp)))?, None)
            }
            None => {
                let last = retransmissions.next_back()?;
                (last, Some(packet.since(last.at).filter(too_soon)?))
            }
        };
        let original = retransmitted == Some(again.frame) && !first.damaged;
        let (again, first) = (NonZeroU64::new(again.frame)?, NonZeroU64::new(first.frame)?);
        Some(SpuriousEvidence::Earlier { again, first, after, original })
    }
}
