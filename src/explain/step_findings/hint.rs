//! Diagnoses of what the conversation so far shows at a segment: gaps, windows, waiting.

use crate::model::thresholds::COMPARABLE_RTT;
use std::num::NonZeroU64;

use crate::explain::capture_point::captured_at;
use crate::explain::describe::bytes;
use crate::explain::wire::lost_before;
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
    if observations.window_shut {
        let text = format!(
            "The {who}'s window is 0: its buffer is full, since its program does not read fast enough; the {peer} must wait (RFC 9293 §3.8.6)."
        );
        found.push(Finding::new(Code::ZeroWindow, text, [frame]));
    }
    if observations.shrunk > 0 {
        let text = format!(
            "The {who} takes back {} that it had offered: the right edge of its window moves left. A receiver should not shrink its window so, and the {peer} must bear it (RFC 9293 §3.8.6).",
            bytes(observations.shrunk)
        );
        found.push(Finding::new(Code::WindowShrunk, text, [frame]));
    }
    if let Some((ack, waited)) = observations.nagle {
        let against = observations.nagle_against.map_or_else(String::new, |data| {
            format!(
                " The {peer} held that ACK of frame {data} back, hoping for data to carry it (delayed ACK): Nagle against delayed ACK, the two waited for each other until the ACK's timer ran out."
            )
        });
        let text = format!(
            "{} waited {} and left right after the ACK in frame {ack}: Nagle's algorithm holds a small segment back while another is unacknowledged (RFC 896). TCP_NODELAY turns it off.{against}",
            bytes(facts.len),
            waited.human()
        );
        let data = observations.nagle_against.map_or(0, NonZeroU64::get);
        found.push(Finding::new(Code::NagleWait, text, [data, ack, frame]));
    }
    if let Some((data, delay)) = observations.delayed_ack {
        let after = format!("Acknowledges frame {data} only after {}", delay.human());
        let text = if facts.len == 0 {
            // where it was sent, or where a packet takes no time, the network has no part in it
            let sure = facts.rtt.is_none_or(|rtt| rtt.seen == Some(CapturePoint::SameHost));
            let or = if sure { "" } else { ", or it came late" };
            format!(
                "{after}: the receiver held the ACK back, hoping for data to carry it (RFC 1122 §4.2.3.2: at most 500 ms; Linux 40 ms){or}."
            )
        } else if facts.retransmission.is_some() {
            format!(
                "{after}, with bytes that were sent again: the ACK waited for them (delayed ACK, RFC 1122 §4.2.3.2), or one before it was lost or is not in the capture. So this round trip holds more than the path and back."
            )
        } else {
            format!(
                "{after}, with an answer: the ACK waited for it (delayed ACK, RFC 1122 §4.2.3.2), or it came late. So this round trip holds the {who}'s turnaround too."
            )
        };
        found.push(Finding::new(Code::DelayedAck, text, [data, frame]));
    }
    if let Some(slow) = observations.slow_answer {
        found.push(slow_answer(event, facts, &slow, None));
    }
    if let Some((since, gap)) = observations.idle.filter(|_| !matches!(facts.probe, Some(Probe::KeepAlive { .. }))) {
        let text = format!("Nothing was sent for {} since frame {since}.", gap.human());
        found.push(Finding::new(Code::IdleGap, text, [since, frame]));
    }
}

/// What a DSACK says of bytes that came twice.
fn came_twice(frame: u64, twice: DsackReport) -> Finding {
    let dsack = "Its first SACK block is a DSACK (RFC 2883)";
    match twice {
        DsackReport::Retransmitted(again) => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "{dsack}: the bytes sent again in frame {again} had arrived already, so sending them again was not needed."
            ),
            [again, frame],
        ),
        DsackReport::Partly { again, bytes: count } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "{dsack}: of what was sent again in frame {again} {} had arrived already; whether the rest had, it does not say.",
                bytes(count)
            ),
            [again, frame],
        ),
        DsackReport::OneOf { first, last } => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "{dsack}: of the copies that were sent again from frame {first} to frame {last} one brought bytes that had arrived already, so sending it was not needed; which one can't be told."
            ),
            [first, last, frame],
        ),
        DsackReport::Doubled { first, copy } => {
            let copy_frame = copy.map_or(0, NonZeroU64::get);
            let what = match copy {
                Some(copy) => format!("the copy in frame {copy} reached the receiver too"),
                None => "the capture holds them once".to_owned(),
            };
            let text = format!(
                "{dsack}: the bytes of frame {first} came twice. They were not sent again as far as the capture shows, and {what}: the network doubled the packet on its way."
            );
            Finding::new(Code::DuplicateFrame, text, [first, copy_frame, frame])
        }
        DsackReport::Unknown => Finding::new(
            Code::SpuriousRetransmit,
            format!(
                "{dsack}: bytes came twice. Their packets are not in the capture, or are no longer remembered, so whether they were sent again or doubled on their way can't be told."
            ),
            [frame],
        ),
    }
}

/// What an ACK says of copies of the bytes that it covers.
fn of_copy(frame: u64, arrived: SpuriousEvidence) -> Finding {
    match arrived {
        SpuriousEvidence::Earlier { again, first, after } => {
            let shown = match after {
                None => format!(
                    "The time stamp that this ACK echoes is older than that of frame {again}, which sent the bytes again (Eifel detection, RFC 3522)"
                ),
                Some(after) => format!(
                    "This ACK comes {} after frame {again}, which sent the bytes again, in less than half a round trip",
                    after.human()
                ),
            };
            let text = format!(
                "{shown}: it is the ACK of an earlier copy. The bytes of frame {first} had arrived, and sending them again was not needed."
            );
            Finding::new(Code::SpuriousRetransmit, text, [first.get(), again.get(), frame])
        }
        SpuriousEvidence::Misfit { frame: misfit } => Finding::new(
            Code::ChecksumInvalid,
            format!(
                "Acknowledges frame {misfit}, whose checksum does not fit, and the capture holds no other copy of its bytes: the receiver took it. It was whole there, or its receiver does not verify checksums, as between virtual machines of one host; so others like it need not be lost either."
            ),
            [misfit.get(), frame],
        ),
        SpuriousEvidence::Unseen { frame: misfit, told_by } => Finding::new(
            Code::CaptureGap,
            format!(
                "Acknowledges the bytes of frame {misfit}, whose checksum does not fit, and frame {told_by} had told of a hole in its place: its receiver threw it away, and the copy that arrived is not in the capture."
            ),
            [misfit.get(), told_by.get(), frame],
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
            format!("Frame {ack} had acknowledged it, so it was there: the program took its time.")
        }
        Some(ack) => format!(
            "Frame {ack} had acknowledged it, so it was there: the program took its time, or its answer was lost on the way here and a timer had to send it again. A capture at the server tells."
        ),
        None if !at_sender => "It was sent once, and its ACK came only with the answer or right before it: the program took its time, or the request came late, or the answer was lost on the way here and a timer had to send it again. A capture at the server tells.".to_owned(),
        None => "It was sent once, and its ACK came only with the answer or right before it: most likely the program took its time, but whether the request came late can't be told.".to_owned(),
    };
    let known = lost.map_or(known, |lost| {
        format!(
            "The lab's wire had lost data of the server's before this ({}): the program need not have been slow, most likely this is its answer sent again.",
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
