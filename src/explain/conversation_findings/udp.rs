//! UDP: what was answered, and what was not.

use super::in_frames;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::track::UdpTotals;

pub(super) fn of(udp: &UdpTotals, found: &mut Vec<Finding>) {
    if udp.unanswered.count > 0 && udp.errors.count == 0 {
        let text = format!(
            "No datagram answers the client's {}: UDP does not say whether they arrived; the request, the answer or the capture may have lost them, or the service sends none.",
            in_frames(&udp.unanswered)
        );
        found.push(Finding::new(Code::NoReply, text, udp.unanswered.frames.iter().copied()));
    }
    if udp.reordered.count > 0 {
        let text =
            format!("An answer came after that to a later request, {}: UDP keeps no order.", in_frames(&udp.reordered));
        found.push(Finding::new(Code::UdpReordered, text, udp.reordered.frames.iter().copied()));
    }
}
