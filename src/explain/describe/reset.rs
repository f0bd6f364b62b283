//! Sentences about resets.

use super::bytes;
use crate::track::{Event, Reset, TcpFacts};

pub(super) fn sentence(event: &Event<'_>, facts: &TcpFacts) -> String {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    match facts.reset.unwrap_or(Reset::Unknown) {
        Reset::Refused(syn) => {
            format!("{who} refuses: nothing listens on port {}; RST in answer to frame {syn}", event.source.port)
        }
        Reset::Unread(count) => {
            let of = bytes(count);
            format!("{who} aborts: RST in place of a FIN, most likely with some of the {peer}'s {of} unread")
        }
        Reset::AfterClose { answers, bytes: 0 } => {
            format!("{who}'s socket is closed already: its kernel answers frame {answers} with RST")
        }
        Reset::AfterClose { answers, bytes: count } => format!(
            "{who}'s socket is closed already: its kernel answers frame {answers} with RST; {} never reached the program",
            bytes(count)
        ),
        Reset::LateCopy { .. } => {
            format!("{who}'s socket is closed already: its kernel answers an old copy of a packet with RST")
        }
        Reset::Abort => format!("{who} aborts the connection: RST, with nothing unanswered"),
        Reset::Stale(answers) => format!("{who} knows no such connection: RST in answer to frame {answers}"),
        Reset::Unknown => format!("{who} resets the connection; the capture does not show why"),
    }
}
