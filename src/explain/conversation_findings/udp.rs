//! UDP: what was answered, and what was not.

use crate::explain::describe::thousands;
use crate::explain::finding::{Finding, FindingCode as Code};
use crate::track::{ConversationTotals, UdpTotals};

pub(super) fn of(totals: &ConversationTotals, udp: &UdpTotals, found: &mut Vec<Finding>) {
    if udp.unanswered.count > 0 {
        let which = match udp.unanswered.count {
            1 => "one of the client's datagrams".to_owned(),
            count => format!("{} of the client's datagrams", thousands(count)),
        };
        let text = match totals.may_go_on() {
            true => format!("The capture, as far as it was read, holds no answer to {which}."),
            false => format!(
                "The capture holds no answer to {which}. UDP does not say what arrived: the request, the answer or the capture may have been lost, or the service sends none.{}{}",
                again(udp),
                damaged(udp)
            ),
        };
        found.push(Finding::new(Code::NoReply, text, udp.unanswered.frames.iter().copied()));
    }
    if udp.reordered.count > 0 {
        let text = format!(
            "An answer came later than the answer to a request sent after its own{}: UDP keeps no order.",
            if udp.reordered.count > 2 { ", several times" } else { "" }
        );
        found.push(Finding::new(Code::UdpReordered, text, udp.reordered.frames.iter().copied()));
    }
}

/// That the same bytes were sent again, so that what is taken for unanswered may be what the answer is to.
fn again(udp: &UdpTotals) -> String {
    match udp.sent_again.frames.first() {
        None => String::new(),
        Some(frame) => format!(
            " The same bytes were sent again, and answered, in frame {frame}{}: most likely the last is what was answered, but which can't be told, nor how long the answer took.",
            if udp.sent_again.count > 1 { " and others" } else { "" }
        ),
    }
}

/// That an unanswered datagram was damaged, which explains it.
fn damaged(udp: &UdpTotals) -> String {
    let damaged = udp.unanswered.frames.iter().find(|frame| udp.invalid.frames.contains(frame));
    damaged.map_or_else(String::new, |frame| {
        format!(" The checksum of frame {frame} does not fit: where it arrived so, it was thrown away.")
    })
}
