//! The state of the rules, and the decision of rules and chance about one frame.

use std::time::Duration;

use super::counter::Occurrences;
use super::faults::DrawnFaults;
use super::log::Cause;
use super::packet::PacketKind;
use super::rule::{Action, Rule, Times};
use crate::model::Direction;

/// A rule and the number of times that it still applies.
#[derive(Debug)]
pub(super) struct Active {
    rule: Rule,
    left: u32,
}

/// The frame that overtakes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overtaker {
    Next,
    Packet(PacketKind, u32),
}

/// The faults that apply to one frame, with their causes.
#[derive(Default)]
pub(super) struct Decision {
    pub(super) dropped: Option<Cause>,
    pub(super) duplicated: Option<Cause>,
    pub(super) corrupted: Option<Cause>,
    pub(super) marked: Option<Cause>,
    pub(super) delayed: Option<(Duration, Cause)>,
    pub(super) held: Option<(Overtaker, Cause)>,
}

impl Active {
    pub(super) fn new(rule: Rule) -> Self {
        let left = match rule.times {
            Times::Count(count) => count,
            Times::Always => u32::MAX,
        };
        Self { rule, left }
    }

    /// The rule, with the direction in which it has applied.
    pub(super) fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns `true` if the rule applies to a frame, and counts the application.
    fn applies(&mut self, direction: Direction, occurrences: &Occurrences) -> bool {
        let fits = self.left > 0
            && self.rule.direction.is_none_or(|only| only == direction)
            && occurrences
                .numbers(self.rule.kind)
                .is_some_and(|numbers| self.rule.number.is_none_or(|number| numbers.contains(&number)));
        if fits {
            if self.rule.times != Times::Always {
                self.left -= 1;
            }
            if self.rule.number.is_some() {
                // the packet of this number from the other host is a different one
                self.rule.direction = Some(direction);
            }
        }
        fits
    }
}

impl Decision {
    /// Decides about a frame, first by the rules and then by chance.
    pub(super) fn on(
        rules: &mut [Active],
        direction: Direction,
        occurrences: &Occurrences,
        chance: &DrawnFaults,
    ) -> Self {
        let mut decision = Self::default();
        for (index, active) in rules.iter_mut().enumerate() {
            if decision.dropped.is_none() && active.applies(direction, occurrences) {
                decision.add(active.rule, Cause::Rule(index));
            }
        }
        decision.add_chance(chance);
        decision
    }

    fn add(&mut self, rule: Rule, cause: Cause) {
        match rule.action {
            Action::Drop => self.dropped = Some(cause),
            Action::Duplicate => self.duplicated = Some(cause),
            Action::Corrupt => self.corrupted = Some(cause),
            Action::Mark => self.marked = Some(cause),
            Action::Delay(delay) => {
                let before = self.delayed.map_or(Duration::ZERO, |(delay, _)| delay);
                self.delayed = Some((before.saturating_add(delay), cause));
            }
            Action::SwapWith(other) => self.held = Some((Overtaker::Packet(rule.kind, other), cause)),
        }
    }

    fn add_chance(&mut self, chance: &DrawnFaults) {
        let by_chance = |happens: bool| happens.then_some(Cause::Chance);
        self.dropped = self.dropped.or(by_chance(chance.lost));
        self.duplicated = self.duplicated.or(by_chance(chance.duplicated));
        self.corrupted = self.corrupted.or(by_chance(chance.corrupted));
        self.held = self.held.or(by_chance(chance.reordered).map(|cause| (Overtaker::Next, cause)));
    }
}
