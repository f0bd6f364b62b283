//! Diagnoses of what the conversation so far shows at a segment: gaps, windows, waiting.

use crate::model::thresholds::COMPARABLE_RTT;
use std::num::NonZeroU64;

use crate::explain::capture_point::captured_at;
use crate::explain::describe::bytes;
use crate::explain::wire::lost_before;
use crate::explain::words::words;
use crate::model::WireMark;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{CapturePoint, DsackReport, Event, Probe, SlowAnswer, SpuriousEvidence, TcpFacts};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut Vec<Finding>) {
    let frame = event.frame;
    let observations = &facts.observations;
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    if let Some((count, shown_by)) = observations.capture_gap {
        let text = match count {
            1 => format!(
                "A byte of the {peer}'s, or its FIN, is acknowledged here, so it arrived, but it is not in the capture so far: the capture missed it, or holds it out of order further on; the network did not lose it."
            ),
            _ => format!(
                "{} of the {peer}'s are acknowledged here, so they arrived, but they are not in the capture so far: the capture missed them, or holds them out of order further on; the network did not lose them.",
                bytes(count)
            ),
        };
        found.push(Finding::new(Code::CaptureGap, text, [shown_by.unwrap_or(0), frame]));
    }
    if let Some(again) = observations.duplicate_sack {
        found.push(came_twice(frame, again));
    }
    if let Some(arrived) = observations.arrived {
        found.push(of_copy(frame, arrived));
    }
    if let Some(sack) = observations.reneged {
        let text = format!(
            "SACK reneging: the ACK no longer reports the bytes above {} that the SACK in frame {sack} had reported. The {who} discarded them, and the {peer} must retransmit them (RFC 2018 §8).",
            facts.ack.unwrap_or_default()
        );
        found.push(Finding::new(Code::SackReneging, text, [sack.get(), frame]));
    }
    if let Some(ack) = observations.limited_transmit {
        let text = format!(
            "Limited transmit (RFC 3042): the duplicate ACK in frame {ack} shows that a segment has left the network, so the {who} may send new data, though its congestion window is full."
        );
        found.push(Finding::new(Code::LimitedTransmit, text, [ack.get(), frame]));
    }
    if let Some((timeout, ack)) = observations.frto {
        let text = format!(
            "New data after the time-out in frame {timeout}, though not all bytes sent before it are acknowledged: the {who} does not retransmit more, but tests whether the time-out was spurious (F-RTO, RFC 5682 §2.1). The ACK in frame {ack} released it."
        );
        found.push(Finding::new(Code::Frto, text, [timeout.get(), ack.get(), frame]));
    }
    if let Some((last, after)) = observations.probe_with_new_data {
        let text = format!(
            "Tail-loss probe with new data (RFC 8985 §7.3): sent {} after frame {last}, when no ACK had come, to provoke one. The congestion window was full.",
            after.human()
        );
        found.push(Finding::new(Code::TailLossProbe, text, [last.get(), frame]));
    }
    let words = words(event, facts);
    found.extend(observations.zero_window.map(|closed| closed.finding(&words)));
    if observations.shrunk > 0 {
        let text = format!(
            "The {who} takes back {} that it had offered: the right edge of its window moves left. RFC 9293 §3.8.6 strongly discourages this; the {peer} must cope with it.",
            bytes(observations.shrunk)
        );
        found.push(Finding::new(Code::WindowShrunk, text, [frame]));
    }
    found.extend(observations.wait.map(|wait| wait.finding(&words)));
    found.extend(observations.delayed_ack.map(|delayed| delayed.finding(&words)));
    if let Some(slow) = observations.slow_answer {
        found.push(slow_answer(event, facts, &slow, None));
    }
    if let Some((since, gap)) =
        observations.idle.filter(|_| !matches!(facts.probe, Some(Probe::KeepAlive { .. } | Probe::ZeroWindow(_))))
    {
        let text = format!("Nothing was sent for {} since frame {since}.", gap.human());
        found.push(Finding::new(Code::IdleGap, text, [since, frame]));
    }
}

/// A DSACK's report of bytes received twice.
fn came_twice(frame: u64, twice: DsackReport) -> Finding {
    match twice {
        DsackReport::Retransmitted { again, other: 0 } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "DSACK (RFC 2883): the bytes that frame {again} retransmitted had arrived already, so the retransmission was not needed."
            ),
            [again, frame],
        ),
        DsackReport::Retransmitted { again, other } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "DSACK (RFC 2883): the retransmission in frame {again} and the late original in frame {other} both arrived, so the retransmission was not needed."
            ),
            [again, other, frame],
        ),
        DsackReport::Partly { again, bytes: count } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "DSACK (RFC 2883): {} of frame {again} arrived twice, so retransmitting them was not needed. It says nothing of the others.",
                bytes(count)
            ),
            [again, frame],
        ),
        DsackReport::OneOf { first, last } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "DSACK (RFC 2883): one of the retransmissions from frame {first} to frame {last} brought bytes that had arrived already; which one is unknown."
            ),
            [first, last, frame],
        ),
        DsackReport::Duplicated { first, copy: Some(copy) } => Finding::new(
            Code::DuplicateFrame,
            format!(
                "DSACK (RFC 2883): frames {first} and {copy} are the same packet, and both reached the receiver: the network duplicated it. TCP sent it once."
            ),
            [first, copy.get(), frame],
        ),
        DsackReport::Duplicated { first, copy: None } => Finding::new(
            Code::DuplicateFrame,
            format!(
                "DSACK (RFC 2883): the bytes of frame {first} arrived twice, and the capture holds no other transmission of them: the network duplicated the packet."
            ),
            [first, frame],
        ),
        DsackReport::Unknown { once: 0 } => Finding::new(
            Code::BytesTwice,
            "DSACK (RFC 2883): bytes arrived twice. Their packets are not in this capture, or no longer remembered, so whether they were retransmitted or duplicated is unknown.",
            [frame],
        ),
        DsackReport::Unknown { once } => Finding::new(
            Code::BytesTwice,
            format!(
                "DSACK (RFC 2883): the bytes of frame {once} arrived twice, and no other transmission of them is in this capture, or none that is remembered. Whether there was one or the network duplicated the packet is unknown."
            ),
            [once, frame],
        ),
    }
}

/// An ACK's evidence about copies of the bytes that it covers.
fn of_copy(frame: u64, arrived: SpuriousEvidence) -> Finding {
    match arrived {
        SpuriousEvidence::Earlier { again, first, after, original } => {
            let shown = match after {
                None => format!(
                    "This ACK echoes a timestamp older than that of the retransmission in frame {again} (Eifel detection, RFC 3522)"
                ),
                Some(after) => format!(
                    "This ACK comes {} after the retransmission in frame {again}, in less than half a round trip",
                    after.human()
                ),
            };
            let text = if original {
                format!(
                    "{shown}: it acknowledges the original. The bytes of frame {first} had arrived, and the retransmission was not needed."
                )
            } else {
                format!(
                    "{shown}: it acknowledges an earlier transmission of the bytes. They had arrived, and the retransmission was not needed."
                )
            };
            Finding::new(Code::SpuriousRetransmit, text, [first.get(), again.get(), frame])
        }
        SpuriousEvidence::Misfit { frame: misfit } => Finding::new(
            Code::ChecksumAccepted,
            format!(
                "Acknowledges frame {misfit}, whose checksum is invalid, and the capture holds no other copy of its bytes: the receiver accepted it. It arrived intact, or the receiver does not verify checksums, as between virtual machines of one host; so others like it need not be lost either."
            ),
            [misfit.get(), frame],
        ),
        SpuriousEvidence::Unseen { frame: misfit, reported_by } => Finding::new(
            Code::CaptureGap,
            format!(
                "Acknowledges the bytes of frame {misfit}, whose checksum is invalid, and frame {reported_by} had reported a gap in its place: the receiver discarded it, and the copy that arrived is not in the capture."
            ),
            [misfit.get(), reported_by.get(), frame],
        ),
        SpuriousEvidence::Late { frame: original, reported_by } => Finding::new(
            Code::Reordered,
            format!(
                "Acknowledges frame {original}, which was not retransmitted, although the SACK in frame {reported_by} had reported a gap in its place: it was not lost, but overtaken on the path."
            ),
            [original.get(), reported_by.get(), frame],
        ),
    }
}

/// An answer that took its time; `lost` is what the wire is known to have lost before it.
pub(super) fn slow_answer(event: &Event<'_>, facts: &TcpFacts, slow: &SlowAnswer, lost: Option<&WireMark>) -> Finding {
    let (request, took) = (slow.request, facts.response_time.unwrap_or_default());
    let network = if slow.network >= COMPARABLE_RTT {
        format!("; the network took about {} of it, as in the handshake", slow.network.human())
    } else {
        String::new()
    };
    // at its sender an answer is captured when it is sent first; elsewhere only the copy that got there
    let at_sender = matches!(slow.seen, Some(CapturePoint::SameHost | CapturePoint::Server));
    let known = match slow.acked_by {
        Some(ack) if at_sender => {
            format!("Frame {ack} had acknowledged the request, so it had arrived: the program took this time.")
        }
        Some(ack) => format!(
            "Frame {ack} had acknowledged the request, so it had arrived. Either the program took this time, or its answer was lost before the capture point and retransmitted. A capture at the server would show which."
        ),
        None if !at_sender => "The request was sent once, and its ACK came with the answer or right before it. Candidates: a slow program, a delayed request, or an answer that was lost before the capture point and retransmitted. A capture at the server would show which.".to_owned(),
        None => "The request was sent once, and its ACK came with the answer or right before it. Either the program took this time, or the request arrived late; this capture does not show which.".to_owned(),
    };
    let known = lost.map_or(known, |lost| {
        format!(
            "The lab's network had lost data from the server before this ({}). Either this is the retransmitted answer, or the program was slow.",
            lost_before(lost)
        )
    });
    let text = format!(
        "{} after the request's last byte, in frame {request}, the {}{} ({}{network}). {known}",
        took.human(),
        event.direction.sender(),
        if at_sender { " began to answer" } else { "'s answer began to come" },
        captured_at(slow.seen)
    );
    let frames = [request.get(), slow.acked_by.map_or(0, NonZeroU64::get), event.frame];
    Finding::new(Code::SlowServer, text, frames)
}
