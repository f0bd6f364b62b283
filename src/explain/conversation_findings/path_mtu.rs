//! A path MTU that an ICMP error told, and that its sender took.

use crate::explain::describe::bytes;
use crate::model::{Direction, Finding, FindingCode as Code, FindingSink, counted, thousands};
use crate::track::{PathMtu, TcpTotals};

/// So many retransmissions did not all cross the error.
const MOST_CROSSING: u64 = 2;

pub(super) fn of(tcp: &TcpTotals, found: &mut impl FindingSink) {
    for direction in [Direction::ClientToServer, Direction::ServerToClient] {
        let Some(PathMtu { error, mtu, retransmitted, too_long, bytes: count }) =
            tcp.summary.rare().path_mtu.get(direction)
        else {
            continue;
        };
        if let Some(mtu) = mtu.filter(|_| retransmitted.count == 0 && too_long.count >= MOST_CROSSING) {
            let text = format!(
                "The ICMP error in frame {error} reported a link that takes only {} bytes, but {} retransmitted longer packets {} times after it. The error did not reach its kernel, or its kernel does not take it: a filter that drops ICMP, or path MTU discovery that is turned off (RFC 2923 §2.1).",
                thousands(mtu.into()),
                format_args!("the {}", direction.sender()),
                thousands(too_long.count)
            );
            let frames = [*error].into_iter().chain(too_long.frames.iter().copied());
            found.push(Finding::new(Code::MtuBlackHole, text, frames));
            continue;
        }
        // without a retransmission the capture does not show that the error arrived
        if retransmitted.count == 0 {
            continue;
        }
        let who = direction.sender();
        let limit = mtu.map_or_else(String::new, |mtu| format!(" of {} bytes", thousands(mtu.into())));
        let text = format!(
            "Path MTU discovery: the ICMP error in frame {error} reported a link with a smaller MTU{limit}. The {who} reduced its path MTU and retransmitted {} in {} (RFC 1191, RFC 8201).",
            bytes(u32::try_from(*count).unwrap_or(u32::MAX)),
            counted(retransmitted.count, "segment")
        );
        let frames = [*error].into_iter().chain(retransmitted.frames.iter().copied());
        found.push(Finding::new(Code::PathMtu, text, frames));
    }
}
