//! Diagnoses of a segment that comes again, or late.

use std::num::NonZeroU64;

use super::timer;
use crate::explain::describe::{bytes, frames};
use crate::explain::words::words;
use crate::model::TcpFlags;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{Event, FirstCopy, Retransmission, RetransmitCause, TcpFacts};

/// A segment that comes again, or late.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, repeat: &Retransmission) -> Finding {
    let through = repeat.through.map_or(0, NonZeroU64::get);
    let witness = repeat.witness.unwrap_or(0);
    let last = repeat.last.map_or(0, NonZeroU64::get);
    let mut proof = vec![repeat.original.unwrap_or(0), through, last, witness, event.frame];
    let waited =
        repeat.after.filter(|after| after.0 > 0).map_or_else(String::new, |after| format!(" after {}", after.human()));
    let copy = first_copy(repeat, facts.len);
    let not_last = repeat.last.map_or_else(String::new, |last| format!(", last in frame {last}"));
    let (code, text) = match repeat.cause {
        RetransmitCause::DuplicateFrame => (
            Code::DuplicateFrame,
            match repeat.marks.name() {
                Some(marks) => format!(
                    "The same packet{waited}, with the same {marks}: it was captured twice, or doubled on its way; TCP did not send it again."
                ),
                None => format!(
                    "The same packet{waited}, sooner than anything makes TCP send it again: it was captured twice, or doubled on its way."
                ),
            },
        ),
        RetransmitCause::Reordered => (Code::Reordered, reordered(facts, repeat, witness)),
        RetransmitCause::CaptureOutOfOrder => (Code::CaptureOutOfOrder, captured_late(repeat, witness, &waited)),
        RetransmitCause::Spurious(Some(asked)) => {
            proof.push(asked.get());
            (
                Code::SpuriousRetransmit,
                format!(
                    "Sent again{waited} though frame {witness} had acknowledged the bytes: the ACKs from frame {asked} on had told of a hole where they were only late."
                ),
            )
        }
        RetransmitCause::Spurious(None) => (
            Code::SpuriousRetransmit,
            format!(
                "Sent again{waited} though frame {witness} had acknowledged the bytes: they had arrived, and the ACK came late or was lost."
            ),
        ),
        RetransmitCause::Sacked => (
            Code::SpuriousRetransmit,
            format!(
                "Sent again{waited} though the SACK in frame {witness} had said that the bytes had arrived: that ACK came late or was lost, or the sender no longer relies on SACK, as after a time-out (RFC 2018 §8)."
            ),
        ),
        RetransmitCause::FinOnAck => (
            Code::Retransmit,
            format!(
                "The FIN again{waited}, on an ACK of new bytes. Some senders, those that stem from BSD among them, set FIN on the ACKs that they send after it, too: no timer need have run out, and nothing need be lost; {copy}."
            ),
        ),
        RetransmitCause::WindowOpened => (
            Code::Retransmit,
            format!(
                "Sent again{waited}: the window had been shut, and frame {witness} has just opened it. Most likely the bytes had found no room, and the sender sends them again now; {copy}."
            ),
        ),
        RetransmitCause::Fast { acks: 1, .. } => (
            Code::FastRetransmit,
            format!(
                "Fast retransmission: the ACK in frame {witness} told of a hole here (RFC 5681 §3.2, RFC 6675, RFC 8985); {copy}{not_last}."
            ),
        ),
        RetransmitCause::Fast { acks, last } => {
            proof.push(last);
            let text = format!(
                "Fast retransmission: {acks} ACKs, from frame {witness} to frame {last}, told of a hole here (RFC 5681 §3.2, RFC 6675, RFC 8985); {copy}{not_last}."
            );
            (Code::FastRetransmit, text)
        }
        RetransmitCause::TailLossProbe { late } => (Code::TailLossProbe, timer::probe(late, &waited, &copy)),
        RetransmitCause::NotHeadOfQueue => (
            Code::Retransmit,
            format!(
                "Sent again{waited}; {copy}. Neither three duplicate ACKs nor a SACK in the capture asked for it, and a retransmission timer would send the bytes before it first, which are not acknowledged (RFC 6298 §5.4), so the capture can't tell why."
            ),
        ),
        RetransmitCause::Timeout { nth, wait } => {
            (Code::TimeoutRetransmit, timer::timeout(nth, wait, repeat, &waited, &copy))
        }
        RetransmitCause::PathMtuDiscovery => (
            Code::Retransmit,
            format!(
                "Sent again{waited}: the ICMP error in frame {witness} said that a packet sent before was longer than the next link takes, and it was thrown away (path MTU discovery, RFC 1191, RFC 8201); {copy}."
            ),
        ),
        RetransmitCause::RecoveryContinues { since, timeout } => {
            proof.push(since);
            let why = if timeout {
                format!(
                    "the recovery from the time-out in frame {since} goes on. The ACK in frame {witness} lets the sender send the next of what was under way then (slow start, RFC 5681 §3.1)"
                )
            } else {
                format!(
                    "the fast recovery that began with frame {since} goes on. The ACK in frame {witness} covers only a part of what was under way then, up to here: that tells of another hole (partial ACK, RFC 6582 §3.2)"
                )
            };
            (Code::Retransmit, format!("Sent again{waited}: {why}; {copy}."))
        }
        RetransmitCause::Handshake { rule, proof: case } => {
            proof.extend((rule.frames)(&case));
            (rule.code, (rule.says)(&case, &words(event, facts)))
        }
        RetransmitCause::SynDataNotAcked { fast_open } => {
            let rule = if fast_open { "RFC 7413 §4.2.2" } else { "RFC 9293 §3.5" };
            let text = format!(
                "Retransmitted{waited}: the SYN-ACK in frame {witness} did not acknowledge these bytes, which the SYN carried ({rule}); {copy}."
            );
            (if fast_open { Code::FastOpen } else { Code::SynData }, text)
        }
        RetransmitCause::Unknown => (Code::Retransmit, unexplained(repeat, &waited, &copy)),
        RetransmitCause::TimerRestarted => (
            Code::Retransmit,
            format!(
                "Sent again{waited}; {copy}. Neither three duplicate ACKs nor a SACK in the capture asked for it, and the ACK in frame {witness} had just started the retransmission timer anew (RFC 6298 §5.3), so the capture can't tell why."
            ),
        ),
        RetransmitCause::OneWayCapture => (
            Code::Retransmit,
            format!(
                "Sent again{waited}; {copy}. Nothing of the other direction is in the capture, so it can't tell whether an ACK asked for it or a timer ran out."
            ),
        ),
        RetransmitCause::OrderUnknown => (
            Code::OrderUnknown,
            format!(
                "Fills the hole that frame {witness} showed. IP identification and time stamps do not tell whether it was late or lost before the capture and sent again."
            ),
        ),
    };
    let new = match repeat.fresh {
        0 => String::new(),
        fresh => {
            format!(" The last {} of the segment are new: the sender put them behind what it sent again.", bytes(fresh))
        }
    };
    Finding::new(code, text + &new, proof)
}

/// A segment that others overtook, and what shows it.
fn reordered(facts: &TcpFacts, repeat: &Retransmission, witness: u64) -> String {
    match (repeat.original, repeat.marks.name()) {
        (Some(original), _) if facts.flags.contains(TcpFlags::SYN) => format!(
            "Nobody sends a SYN without ACK behind the SYN-ACK with the same number: it was sent before frame {original}, and overtaken on its way."
        ),
        (Some(original), marks) => format!(
            "Its {} is older than that of frame {original}, which brought these bytes already: this is a copy sent before, overtaken on its way.",
            marks.unwrap_or("sending")
        ),
        (None, Some(marks)) => format!(
            "Fills the hole that frame {witness} showed. Its {marks} is older than that of bytes captured before it: it was sent earlier and overtaken on its way."
        ),
        (None, None) => format!(
            "Fills the hole that frame {witness} showed less than half a round trip before, too soon for anybody to have asked for it: it was sent earlier and overtaken on its way."
        ),
    }
}

/// A segment that was captured behind its ACK, and what shows it.
fn captured_late(repeat: &Retransmission, witness: u64, waited: &str) -> String {
    let shown = match repeat.marks.name() {
        Some(marks) => format!("its {marks} shows that it was sent before"),
        None => "too soon to be sent again".to_owned(),
    };
    format!(
        "Captured{waited} behind frame {witness}, which acknowledges it; {shown}. The capture recorded packets in another order than they passed, as cards with several queues make it: these bytes are not missing from it, whatever was said at frame {witness}."
    )
}

/// Where the bytes were before.
fn first_copy(repeat: &Retransmission, len: u32) -> String {
    let frame = repeat.original.unwrap_or(0);
    let were = if len == 0 { "it was" } else { "the bytes were" };
    match (repeat.first_copy, repeat.through) {
        (FirstCopy::Captured, None) => format!("{were} captured in frame {frame}"),
        (FirstCopy::Captured, Some(last)) => {
            format!("{were} captured in {}", frames((frame.min(last.get()), frame.max(last.get()))))
        }
        (FirstCopy::Damaged, _) => {
            format!(
                "the checksum of the copy in frame {frame} does not fit: if it arrived so, the receiver threw it away"
            )
        }
        (FirstCopy::Partly(skipped), through) => {
            let carried = through.map_or_else(
                || "captured before".to_owned(),
                |frame| format!("captured before, the first in frame {frame}"),
            );
            format!(
                "{} of it had not come by here: they were lost, or held up, before the capture; the others were {carried}, in segments with other borders",
                bytes(skipped)
            )
        }
        (FirstCopy::NotCaptured, _) => {
            "the first copy had not come by here: it was lost, or held up, before the capture".to_owned()
        }
        (FirstCopy::NotKnown, _) => "the first copy is not in the capture, or is no longer remembered".to_owned(),
    }
}

/// Nothing tells why the bytes come again.
fn unexplained(repeat: &Retransmission, waited: &str, copy: &str) -> String {
    match repeat.first_copy {
        FirstCopy::Damaged => format!("Sent again{waited}; {copy}. What told the sender so can't be told."),
        FirstCopy::Captured => format!(
            "Sent again{waited}; {copy}. Neither three duplicate ACKs nor a SACK in the capture asked for it and it came sooner than a usual timer runs out (200 ms or more), so the capture can't tell why."
        ),
        FirstCopy::Partly(_) => format!(
            "Sent again, since some of its bytes came before{waited}; {copy}. Neither three duplicate ACKs nor a SACK in the capture asked for it and it came sooner than a usual timer runs out (200 ms or more), so the capture can't tell why."
        ),
        FirstCopy::NotCaptured => format!(
            "Its {} is newer than that of bytes captured before it, so it was sent again; {copy}. Neither three duplicate ACKs nor a SACK in the capture asked for it and it came sooner than a usual timer runs out (200 ms or more), so the capture can't tell why.",
            repeat.marks.name().unwrap_or("sending")
        ),
        FirstCopy::NotKnown => format!("Below what was sent before; {copy}, so why it comes can't be told."),
    }
}
