//! A segment that the capture holds twice: Wireshark counts it, nothing else does.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::rules::retransmission::captured_duplicate;
use crate::model::{Segment, TcpFlags};
use crate::track::event::TcpFacts;
use crate::track::facts::Observations;
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Leaves the facts of a segment that frame `copy_of` holds as well in `facts`, and changes nothing.
    #[cold]
    pub(in crate::track) fn follow_copy(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        copy_of: u64,
        facts: &mut TcpFacts,
    ) {
        self.prediction.forget();
        self.new_isn = false;
        facts.analysis = self.analyse(packet, segment);
        if !facts.analysis.is_empty() {
            self.counts.get_or_insert_default().add(facts.analysis);
        }
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let syn = segment.flags.contains(TcpFlags::SYN);
        let applied = if syn { Some(0) } else { own.scale() };
        *facts = TcpFacts {
            seq: segment.seq.relative_to(own.seq_base.unwrap_or_default()),
            ack: segment
                .flags
                .contains(TcpFlags::ACK)
                .then(|| segment.ack.relative_to(peer.seq_base.unwrap_or_default())),
            window: u32::from(segment.window) << applied.unwrap_or(0),
            window_scale: applied.map(|shift| 1 << shift),
            sack_base: peer.seq_base.unwrap_or_default().0,
            analysis: facts.analysis,
            role: self.segment_role(packet, segment, self.may_ack(packet.direction, segment)),
            life: self.life,
            retransmission: Some(captured_duplicate(copy_of)),
            observations: Observations { captured_twice: NonZeroU64::new(copy_of), ..Observations::default() },
            ..TcpFacts::default()
        };
        if self.renumbered {
            facts.observations.renumbered = self.moved();
        }
    }
}
