//! Sentences about datagrams.

use super::data::{echoed, misfit, payload};
use super::joined;
use crate::track::{Event, UdpFacts, UdpPlace};

pub(super) fn sentence(event: &Event<'_>, facts: &UdpFacts) -> String {
    let who = event.direction.sender();
    let what = match (facts.place, &facts.echo) {
        (UdpPlace::Duplicate(first), _) => format!("the same datagram twice, a copy of frame {first}"),
        (_, Some(echo)) => echoed(who, facts.len, echo),
        (UdpPlace::Reply(request), None) => {
            format!("{who} sends {}, the next datagram after frame {request}", payload(event, facts.len))
        }
        (UdpPlace::Request | UdpPlace::Unasked, None) => format!("{who} sends {}", payload(event, facts.len)),
    };
    let turnaround = facts.turnaround.map(|time| format!("after {}", time.human()));
    let fragments = (event.ip.fragments > 1).then(|| format!("in {} IP fragments", event.ip.fragments));
    let checksum = misfit(facts.checksum).map(|misfit| match facts.checksum_raw {
        0 => "it has no checksum".to_owned(),
        _ => misfit,
    });
    joined([Some(what), checksum, turnaround, fragments])
}
