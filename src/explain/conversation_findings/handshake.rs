//! The opening, as a whole.

use crate::model::{Direction, thousands};
use crate::model::{Finding, FindingCode as Code, FindingSink};
use crate::track::{ConversationTotals, Handshake, TcpTotals};

pub(super) fn of(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    let [syn, syn_ack, ack] = tcp.summary.handshake;
    let frames = [syn, syn_ack, ack].into_iter().flatten();
    if tcp.summary.unanswered_syn && totals.may_go_on() {
        let text = "Of the handshake only the SYN was read, and the capture was not read to its end.";
        found.push(Finding::new(Code::HandshakePartial, text, frames));
    } else if let Some((syn, ack, stream)) = refused_by_challenge(tcp) {
        let text = format!(
            "No new connection: the SYN in frame {syn} was refused by the challenge ACK in frame {ack} (RFC 5961 §4). The other frames belong to the connection of stream {}, which goes on.",
            thousands(u64::from(stream))
        );
        found.push(Finding::new(Code::ChallengeAck, text, [syn, ack]));
    } else if tcp.summary.unanswered_syn {
        let errors = &tcp.summary.rare().errors.frames;
        let text = if tcp.summary.rare().wrong_handshake_ack.is_some() {
            "Only segments that do not fit the SYN answered it in this capture (RFC 9293 §3.10.7.3): the connection never opened."
        } else if errors.is_empty() {
            "No SYN-ACK or RST answers the SYN in this capture: the connection never opened. Either nothing answered, or the answer was lost or not captured."
        } else {
            "No SYN-ACK answers the SYN in this capture: the connection never opened, and an ICMP error tells why."
        };
        found.push(Finding::new(
            Code::Abandoned,
            text,
            frames
                .chain(tcp.summary.rare().wrong_handshake_ack)
                .chain([totals.last_frame])
                .chain(errors.iter().copied()),
        ));
    } else if totals.never_opened() {
        let reset = tcp.first_reset();
        let text = match (tcp.continued_after_reset(), reset) {
            (Some((who, since)), Some((reset, _))) => format!(
                "A RST in the {who}'s name ended the handshake, in frame {reset}, but the {who} went on in frame {since} as if it had sent none: another host may have sent the RST in its name. The connection was open at one end only."
            ),
            (None, Some((reset, Direction::ClientToServer))) => format!(
                "The client answered the SYN-ACK with RST (frame {reset}) instead of ACK: the connection never opened. Health checks and port scans do so on purpose."
            ),
            (None, Some((reset, Direction::ServerToClient))) => format!(
                "No ACK of the SYN-ACK came, and the server ended the handshake with RST (frame {reset}): the connection never opened."
            ),
            (_, None) => "No ACK of the SYN-ACK is in this capture, and nothing else shows that the connection opened. Either the SYN-ACK or the ACK was lost, the client does not answer, or the capture ended before the ACK came.".to_owned(),
        };
        let retransmissions = &tcp.summary.rare().retransmissions.server_to_client.frames;
        let frames = frames.chain(reset.map(|(reset, _)| reset)).chain(retransmissions.iter().copied());
        found.push(Finding::new(Code::Abandoned, text, frames.chain([totals.last_frame])));
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

/// The SYN of a stream that opened nothing, the challenge ACK that refused it, and the stream whose connection went on.
pub(in crate::explain) fn refused_by_challenge(tcp: &TcpTotals) -> Option<(u64, u64, u32)> {
    let (syn, ack, stream) = tcp.summary.challenged_syn.filter(|_| tcp.summary.unanswered_syn)?;
    Some((syn, ack, stream?))
}
