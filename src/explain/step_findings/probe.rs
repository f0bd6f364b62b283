//! Diagnoses of a segment that only asks or answers.

use crate::explain::words::words;
use crate::model::{Finding, Nanos};
use crate::track::{Answered, Event, Probe, TcpFacts};

/// The rule's finding; of most answers there is none.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, probe: Probe) -> Option<Finding> {
    let words = words(event, facts);
    match probe {
        Probe::Question { how, nth: 0, .. } => Some(how.finding(&words)),
        Probe::Question { how, nth, before_answered } => {
            let finding = how.finding(&words);
            let since = facts.observations.idle.map_or(0, |(since, _)| since);
            let text = format!("{}{}", finding.text, silence(nth, before_answered, facts.observations.idle));
            Some(Finding::new(finding.code, text, finding.frames.into_iter().chain([since])))
        }
        Probe::Answer(answer) => {
            let effect = &answer.rule.effect;
            // the rule about the ports' former use tells more
            let told = effect.answered == Answered::Syn && facts.observations.reused_ports.is_some();
            (effect.reported && !told).then(|| answer.finding(&words))
        }
    }
}

/// The silence that a keep-alive breaks.
fn silence(nth: u16, before_answered: bool, silence: Option<(u64, Nanos)>) -> String {
    let nothing = match (silence, nth) {
        (None, _) => String::new(),
        (Some((since, silent)), ..=1) => format!(" No packet was captured for {} after frame {since}.", silent.human()),
        (Some((since, silent)), _) => format!(" Nothing else was captured for {} since frame {since}.", silent.human()),
    };
    let before = match (nth, before_answered) {
        (..=1, _) => String::new(),
        (_, true) => format!(" It is keep-alive {nth} of this silence, and the one before was answered."),
        (_, false) => format!(" It is keep-alive {nth} of this silence, and the one before got no answer."),
    };
    format!("{nothing}{before}")
}
