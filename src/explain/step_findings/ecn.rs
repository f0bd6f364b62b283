//! Diagnoses of congestion that was signalled without loss: marks in the IP header, and the flags that report them
//! (RFC 3168, RFC 9768).

use std::num::NonZeroU64;

use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{EcnSignal, Event, TcpFacts};

/// The mark of the packet itself, and what its flags say of others.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let frame = event.frame;
    if facts.observations.congestion {
        let text = "A router marked this packet instead of dropping it: congestion experienced (CE, RFC 3168 §5).";
        found.push(Finding::new(Code::EcnMarked, text, [frame]));
    }
    let Some(signal) = facts.observations.ecn else { return };
    let (text, frames) = says(event, signal);
    found.push(Finding::new(Code::EcnMarked, text, frames.into_iter().chain([frame])));
}

fn says(event: &Event<'_>, signal: EcnSignal) -> (String, [u64; 2]) {
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    let number = |frame: Option<NonZeroU64>| frame.map_or(0, NonZeroU64::get);
    // only the handshake tells classic from Accurate ECN
    let doubt = |known: bool| match known {
        true => "",
        false => {
            " The handshake is not in the capture: with Accurate ECN (RFC 9768) these flags are a counter instead."
        }
    };
    match signal {
        EcnSignal::Echo { marked, since, reduced, known } => {
            let why = match (since, marked) {
                (Some(since), _) => format!("still, since frame {since}: no CWR has arrived"),
                (None, Some(marked)) => format!("frame {marked} arrived marked"),
                (None, None) => "a packet arrived marked; at this capture point none was".to_owned(),
            };
            let also = if reduced {
                format!(" CWR: the {who} has itself reduced its congestion window.")
            } else {
                String::new()
            };
            let text = format!(
                "ECE: the {who} reports congestion and asks the {peer} to slow down ({why}). Nothing was lost (RFC 3168 §6.1.3).{also}{}",
                doubt(known)
            );
            (text, [number(since), number(marked)])
        }
        EcnSignal::Reduced { echo, known } => {
            let asked = echo.map_or_else(String::new, |echo| format!(", as the ECE in frame {echo} asked"));
            let text = format!(
                "CWR: the {who} has reduced its congestion window{asked}. The {peer} stops sending ECE once this has arrived (RFC 3168 §6.1.2).{}",
                doubt(known)
            );
            (text, [number(echo), 0])
        }
        EcnSignal::HandshakeMarked => {
            let what = if event.tcp().is_some_and(|facts| facts.flags.is_syn_ack()) { "SYN" } else { "SYN-ACK" };
            let text = format!(
                "Accurate ECN: the {peer}'s {what} arrived marked with congestion (CE), as AE, CWR and ECE = 110 report (RFC 9768 §3.1.2, §3.2.2.1)."
            );
            (text, [0, 0])
        }
        EcnSignal::Counted { before, now, more } => {
            let packets = if more == 1 { "packet" } else { "packets" };
            let text = format!(
                "Accurate ECN: the {who}'s counter of marked packets (ACE) rises from {before} to {now}: {more} more {packets} of the {peer}'s arrived marked, modulo 8 (RFC 9768 §3.2.2)."
            );
            (text, [0, 0])
        }
    }
}
