//! Another host that sends in one side's name.

use crate::model::{Direction, Finding, FindingCode as Code, FindingSink};
use crate::track::{SameTtl, TcpTotals, TwoTtls};

pub(super) fn of(tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        if let Some(two) = tcp.summary.rare().other_hosts.get(direction) {
            found.push(finding(direction.sender(), two));
        }
    }
}

fn finding(who: &str, two: &TwoTtls) -> Finding {
    let TwoTtls { one, other, quicker, .. } = *two;
    let counters = one.counts && other.counts;
    let mut text = format!("Two hosts send as the {who}: packets have TTL {} (frame {}", one.ttl, one.first);
    text.push_str(&format!(") and TTL {} (frame {})", other.ttl, other.first));
    if counters {
        text.push_str(", and each host counts its own IP identifications");
    }
    text.push('.');
    if let Some(quicker) = quicker {
        text.push_str(&format!(
            " Frame {} answers after {}; the handshake's answer took {}.",
            quicker.frame,
            quicker.time.human(),
            quicker.handshake.human()
        ));
    }
    text.push_str(&format!(
        " A middlebox, such as a proxy, firewall or load balancer, sends some of them in the {who}'s name."
    ));
    let ends = |host: SameTtl| [host.first, host.last];
    let frames = ends(one).into_iter().chain(ends(other)).chain(quicker.map(|quicker| quicker.frame));
    Finding::new(Code::OtherHost, text, frames)
}
