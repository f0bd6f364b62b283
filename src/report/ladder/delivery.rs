//! The delivery status of a segment, as far as the capture proves it.
//!
//! A loss is proved by the receiver: duplicate ACKs or SACK reported the gap before the bytes were retransmitted. A timer
//! that expired proves nothing: the segment or its ACK may have been lost.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;

use crate::explain::Step;
use crate::model::FindingCode;
use crate::model::{Checksum, PerDirection, SeqNumber};
use crate::track::{Delivery, FirstCopy};

/// The delivery status of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DeliveryStatus {
    /// Nothing says that it did not arrive.
    #[default]
    Arrived,
    /// It never arrived: the receiver reported the gap, and this frame retransmits the bytes.
    Lost(u64),
    /// No ACK came, and this frame retransmits the bytes: it or its ACK was lost.
    Unanswered(u64),
    /// It never arrived: the log of the lab's link shows the drop. This frame retransmits the bytes, if any does.
    LostOnWire(Option<u64>),
    /// Its checksum is invalid, or was when it arrived, and this frame retransmits the bytes, or the receiver reported a
    /// gap there: the receiver discarded it.
    Corrupted(Option<u64>),
}

impl DeliveryStatus {
    /// Returns `true` if the segment is assumed to have arrived.
    pub(crate) fn arrives(self) -> bool {
        self == Self::Arrived
    }

    /// `lost; retransmitted in frame 9`.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Arrived => None,
            Self::Lost(again) => Some(format!("lost; retransmitted in frame {again}")),
            Self::Unanswered(again) => Some(format!("not acknowledged; retransmitted in frame {again}")),
            Self::LostOnWire(None) => Some("dropped by the lab's link".to_owned()),
            Self::LostOnWire(Some(again)) => Some(format!("dropped by the lab's link; retransmitted in frame {again}")),
            Self::Corrupted(None) => Some("corrupted".to_owned()),
            Self::Corrupted(Some(again)) => Some(format!("corrupted; retransmitted in frame {again}")),
        }
    }
}

/// The fates of steps by their frames; those not named arrived.
pub(crate) fn of<'a>(steps: impl Iterator<Item = &'a Step<'static>>) -> HashMap<u64, DeliveryStatus> {
    let mut deliveries = DeliveryTracker::default();
    steps.for_each(|step| deliveries.follow(step));
    deliveries.deliveries
}

#[derive(Default)]
struct DeliveryTracker {
    deliveries: HashMap<u64, DeliveryStatus>,
    /// The original of each retransmission.
    originals: HashMap<u64, u64>,
    /// Frames with a wrong checksum. Alone it proves nothing: an anonymised capture has no other.
    invalid: HashSet<u64>,
    /// Frames that the emulated link corrupted.
    corrupted: HashSet<u64>,
    /// `true` if the peer accepted a segment of this side although its checksum is wrong.
    bad_checksum_accepted: PerDirection<bool>,
    /// The highest acknowledgment number that each side has sent.
    acks: PerDirection<Option<u32>>,
}

impl DeliveryTracker {
    fn follow(&mut self, step: &Step<'static>) {
        let (frame, direction) = (step.event.frame, step.event.direction);
        let wire_did = |code| step.findings.iter().any(|finding| finding.code == code);
        if wire_did(FindingCode::WireDropped) {
            self.deliveries.insert(frame, DeliveryStatus::LostOnWire(None));
        }
        if step.event.checksum() == Some(Checksum::Invalid) {
            self.invalid.insert(frame);
        }
        if wire_did(FindingCode::WireCorrupted) {
            self.corrupted.insert(frame);
        }
        let Some(facts) = step.event.tcp() else { return };
        if let Some(arrived) = facts.observations.arrived {
            *self.bad_checksum_accepted.get_mut(!direction) |= arrived.rule.effect.corrupted_accepted;
            if arrived.rule.effect.corrupted_discarded {
                self.deliveries.insert(arrived.proof.frame, DeliveryStatus::Corrupted(None));
            }
        }
        // a DSACK or the echoed timestamp shows that the bytes had arrived before the retransmission
        if let Some(again) = facts.observations.needless()
            && let Some(original) = self.originals.get(&again)
        {
            self.deliveries.remove(original);
        }
        if let Some((original, repeat)) = facts.retransmission.and_then(|repeat| Some((repeat.proof.original?, repeat)))
        {
            self.originals.insert(frame, original);
            let before = repeat.proof.last.map_or(original, NonZeroU64::get);
            let arrived = self.acks.get(!direction).is_some_and(|ack| !is_before(ack, facts.next_seq()));
            let bad_checksum = match before == original {
                true => repeat.proof.first_copy == FirstCopy::Corrupted,
                false => self.invalid.contains(&before) && !self.bad_checksum_accepted.get(direction),
            };
            let corrupted = bad_checksum || self.corrupted.contains(&before);
            let delivery = match repeat.rule.effect.delivery {
                _ if arrived => None,
                _ if corrupted => Some(DeliveryStatus::Corrupted(Some(frame))),
                Delivery::Lost if before == original => Some(DeliveryStatus::Lost(frame)),
                Delivery::Lost | Delivery::Unanswered => Some(DeliveryStatus::Unanswered(frame)),
                Delivery::Unknown => None,
            };
            if let Some(delivery) = delivery {
                let known = self.deliveries.entry(before).or_insert(delivery);
                if *known == DeliveryStatus::LostOnWire(None) {
                    *known = DeliveryStatus::LostOnWire(Some(frame));
                }
            }
        }
        let highest = self.acks.get_mut(direction);
        *highest = match (*highest, facts.ack) {
            (Some(high), Some(ack)) if is_before(ack, high) => Some(high),
            (high, ack) => ack.or(high),
        };
    }
}

fn is_before(number: u32, other: u32) -> bool {
    SeqNumber(number).is_before(SeqNumber(other))
}
