//! What the packets' checksums show.

use super::in_frames;
use crate::model::Occurrences;
use crate::model::{Finding, FindingCode as Code};

/// Datagrams that carry none.
pub(super) fn unchecked(unchecked: &Occurrences, found: &mut Vec<Finding>) {
    if unchecked.count > 0 {
        let text = format!(
            "No checksum {}: the field is 0, which UDP allows over IPv4 (RFC 768). Damage on the way would go unnoticed.",
            in_frames(unchecked)
        );
        found.push(Finding::new(Code::ChecksumAbsent, text, unchecked.frames.iter().copied()));
    }
}

/// Segments or datagrams whose checksum the network card fills in.
pub(super) fn offloaded(offloaded: &Occurrences, found: &mut Vec<Finding>) {
    if offloaded.count > 0 {
        let text = format!(
            "The checksum {} holds only the sum of the pseudo-header: the network card fills it in after the capture (offloading). The packets are fine.",
            in_frames(offloaded)
        );
        found.push(Finding::new(Code::ChecksumOffloaded, text, offloaded.frames.iter().copied()));
    }
}
