//! Findings about the checksums of packets.

use super::in_frames;
use crate::model::{Direction, Finding, FindingCode as Code, FindingSink, Occurrences, counted};
use crate::track::{ConversationTotals, TcpSummary};

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

/// Segments with a wrong checksum that were not corrupted: their receivers accepted what they carried.
pub(super) fn accepted(story: &TcpSummary, found: &mut impl FindingSink) {
    let mut count = 0;
    let mut frames: Vec<u64> = Vec::new();
    for side in [Direction::ClientToServer, Direction::ServerToClient] {
        let (invalid, misfits) = (story.invalid.get(side), story.misfits.get(side));
        if invalid.count == 0 {
            continue;
        }
        // where no checksum of a side is valid, one proof holds for all
        let Some((first, acked_by)) = misfits.first.filter(|_| misfits.doubtful == 0 || !story.has_valid.get(side))
        else {
            return;
        };
        count += invalid.count;
        Extend::extend(&mut frames, invalid.frames.iter().copied().chain([first, acked_by]));
    }
    if count > 0 {
        let many = count > 1;
        let (have, checksum, were) = match many {
            true => ("have", "checksums are", "They were"),
            false => ("has", "checksum is", "It was"),
        };
        let text = format!(
            "{} {have} an invalid checksum, and the ACKs show that the receiver accepted {}. {were} not corrupted: the {checksum} wrong only in the capture, rewritten after the checksum was computed, or computed later; or the receiver does not verify checksums.",
            counted(count, "packet"),
            if many { "them" } else { "it" },
        );
        found.push(Finding::new(Code::ChecksumAccepted, text, frames));
    }
}

/// No network card is on the path from an address to itself, or between loopback addresses.
fn is_loopback(totals: &ConversationTotals) -> bool {
    let (client, server) = (totals.client.address.to_canonical(), totals.server.address.to_canonical());
    client == server || client.is_loopback() && server.is_loopback()
}
