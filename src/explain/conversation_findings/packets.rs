//! What the packets' checksums show.

use super::in_frames;
use crate::model::Occurrences;
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::ConversationTotals;

/// Datagrams that carry none.
pub(super) fn unchecked(unchecked: &Occurrences, found: &mut impl FindingSink) {
    if unchecked.count > 0 {
        let text = format!(
            "No checksum {}: the field is 0, which UDP allows over IPv4 (RFC 768). Damage on the way would go unnoticed.",
            in_frames(unchecked)
        );
        found.push(Finding::new(Code::ChecksumAbsent, text, unchecked.frames.iter().copied()));
    }
}

/// Segments or datagrams whose checksum the network card fills in, or which loopback leaves without one.
pub(super) fn offloaded(totals: &ConversationTotals, offloaded: &Occurrences, found: &mut impl FindingSink) {
    if offloaded.count > 0 {
        let frames = in_frames(offloaded);
        let text = match is_loopback(totals) {
            true => format!(
                "The checksum {frames} holds only the sum of the pseudo-header: Linux does not compute checksums on loopback; tcpdump prints them as \"incorrect\". This is not an error."
            ),
            false => format!(
                "The checksum {frames} holds only the sum of the pseudo-header: the network card fills it in after the capture (offloading). The packets are fine."
            ),
        };
        found.push(Finding::new(Code::ChecksumOffloaded, text, offloaded.frames.iter().copied()));
    }
}

/// No network card is on the path from an address to itself, or between loopback addresses.
fn is_loopback(totals: &ConversationTotals) -> bool {
    let (client, server) = (totals.client.address.to_canonical(), totals.server.address.to_canonical());
    client == server || client.is_loopback() && server.is_loopback()
}
