//! What the packets' checksums show.

use super::in_frames;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::track::Sighting;

pub(super) fn of(offloaded: &Sighting, found: &mut Vec<Finding>) {
    if offloaded.count > 0 {
        let text = format!(
            "The checksum {} holds only the sum of the pseudo-header: the network card fills it in after the capture (offloading). The packets are fine.",
            in_frames(offloaded)
        );
        found.push(Finding::new(Code::ChecksumOffloaded, text, offloaded.frames.iter().copied()));
    }
}
