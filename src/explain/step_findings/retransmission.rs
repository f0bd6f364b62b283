//! The finding of a retransmitted, duplicated or late segment: the rule that explains it writes it.

use crate::explain::describe::bytes;
use crate::explain::words::words;
use crate::model::Finding;
use crate::track::{Event, Retransmission, TcpFacts};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, again: &Retransmission) -> Finding {
    let Retransmission { rule, proof } = again;
    let words = words(event, facts);
    let new = match proof.fresh {
        0 => String::new(),
        fresh => format!(" The last {} of the segment are new.", bytes(fresh)),
    };
    let frames = (rule.frames)(proof).into_iter().chain([event.frame]);
    Finding::new(rule.code, (rule.says)(proof, &words) + &new, frames)
}
