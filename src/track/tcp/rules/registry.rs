//! All rules in one list, for documentation and tests.

use super::rule::{Family, Rule};
use super::{
    acceptability, arrival, dsack, ecn, port_reuse, probe, probe_answer, reset, retransmission, waiting, window,
};
use crate::model::FindingCode;

/// A rule that explains a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedRule {
    /// The family, by the question that it answers.
    pub family: &'static str,
    /// Its position in the family's list, from 0.
    pub position: usize,
    /// A short noun for it; several rules of a family may share one.
    pub label: &'static str,
    /// The finding that reports it.
    pub code: FindingCode,
    /// The standards that describe it.
    pub rfc: &'static [&'static str],
    /// The rule's own address.
    address: usize,
}

impl ListedRule {
    /// It is this rule.
    pub fn is<F: Family>(&self, rule: &'static Rule<F>) -> bool {
        self.address == address(rule)
    }
}

/// Every rule that explains a segment, each family in the order in which its rules are asked.
pub fn rules() -> Vec<ListedRule> {
    [
        listed("unacceptable segment", acceptability::UNACCEPTABLE),
        listed("retransmission", retransmission::RETRANSMISSION),
        listed("reset", reset::RESET),
        listed("probe", probe::PROBES),
        listed("answer to a SYN", probe_answer::ANSWERS_TO_SYN),
        listed("answer", probe_answer::ANSWERS),
        listed("zero window", window::ZERO_WINDOW),
        listed("refusal", window::REFUSED),
        listed("waiting", waiting::WAITING),
        listed("delayed ACK", waiting::ACK_DELAYS),
        listed("SYN on used ports", port_reuse::SYN_ON_USED_PORTS),
        listed("answer on used ports", port_reuse::ANSWER_ON_USED_PORTS),
        listed("bytes received twice", dsack::DSACKS),
        listed("congestion without loss", ecn::ECN_SIGNALS),
        listed("transmission that arrived", arrival::ARRIVALS),
    ]
    .concat()
}

fn listed<F: Family>(family: &'static str, rules: &'static [Rule<F>]) -> Vec<ListedRule> {
    let listed = |(position, rule): (usize, &'static Rule<F>)| ListedRule {
        family,
        position,
        label: rule.label,
        code: rule.code,
        rfc: rule.rfc,
        address: address(rule),
    };
    rules.iter().enumerate().map(listed).collect()
}

fn address<F: Family>(rule: &'static Rule<F>) -> usize {
    std::ptr::from_ref(rule).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_label_and_a_standard_and_is_itself() {
        for (position, rule) in rules().iter().enumerate() {
            assert!(!rule.label.is_empty() && !rule.rfc.is_empty(), "{rule:?}");
            assert_eq!(rules().iter().position(|other| other.address == rule.address), Some(position), "{rule:?}");
        }
    }
}
