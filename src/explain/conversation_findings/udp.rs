//! UDP: what was answered, and what was not.

use crate::explain::describe::thousands;
use crate::model::{Endpoint, Finding, FindingCode as Code, FindingSink};
use crate::track::{AnswersFrom, ConversationTotals, LinkedConversation, RetransmittedRequest, UdpTotals};

/// The port that TFTP requests are sent to.
const TFTP: u16 = 69;

pub(super) fn of(totals: &ConversationTotals, udp: &UdpTotals, found: &mut impl FindingSink) {
    found.extend(udp.reply_elsewhere.map(|reply| replied_elsewhere(totals, &reply)));
    found.extend(udp.request_elsewhere.map(|request| requested_elsewhere(totals, &request)));
    // what was sent up to that answer is answered
    let answered = |reply: LinkedConversation| udp.unanswered.frames.iter().all(|frame| *frame < reply.frame);
    let is_answered = udp.reply_elsewhere.is_some_and(answered) || ends_tftp(totals, udp);
    // a sender to a group expects answers from any host, or none
    if udp.unanswered.count > 0 && !is_answered && !totals.server.is_group() {
        let one_way = totals.is_one_way();
        let which = match udp.unanswered.count {
            count if one_way => format!("any of the client's {} datagrams", thousands(count)),
            1 => "one of the client's datagrams".to_owned(),
            count => format!("{} of the client's datagrams", thousands(count)),
        };
        let as_known = if one_way { ", as syslog, RTP and VXLAN do" } else { "" };
        let text = match totals.may_go_on() {
            true => format!("The capture, as far as it was read, holds no answer to {which}."),
            false => format!(
                "The capture holds no answer to {which}{}. UDP does not report delivery. Possible causes: the request or the answer was lost or not captured; the service sends none{as_known}; or it answers from another port or address, which is a separate conversation (as in TFTP, RFC 1350 §4).{}{}",
                in_doubt(udp),
                again(udp),
                damaged(udp)
            ),
        };
        let again = retransmitted(udp).filter(|_| !totals.may_go_on());
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

/// Returns `true` if only the last ACK of a TFTP transfer lacks an answer: it ends the transfer (RFC 1350 §6).
fn ends_tftp(totals: &ConversationTotals, udp: &UdpTotals) -> bool {
    let is_tftp = udp.request_elsewhere.is_some_and(|request| request.server.port == TFTP);
    is_tftp && udp.unanswered.count == 1 && udp.unanswered.frames.as_slice() == [totals.last_frame]
}

/// The answer to this conversation's request came from elsewhere.
fn replied_elsewhere(totals: &ConversationTotals, reply: &LinkedConversation) -> Finding {
    let LinkedConversation { frame, requests: (first, last), server, stream, .. } = *reply;
    let (code, why) = why_elsewhere(totals.server, reply.from);
    let request = match reply.is_ambiguous() {
        true => format!("An answer to one of the requests in frames {first} to {last}, sent to {},", totals.server),
        false => format!("The answer to the request to {}", totals.server),
    };
    let text = format!("{request} came from {server} (frame {frame}, conversation {stream}). {why}");
    Finding::new(code, text, [first, last, frame])
}

/// This conversation has the answer to a request that was sent elsewhere.
fn requested_elsewhere(totals: &ConversationTotals, request: &LinkedConversation) -> Finding {
    let LinkedConversation { frame, requests: (first, last), server, stream, .. } = *request;
    let (code, why) = why_elsewhere(server, request.from);
    let text = match request.is_ambiguous() {
        true => format!(
            "Frame {} answers one of the requests in frames {first} to {last}, sent to {server} (conversation {stream}); which of them is unknown. {why}",
            totals.first_frame
        ),
        false => format!(
            "It answers the request in frame {frame}, which was sent to {server} (conversation {stream}). {why}"
        ),
    };
    Finding::new(code, text, [first, last, totals.first_frame])
}

/// The finding for an answer from another address or port, and its candidates; the request was sent to `asked`.
fn why_elsewhere(asked: Endpoint, from: AnswersFrom) -> (Code, &'static str) {
    match from {
        AnswersFrom::Address if asked.is_group() => {
            (Code::ReplyToGroup, "A host answers a multicast or broadcast request from its own address.")
        }
        AnswersFrom::Address => (
            Code::ReplyFromOtherAddress,
            "Either the server has several addresses and its socket is bound to none of them, or a NAT did not translate the answer. A connected socket refuses such an answer.",
        ),
        AnswersFrom::Port if asked.port == TFTP => {
            (Code::ReplyFromOtherPort, "A TFTP server answers each request from a new port (RFC 1350 §4).")
        }
        AnswersFrom::Port => (
            Code::ReplyFromOtherPort,
            "Either the server answers each client from a new port, or a NAT changed it. A connected socket refuses such an answer.",
        ),
    }
}

/// The suffix for cases in which other requests may lack an answer instead.
fn in_doubt(udp: &UdpTotals) -> &'static str {
    match (udp.in_doubt > 0, udp.refused_in_doubt) {
        (true, _) => "; which of them is unknown, since the answers match several requests",
        (false, true) => "; which of them is unknown, since an ICMP error matches several",
        (false, false) => "",
    }
}

/// A repeated and answered request whose first datagram is counted as unanswered.
fn retransmitted(udp: &UdpTotals) -> Option<RetransmittedRequest> {
    udp.retransmitted.filter(|again| udp.unanswered.frames.contains(&again.first))
}

/// A note that the program sent the same bytes again, so the answer may be to the datagram counted as unanswered.
fn again(udp: &UdpTotals) -> String {
    retransmitted(udp).map_or_else(String::new, |RetransmittedRequest { first, last, answer }| {
        let others = if udp.sent_again_count > 1 { " The same holds for other requests." } else { "" };
        format!(
            " The program sent the bytes of frame {first} again, last in frame {last}, and they were answered in frame {answer}: which of these datagrams was answered is unknown, and so is the response time.{others}"
        )
    })
}

/// A note that an unanswered datagram was corrupted, which explains it.
fn damaged(udp: &UdpTotals) -> String {
    let damaged = udp.unanswered.frames.iter().find(|frame| udp.invalid.frames.contains(frame));
    damaged.map_or_else(String::new, |frame| {
        let checksum = match udp.lacking.frames.contains(frame) {
            true => format!("Frame {frame} has no checksum, which UDP must have over IPv6 (RFC 8200 §8.1)"),
            false => format!("The checksum of frame {frame} is invalid"),
        };
        format!(" {checksum}: if it arrived in this state, its receiver discarded it.")
    })
}
