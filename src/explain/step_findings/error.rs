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
    let who = match (error.source == error.quoted.destination.address, error.name()) {
        (true, name) if said_by_forwarders(name) => {
            "the address that it was for says so, but only who passes packets on says that: a NAT, load balancer or tunnel in front of the host has its address".to_owned()
        }
        (true, _) => "the host itself says so".to_owned(),
        (false, _) if error.source == error.quoted.source.address => "its sender's own host says so".to_owned(),
        (false, _) => format!("{} says so, a router or host on the way", error.source),
    };
    if error.name() == "port unreachable" {
        let why = match protocol {
            Protocol::Udp if error.version == 6 => "UDP itself has no refusal (RFC 4443 §3.1)",
            Protocol::Udp => "UDP itself has no refusal (RFC 1122 §4.1.3.1)",
            Protocol::Tcp => "for a closed port a host sends RST (RFC 9293 §3.10.7.1), a firewall may send this",
        };
        if let Some(asked) = facts.asked {
            return other_sender(event, facts, &asked);
        }
        if let Some(sent) = facts.sent_elsewhere.filter(|_| !facts.had_sent) {
            let text = format!(
                "UDP port {port} does not take the datagram: {who} by an ICMP error. The port had sent a datagram to another port or host in frame {sent}. Either its program has closed the socket since, or the socket takes datagrams from another sender only, or a firewall rejects this one."
            );
            return Finding::new(Code::PortUnreachable, text, [sent, quoted, event.frame]);
        }
        let text = match facts.had_sent {
            true => format!(
                "UDP port {port} does not take the datagram: {who} by an ICMP error. The port had sent datagrams itself before, so its program has closed the socket since, or the socket takes datagrams from another sender only."
            ),
            false => format!(
                "No program listened on {protocol} port {port} at that moment, or a firewall rejected it: {who} by an ICMP error; {why}."
            ),
        };
        return Finding::new(Code::PortUnreachable, text, frames);
    }
    let about =
        facts.quotes_frame.map_or_else(|| "A packet".to_owned(), |frame| format!("The packet in frame {frame}"));
    let means = match error.name() {
        "network unreachable" | "host unreachable" | "no route to destination" | "address unreachable" => {
            match protocol {
                Protocol::Tcp => {
                    "there is no way to the host, or it does not answer on its link; an open connection tries on, since that may pass (RFC 1122 §4.2.3.9)"
                }
                Protocol::Udp => "there is no way to the host, or it does not answer on its link",
            }
        }
        "administratively prohibited" | "route rejected" | "source address failed policy" => {
            "a firewall or router refuses to pass it on"
        }
        "fragmentation needed" | "packet too big" => {
            "it is longer than the next link takes, and must not be cut there: its sender has to send shorter ones (path MTU discovery, RFC 1191, RFC 8201)"
        }
        "time to live exceeded" => {
            "it passed as many routers as it may (RFC 792): the way is a loop, or its sender asked for that, as traceroute does"
        }
        "hop limit exceeded" => {
            "it passed as many routers as it may (RFC 4443 §3.3): the way is a loop, or its sender asked for that, as traceroute does"
        }
        "fragment reassembly time exceeded" if error.version == 6 => {
            "not all of its fragments came, so it was discarded (RFC 4443 §3.3)"
        }
        "fragment reassembly time exceeded" => "not all of its fragments came, so it was discarded (RFC 792)",
        "protocol unreachable" => "the host has nothing there that takes this transport (RFC 1122 §3.2.2.1)",
        "parameter problem" => "a field of its header is invalid, so it was discarded (RFC 792, RFC 4443 §3.4)",
        // neither tells that the packet is lost
        "redirect" => "it was passed on, but there is a shorter way: by another router (RFC 792)",
        "source quench" => "its sender is asked to send more slowly, which hosts ignore today (RFC 792, RFC 6633)",
        _ => "it was not delivered, or not as it should be",
    };
    let rewritten = match facts.rewritten {
        true => format!(" It quotes {}, so a NAT on the path had changed the packet.", quoted_flow(error)),
        false => String::new(),
    };
    let text = format!("{about} met the ICMP error \"{}\": {means}; {who}.{rewritten}", error.name());
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
        "UDP port {port} is in use: it had sent frame {} to {}. A connected socket takes datagrams from there alone, so its kernel refuses this answer from {} as if nothing listened.",
        asked.frame, asked.server, facts.error.quoted.source
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
