//! Findings about the checksums of packets.

use super::in_frames;
use crate::model::{Direction, Finding, FindingCode as Code, FindingSink, Occurrences, counted};
use crate::track::{ConversationTotals, TcpSummary, UdpTotals};

/// Datagrams that carry none.
pub(super) fn unchecked(unchecked: &Occurrences, found: &mut impl FindingSink) {
    if unchecked.count > 0 {
        let text = format!(
            "No checksum {}: the field is 0, which UDP allows over IPv4 (RFC 768). Corruption in transit would go undetected.",
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
                "The checksum {frames} covers only the pseudo-header: Linux does not compute checksums on loopback; tcpdump prints them as \"incorrect\". This is not an error."
            ),
            false => format!(
                "The checksum {frames} covers only the pseudo-header: the network card computes it after the capture (checksum offload). This is not an error."
            ),
        };
        found.push(Finding::new(Code::ChecksumOffloaded, text, offloaded.frames.iter().copied()));
    }
}

/// Segments with a wrong checksum that were not corrupted: their receivers accepted what they carried.
pub(super) fn accepted(summary: &TcpSummary, found: &mut impl FindingSink) {
    let mut count = 0;
    let mut frames: Vec<u64> = Vec::new();
    for side in [Direction::ClientToServer, Direction::ServerToClient] {
        let (invalid, bad_checksums) = (summary.rare().invalid.get(side), summary.rare().bad_checksums.get(side));
        if invalid.count == 0 {
            continue;
        }
        // where no checksum of a side is valid, one proof holds for all
        let Some((first, acked_by)) =
            bad_checksums.first.filter(|_| bad_checksums.doubtful == 0 || !summary.has_valid.get(side))
        else {
            return;
        };
        count += invalid.count;
        Extend::extend(&mut frames, invalid.frames.iter().copied().chain([first, acked_by]));
    }
    if count > 0 {
        found.add(Code::ChecksumAccepted, frames, || accepted_text(count, "an invalid checksum", "ACKs"));
    }
}

/// Datagrams of the client with a wrong checksum that were not corrupted: the server answered them.
pub(super) fn answered(udp: &UdpTotals, found: &mut impl FindingSink) {
    let Some((request, answer)) = udp.accepted.first.filter(|_| udp.accepted.holds_for_all(&udp.invalid)) else {
        return;
    };
    let has = match udp.lacking.count == udp.invalid.count {
        true => "no checksum, which UDP must have over IPv6 (RFC 8200 §8.1)",
        false => "an invalid checksum",
    };
    let frames = udp.invalid.frames.iter().copied().chain([request, answer]);
    found.add(Code::ChecksumAccepted, frames, || accepted_text(udp.invalid.count, has, "answers"));
}

/// Says that packets were accepted in spite of their checksums, as `shown` proves.
fn accepted_text(count: u64, has: &str, shown: &str) -> String {
    let (have, them, checksum, were) = match count {
        1 => ("has", "it", "checksum is", "It was"),
        _ => ("have", "them", "checksums are", "They were"),
    };
    format!(
        "{} {have} {has}, and the {shown} show that the receiver accepted {them}. {were} not corrupted: the {checksum} wrong only in the capture, rewritten after the checksum was computed, or computed later; or the receiver does not verify checksums.",
        counted(count, "packet")
    )
}

/// No network card is on the path from an address to itself, or between loopback addresses.
fn is_loopback(totals: &ConversationTotals) -> bool {
    let (client, server) = (totals.client.address.to_canonical(), totals.server.address.to_canonical());
    client == server || client.is_loopback() && server.is_loopback()
}
