//! Keep-alives: how long nothing else was sent, and whether they were answered (RFC 1122 §4.2.3.6).

use super::PacketRef;
use super::recorder::SummaryRecorder;
use super::rules::probe::ProvenProbe;
use crate::model::Occurrences;
use crate::model::OptTime;
use crate::model::{Direction, Nanos, PerDirection};
use crate::track::facts::Probe;

/// One side's keep-alives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepAlives {
    /// The keep-alives.
    pub asked: Occurrences,
    /// How many were answered.
    pub answered: u64,
    /// The longest time for which nothing else was sent when one was; 0 where it is unknown.
    pub silence: Nanos,
    /// The RST that answered the last one.
    pub reset: Option<u64>,
}

/// A time in which nothing but keep-alives and their answers is sent.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    /// The last segment that is neither.
    since: (u64, OptTime),
    /// The last one that is.
    last: u64,
    /// How many keep-alives each side has sent in it, and whether the last of them was answered.
    asked: PerDirection<(u16, bool)>,
}

impl SummaryRecorder {
    /// A keep-alive; `last` is the segment before it.
    #[cold]
    pub(super) fn see_keep_alive(&mut self, moment: &PacketRef, last: (u64, OptTime), how: ProvenProbe) -> Probe {
        let rare = self.rare();
        let began = Silence { since: last, last: 0, asked: PerDirection::default() };
        let silence = match rare.silence.take() {
            Some(silence) if silence.last == last.0 => silence,
            _ => began,
        };
        let silence = rare.silence.insert(Silence { last: moment.frame, ..silence });
        let asked = silence.asked.get_mut(moment.direction);
        let before_answered = std::mem::take(&mut asked.1);
        asked.0 = asked.0.saturating_add(1);
        let kept = rare.keep_alives.get_or_insert_default().get_mut(moment.direction);
        kept.asked.see(moment.frame);
        kept.silence = kept.silence.max(moment.since(silence.since.1).unwrap_or_default());
        Probe::KeepAlive { how, nth: asked.0, before_answered }
    }

    /// The keep-alive of this side that the capture begins with, and its answer.
    #[cold]
    pub(super) fn see_first_keep_alive(&mut self, sender: Direction, frame: u64) {
        let kept = self.rare().keep_alives.get_or_insert_default().get_mut(sender);
        kept.asked.see(frame);
        kept.answered += 1;
    }

    /// The answer to the last keep-alive of the other side; `last` is the segment before it.
    #[cold]
    pub(super) fn see_alive(&mut self, moment: &PacketRef, last: u64) {
        let rare = self.rare();
        rare.keep_alives.get_or_insert_default().get_mut(!moment.direction).answered += 1;
        if let Some(silence) = rare.silence.as_mut().filter(|silence| silence.last == last) {
            silence.last = moment.frame;
            silence.asked.get_mut(!moment.direction).1 = true;
        }
    }

    /// A RST that answers the last keep-alive of the other side.
    #[cold]
    pub(super) fn see_gone(&mut self, moment: &PacketRef) {
        self.rare().keep_alives.get_or_insert_default().get_mut(!moment.direction).reset = Some(moment.frame);
    }

    /// The last segment before the keep-alive at hand that was no keep-alive, and the time since.
    #[cold]
    pub(super) fn silence(&self, moment: &PacketRef) -> Option<(u64, Nanos)> {
        let (frame, at) = self.noted()?.silence.as_ref()?.since;
        Some((frame, moment.since(at)?))
    }
}
