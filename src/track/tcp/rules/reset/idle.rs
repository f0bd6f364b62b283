//! A connection that was idle, and is reset: timers of programs, NATs, firewalls and load balancers do so.

use std::num::NonZeroU64;

use super::super::rule::Rule;
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, FORGED, IDLE_TIMER, frames, number};
use crate::model::FindingCode::ResetAbort;
use crate::model::Nanos;
use crate::model::thresholds::{IDLE_TIMEOUT, IDLE_TIMEOUT_SPREAD, IDLE_TIMEOUTS};
use crate::track::cause::{Candidates, Cause};

/// Everything was acknowledged, and nothing was sent for a long time.
pub(super) const SILENCE: Rule<ResetFamily> = Rule {
    code: ResetAbort,
    label: "RST after an idle time",
    rfc: &["RFC 9293 §3.8.3", "RFC 5382 §5"],
    effect: ResetEffect::ends(|proof, words| {
        let waited = proof.waited.unwrap_or_default().human();
        format!("{} resets the connection after {waited} without traffic: RST", words.sender)
    }),
    applies: |case| {
        let waited = case.silence().filter(|waited| *waited >= IDLE_TIMEOUT)?;
        let own_acked =
            case.own.snd_nxt.is_none_or(|next| case.peer.ack_sent.is_none_or(|acked| !next.is_after(acked)));
        let idle = own_acked && case.lost() == 0 && !case.is_gone();
        let flag = IDLE_TIMEOUTS.iter().any(|usual| is_about(waited, *usual));
        idle.then(|| ResetProof {
            before: NonZeroU64::new(case.last.0),
            waited: Some(waited),
            flag,
            ..ResetProof::default()
        })
    },
    cause: |proof| if proof.flag { IDLE_TIMER } else { Cause::UNKNOWN },
    candidates: |proof| {
        let all: &[Cause] = if proof.flag { &[] } else { &[IDLE_TIMER, CLOSE, FORGED] };
        Candidates::from_slice(all)
    },
    says: |proof, words| {
        let waited = proof.waited.unwrap_or_default().human();
        let usual = if proof.flag { ", a usual setting of idle timers" } else { "" };
        format!(
            "The connection was idle when the RST came: everything was acknowledged, and nothing had been sent for {waited} since frame {}{usual}. Candidates: an idle timer of the {}'s program, or of a NAT, firewall or load balancer on the path that sent the RST with the {}'s address; or the program closed with a zero SO_LINGER timeout.",
            number(proof.before),
            words.sender,
            words.sender
        )
    },
    frames,
};

/// Returns `true` if a wait is that of a timer set to `usual`.
fn is_about(waited: Nanos, usual: Nanos) -> bool {
    waited.minus(usual).0.abs() <= IDLE_TIMEOUT_SPREAD.0
}
