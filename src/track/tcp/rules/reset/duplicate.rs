//! The same RST twice: captured twice, or duplicated by the network.

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words, no_candidates};
use super::ResetCase;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{frames, number};
use crate::model::FindingCode::DuplicateFrame;
use crate::model::thresholds::{DUPLICATE_WITHIN, NO_TIMER_WITHIN};
use crate::track::cause::{Cause, CauseEvent};

/// A duplicate of a refusal.
pub(super) const REFUSAL: Rule<ResetFamily> = duplicate(Ends::Attempt, |case| {
    case.refused_syn()?;
    // each copy of a SYN may be answered: only an identification shows that it was not
    same(case, case.peer.syn_count > 1)
});

/// A duplicate of any other RST. Each segment that comes for a closed socket is answered by a RST of its own, and these
/// are alike: so where IP identifications show nothing, only the RST that is left over is a duplicate.
pub(super) const SAME: Rule<ResetFamily> =
    duplicate(Ends::Over, |case| same(case, case.waiting().is_some_and(|waiting| waiting.first < case.last.0)));

const fn duplicate(ends: Ends, applies: for<'a, 'b> fn(&'b ResetCase<'a>) -> Option<ResetProof>) -> Rule<ResetFamily> {
    Rule {
        code: DuplicateFrame,
        label: "duplicate",
        rfc: &["RFC 6864 §4.1"],
        effect: ResetEffect::of(ends, |proof, words| {
            format!("{}'s RST of frame {} again: a duplicate", words.sender, number(proof.before))
        }),
        applies,
        cause: |proof| Cause { frame: proof.before, ..Cause::of(CauseEvent::Network, "duplicate") },
        candidates: no_candidates,
        says,
        frames,
    }
}

/// The RST that this one duplicates; `may_answer`: there is a segment that this one may answer itself.
fn same(case: &ResetCase<'_>, may_answer: bool) -> Option<ResetProof> {
    let (before, after) = case.same_before()?;
    // an identification that all packets of a side have shows nothing
    let shows = case.own.ip_ids_vary || case.own.isn.is_none();
    let of = |id: Option<u16>| id.filter(|id| *id != 0 && shows);
    let (id, id_before) = (of(case.ip.id), of(case.own.last_ip_id));
    let same = match (id, id_before) {
        (Some(id), Some(before)) => id == before && after < DUPLICATE_WITHIN,
        // without the other direction, what it may answer is not in the capture
        (None, None) => !may_answer && after < NO_TIMER_WITHIN && case.peer.newest().is_some(),
        _ => false,
    };
    same.then(|| ResetProof { before: NonZeroU64::new(before), flag: id.is_some(), ..ResetProof::default() })
}

fn says(proof: &ResetProof, _: &Words<'_>) -> String {
    let shows = if proof.flag {
        "the same IP identification and the same numbers"
    } else {
        "the same numbers, right after it, and no segment that it could answer"
    };
    format!(
        "A duplicate of the RST in frame {}: {shows}. The capture holds it twice, or the network duplicated it.",
        number(proof.before)
    )
}
