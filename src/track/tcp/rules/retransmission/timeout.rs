//! Retransmissions that the retransmission timer sent (RFC 6298 §5), by which transmission restarted it last.

use std::num::NonZeroU64;

use super::super::rule::{Rule, no_candidates};
use super::case::{Before, Case};
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, deciding_frame, first_copy, number, ordinal};
use crate::model::FindingCode;
use crate::model::thresholds::{MAX_RTO, MIN_RTO, MIN_TLP, NO_TIMER_WITHIN};
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::retransmission_proof::{ProofDetail, RetransmissionProof as Proof, View};

const TIMEOUT: RetransmissionEffect = RetransmissionEffect {
    delivery: Delivery::Unanswered,
    recovery: RecoveryChange::Timeout,
    why: |_| "after a timeout: no ACK came".to_owned(),
    shown_by: |proof| match proof.count {
        0 | 1 => "no ACK came in time".to_owned(),
        count => format!("no ACK came in time; timeout {count} in a row"),
    },
    ..words::RETRANSMITTED
};

const RTO: fn(&Proof) -> Cause = |_| Cause::of(CauseEvent::Timer, "rto");

/// A timer can have expired: long enough since it was restarted, with the other direction in the capture, which could
/// show an ACK that asked for the bytes; and these bytes are what it would send.
fn expired(case: &Case<'_>) -> Option<Proof> {
    let wait = case.timer_wait().filter(|wait| *wait >= MIN_RTO)?;
    case.receiver.newest()?;
    let (known, first) = match &case.before {
        Before::Segment(_) => (true, !case.skips_others() || case.evidence.is_some() || case.is_after_timeout()),
        Before::Gap(gap) => (case.is_sent_before(), gap.shown_by.0 > 0),
        _ => (false, false),
    };
    let proof =
        Proof { wait: Some(wait), count: case.timeouts_before() + 1, number: u64::from(case.nth()), ..case.proof };
    (known && first).then_some(proof)
}

/// With a zero window the retransmission serves as a window probe, too.
pub(super) const ZERO_WINDOW: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5", "RFC 9293 §3.8.6.1"],
    effect: TIMEOUT,
    applies: |case| {
        case.segment()?;
        expired(case).filter(|_| case.receiver.loss().zero_window.is_some())
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "Retransmitted{} while the {}'s window is 0: the retransmission timer expired (RFC 6298 §5). The segment also probes whether the window has opened.{}",
            after(proof),
            words.receiver,
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The timer did not back off, since an ICMP error reported the destination unreachable.
pub(super) const BACKOFF_REVERTED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6069", "RFC 6298 §5.5"],
    effect: TIMEOUT,
    applies: |case| {
        let timer = &case.sender.loss().timer;
        let proof = expired(case).filter(|_| case.timeouts_before() >= 1 && !is_longer(case))?;
        let (restarted, _) = timer.restarted?;
        let (error, _) = case.sender.loss().unreachable.filter(|(error, _)| error.get() > restarted)?;
        Some(Proof { deciding_frame: Some(error.get()), ..proof })
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{}: the retransmission timer expired. It did not double, since the ICMP error in frame {} undid the last back-off: a broken route is no congestion (RFC 6069).{}",
            after(proof),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Returns `true` if this wait is nearly twice the one before, or longer, or at the limit.
fn is_longer(case: &Case<'_>) -> bool {
    let before = case.sender.loss().timer.wait.unwrap_or_default();
    let longer = |wait: crate::model::Nanos| wait.0 >= before.0.saturating_mul(3) / 2 || wait >= MAX_RTO;
    case.timer_wait().is_some_and(longer)
}

/// The second transmission of a lone segment in a row after a wait that did not double: the first was a probe.
pub(super) const AFTER_PROBE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5", "RFC 8985 §7.3"],
    effect: TIMEOUT,
    applies: |case| {
        let timer = &case.sender.loss().timer;
        let proof = expired(case).filter(|_| timer.may_be_probe && case.timeouts_before() == 1 && !is_longer(case))?;
        Some(Proof { second: timer.restarted.and_then(|(frame, _)| NonZeroU64::new(frame)), count: 1, ..proof })
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{}: the retransmission timer expired (RFC 6298 §5). It had not backed off: frame {} was a tail-loss probe (RFC 8985 §7), or this sender does not back off.{}",
            after(proof),
            number(proof.second),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// One more timeout in a row.
pub(super) const BACKOFF: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5.5"],
    effect: TIMEOUT,
    applies: |case| {
        let proof = expired(case).filter(|_| case.timeouts_before() >= 1)?;
        let detail = if is_longer(case) { ProofDetail::Plain } else { ProofDetail::Alternative };
        let (restarted, _) = case.sender.loss().timer.restarted?;
        let sack = case.evidence.filter(|evidence| evidence.sack && evidence.last > restarted);
        let sack = sack.filter(|_| detail == ProofDetail::Alternative).map(|evidence| evidence.last);
        Some(Proof { detail, second: sack.and_then(NonZeroU64::new), ..proof })
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, _| {
        let back_off = match (proof.detail, proof.second) {
            (ProofDetail::Plain, _) => "It waits longer each time (back-off, RFC 6298 §5.5).",
            (ProofDetail::Alternative, Some(_)) => {
                "It did not back off further: an ACK with a new SACK block had come between, which gives a new round-trip time (RFC 6298 §5.7)."
            }
            (ProofDetail::Alternative, None) => {
                "It did not back off as RFC 6298 §5.5 requires (Linux need not for thin streams: tcp_thin_linear_timeouts), or something else made the sender retransmit."
            }
        };
        format!(
            "Retransmitted for the {} time{}: the retransmission timer expired again. {back_off}{}",
            ordinal(proof.number),
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Right after a segment that a timeout sent, and the next one in sequence: the same timeout sent both.
pub(super) const TOGETHER: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5"],
    effect: TIMEOUT_TOGETHER,
    applies: |case| {
        let before = case.segment()?;
        let timer = &case.sender.loss().timer;
        let (frame, at) = timer.restarted.filter(|_| timer.in_row > 0 && !timer.probe && !timer.may_be_probe)?;
        let next = case.sender.loss().retransmissions.last().is_some_and(|last| last.packet_end == case.again.seq);
        let at_once = case.since(at).is_some_and(|since| since < NO_TIMER_WITHIN);
        let waited = case.since(before.last.1).is_some_and(|since| since >= MIN_RTO);
        (next && at_once && waited && case.receiver.ack_frame < frame).then(|| case.proved_by(frame))
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{} right behind frame {}: the same timeout sent both (RFC 6298 §5). A sender whose congestion window is one segment then would send one (RFC 5681 §3.1).{}",
            after(proof),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

const TIMEOUT_TOGETHER: RetransmissionEffect = RetransmissionEffect { recovery: RecoveryChange::None, ..TIMEOUT };

/// A lone last segment: both timers expire at about the same time, and the next wait decides.
pub(super) const LAST_SEGMENT: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5", "RFC 8985 §7.2"],
    effect: RetransmissionEffect {
        recovery: RecoveryChange::TimeoutOrProbe,
        why: |_| "by a timer: no ACK came".to_owned(),
        ..TIMEOUT
    },
    applies: |case| expired(case).filter(|_| case.may_probe() && case.evidence.is_none()),
    cause: |_| Cause::UNKNOWN,
    candidates: |_| words::timers(),
    says: |proof, _| {
        format!(
            "Retransmitted{} by a timer, without a duplicate ACK or SACK: the retransmission timer (RFC 6298 §5) or a tail-loss probe (RFC 8985 §7.2). For a single segment in flight both expire after about the same time.{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// A lone last segment, after less than the usual least duration of either timer.
pub(super) const LAST_SEGMENT_EARLY: Rule<RetransmissionFamily> = Rule {
    applies: |case| {
        let ran = case.timer_wait().filter(|_| case.may_probe() && case.is_alone_early() && case.evidence.is_none())?;
        let due = case.round_trip().is_some_and(|trip| ran >= trip.plus(trip).max(MIN_TLP));
        (due && case.receiver.newest().is_some()).then_some(Proof {
            wait: Some(ran),
            count: 1,
            number: 1,
            ..case.proof
        })
    },
    says: |proof, words| {
        format!(
            "Retransmitted{} by a timer, without a duplicate ACK or SACK. Either the {}'s retransmission timer has a minimum below the usual 200 ms (RFC 6298 §2.4 asks for 1 s), or it is a tail-loss probe that leaves no time for a delayed ACK (RFC 8985 §7.2).{}",
            after(proof),
            words.sender,
            first_copy(proof)
        )
    },
    ..LAST_SEGMENT
};

/// One more timeout, after about twice the wait before: a timer with a lower minimum than usual.
pub(super) const BACKOFF_EARLY: Rule<RetransmissionFamily> = Rule {
    applies: |case| {
        case.segment()?;
        let ran = case.timer_wait().filter(|ran| *ran < MIN_RTO && case.timeouts_before() >= 1)?;
        let before = case.sender.loss().timer.wait?;
        let doubled = is_longer(case) && ran.0 <= before.0.saturating_mul(3) && !case.skips_others();
        let count = case.timeouts_before() + 1;
        doubled.then(|| Proof { wait: Some(ran), count, number: u64::from(case.nth()), ..case.proof })
    },
    says: |proof, words| {
        format!(
            "Retransmitted for the {} time{}, about twice the wait before: the retransmission timer backs off (RFC 6298 §5.5). The {}'s timer has a minimum below the usual 200 ms.{}",
            ordinal(proof.number),
            after(proof),
            words.sender,
            first_copy(proof)
        )
    },
    ..BACKOFF
};

/// ACKs had reported the gap, too few or too early to be the cause.
pub(super) const THOUGH_REPORTED: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5", "RFC 5681 §3.2"],
    effect: RetransmissionEffect { delivery: Delivery::Lost, ..TIMEOUT },
    applies: |case| {
        // those that follow a retransmission go on until it arrives
        let evidence = case.evidence.filter(|_| case.segment().is_none_or(|before| before.retransmissions == 0))?;
        let enough = if evidence.acks >= 3 { ProofDetail::Alternative } else { ProofDetail::Plain };
        let second = NonZeroU64::new(evidence.last).filter(|last| last.get() != evidence.first);
        let seen = if case.can_react_to(evidence.enough_at) { evidence.acks } else { 0 };
        let proof = expired(case)?;
        Some(Proof { count: seen, deciding_frame: Some(evidence.first), second, detail: enough, ..proof })
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, words| {
        let frames = words::range(deciding_frame(proof), number(proof.second));
        let acks = if proof.count == 1 { "one duplicate ACK" } else { "two duplicate ACKs" };
        let why = match (proof.detail, proof.count, proof.view) {
            (_, 0, _) => format!(
                "The {}'s report of the gap in {frames} left too late to reach the {} first.",
                words.receiver, words.sender
            ),
            (ProofDetail::Plain, ..) => {
                format!("Only {acks} came ({frames}), too few for a fast retransmission (RFC 5681 §3.2).")
            }
            (ProofDetail::Alternative, _, View::Receiver | View::OtherConversations) => format!(
                "ACKs had reported the gap ({frames}), but the fast retransmission was lost before the capture point, or not sent."
            ),
            (ProofDetail::Alternative, ..) => {
                format!("ACKs had reported the gap ({frames}), but the {} did not react to them.", words.sender)
            }
        };
        format!(
            "Retransmitted{}: the retransmission timer expired (RFC 6298 §5). {why}{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// The first timeout, with nothing that asked for the bytes.
pub(super) const FIRST: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 6298 §5"],
    effect: TIMEOUT,
    applies: |case| {
        let proof = expired(case)?;
        let timer = &case.sender.loss().timer;
        let probe = timer.restarted.filter(|(frame, _)| timer.probe && *frame > case.receiver.advanced.0);
        let deciding_frame = case.gap().map(|gap| gap.shown_by.0);
        Some(Proof { deciding_frame, second: probe.and_then(|(frame, _)| NonZeroU64::new(frame)), ..proof })
    },
    cause: RTO,
    candidates: no_candidates,
    says: |proof, _| {
        let probe = match proof.second {
            Some(probe) => format!(" The tail-loss probe in frame {probe} had restarted it."),
            None => proof
                .last
                .map_or_else(String::new, |last| format!(" The transmission in frame {last} was not acknowledged.")),
        };
        format!(
            "Retransmitted{} without a duplicate ACK or SACK that reports it missing: the retransmission timer expired (RFC 6298 §5).{probe}{}",
            after(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

/// Candidates of a wait that nothing explains: no ACK in the capture asked for the bytes, so a timer is left, unless it comes
/// too soon for one. At the receiver, packets may come closer together than they were sent.
pub(super) fn unexplained(proof: &Proof) -> Candidates {
    if proof.number > 0 {
        return Candidates::from_iter([words::TOO_BIG]);
    }
    let as_sent = proof.view != View::Receiver;
    if as_sent && proof.after.is_some_and(|after| after < MIN_TLP) { Candidates::new() } else { words::timers() }
}
