//! Data on a SYN, and what became of them; TCP Fast Open (RFC 7413): who asks for a cookie, and who brings one.

use crate::explain::describe::bytes;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{Event, SynData, TcpFacts};

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut Vec<Finding>) {
    let frame = event.frame;
    if facts.flags.is_syn_ack() {
        let granted = facts.options.fast_open.map(granted);
        found.extend(granted.map(|text| Finding::new(Code::FastOpen, text, [frame])));
        if let Some(data) = facts.observations.syn_data {
            found.push(Finding::new(code(data.fast_open), taken(facts, data), [data.frame.get(), frame]));
        }
    } else {
        let code = code(facts.options.fast_open.is_some());
        found.extend(offered(facts).map(|text| Finding::new(code, text, [frame])));
    }
}

/// Data on a SYN are no Fast Open by themselves.
fn code(fast_open: bool) -> Code {
    if fast_open { Code::FastOpen } else { Code::SynData }
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
            "The SYN carries {} of data, which TCP allows, and no option of Fast Open: a server hands them to its program only when the handshake is over (RFC 9293 §3.5), unless it is set to Fast Open without a cookie.",
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
    let SynData { frame, bytes: sent, fast_open, again } = data;
    let covered = facts.ack.unwrap_or(0).saturating_sub(1).min(sent);
    let rule = if fast_open { "RFC 7413 §4.2.2" } else { "RFC 9293 §3.5" };
    let data = bytes(sent);
    match covered {
        0 if again => format!(
            "Acknowledges only the SYN, not the {data} of data on the one in frame {frame}: they were not accepted, or did not arrive and this answers the SYN that was sent again. The client sends them again ({rule})."
        ),
        0 => {
            let why =
                if fast_open { ", since the cookie is missing or no longer valid, or Fast Open is off" } else { "" };
            format!(
                "Acknowledges only the SYN, not the {data} of data on it in frame {frame}: the server did not accept them{why}. The client sends them again ({rule})."
            )
        }
        _ if covered == sent && fast_open => format!(
            "Acknowledges the {data} of data on the SYN in frame {frame}: the server accepted them, a round trip earlier than after a handshake ({rule})."
        ),
        _ if covered == sent => format!(
            "Acknowledges the {data} of data on the SYN in frame {frame}: the server accepted them, and hands them to its program when the handshake is over, or at once if it is set to Fast Open without a cookie ({rule})."
        ),
        _ => format!(
            "Acknowledges {covered} of the {data} of data on the SYN in frame {frame}: the server accepted only these, and the client sends the rest again ({rule})."
        ),
    }
}
