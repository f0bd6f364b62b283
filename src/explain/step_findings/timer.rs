//! Why a timer made a sender send again.

use crate::track::{Retransmission, RtoBackoff};

/// The sentence of a tail-loss probe; `late` says that a retransmission timer may have run out as well.
pub(super) fn probe(late: bool, waited: &str, copy: &str) -> String {
    let but = if late {
        "where a retransmission timer would send the bytes before it first, which are not acknowledged (RFC 6298 §5.4)"
    } else {
        "sooner than a retransmission timer could run out"
    };
    format!(
        "The last data in flight, sent again{waited}, {but}, and no duplicate ACK asked for it: a tail-loss probe (RFC 8985 §7); {copy}."
    )
}

/// The sentence of a retransmission timer that ran out.
pub(super) fn timeout(repeats: u16, wait: RtoBackoff, repeat: &Retransmission, waited: &str, copy: &str) -> String {
    let nth = ordinal(repeats);
    if let (RtoBackoff::First, Some(last)) = (wait, repeat.last) {
        return format!(
            "Sent again for the {nth} time{waited}: no ACK of the copy in frame {last} came, and the retransmission timer ran out (RFC 6298 §5); {copy}."
        );
    }
    match wait {
        RtoBackoff::FirstThoughAsked => format!(
            "Sent again{waited}: the retransmission timer ran out (RFC 6298 §5). The ACK in frame {} had told of a hole here before, but that did not make the sender act; {copy}.",
            repeat.witness.unwrap_or(0)
        ),
        RtoBackoff::First => format!(
            "Sent again{waited} without a duplicate ACK or SACK asking for it: the retransmission timer ran out (RFC 6298 §5); {copy}."
        ),
        RtoBackoff::FirstOfLast => format!(
            "Sent again{waited} without a duplicate ACK or SACK asking for it: a timer ran out, the retransmission timer (RFC 6298 §5) or a tail-loss probe's, which may wait about as long (RFC 8985 §7.2); {copy}."
        ),
        RtoBackoff::ZeroWindow => format!(
            "Sent again{waited} while the receiver's window is shut: the retransmission timer ran out (RFC 6298 §5), and the repeat asks at the same time whether the window has opened; {copy}."
        ),
        RtoBackoff::Longer => format!(
            "Sent again for the {nth} time{waited}: no ACK comes, and the retransmission timer waits longer each time (back-off, RFC 6298 §5.5); {copy}."
        ),
        RtoBackoff::NoLonger if repeats > 2 => format!(
            "Sent again for the {nth} time{waited}: no ACK comes. A retransmission timer that has run out waits longer each time (RFC 6298 §5.5), and this wait was not longer than those before: the sender does not back off, or something else made it send; {copy}."
        ),
        RtoBackoff::NoLonger => format!(
            "Sent again for the {nth} time{waited}: no ACK comes, and the timer ran out. Once it has run out it waits twice as long (RFC 6298 §5.5), but this wait was far from twice the one before: the repeat before was most likely a tail-loss probe (RFC 8985 §7); {copy}."
        ),
    }
}

fn ordinal(n: u16) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}
