//! Reasons for which a receiver does not accept a segment, in the order in which it checks.
//!
//! An unacceptable segment changes nothing at its receiver and proves nothing: no ACK, SACK block, window, or byte of it
//! counts. It only provokes a reaction. The receiver's numbers are known as far as the capture shows them, so each rule
//! asks for a distance that no missing frame explains, or says on what it depends.

use super::super::endpoint::TcpEndpoint;
use super::super::refused::Reaction;
use super::super::signature::is_signed;
use super::rule::{Family, Rule, Words, no_candidates};
use crate::model::{Checksum, FindingCode, Segment, SeqNumber, TcpFlags, counted};
use crate::track::cause::{Candidates, Cause, CauseEvent};

/// The largest window that TCP can advertise (RFC 7323 §2.3): no number of a connection lies further away from what was
/// sent or acknowledged last.
const MAX_WINDOW: i32 = 1 << 30;

/// The family of reasons.
#[derive(Clone, Copy, Debug)]
pub struct Acceptability;

/// A segment, and both ends as they are when it arrives.
#[derive(Debug)]
pub struct Case<'a> {
    pub(in crate::track::tcp) own: &'a TcpEndpoint,
    pub(in crate::track::tcp) peer: &'a TcpEndpoint,
    pub(in crate::track::tcp) segment: &'a Segment,
    /// The capture was made at the host that the segment is sent to, so that all that this host had sent is in it.
    pub(in crate::track::tcp) at_receiver: bool,
    /// No number so far shows that the capture lacks frames of the connection.
    pub(in crate::track::tcp) complete: bool,
    /// It comes soon after the last frame: a capture that was cut to a part of its frames has longer pauses.
    pub(in crate::track::tcp) soon: bool,
    /// A SYN-ACK of a side whose SYN opened the connection before.
    pub(in crate::track::tcp) syn_ack_in_open: bool,
    /// Its ACK number is not one of an answer to the receiver's SYN, which was not acknowledged before.
    pub(in crate::track::tcp) wrong_ack: bool,
    /// It begins where a segment ended that was not accepted, so its sender went on: the capture lacks packets.
    pub(in crate::track::tcp) continues: bool,
    /// Segments of this sender came with valid checksums, so a wrong one means a corrupted segment.
    pub(in crate::track::tcp) checksums_tell: bool,
}

/// The numbers that prove it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The number of the segment that is not acceptable, relative where it is a sequence number.
    pub number: u32,
    /// The limit that it lies beyond.
    pub limit: u32,
    /// The frame that showed the limit.
    pub shown_by: u64,
}

/// Consequences of an unacceptable segment.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// The receiver's reaction.
    pub reaction: Reaction,
    /// Its bytes are remembered as sent nevertheless, so their next transmission is a retransmission.
    pub was_sent: bool,
    /// Nothing but the receiver's refusal fits: no packets missing from the capture would explain the segment.
    pub sure: bool,
    /// The step's clause: "outside the server's receive window".
    pub step: fn(&Proof, &Words<'_>) -> String,
}

impl Family for Acceptability {
    type Case<'a> = Case<'a>;
    type Proof = Proof;
    type Effect = Effect;
}

/// The checks of a receiver in the order of RFC 9293 §3.10.7.4, timestamps first (RFC 7323 §5.3).
pub(crate) static UNACCEPTABLE: &[Rule<Acceptability>] = &[
    SYN_ACK_IN_OPEN,
    CORRUPTED,
    UNSIGNED,
    WRONG_ACK,
    BEFORE_SYN,
    OLD_TIMESTAMP,
    OUTSIDE_WINDOW,
    BEYOND_FIN,
    FIN_AMID_DATA,
    NO_ACK_FLAG,
    FOREIGN_ACK,
    ACK_OF_UNSENT,
];

fn unknown(_: &Proof) -> Cause {
    Cause::UNKNOWN
}

fn sent(_: &Proof) -> Cause {
    Cause::of(CauseEvent::Call, "send")
}

fn frames(proof: &Proof) -> [u64; 6] {
    [proof.shown_by, 0, 0, 0, 0, 0]
}

/// Another connection's segment, or one forged.
fn foreign(_: &Proof) -> Candidates {
    Candidates::from_slice(&[
        Cause::of(CauseEvent::Network, "another_connection"),
        Cause::of(CauseEvent::Network, "forged"),
    ])
}

const SYN_ACK_IN_OPEN: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "SYN-ACK in an open connection",
    rfc: &["RFC 9293 §3.10.7.4", "RFC 5961 §4"],
    effect: Effect {
        reaction: Reaction::Ack,
        was_sent: false,
        sure: true,
        step: |proof, words| {
            format!("the {}'s SYN in frame {} had opened the connection", words.sender, proof.shown_by)
        },
    },
    applies: |case| {
        let (syn, _) = case.own.syn.filter(|_| case.syn_ack_in_open)?;
        Some(Proof { shown_by: syn.get(), ..Proof::default() })
    },
    cause: unknown,
    candidates: foreign,
    says: |proof, words| {
        format!(
            "The {}'s SYN in frame {} had opened this connection, and a SYN-ACK opens nothing more. The {} discards it, in TIME-WAIT too, and answers with an ACK of its own numbers (RFC 9293 §3.10.7.4, RFC 5961 §4).",
            words.sender, proof.shown_by, words.receiver
        )
    },
    frames,
};

const CORRUPTED: Rule<Acceptability> = Rule {
    code: FindingCode::ChecksumInvalid,
    label: "corrupted",
    rfc: &["RFC 9293 §3.1"],
    effect: Effect {
        reaction: Reaction::Nothing,
        was_sent: true,
        sure: true,
        step: |_, words| format!("the checksum is invalid, so the {} discards it", words.receiver),
    },
    applies: |case| {
        let wrong = case.segment.checksum == Checksum::Invalid && case.checksums_tell;
        (wrong && case.own.sent.bad_checksums_are_lost()).then_some(Proof::default())
    },
    cause: sent,
    candidates: no_candidates,
    says: |_, words| {
        format!(
            "The checksum is invalid, while other segments of the {} have valid ones: the segment was corrupted, and the {} discards it (RFC 9293 §3.1). Nothing in it is used here.",
            words.sender, words.receiver
        )
    },
    frames,
};

const UNSIGNED: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "without its signature",
    rfc: &["RFC 2385 §2", "RFC 5925 §7.3"],
    effect: Effect {
        reaction: Reaction::Nothing,
        was_sent: false,
        sure: true,
        step: |_, words| {
            format!("it lacks the signature that this connection negotiated, so the {} discards it", words.receiver)
        },
    },
    applies: |case| {
        let both = case.own.signed && case.peer.signed;
        (both && !is_signed(case.segment)).then_some(Proof::default())
    },
    cause: unknown,
    candidates: foreign,
    says: |_, words| {
        format!(
            "Both sides signed their SYNs (TCP MD5, RFC 2385, or TCP-AO, RFC 5925), and this segment has no signature: the {} discards it without a reply.",
            words.receiver
        )
    },
    frames,
};

const WRONG_ACK: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "ACK of another SYN",
    rfc: &["RFC 9293 §3.10.7.3", "RFC 9293 §3.10.7.4"],
    effect: Effect {
        reaction: Reaction::Nothing,
        was_sent: false,
        sure: true,
        step: |_, words| format!("its ACK number is not that of the {}'s SYN", words.receiver),
    },
    applies: |case| {
        let (syn, _) = case.peer.syn.filter(|_| case.wrong_ack)?;
        let number = case.segment.ack.relative_to(case.peer.seq_base.unwrap_or_default());
        Some(Proof { number, limit: 0, shown_by: syn.get() })
    },
    cause: unknown,
    candidates: foreign,
    says: |proof, words| {
        format!(
            "ACK number {} does not acknowledge the {}'s SYN in frame {}: the {} discards the segment and answers with RST (RFC 9293 §3.10.7).",
            proof.number, words.receiver, proof.shown_by, words.receiver
        )
    },
    frames,
};

const BEFORE_SYN: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "before its SYN",
    rfc: &["RFC 9293 §3.10.7.3"],
    effect: Effect {
        reaction: Reaction::Nothing,
        was_sent: false,
        sure: false,
        step: |_, words| {
            format!(
                "no SYN-ACK came before it: either the capture lacks the SYN-ACK, or the {}, which waits for one, discards the segment",
                words.receiver
            )
        },
    },
    applies: |case| {
        // a client that has acknowledged anything has received a SYN, captured or not
        let opens = !case.peer.syn_acked && case.peer.ack_sent.is_none();
        let waits = opens && case.own.isn.is_none() && case.peer.isn.is_some();
        let (syn, _) = case.peer.syn.filter(|_| waits && case.peer.fin.is_none() && !case.continues)?;
        Some(Proof { shown_by: syn.get(), ..Proof::default() })
    },
    cause: unknown,
    candidates: foreign,
    says: |proof, words| {
        format!(
            "The SYN in frame {} had no SYN-ACK yet in this capture. The {} waits for one (SYN-SENT) and discards segments without SYN (RFC 9293 §3.10.7.3), unless the capture lacks the SYN-ACK.",
            proof.shown_by, words.receiver
        )
    },
    frames,
};

const OLD_TIMESTAMP: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "old timestamp",
    rfc: &["RFC 7323 §5.3"],
    effect: Effect {
        reaction: Reaction::Ack,
        was_sent: false,
        sure: true,
        step: |proof, words| {
            format!(
                "its timestamp {} is older than {}, so the {} discards it (PAWS)",
                proof.number, proof.limit, words.receiver
            )
        },
    },
    applies: |case| {
        let (newest, shown_by) = case.own.newest_timestamp.filter(|_| case.peer.newest_timestamp.is_some())?;
        let value = case.segment.options.timestamps?.value;
        let older = value.wrapping_sub(newest).cast_signed() < 0;
        let takes_space = case.segment.len > 0 || case.segment.flags.contains(TcpFlags::FIN);
        let new = case.own.snd_nxt.is_some_and(|next| !case.segment.seq.is_before(next));
        (older && takes_space && new).then_some(Proof { number: value, limit: newest, shown_by: shown_by.get() })
    },
    cause: unknown,
    candidates: |_| {
        Candidates::from_slice(&[
            Cause::of(CauseEvent::Network, "old_duplicate"),
            Cause::of(CauseEvent::Network, "forged"),
        ])
    },
    says: |proof, words| {
        format!(
            "TSval {} is older than {}, which the {} sent before: the {} discards the segment (PAWS); RFC 7323 §5.3 requires an ACK in reply.",
            proof.number, proof.limit, words.sender, words.receiver
        )
    },
    frames,
};

const OUTSIDE_WINDOW: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "outside the window",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: Effect {
        reaction: Reaction::Ack,
        was_sent: false,
        sure: true,
        step: |_, words| format!("outside the {}'s receive window", words.receiver),
    },
    applies: outside_window,
    cause: unknown,
    candidates: foreign,
    says: |proof, words| {
        format!(
            "Sequence number {} lies outside the {}'s receive window, which ends at {} by the captured ACKs: the {} discards the segment; RFC 9293 §3.10.7.4 requires an ACK in reply. Only frames missing from the capture could make it acceptable.",
            proof.number, words.receiver, proof.limit, words.receiver
        )
    },
    frames,
};

const BEYOND_FIN: Rule<Acceptability> = Rule {
    label: "beyond its FIN",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: Effect {
        step: |_, words| format!("it lies beyond its FIN, so the {} discards it", words.receiver),
        ..OUTSIDE_WINDOW.effect
    },
    applies: |case| {
        let fin = case.own.fin.filter(|fin| fin.acked_by.is_some() && case.complete)?;
        let beyond = case.segment.seq.plus(case.segment.len).is_after(fin.end);
        let base = case.own.seq_base.unwrap_or_default();
        beyond.then(|| Proof {
            number: case.segment.seq.relative_to(base),
            limit: fin.end.relative_to(base),
            shown_by: fin.frame,
        })
    },
    says: |proof, words| {
        format!(
            "It lies beyond the FIN in frame {}, after which the {} can send nothing (RFC 9293 §3.10.7.4): no bytes are missing before it. The {} discards it.",
            proof.shown_by, words.sender, words.receiver
        )
    },
    ..OUTSIDE_WINDOW
};

const FIN_AMID_DATA: Rule<Acceptability> = Rule {
    label: "FIN amid its data",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: Effect {
        step: |proof, words| {
            format!(
                "the {} has acknowledged up to {}, so there is no end at {}",
                words.receiver, proof.limit, proof.number
            )
        },
        ..OUTSIDE_WINDOW.effect
    },
    applies: |case| {
        let first = case.segment.flags.contains(TcpFlags::FIN) && case.own.fin.is_none() && case.own.isn.is_some();
        let acked = case.peer.ack_sent.filter(|_| first)?;
        let fin = case.segment.seq.plus(case.segment.len);
        let base = case.own.seq_base.unwrap_or_default();
        acked.is_after(fin.plus(1)).then(|| Proof {
            number: fin.relative_to(base),
            limit: acked.relative_to(base),
            shown_by: case.peer.advanced.0,
        })
    },
    says: |proof, words| {
        format!(
            "A FIN at {} cannot be the {}'s: the {} has acknowledged its bytes up to {} (frame {}), and nothing follows a FIN. The {} discards it as old and answers with an ACK (RFC 9293 §3.10.7.4).",
            proof.number, words.sender, words.receiver, proof.limit, proof.shown_by, words.receiver
        )
    },
    ..OUTSIDE_WINDOW
};

const NO_ACK_FLAG: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "without ACK",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: Effect {
        reaction: Reaction::Nothing,
        was_sent: false,
        sure: true,
        step: |_, words| format!("it has no ACK flag, so the {} discards it", words.receiver),
    },
    applies: |case| {
        let none = !case.segment.flags.contains(TcpFlags::ACK);
        let open = case.own.syn_acked || case.peer.syn_acked || case.peer.ack_sent.is_some();
        (none && open).then_some(Proof::default())
    },
    cause: unknown,
    candidates: foreign,
    says: |_, words| {
        format!(
            "A segment of an open connection must have the ACK flag; the {} discards this one without a reply (RFC 9293 §3.10.7.4).",
            words.receiver
        )
    },
    frames,
};

const FOREIGN_ACK: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "another connection's ACK",
    rfc: &["RFC 9293 §3.10.7.4", "RFC 5961 §5.2"],
    effect: Effect {
        reaction: Reaction::Ack,
        was_sent: false,
        sure: true,
        step: |_, words| format!("its ACK number is none of this connection's, so the {} discards it", words.receiver),
    },
    applies: |case| {
        let ack = acknowledged(case)?;
        let distance = ack.distance(case.peer.snd_nxt?);
        let before_first = case.peer.isn.is_some_and(|isn| is_before_first(ack, isn, case.peer.snd_nxt));
        let known = case.complete && (case.peer.syn_acked || case.peer.isn.is_none());
        (known && (before_first || distance.checked_abs().is_none_or(|far| far > MAX_WINDOW))).then(|| Proof {
            number: ack.relative_to(case.peer.seq_base.unwrap_or_default()),
            limit: case.peer.snd_nxt.unwrap_or_default().relative_to(case.peer.seq_base.unwrap_or_default()),
            shown_by: case.peer.newest().map_or(0, |newest| newest.frame),
        })
    },
    cause: unknown,
    candidates: foreign,
    says: |proof, words| {
        format!(
            "ACK number {} is not one of this connection: the {} has sent up to {}. The {} discards the segment; RFC 5961 §5.2 requires a challenge ACK in reply. Such segments come from an older connection, from a NAT or load balancer that mixes connections, or are forged.",
            proof.number, words.receiver, proof.limit, words.receiver
        )
    },
    frames,
};

const ACK_OF_UNSENT: Rule<Acceptability> = Rule {
    code: FindingCode::Unacceptable,
    label: "ACK of unsent data",
    rfc: &["RFC 9293 §3.10.7.4"],
    effect: Effect {
        reaction: Reaction::Ack,
        was_sent: false,
        sure: false,
        step: |proof, words| {
            format!(
                "its ACK number {} is beyond {}, the end of the {}'s captured data: the capture lacks packets, or the {} discards it",
                proof.number, proof.limit, words.receiver, words.receiver
            )
        },
    },
    applies: |case| {
        let ack = acknowledged(case).filter(|_| case.at_receiver && case.peer.syn_acked && case.complete)?;
        let bare = case.segment.len == 0 && !case.segment.flags.contains(TcpFlags::FIN);
        // a capture that holds no data of a host may lack all of them; a side that sends and goes on shows it
        if bare && case.peer.sent.last_data().is_none() || case.continues {
            return None;
        }
        // the byte of a window probe is not counted as sent until it is accepted
        let probed = u32::from(case.peer.loss().probe.is_some());
        let next = case.peer.snd_nxt?.plus(probed);
        let base = case.peer.seq_base?;
        // a receiver that acknowledges more and more has received it, so the capture lacks it
        if bare && case.own.loss().refused.is_some_and(|before| before.ack.is_after(next) && ack.is_after(before.ack)) {
            return None;
        }
        ack.is_after(next).then(|| Proof {
            number: ack.relative_to(base),
            limit: next.relative_to(base),
            shown_by: case.peer.newest().map_or(0, |newest| newest.frame),
        })
    },
    cause: unknown,
    candidates: |_| {
        Candidates::from_slice(&[Cause::of(CauseEvent::Network, "rewritten"), Cause::of(CauseEvent::Network, "forged")])
    },
    says: |proof, words| {
        let beyond = u64::from(proof.number.wrapping_sub(proof.limit));
        format!(
            "ACK number {} covers {} beyond {}, the end of what the {} has sent in this capture, which was made at the {}. Either the capture lacks packets of the {}, or the {} discards the segment and answers with an ACK (RFC 9293 §3.10.7.4).",
            proof.number,
            counted(beyond, "sequence number"),
            proof.limit,
            words.receiver,
            words.receiver,
            words.receiver,
            words.receiver
        )
    },
    frames,
};

/// Returns `true` if a number lies before a stream's first, and the stream is too short to have wrapped around to it.
fn is_before_first(number: SeqNumber, isn: SeqNumber, next: Option<SeqNumber>) -> bool {
    number.is_before(isn) && next.is_some_and(|next| (0..MAX_WINDOW).contains(&next.distance(isn)))
}

/// Its ACK number, where it has one and the peer's numbers are known.
fn acknowledged(case: &Case<'_>) -> Option<SeqNumber> {
    case.segment.flags.contains(TcpFlags::ACK).then_some(case.segment.ack)
}

fn outside_window(case: &Case<'_>) -> Option<Proof> {
    let (seq, next) = (case.segment.seq, case.own.snd_nxt?);
    let base = case.own.seq_base.unwrap_or_default();
    let expected = case.peer.ack_sent.unwrap_or(next);
    let shown_by = case.peer.ack_frame;
    let proof = |limit: SeqNumber| Proof { number: seq.relative_to(base), limit: limit.relative_to(base), shown_by };
    // the stream goes on behind a segment that seemed to lie outside: the capture lacks what came between
    if case.continues || !case.complete {
        return None;
    }
    let distance = seq.distance(next);
    if distance.checked_abs().is_none_or(|far| far > MAX_WINDOW) {
        return Some(proof(case.peer.window_end.unwrap_or(expected)));
    }
    if case.own.isn.is_some_and(|isn| is_before_first(seq, isn, case.own.snd_nxt)) {
        return Some(proof(case.peer.window_end.unwrap_or(expected)));
    }
    let end = case.peer.window_end.filter(|_| distance > 0 && case.soon)?;
    // a later segment of the same stream, by its timestamp: the capture lacks what came between
    if case.own.is_soon_after(case.segment) {
        return None;
    }
    (!seq.is_before(end)).then(|| proof(end))
}

/// A SACK block that cannot be true: it is empty, begins before the stream, or ends beyond the window that the receiver
/// has advertised, where nothing can have been received. Senders ignore it (Linux: `tcp_is_sackblock_valid`).
pub(in crate::track::tcp) fn is_void(
    (left, right): (SeqNumber, SeqNumber),
    sender: &TcpEndpoint,
    window_end: Option<SeqNumber>,
    all_sent: Option<SeqNumber>,
) -> bool {
    let empty = !right.is_after(left);
    let before = sender.isn.is_some_and(|isn| is_before_first(left, isn, sender.snd_nxt));
    let beyond = window_end.into_iter().chain(all_sent).any(|end| right.is_after(end));
    let far = sender.snd_nxt.is_some_and(|next| right.distance(next).checked_abs().is_none_or(|far| far > MAX_WINDOW));
    empty || before || beyond || far
}

/// A segment that its receiver does not accept: the reason, and the numbers that prove it.
pub type Unacceptable = (&'static Rule<Acceptability>, Proof);
