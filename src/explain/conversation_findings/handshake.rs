//! The opening, as a whole.

use crate::explain::finding::{Finding, FindingCode as Code};
use crate::track::{ConversationTotals, Handshake, TcpTotals};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut Vec<Finding>) {
    let [syn, syn_ack, ack] = tcp.story.handshake;
    let frames = [syn, syn_ack, ack].into_iter().flatten();
    if tcp.story.unanswered_syn && totals.may_go_on() {
        let text = "Of the handshake only the SYN was read, and the capture was not read to its end.";
        found.push(Finding::new(Code::HandshakePartial, text, frames));
    } else if tcp.story.unanswered_syn {
        let errors = &tcp.story.errors.frames;
        let text = if errors.is_empty() {
            "No SYN-ACK and no RST answers the SYN in this capture: the connection never opened. Either nothing answered, or the answer was lost or not captured."
        } else {
            "No SYN-ACK answers the SYN in this capture: the connection never opened, and an ICMP error tells why."
        };
        found.push(Finding::new(
            Code::Abandoned,
            text,
            frames.chain([totals.last_frame]).chain(errors.iter().copied()),
        ));
    } else if tcp.handshake == Handshake::Partial {
        let missing: Vec<&str> = [(syn, "SYN"), (syn_ack, "SYN-ACK"), (ack, "ACK of the SYN-ACK")]
            .into_iter()
            .filter_map(|(seen, name)| seen.is_none().then_some(name))
            .collect();
        let so_far = if totals.may_go_on() { ", as far as it was read," } else { "" };
        let text = format!("Of the handshake the capture{so_far} lacks the {}.", missing.join(" and the "));
        found.push(Finding::new(Code::HandshakePartial, text, frames));
    }
}
