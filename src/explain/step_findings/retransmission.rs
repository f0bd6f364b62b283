//! The finding of a retransmitted, duplicated or late segment: the rule that explains it writes it.

use crate::explain::describe::bytes;
use crate::explain::words::words;
use crate::model::FindingSink;
use crate::track::{Event, Retransmission, TcpFacts};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, again: &Retransmission, found: &mut impl FindingSink) {
    let Retransmission { rule, proof } = again;
    let discarded = proof.discarded_before().filter(|_| again.is_retransmitted());
    let error = discarded.map_or(0, |discarded| discarded.by.get());
    let frames = (rule.frames)(proof).into_iter().chain([error, event.frame]);
    found.add(rule.code, frames, || {
        let new = match proof.fresh {
            0 => String::new(),
            1 => " The last byte of the segment is new.".to_owned(),
            fresh => format!(" The last {} of the segment are new.", bytes(fresh)),
        };
        let rejected = discarded.map_or_else(String::new, |discarded| {
            format!(" The ICMP error in frame {} reports that frame {} was discarded.", discarded.by, discarded.frame)
        });
        (rule.says)(proof, &words(event, facts)) + &rejected + &new
    });
}
