//! Sentences about datagrams.

use super::data::{echoed, misfit, payload};
use super::{bytes, joined};
use crate::echo::PairedBy;
use crate::track::{Event, UdpFacts, UdpPlace};

pub(super) fn sentence(event: &Event<'_>, facts: &UdpFacts) -> String {
    let who = event.direction.sender();
    let what = match (facts.place, &facts.echo) {
        (UdpPlace::CapturedTwice(first), _) => format!("the packet of frame {first}, captured twice"),
        (UdpPlace::Duplicate(first), _) => format!("the same datagram twice, a copy of frame {first}"),
        (_, Some(echo)) => echoed(who, facts.len, echo),
        (UdpPlace::ReplyElsewhere(request), None) => {
            format!(
                "{who} sends {}, in answer to frame {}, which was sent to {}",
                payload(event, facts.len),
                request.frame,
                request.server
            )
        }
        (place, None) => format!("{who} sends {}{}", payload(event, facts.len), pairing(place)),
    };
    let doubt = match (facts.place, &facts.echo) {
        (UdpPlace::Reply { sure: false, by, .. }, _) => Some(unsure(by)),
        (UdpPlace::Stray(id), _) => {
            Some(format!("no request that waits for its answer has its transaction ID 0x{id:04x}"))
        }
        _ => None,
    };
    let response_time = facts.response_time.map(|time| format!("after {}", time.human()));
    let fragments = (event.ip.fragments > 1).then(|| format!("in {} IP fragments", event.ip.fragments));
    let checksum = misfit(facts.checksum).map(|misfit| match facts.checksum_raw {
        0 => "it has no checksum".to_owned(),
        _ => misfit,
    });
    let lacking = (facts.lacking > 0)
        .then(|| format!("its Length field counts {} that the packet does not hold", bytes(facts.lacking.into())));
    joined([Some(what), doubt, lacking, checksum, response_time, fragments])
}

/// Which request an answer is to that does not give it back.
fn pairing(place: UdpPlace) -> String {
    match place {
        UdpPlace::Reply { request, by: PairedBy::DnsId(id), sure: true } => {
            format!(" in answer to frame {request}, which has its transaction ID 0x{id:04x}")
        }
        UdpPlace::Reply { request, sure: true, .. } => format!(", the next datagram after frame {request}"),
        _ => String::new(),
    }
}

/// That it can't be told which request an answer is to.
fn unsure(by: PairedBy) -> String {
    match by {
        PairedBy::Echo => "several requests had these bytes, and which of them this answers is unknown".to_owned(),
        PairedBy::DnsId(id) => {
            format!("several requests had its transaction ID 0x{id:04x}, and which of them this answers is unknown")
        }
        PairedBy::Turn => {
            "several requests were under way, and which of them this answers, if any, is unknown".to_owned()
        }
    }
}
