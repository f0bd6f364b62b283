//! Sentences about resets.

use std::num::NonZeroU64;

use super::{bytes, frames};
use crate::track::{Event, Reset, TcpFacts};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    match facts.reset.unwrap_or(Reset::Unknown) {
        Reset::Refused(syn) => {
            format!("{who} refuses: nothing listens on port {}; RST in answer to frame {syn}", event.source.port)
        }
        Reset::RefusedAgain { before, .. } => {
            format!("{who} refuses once more: RST as in frame {before}, though the SYN was not sent again")
        }
        Reset::Unread { bytes: count, .. } => {
            let of = bytes(count);
            format!("{who} aborts: RST in place of a FIN, most likely with some of the {peer}'s {of} unread")
        }
        Reset::Unreached { bytes: count, .. } => {
            format!("{who} aborts the connection: RST; the {peer}'s last {} had not reached it", bytes(count))
        }
        Reset::AfterClose { answers, or_from, bytes: count } => {
            let answered = one_of(answers, or_from);
            let lost = if count == 0 { String::new() } else { format!("; {} never reached the program", bytes(count)) };
            format!("{who}'s socket is closed already: its kernel answers {answered} with RST{lost}")
        }
        Reset::LateCopy { .. } => {
            format!("{who}'s socket is closed already: its kernel answers an old copy of a packet with RST")
        }
        Reset::GaveUp { answers: Some(answers), .. } => {
            format!("{who} had given the connection up: its kernel answers frame {answers} with RST")
        }
        Reset::GaveUp { first, .. } => format!("{who} gives the connection up: no ACK of frame {first} came; RST"),
        Reset::Silence { probe, .. } => {
            format!("{who} gives the connection up: nothing answered its probe in frame {probe}; RST")
        }
        Reset::Unwanted(answers) => {
            format!("{who} wants no connection any more: RST in answer to the SYN-ACK in frame {answers}")
        }
        Reset::HalfOpen(answers) => {
            format!("RST in the {who}'s name in answer to frame {answers}: there is no such connection any more")
        }
        Reset::Confirmed { reset, challenge } => {
            format!("{who} confirms its RST of frame {reset}: RST at the number that frame {challenge} named")
        }
        Reset::Copy(copy) => format!("{who} sends RST, the same packet twice, a copy of frame {copy}"),
        Reset::AbortAtOnce(answer) => {
            format!("{who} aborts the connection: RST, at once after the answer in frame {answer}")
        }
        Reset::Abort => format!("{who} aborts the connection: RST, with nothing unanswered"),
        Reset::Stale(answers) => format!("{who} knows no such connection: RST in answer to frame {answers}"),
        Reset::BadAck(answers) => {
            format!("{who} asks for another connection than frame {answers} is of: RST in answer to it")
        }
        Reset::NoAck(syn) => format!("{who} sends RST without an ACK of the SYN in frame {syn}: it ends nothing"),
        Reset::AfterReset { answers, reset } => {
            format!("{who} has no connection since the {peer}'s RST in frame {reset}: RST in answer to frame {answers}")
        }
        Reset::OtherTtl { answers, .. } => {
            let answers = answers.map_or_else(String::new, |answers| format!(" in answer to frame {answers}"));
            format!("RST in the {who}'s name{answers}, with another TTL than the {who}'s packets")
        }
        Reset::AfterAnswer { .. } => format!("{who} aborts the connection: RST, with its request answered"),
        Reset::Unacceptable { in_window: true, .. } => {
            format!("{who} sends RST at {}, which is not the number due: it may end nothing", facts.seq)
        }
        Reset::Unacceptable { .. } => format!("{who} sends RST outside the {peer}'s window: it ends nothing"),
        Reset::Unknown => format!("{who} resets the connection; the capture does not show why"),
    }
}

/// `frame 15`, `one of frames 12 to 15`.
pub(in crate::explain) fn one_of(answers: u64, or_from: Option<NonZeroU64>) -> String {
    or_from.map_or_else(|| format!("frame {answers}"), |from| format!("one of {}", frames((from.get(), answers))))
}
