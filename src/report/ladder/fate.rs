//! What became of a segment, as far as the capture proves it.
//!
//! A loss is proved by the receiver: duplicate ACKs or SACK told of the hole before the bytes came again. A timer that
//! ran out proves nothing: the segment or its ACK may have been lost.

use std::collections::HashMap;

use crate::explain::Step;
use crate::model::Checksum;
use crate::track::RepeatVerdict;

/// What became of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Nothing says that it did not arrive.
    #[default]
    Arrived,
    /// It never arrived: the receiver told of the hole, and this frame brings the bytes again.
    Lost(u64),
    /// No ACK came, and this frame brings the bytes again: it or its ACK was lost.
    Unanswered(u64),
    /// Its checksum is wrong: the receiver drops it.
    Damaged,
}

impl Fate {
    /// Whether its receiver is taken to have got it.
    pub fn arrives(self) -> bool {
        self == Self::Arrived
    }

    /// `lost; again in frame 9`.
    pub fn text(self) -> Option<String> {
        match self {
            Self::Arrived => None,
            Self::Lost(again) => Some(format!("lost; again in frame {again}")),
            Self::Unanswered(again) => Some(format!("no ACK came; again in frame {again}")),
            Self::Damaged => Some("damaged: dropped".to_owned()),
        }
    }
}

/// The fates of steps by their frames; those not named arrived.
pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step<'static>>) -> HashMap<u64, Fate> {
    let mut fates = HashMap::new();
    let mut originals: HashMap<u64, u64> = HashMap::new();
    for step in steps {
        let frame = step.event.frame;
        if step.event.checksum() == Some(Checksum::Invalid) {
            fates.insert(frame, Fate::Damaged);
        }
        let Some(facts) = step.event.tcp() else { continue };
        // a DSACK says that the bytes had come before they came again (RFC 2883)
        if let Some(Some(again)) = facts.hints.duplicate_sack
            && let Some(original) = originals.get(&again)
        {
            fates.remove(original);
        }
        let Some(repeat) = facts.repeat else { continue };
        let Some(original) = repeat.original else { continue };
        originals.insert(frame, original);
        let fate = match repeat.verdict {
            RepeatVerdict::Fast(_) => Fate::Lost(frame),
            RepeatVerdict::Timeout(_) | RepeatVerdict::TailLossProbe | RepeatVerdict::Handshake(_) => {
                Fate::Unanswered(frame)
            }
            RepeatVerdict::DuplicateFrame
            | RepeatVerdict::Reordered
            | RepeatVerdict::Spurious
            | RepeatVerdict::Unknown
            | RepeatVerdict::OrderUnknown => continue,
        };
        fates.entry(original).or_insert(fate);
    }
    fates
}
