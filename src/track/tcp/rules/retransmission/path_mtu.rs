//! Packets that are longer than the path takes: reported by ICMP, or lost without a report.

use super::super::rule::{Rule, no_candidates};
use super::case::Case;
use super::family::{Delivery, RecoveryChange, RetransmissionEffect, RetransmissionFamily};
use super::words::{self, after, arrival, bytes, deciding_frame, first_copy, ordinal};
use crate::model::FindingCode;
use crate::model::thresholds::{ACK_REACTION, MIN_MTU_SEGMENT, MIN_RTO};
use crate::track::cause::{Cause, CauseEvent};
use crate::track::retransmission_proof::RetransmissionProof as Proof;
use crate::track::tcp::segment::SentSegment;

/// An ICMP error had reported a packet too long for a link.
pub(super) const ICMP: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::Retransmit,
    label: "retransmission",
    rfc: &["RFC 1191", "RFC 8201"],
    effect: RetransmissionEffect {
        delivery: Delivery::Unanswered,
        why: |proof| format!("after the ICMP error in frame {}: it was too long for a link", deciding_frame(proof)),
        shown_by: |proof| format!("the packet was too long for a link, frame {}", deciding_frame(proof)),
        ..words::RETRANSMITTED
    },
    applies: |case| {
        let (error, at) = case.sender.loss().too_big?;
        let within = |limit| case.since(at).is_none_or(|since| since < limit);
        let fits = match case.segment() {
            Some(before) => error.get() > before.last.0 && within(MIN_RTO),
            // its first copy is not in the capture: the reaction comes at once
            None => case.is_sent_before() && within(ACK_REACTION),
        };
        fits.then(|| case.proved_by(error.get()))
    },
    cause: |proof| arrival(proof.deciding_frame, "icmp"),
    candidates: no_candidates,
    says: |proof, _| {
        format!(
            "Retransmitted{}: the ICMP error in frame {} reported that a packet was longer than the next link takes, and was discarded (path MTU discovery, RFC 1191, RFC 8201).{}",
            after(proof),
            deciding_frame(proof),
            first_copy(proof)
        )
    },
    frames: words::frames,
};

const BY_TIMER: RetransmissionEffect =
    RetransmissionEffect { delivery: Delivery::Unanswered, recovery: RecoveryChange::Timeout, ..words::RETRANSMITTED };

/// Segments of full size never arrive, smaller ones sent after them do, and no ICMP error came.
pub(super) const BLACK_HOLE: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::MtuBlackHole,
    label: "timeout retransmission",
    rfc: &["RFC 2923 §2.1", "RFC 6298 §5"],
    effect: RetransmissionEffect {
        why: |_| "after a timeout: large segments never arrive, smaller ones do".to_owned(),
        shown_by: |proof| format!("only smaller segments arrive, frame {}", deciding_frame(proof)),
        ..BY_TIMER
    },
    applies: black_hole,
    cause: |_| Cause::of(CauseEvent::Timer, "rto"),
    candidates: no_candidates,
    says: |proof, words| {
        let size = u32::try_from(proof.number).unwrap_or(u32::MAX);
        format!(
            "Timeout: none of {} transmissions of these {} arrived, but a smaller segment sent after the first of them did (ACK in frame {}). No ICMP error came: the pattern of a path MTU black hole between {} and {} (RFC 2923 §2.1).",
            proof.count,
            bytes(size),
            deciding_frame(proof),
            words.sender,
            words.receiver
        )
    },
    frames: words::frames,
};

fn black_hole(case: &Case<'_>) -> Option<Proof> {
    let before = case.segment().filter(|before| before.retransmissions >= 2)?;
    let size = case.len();
    let timer = case.timer_wait().is_some_and(|wait| wait >= MIN_RTO) && !case.skips_others();
    let evidence = case.receiver.loss_evidence(case.again, before.frame).filter(|_| timer && size > MIN_MTU_SEGMENT)?;
    let same_size = case.sizes_before().take(2).all(|earlier| earlier >= size);
    let after = |sent: &&SentSegment| sent.frame > before.frame && sent.frame < evidence.first && sent.len > 0;
    let mut behind = case.sender.sent.iter().filter(after).peekable();
    let only_smaller = behind.peek().is_some() && behind.all(|sent| sent.len < size);
    let none_arrived = case.sender.sent.acked().all(|sent| sent.len < size);
    let icmp = case.sender.loss().too_big.is_some();
    (same_size && only_smaller && none_arrived && !icmp).then(|| Proof {
        count: case.nth(),
        number: u64::from(size),
        wait: case.timer_wait(),
        ..case.proved_by(evidence.first)
    })
}

/// After several timeouts the sender retransmits in smaller segments: it assumes a path MTU black hole.
pub(super) const SMALLER_SEGMENTS: Rule<RetransmissionFamily> = Rule {
    code: FindingCode::TimeoutRetransmit,
    label: "timeout retransmission",
    rfc: &["RFC 4821", "RFC 6298 §5.5"],
    effect: RetransmissionEffect {
        why: |proof| format!("after a timeout, in a smaller segment than the {} before", bytes(sent_before(proof))),
        shown_by: |proof| format!("no ACK came in time; {} before", bytes(sent_before(proof))),
        ..BY_TIMER
    },
    applies: |case| {
        case.segment()?;
        let timer = case.timer_wait().is_some_and(|wait| wait >= MIN_RTO) && !case.skips_others();
        let size = case.len();
        let mut sizes = case.sizes_before();
        let (last, before_last) = (sizes.next()?, sizes.next()?);
        let cut = timer && last == before_last && size < last && size > 0 && case.sender.loss().too_big.is_none();
        (cut && case.timeouts_before() >= 2).then(|| Proof {
            number: u64::from(last),
            count: case.timeouts_before() + 1,
            ..case.proved_by(None)
        })
    },
    cause: |_| Cause::of(CauseEvent::Timer, "rto"),
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The {} timeout in a row, and now the {} sends {} instead of {}: without an ICMP error it supposes that larger packets vanish (path MTU black hole) and lowers its MSS (packetization layer path MTU discovery, RFC 4821).",
            ordinal(u64::from(proof.count)),
            words.sender,
            bytes(words.len),
            bytes(sent_before(proof))
        )
    },
    frames: words::frames,
};

fn sent_before(proof: &Proof) -> u32 {
    u32::try_from(proof.number).unwrap_or(u32::MAX)
}
