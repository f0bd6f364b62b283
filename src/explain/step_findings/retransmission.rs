//! The finding of a retransmitted, duplicated or late segment: the rule that explains it writes it.

use crate::explain::describe::bytes;
use crate::model::Finding;
use crate::track::{Event, Retransmission, TcpFacts, Words};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, again: &Retransmission) -> Finding {
    let Retransmission { rule, proof } = again;
    let words = Words {
        sender: event.direction.sender(),
        receiver: event.direction.receiver(),
        frame: event.frame,
        seq: facts.seq,
        len: facts.len,
    };
    let new = match proof.fresh {
        0 => String::new(),
        fresh => format!(" The last {} of the segment are new.", bytes(fresh)),
    };
    let frames = (rule.frames)(proof).into_iter().chain([event.frame]);
    Finding::new(rule.code, (rule.says)(proof, &words) + &new, frames)
}
