//! Sentences about ICMP errors.

use super::thousands;
use crate::model::Protocol;
use crate::track::{Event, IcmpFacts};

pub(super) fn sentence(event: &Event<'_>, facts: &IcmpFacts) -> String {
    let error = &facts.error;
    let about = facts.quotes_frame.map_or_else(|| "a packet".to_owned(), |frame| format!("frame {frame}"));
    let version = if error.version == 6 { "ICMPv6" } else { "ICMP" };
    let to = event.direction.receiver();
    let why = match (error.name(), error.quoted.protocol) {
        ("port unreachable", Protocol::Udp)
            if facts.asked.is_some() || facts.had_sent || facts.sent_elsewhere.is_some() =>
        {
            format!(
                ": UDP port {}, which had sent datagrams itself, does not accept this one",
                error.quoted.destination.port
            )
        }
        ("port unreachable", protocol) => {
            format!(" ({protocol} port {})", error.quoted.destination.port)
        }
        ("fragmentation needed" | "packet too big", _) => match error.mtu {
            Some(mtu) => format!(": next-hop MTU {} bytes", thousands(mtu.into())),
            None => ": the next-hop MTU is smaller".to_owned(),
        },
        ("time to live exceeded" | "hop limit exceeded", _) => ": too many hops on the path".to_owned(),
        _ => String::new(),
    };
    format!("{version} tells the {to} about {about}: {}{why}", error.name())
}
