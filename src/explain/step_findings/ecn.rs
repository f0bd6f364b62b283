//! Diagnoses of congestion that was signalled without loss: marks in the IP header, and the flags that report them
//! (RFC 3168, RFC 9768).

use crate::explain::words::words;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{Event, TcpFacts};

/// The mark of the packet itself, and what its flags say of others.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    if facts.observations.congestion {
        let text = "A router marked this packet instead of dropping it: congestion experienced (CE, RFC 3168 §5).";
        found.push(Finding::new(Code::EcnMarked, text, [event.frame]));
    }
    if let Some(signal) = facts.observations.ecn {
        signal.report(&words(event, facts), found);
    }
}
