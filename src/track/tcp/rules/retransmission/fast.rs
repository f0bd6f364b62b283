//! Fast retransmissions: duplicate ACKs or SACK reported the gap, and that report has had the time to reach the sender.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, arrival, deciding_frame, first_copy, number, range};
use crate::model::thresholds::{COMPARABLE_RTT, MIN_RTO, PACING};
use crate::model::{FindingCode, OptTime, SeqNumber, counted};
use crate::track::retransmission_proof::RetransmissionProof as Proof;
use crate::track::tcp::dup_acks::DupAck;
use crate::track::tcp::segment::SentSegment;

const ASKED: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Lost,
    recovery: RecoveryChange::Fast,
    verb: "fast-retransmits",
    why: |proof| format!("after {} reported the gap", acks(proof)),
    shown_by: |proof| {
        format!("{} reported the gap, {}", acks(proof), range(deciding_frame(proof), number(proof.second)))
    },
    ..words::RETRANSMITTED
};

/// `1 ACK`, `3 ACKs`.
fn acks(proof: &Proof) -> String {
    counted(u64::from(proof.count), "ACK")
}

fn reported(case: &Case<'_>) -> Option<Proof> {
    let evidence = case.evidence?;
    Some(Proof {
        count: evidence.acks,
        second: NonZeroU64::new(evidence.last).filter(|last| last.get() != evidence.first),
        ..case.proved_by(evidence.first)
    })
}

/// Enough ACKs reported the gap, and the sender can have seen them.
pub(super) const FAST: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 5681 §3.2", "RFC 6675", "RFC 8985"],
    effect: ASKED,
    applies: |case| {
        let evidence = case.evidence.filter(|_| case.is_sent_before())?;
        reported(case).filter(|_| case.is_asked_for(&evidence))
    },
    cause: |proof| arrival(proof.second.map(NonZeroU64::get).or(proof.deciding_frame), "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, parties| {
        let acks = match proof.second {
            Some(last) => format!("{} (frames {} to {last})", acks(proof), deciding_frame(proof)),
            None => format!("the ACK in frame {}", deciding_frame(proof)),
        };
        let again = proof
            .last
            .map_or_else(String::new, |last| format!(" The retransmission in frame {last} had not filled it."));
        format!(
            "Fast retransmission: {acks} reported the bytes from {} missing (RFC 5681 §3.2, RFC 6675, RFC 8985).{again}{}",
            parties.seq,
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The last ACK acknowledges a retransmission that was sent after these bytes, so they count as lost (RACK).
pub(super) const SENT_BEFORE_DELIVERED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 8985 §6.2"],
    effect: RetransmissionEffect {
        why: |proof| format!("on the ACK in frame {} of bytes sent later", deciding_frame(proof)),
        shown_by: |proof| format!("bytes sent later were acknowledged, frame {}", deciding_frame(proof)),
        ..ASKED
    },
    applies: |case| {
        let before = case.segment().filter(|before| before.retransmissions == 0 && before.acked_by.is_none())?;
        let recovery = case.sender.loss().recovery.as_ref().filter(|recovery| !recovery.is_over(case.receiver))?;
        let (ack, at) = case.receiver.advanced;
        let prompt = is_prompt(case, at);
        let delivered = |sent: &&SentSegment| {
            let retransmitted = sent.seq.is_before(case.again.seq) && sent.last.0 > before.last.0;
            retransmitted && sent.acked_by.is_some_and(|by| by.get() == ack)
        };
        let later = case.sender.sent.acked().find(delivered).filter(|_| prompt && ack > recovery.frame)?;
        Some(Proof { second: NonZeroU64::new(later.last.0), count: 1, ..case.proved_by(ack) })
    },
    cause: |proof| arrival(proof.deciding_frame, "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fast retransmission: the ACK in frame {} acknowledged the retransmission in frame {}, which was sent after these bytes, and not these bytes: they count as lost (RACK, RFC 8985 §6.2).{}",
            deciding_frame(proof),
            number(proof.second),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The last ACK reports by SACK a retransmission that was sent after these bytes, so they count as lost (RACK).
pub(super) const SENT_BEFORE_SACKED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 8985 §6.2"],
    effect: RetransmissionEffect {
        why: |proof| format!("upon the SACK in frame {}, of bytes sent later", deciding_frame(proof)),
        shown_by: |proof| format!("SACK reported bytes sent later, frame {}", deciding_frame(proof)),
        ..ASKED
    },
    applies: |case| {
        let before = case.segment().filter(|before| before.retransmissions == 0 && before.acked_by.is_none())?;
        let acks = &case.receiver.loss().dup_acks.acks;
        let newest = acks.back().filter(|newest| is_prompt(case, newest.at))?;
        let covers = |ack: &DupAck, sent: &SentSegment| {
            let holds = |(left, right): (u32, u32)| {
                !sent.seq.is_before(SeqNumber(left)) && !sent.end.is_after(SeqNumber(right))
            };
            ack.block.is_some_and(holds)
        };
        let delivered = |sent: &&SentSegment| {
            let retransmitted = sent.retransmissions > 0 && sent.seq.is_before(case.again.seq);
            let later = sent.last.0 > before.last.0 && sent.last.0 < newest.frame;
            // what had been reported before the retransmission shows nothing of it
            retransmitted
                && later
                && acks.iter().find(|ack| covers(ack, sent)).is_some_and(|ack| ack.frame > sent.last.0)
        };
        let later = case.sender.sent.iter().filter(|sent| covers(newest, sent)).find(delivered)?;
        Some(Proof { second: NonZeroU64::new(later.last.0), count: 1, ..case.proved_by(newest.frame) })
    },
    cause: |proof| arrival(proof.deciding_frame, "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fast retransmission: the SACK in frame {} reported the retransmission in frame {}, which was sent after these bytes, and not these bytes: they count as lost (RACK, RFC 8985 §6.2).{}",
            deciding_frame(proof),
            number(proof.second),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The sender can have acted upon an ACK captured at `at`, and soon after it.
fn is_prompt(case: &Case<'_>, at: OptTime) -> bool {
    let limit = case.path.journey.unwrap_or_default().plus(case.round_trip().unwrap_or_default()).plus(PACING);
    case.since(at).is_some_and(|since| since < limit) && case.can_react_to(at)
}

/// Fills a gap one round trip after the ACKs that reported it: a late packet would come at any time.
pub(super) const ONE_ROUND_TRIP_LATER: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::FastRetransmit,
    label: "fast retransmission",
    rfc: &["RFC 5681 §3.2", "RFC 6675"],
    effect: ASKED,
    applies: |case| {
        let evidence = case.evidence.filter(|evidence| evidence.is_enough() && evidence.acks >= 3)?;
        case.gap().filter(|_| !case.is_sent_before())?;
        let journey = case.path.journey.filter(|journey| *journey > COMPARABLE_RTT && *journey < MIN_RTO)?;
        let since = case.since(evidence.enough_at)?;
        let on_time = since.0 >= journey.0 * 7 / 8 && since.0 <= journey.0 + journey.0 / 4;
        reported(case).filter(|_| on_time).map(|proof| Proof { wait: Some(since), ..proof })
    },
    cause: |proof| arrival(proof.second.map(NonZeroU64::get).or(proof.deciding_frame), "fast_retransmit"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Fast retransmission: {} ({}) reported the gap, and the bytes came one round trip later ({}), as a retransmission does (RFC 5681 §3.2).{}",
            acks(proof),
            range(deciding_frame(proof), number(proof.second)),
            proof.wait.unwrap_or_default().human(),
            first_copy(proof)
        )
    },
    frames: words::frames,
};
