//! Diagnoses of what the conversation so far shows at a segment: gaps, windows, waiting.

use crate::model::thresholds::COMPARABLE_RTT;
use std::num::NonZeroU64;

use crate::explain::capture_point::captured_at;
use crate::explain::describe::bytes;
use crate::explain::wire::lost_before;
use crate::explain::words::words;
use crate::model::WireAnnotation;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{CapturePoint, Event, SlowAnswer, TcpFacts};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let frame = event.frame;
    let observations = &facts.observations;
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    if let Some((count, shown_by)) = observations.capture_gap.filter(|_| !observations.gap_continues) {
        let text = match count {
            1 => format!(
                "The ACK covers a byte or the FIN of the {peer} that was not captured before. It arrived: either the capture missed it, or contains it later (out of order)."
            ),
            _ => format!(
                "The ACK covers {} of the {peer} that were not captured before. They arrived: either the capture missed them, or contains them later (out of order).",
                bytes(count)
            ),
        };
        found.push(Finding::new(Code::CaptureGap, text, [shown_by.unwrap_or(0), frame]));
    }
    let words = words(event, facts);
    found.extend(observations.duplicate_sack.map(|report| report.finding(&words)));
    found.extend(observations.arrived.map(|arrived| arrived.finding(&words)));
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
            "New data after the timeout in frame {timeout}, though not all bytes sent before it are acknowledged: the {who} does not retransmit more, but tests whether the timeout was spurious (F-RTO, RFC 5682 §2.1). The ACK in frame {ack} released it."
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
    if let Some(closed) = observations.zero_window {
        closed.report(&words, found);
    }
    if let Some(syn_ack) = observations.unscaled_syn_ack.filter(|_| observations.shrunk > 0) {
        let text = format!(
            "The {who}'s window falls by {} to {}. Either the {who} shrank it, or it scales its windows and a middlebox has removed the option from its SYN-ACK in frame {syn_ack} (RFC 7323 §2): the {peer} then takes them for too small.",
            bytes(observations.shrunk),
            bytes(facts.window)
        );
        found.push(Finding::new(Code::WindowShrunk, text, [syn_ack.get(), frame]));
    } else if observations.shrunk > 0 {
        let text = format!(
            "The {who} shrank its window by {}: the right edge moved left. RFC 9293 §3.8.6 strongly discourages this; the {peer} must handle it.",
            bytes(observations.shrunk)
        );
        found.push(Finding::new(Code::WindowShrunk, text, [frame]));
    }
    if let Some(wait) = observations.wait {
        wait.report(&words, found);
    }
    if let Some(delayed) = observations.delayed_ack {
        delayed.report(&words, found);
    }
    if let Some(slow) = observations.slow_answer {
        found.add(Code::SlowServer, slow_frames(event, &slow), || slow_answer(event, facts, &slow, None).text);
    }
    let asks = facts.probe.is_some_and(|probe| probe.is_question());
    if let Some((since, gap)) = observations.idle.filter(|_| !asks) {
        let text = || format!("No packet was captured for {} after frame {since}.", gap.human());
        found.add(Code::IdleGap, [since, frame], text);
    }
}

/// An answer that took its time; `lost` is what the wire is known to have lost before it.
pub(super) fn slow_answer(
    event: &Event<'_>,
    facts: &TcpFacts,
    slow: &SlowAnswer,
    lost: Option<&WireAnnotation>,
) -> Finding {
    let (request, took) = (slow.request, facts.response_time.unwrap_or_default());
    let network = if slow.network >= COMPARABLE_RTT {
        format!("; about {} of this was the network, as in the handshake", slow.network.human())
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
        None if !at_sender => "The request was sent once, and its ACK came with the answer or right before it. Candidates: a slow program, a long or congested path, or an answer that was lost before the capture point and retransmitted. A capture at the server would show which.".to_owned(),
        None => "The request was sent once, and its ACK came with the answer or right before it. Either the program took this time, or the request arrived late; this capture does not show which.".to_owned(),
    };
    let known = lost.map_or(known, |lost| {
        format!(
            "The lab's link had dropped data from the server before this ({}). Either this is the retransmitted answer, or the program was slow.",
            lost_before(lost)
        )
    });
    let text = format!(
        "The {}{} {} after the request's last byte (frame {request}; {}{network}). {known}",
        event.direction.sender(),
        if at_sender { " began to answer" } else { "'s answer began to arrive" },
        took.human(),
        captured_at(slow.seen)
    );
    Finding::new(Code::SlowServer, text, slow_frames(event, slow))
}

/// The frames that prove a slow answer.
fn slow_frames(event: &Event<'_>, slow: &SlowAnswer) -> [u64; 3] {
    [slow.request.get(), slow.acked_by.map_or(0, NonZeroU64::get), event.frame]
}
