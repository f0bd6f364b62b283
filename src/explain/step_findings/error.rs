//! Diagnoses of an ICMP error: who reports what of which packet.

use crate::model::{Finding, FindingCode as Code};
use crate::model::{IcmpError, Protocol};
use crate::track::{Event, IcmpFacts, LinkedConversation};

/// The finding for an ICMP error.
pub(super) fn of(event: &Event<'_>, facts: &IcmpFacts) -> Finding {
    let error = &facts.error;
    let quoted = facts.quotes_frame.unwrap_or(0);
    let frames = [quoted, event.frame];
    let (protocol, port) = (error.quoted.protocol, error.quoted.destination.port);
    // RFC 1812 §4.3.2.4: a router reports with an address of its own
    let (who, note) = match (error.source == error.quoted.destination.address, error.name()) {
        (true, name) if said_by_forwarders(name) => (
            "the destination's own address".to_owned(),
            ", although only routers send this error: a NAT, load balancer or tunnel in front of the host uses that address",
        ),
        (true, _) => ("the host itself".to_owned(), ""),
        (false, _) if error.source == error.quoted.source.address => ("the sender's own host".to_owned(), ""),
        (false, _) => (format!("{}, a router or host on the path", error.source), ""),
    };
    if error.name() == "port unreachable" {
        let why = match protocol {
            Protocol::Udp if error.version == 6 => "UDP has no message of its own for it (RFC 4443 §3.1)",
            Protocol::Udp => "UDP has no message of its own for it (RFC 1122 §4.1.3.1)",
            Protocol::Tcp => {
                "for a closed port a host sends RST (RFC 9293 §3.10.7.1), but a firewall may send this error"
            }
        };
        if let Some(asked) = facts.asked {
            return other_sender(event, facts, &asked);
        }
        if let Some(sent) = facts.sent_elsewhere.filter(|_| !facts.had_sent) {
            let text = format!(
                "UDP port {port} does not accept the datagram (ICMP error from {who}). The port had sent a datagram to another port or host in frame {sent}. Either its program has closed the socket since, or the socket accepts datagrams from another sender only, or a firewall rejects this one."
            );
            return Finding::new(Code::PortUnreachable, text, [sent, quoted, event.frame]);
        }
        let text = match facts.had_sent {
            true => format!(
                "UDP port {port} does not accept the datagram (ICMP error from {who}). The port had sent datagrams itself before. Either its program has closed the socket since, or the socket accepts datagrams from another sender only."
            ),
            false => format!(
                "No program listened on {protocol} port {port} at that moment, or a firewall rejected the packet. The ICMP error came from {who}; {why}."
            ),
        };
        return Finding::new(Code::PortUnreachable, text, frames);
    }
    let about = facts.quotes_frame.map_or_else(|| "a packet".to_owned(), |frame| format!("frame {frame}"));
    let means = match error.name() {
        "network unreachable" | "host unreachable" | "no route to destination" | "address unreachable" => {
            match protocol {
                Protocol::Tcp => {
                    "there is no route to the host, or the host does not answer on its link. An established connection keeps trying, since the error may be temporary (RFC 1122 §4.2.3.9)"
                }
                Protocol::Udp => "there is no route to the host, or the host does not answer on its link",
            }
        }
        "administratively prohibited" | "route rejected" | "source address failed policy" => {
            "a firewall or router refuses to forward it"
        }
        "fragmentation needed" | "packet too big" => {
            "it exceeds the next link's MTU and must not be fragmented, so its sender has to send smaller packets (path MTU discovery, RFC 1191, RFC 8201)"
        }
        "time to live exceeded" => {
            "its TTL expired (RFC 792). Either the route is a loop, or the sender set a small TTL, as traceroute does"
        }
        "hop limit exceeded" => {
            "its hop limit expired (RFC 4443 §3.3). Either the route is a loop, or the sender set a small hop limit, as traceroute does"
        }
        "fragment reassembly time exceeded" if error.version == 6 => {
            "not all of its fragments arrived, so it was discarded (RFC 4443 §3.3)"
        }
        "fragment reassembly time exceeded" => "not all of its fragments arrived, so it was discarded (RFC 792)",
        "protocol unreachable" => "the host does not support this transport protocol (RFC 1122 §3.2.2.1)",
        "parameter problem" => "a field of its header is invalid, so it was discarded (RFC 792, RFC 4443 §3.4)",
        // neither tells that the packet is lost
        "redirect" => "it was forwarded, but there is a shorter path through another router (RFC 792)",
        "source quench" => "its sender is asked to send more slowly, which hosts now ignore (RFC 792, RFC 6633)",
        _ => "it was not delivered as intended",
    };
    let rewritten = match facts.rewritten {
        true => format!(" The error quotes {}, so a NAT on the path had changed the packet.", quoted_flow(error)),
        false => String::new(),
    };
    let text = format!("ICMP error \"{}\" about {about}: {means}. It came from {who}{note}.{rewritten}", error.name());
    Finding::new(Code::IcmpError, text, frames)
}

/// The ends that a quotation names.
fn quoted_flow(error: &IcmpError) -> String {
    format!("a packet from {} to {}", error.quoted.source, error.quoted.destination)
}

/// The port is in use, but its socket does not take an answer from another sender than it had asked.
fn other_sender(event: &Event<'_>, facts: &IcmpFacts, asked: &LinkedConversation) -> Finding {
    let port = facts.error.quoted.destination.port;
    let text = format!(
        "UDP port {port} is in use, but not for this answer from {}: it had sent frame {} to {}. A connected socket accepts datagrams from that address only; its kernel rejects others with port unreachable.",
        facts.error.quoted.source, asked.frame, asked.server
    );
    Finding::new(Code::PortUnreachable, text, [asked.frame, facts.quotes_frame.unwrap_or(0), event.frame])
}

/// Returns `true` for an error that only a forwarding host reports, not the destination (RFC 1812 §5.2.7, §5.3.1; RFC
/// 4443 §3.1, §3.2, §3.3).
fn said_by_forwarders(name: &str) -> bool {
    matches!(
        name,
        "time to live exceeded"
            | "hop limit exceeded"
            | "fragmentation needed"
            | "packet too big"
            | "network unreachable"
            | "host unreachable"
            | "no route to destination"
            | "address unreachable"
    )
}
