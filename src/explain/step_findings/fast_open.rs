//! Data on a SYN, and what became of them; TCP Fast Open (RFC 7413): cookies that are requested, granted and used.

use crate::explain::describe::bytes;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{Event, SegmentRole, SynData, TcpFacts};

/// The lengths of a cookie that count; others are ignored (RFC 7413 §4.1.1).
const COOKIE: std::ops::RangeInclusive<u8> = 4..=16;

pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, found: &mut impl FindingSink) {
    let frame = event.frame;
    let data = facts.observations.syn_data;
    if facts.flags.is_syn_ack() {
        // one that does not answer the SYN is refused, and a retransmitted one says nothing new
        if facts.role == SegmentRole::WrongSynAck || facts.retransmission.is_some() {
            return;
        }
        let granted = facts.options.fast_open.map(granted);
        found.extend(granted.map(|text| Finding::new(Code::FastOpen, text, [frame])));
        if let Some(data) = data {
            found.push(Finding::new(code(data.cookie.is_some()), taken(facts, data), [data.frame.get(), frame]));
        }
        if facts.len > 0 && facts.retransmission.is_none() {
            let text = format!(
                "The SYN-ACK carries {} of data: the {}'s program answers before the handshake is complete (RFC 7413 §4.2.2).",
                bytes(facts.len),
                event.direction.sender()
            );
            let fast_open = data.is_some_and(|data| data.cookie.is_some());
            found.push(Finding::new(code(fast_open), text, [frame]));
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

/// Returns `true` if a receiver accepts a cookie of this length.
fn is_valid(cookie: u8) -> bool {
    COOKIE.contains(&cookie) && cookie.is_multiple_of(2)
}

/// Describes the cookie and the data of a SYN.
fn offered(facts: &TcpFacts) -> Option<String> {
    let len = facts.len;
    let text = match facts.options.fast_open {
        Some(0) if len == 0 => "The SYN requests a Fast Open cookie: its option is empty (RFC 7413 §4.2.1).".to_owned(),
        Some(0) => format!(
            "The SYN requests a Fast Open cookie and already carries {} of data. Without a cookie a server passes them to its program only after the handshake, unless it requires none (RFC 7413 §4.2.1).",
            bytes(len)
        ),
        Some(cookie) if !is_valid(cookie) => format!(
            "The SYN's Fast Open option has {}, which no cookie may have (4 to 16 bytes, an even number): a server ignores it (RFC 7413 §4.1.1).",
            bytes(cookie.into())
        ),
        Some(cookie) if len == 0 => format!(
            "The SYN carries a Fast Open cookie of {} from an earlier connection, but no data (RFC 7413 §4.2.2).",
            bytes(cookie.into())
        ),
        Some(cookie) => format!(
            "The SYN carries a Fast Open cookie of {} from an earlier connection, and {} of data. If the server accepts the cookie, its program reads them before the handshake is complete (RFC 7413 §4.2.2).",
            bytes(cookie.into()),
            bytes(len)
        ),
        None if len == 0 => return None,
        None => format!(
            "The SYN carries {} of data without the Fast Open option. TCP allows that; a server passes them to its program only after the handshake (RFC 9293 §3.5), unless it is set to Fast Open without cookies.",
            bytes(len)
        ),
    };
    Some(text)
}

fn granted(cookie: u8) -> String {
    match cookie {
        0 => "The SYN-ACK's Fast Open option is empty: it grants no cookie (RFC 7413 §4.1.1).".to_owned(),
        _ => format!(
            "The SYN-ACK grants a Fast Open cookie of {} for later connections (RFC 7413 §4.2.1).",
            bytes(cookie.into())
        ),
    }
}

/// Describes the part of the SYN's data that the SYN-ACK covers.
fn taken(facts: &TcpFacts, data: SynData) -> String {
    let SynData { frame, bytes: sent, cookie, again } = data;
    let covered = facts.ack.unwrap_or(0).saturating_sub(1).min(sent);
    let fast_open = cookie.is_some();
    let rule = if fast_open { "RFC 7413 §4.2.2" } else { "RFC 9293 §3.5" };
    let data = bytes(sent);
    match covered {
        0 if again => format!(
            "Acknowledges only the SYN, not the {data} of data on the one in frame {frame}: either the server did not accept them, or this answers the retransmitted SYN. The client retransmits them ({rule})."
        ),
        0 => {
            let why = match (cookie, facts.options.fast_open) {
                (None, _) => "the server did not accept them",
                (Some(0), _) => "without a cookie the server did not accept them",
                (Some(sent), _) if !is_valid(sent) => "without a valid cookie the server did not accept them",
                (Some(_), Some(_)) => "the server did not accept the cookie, and grants another",
                (Some(_), None) => {
                    "the server did not accept them; it has Fast Open turned off, or too many such connections pending, or the option did not reach it"
                }
            };
            format!(
                "Acknowledges only the SYN, not the {data} of data on it (frame {frame}): {why}. The client retransmits the data ({rule})."
            )
        }
        _ if covered == sent && fast_open => format!(
            "Acknowledges the {data} of data on the SYN in frame {frame}: the server accepted them one round trip early ({rule})."
        ),
        _ if covered == sent => format!(
            "Acknowledges the {data} of data on the SYN in frame {frame}. The server's program reads them when the handshake is complete, or at once if it is set to Fast Open without cookies ({rule})."
        ),
        _ => format!(
            "Acknowledges {covered} of the {data} of data on the SYN in frame {frame}: the server accepted only these. The client retransmits the rest ({rule})."
        ),
    }
}
