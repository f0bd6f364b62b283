//! Diagnoses of segments that their receivers do not accept, and of the ACKs that say so.

use crate::explain::words::words;
use crate::model::{Finding, FindingCode as Code, FindingSink, counted};
use crate::track::{Event, Refusal, TcpFacts};

/// No window reaches further than this beyond an ACK number (RFC 7323 §2.3).
const NEAR: u32 = 1 << 30;

/// The findings of the acceptability rules.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let words = words(event, facts);
    // a wrong checksum has a finding of its own
    if let Some((rule, proof)) = facts.unacceptable.filter(|(rule, _)| rule.code == Code::Unacceptable) {
        let frames = (rule.frames)(&proof).into_iter().chain([event.frame]);
        found.push(Finding::new(rule.code, (rule.says)(&proof, &words), frames));
    }
    if let Some((left, right)) = facts.observations.void_sack {
        let relative = |edge: u32| edge.wrapping_sub(facts.sack_base);
        // near the stream, bytes that the capture lacks could make it true
        let near = facts.ack.is_some_and(|ack| relative(right).wrapping_sub(ack) < NEAR);
        let unless =
            if near { format!(", unless the capture lacks packets of the {}", words.receiver) } else { String::new() };
        let text = format!(
            "The SACK block {}:{} lies outside what the {} can have received: the {} ignores it (RFC 2018 §5; Linux counts it as TCPSACKDiscard){unless}.",
            relative(left),
            relative(right),
            words.sender,
            words.receiver
        );
        found.push(Finding::new(Code::InvalidSack, text, [event.frame]));
    }
    if let Some((accepted, missing)) = facts.observations.accepted {
        let text = match missing {
            0 => format!("The {} had accepted frame {accepted}: the capture lacks its SYN-ACK.", words.sender),
            _ => format!(
                "The numbers here show that the {} had sent what frame {accepted} acknowledges: the capture lacks {}, and frame {accepted} was acceptable.",
                words.sender,
                counted(u64::from(missing), "sequence number")
            ),
        };
        found.push(Finding::new(Code::CaptureGap, text, [accepted.get(), event.frame]));
    }
    if let Some(Refusal { frame, unsent }) = facts.observations.refuses {
        let expects = facts.ack.map_or_else(String::new, |ack| format!(" It still expects byte {ack}."));
        let text = match unsent {
            true => format!(
                "Frame {frame} acknowledges data that the {} never sent, as the sequence number {} here shows. The {} discarded it and answers with the numbers that it expects (RFC 9293 §3.10.7.4).{expects}",
                words.sender, facts.seq, words.sender
            ),
            false => format!(
                "Answers frame {frame}, which the {} does not accept, with the numbers that it expects (RFC 9293 §3.10.7.4).{expects}",
                words.sender
            ),
        };
        found.push(Finding::new(Code::ChallengeAck, text, [frame.get(), event.frame]));
    }
}
