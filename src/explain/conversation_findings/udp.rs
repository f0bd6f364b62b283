//! UDP: what was answered, and what was not.

use std::net::{IpAddr, Ipv4Addr};

use crate::explain::describe::thousands;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{ConversationTotals, SentAgain, UdpTotals};

pub(super) fn of(totals: &ConversationTotals, udp: &UdpTotals, found: &mut Vec<Finding>) {
    if udp.unanswered.count > 0 {
        let which = match udp.unanswered.count {
            1 => "one of the client's datagrams".to_owned(),
            count => format!("{} of the client's datagrams", thousands(count)),
        };
        let text = match totals.may_go_on() {
            true => format!("The capture, as far as it was read, holds no answer to {which}."),
            false => format!(
                "The capture holds no answer to {which}{}. UDP does not say what arrived: the request or the answer may have been lost, or not been captured, or the service sends none{}.{}{}",
                in_doubt(udp),
                elsewhere(totals),
                again(udp),
                damaged(udp)
            ),
        };
        let again = sent_again(udp).filter(|_| !totals.may_go_on());
        let proof = again.into_iter().flat_map(|again| [again.last, again.answer]);
        let frames = udp.unanswered.frames.iter().copied().chain(proof);
        found.push(Finding::new(Code::NoReply, text, frames));
    }
    if udp.reordered.count > 0 {
        let text = format!(
            "An answer came later than the answer to a request sent after its own{}: UDP keeps no order, and a server need not either.",
            if udp.reordered.count > 2 { ", several times" } else { "" }
        );
        found.push(Finding::new(Code::UdpReordered, text, udp.reordered.frames.iter().copied()));
    }
}

/// That it may be others that lack an answer.
fn in_doubt(udp: &UdpTotals) -> &'static str {
    match (udp.in_doubt > 0, udp.refused_in_doubt) {
        (true, _) => "; which, can't be told: others fit the answers as well",
        (false, true) => "; which, can't be told: an ICMP error fits several",
        (false, false) => "",
    }
}

/// That answers may stand in another conversation.
fn elsewhere(totals: &ConversationTotals) -> &'static str {
    let server = totals.server.address;
    match server.is_multicast() || server == IpAddr::V4(Ipv4Addr::BROADCAST) {
        true => "; who answers a group does so from an address of its own, which makes another conversation",
        false if totals.packets.server_to_client == 0 => {
            ", or sends it from another port or address, which makes another conversation (as TFTP does, RFC 1350 §4)"
        }
        false => "",
    }
}

/// What was sent again and answered, if the first of it is taken for unanswered.
fn sent_again(udp: &UdpTotals) -> Option<SentAgain> {
    udp.sent_again.filter(|again| udp.unanswered.frames.contains(&again.first))
}

/// That the same bytes were sent again, so that what is taken for unanswered may be what the answer is to.
fn again(udp: &UdpTotals) -> String {
    sent_again(udp).map_or_else(String::new, |SentAgain { first, last, answer }| {
        let others = if udp.sent_again_count > 1 { " So it was with others." } else { "" };
        format!(
            " The bytes of frame {first} were sent again, last in frame {last}, and answered in frame {answer}: most likely the last is what was answered, but which can't be told, nor how long the answer took.{others}"
        )
    })
}

/// That an unanswered datagram was damaged, which explains it.
fn damaged(udp: &UdpTotals) -> String {
    let damaged = udp.unanswered.frames.iter().find(|frame| udp.invalid.frames.contains(frame));
    damaged.map_or_else(String::new, |frame| {
        let checksum = match udp.lacking.frames.contains(frame) {
            true => format!("Frame {frame} has no checksum, which UDP must have over IPv6 (RFC 8200 §8.1)"),
            false => format!("The checksum of frame {frame} does not fit"),
        };
        format!(" {checksum}: where it arrived so, it was thrown away.")
    })
}
