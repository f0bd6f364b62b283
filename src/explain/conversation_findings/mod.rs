//! Diagnoses that only a whole conversation shows.

mod ack_loop;
mod alive;
mod close;
mod echo;
mod gap;
pub(super) mod handshake;
mod other_host;
mod packets;
mod path_mtu;
mod udp;
pub(super) mod window;

use crate::model::Occurrences;
use crate::model::thousands;
use crate::model::{Finding, FindingSink};
use crate::track::ConversationTotals;

/// Everything that the totals show.
pub(super) fn of(totals: &ConversationTotals) -> Vec<Finding> {
    let mut found = Vec::new();
    report(totals, &mut found);
    found
}

/// Gives everything that the totals show to `found`.
pub(super) fn report(totals: &ConversationTotals, found: &mut impl FindingSink) {
    if let Some(tcp) = totals.tcp.as_ref().filter(|_| !totals.in_surge) {
        handshake::of(totals, tcp, found);
        window::of(totals, tcp, found);
        gap::unseen(totals, tcp, found);
        gap::of(tcp, found);
        path_mtu::of(tcp, found);
        found.extend(ack_loop::of(tcp.summary.rare()));
        alive::of(tcp, found);
        close::of(totals, tcp, found);
        other_host::of(tcp, found);
        packets::offloaded(totals, &tcp.summary.offloaded, found);
        packets::accepted(&tcp.summary, found);
    }
    if let Some(udp) = &totals.udp {
        udp::of(totals, udp, found);
        packets::offloaded(totals, &udp.offloaded, found);
        packets::unchecked(&udp.unchecked, found);
        packets::answered(udp, found);
    }
    echo::of(totals, found);
}

/// `once`, `3 times`.
pub(in crate::explain) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// `in 3 frames`, `in 12 frames (the first 8 are named)`.
pub(super) fn in_frames(sighting: &Occurrences) -> String {
    let named = sighting.frames.len() as u64;
    match sighting.count {
        1 => "in 1 frame".to_owned(),
        count if count > named => format!("in {} frames (the first {named} are named)", thousands(count)),
        count => format!("in {} frames", thousands(count)),
    }
}
