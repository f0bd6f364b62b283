//! What a reset answers, and what it costs.

use std::num::NonZeroU64;

use super::{Connection, Moment};
use crate::model::{Segment, TcpFlags};
use crate::track::facts::Reset;

impl Connection {
    /// Why this side sends a RST, as far as the capture shows it; called before the RST itself is remembered.
    pub(super) fn explain_reset(&self, moment: &Moment, segment: &Segment<'_>) -> Reset {
        let own = self.sides.get(moment.direction);
        let peer = self.sides.get(!moment.direction);
        let with_ack = segment.flags.contains(TcpFlags::ACK);
        if own.isn.is_none() && peer.isn.is_some() && own.next.is_none_or(|next| next == segment.seq) && with_ack {
            let syn = peer.syn.map_or(0, |(frame, _)| frame.get());
            return Reset::Refused(syn);
        }
        let gone = own.fin.is_some() || own.reset.is_some();
        // RFC 9293 §3.10.7.1: a RST for a segment with ACK takes its sequence number from that ACK
        let answered = (!with_ack).then(|| peer.recent_with_ack(segment.seq)).flatten();
        if gone {
            let lost = peer.next.zip(own.acked).map_or(0, |(next, acked)| next.distance(acked).max(0).unsigned_abs());
            if let Some(segment) = answered.or(peer.newest()).filter(|_| lost == 0) {
                // what was sent before everything was acknowledged has arrived: only a copy of it can be answered now
                let acked = peer.fin.and_then(|fin| fin.acked_by).map(NonZeroU64::get);
                if acked.is_some_and(|acked| segment.frame < acked) {
                    return Reset::LateCopy { arrived: None, acked };
                }
                if segment.len > 0 {
                    return Reset::LateCopy { arrived: Some(segment.frame), acked };
                }
            }
            let fin = u32::from(peer.fin.is_some_and(|fin| Some(fin.end) == peer.next && lost > 0));
            return answered.or(peer.newest()).map_or(Reset::Unknown, |segment| Reset::AfterClose {
                answers: segment.frame,
                bytes: if segment.len > 0 { lost.saturating_sub(fin).max(segment.len) } else { 0 },
            });
        }
        if let Some(answered) = answered.filter(|_| !with_ack) {
            let in_window = own.next.is_some_and(|next| next == segment.seq) && !answered.syn;
            return if in_window {
                Reset::AfterClose { answers: answered.frame, bytes: answered.len }
            } else {
                Reset::Stale(answered.frame)
            };
        }
        if !with_ack {
            return Reset::Unknown;
        }
        let unread = peer.unanswered;
        let unacked =
            peer.next.zip(Some(segment.ack)).map_or(0, |(next, ack)| next.distance(ack).max(0).unsigned_abs());
        match unread.max(unacked) {
            0 => Reset::Abort,
            bytes => Reset::Unread(bytes),
        }
    }
}
