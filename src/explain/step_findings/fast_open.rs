//! TCP Fast Open (RFC 7413): who asks for a cookie, who brings one, and what became of the data on the SYN.

use crate::explain::describe::bytes;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::track::{Event, SynData, TcpFacts, TcpPlace};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut Vec<Finding>) {
    let frame = event.frame;
    if facts.place == TcpPlace::SynAck {
        let granted = facts.options.fast_open.map(granted);
        found.extend(granted.map(|text| Finding::new(Code::FastOpen, text, [frame])));
        let taken = facts.hints.syn_data.map(|data| (taken(facts, data), data.frame.get()));
        found.extend(taken.map(|(text, syn)| Finding::new(Code::FastOpen, text, [syn, frame])));
    } else {
        found.extend(offered(facts).map(|text| Finding::new(Code::FastOpen, text, [frame])));
    }
}

/// What a SYN brings.
fn offered(facts: &TcpFacts) -> Option<String> {
    let text = match (facts.options.fast_open, facts.len) {
        (Some(0), 0) => "The SYN asks for a Fast Open cookie: its option is empty (RFC 7413 §4.2.1).".to_owned(),
        (Some(0), len) => format!(
            "The SYN asks for a Fast Open cookie and carries {} of data, without a cookie that would let the server's program have them before the handshake is over (RFC 7413 §4.2.1).",
            bytes(len)
        ),
        (Some(cookie), 0) => format!(
            "The SYN brings a Fast Open cookie of {}, from an earlier connection, but no data (RFC 7413 §4.2.2).",
            bytes(cookie.into())
        ),
        (Some(cookie), len) => format!(
            "The SYN brings a Fast Open cookie of {}, from an earlier connection, and {} of data: where the server accepts the cookie, its program has them a round trip earlier (RFC 7413 §4.2.2).",
            bytes(cookie.into()),
            bytes(len)
        ),
        (None, 0) => return None,
        (None, len) => format!(
            "The SYN carries {} of data without a Fast Open cookie: a server hands them to its program only when the handshake is over (RFC 9293 §3.4), unless it is set to take them without a cookie.",
            bytes(len)
        ),
    };
    Some(text)
}

fn granted(cookie: u8) -> String {
    match cookie {
        0 => "The SYN-ACK's Fast Open option is empty: it grants no cookie (RFC 7413 §4.1.1).".to_owned(),
        _ => format!(
            "The SYN-ACK grants a Fast Open cookie of {}, for later connections (RFC 7413 §4.2.1).",
            bytes(cookie.into())
        ),
    }
}

/// How much of the SYN's data the SYN-ACK covers.
fn taken(facts: &TcpFacts, data: SynData) -> String {
    let SynData { frame, bytes: sent, again } = data;
    let covered = facts.ack.unwrap_or(0).saturating_sub(1).min(sent);
    match covered {
        0 if again => format!(
            "Acknowledges only the SYN, not the {} of data on the one in frame {frame}: they were not accepted, or did not arrive and this answers the SYN that was sent again. The client sends them again (RFC 7413 §4.2.2).",
            bytes(sent)
        ),
        0 => format!(
            "Acknowledges only the SYN, not the {} of data on it in frame {frame}: the server did not accept them, since the cookie is missing or no longer valid, or Fast Open is off. The client sends them again (RFC 7413 §4.2.2).",
            bytes(sent)
        ),
        _ if covered == sent => format!(
            "Acknowledges the {} of data on the SYN in frame {frame}: the server accepted them, a round trip earlier than after a handshake (RFC 7413 §4.2.2).",
            bytes(sent)
        ),
        _ => format!(
            "Acknowledges {covered} of the {} of data on the SYN in frame {frame}: the server accepted only these, and the client sends the rest again (RFC 7413 §4.2.2).",
            bytes(sent)
        ),
    }
}
