//! Answers about programs: a client without a server, different ports, a program that is killed.
//!
//! Some of that never happens in a given capture: then what would happen is said, and that this capture does not show it.

use super::answer::Answer;
use super::question::{Case, Question, Topic};
use super::udp::Unreachable;
use crate::model::{Direction, Protocol};
use crate::track::{Close, Handshake, StopReason, TcpTotals};

pub(super) static CLIENT_FIRST: Question = Question {
    id: "client_first",
    text: "What happens when the client is started before the server?",
    topic: Topic::Any(client_first),
    of_all_steps: false,
};

pub(super) static PORTS_DIFFER: Question = Question {
    id: "ports_differ",
    text: "What happens when the client is given another port than the server listens on?",
    topic: Topic::Any(ports_differ),
    of_all_steps: false,
};

pub(super) static INTERRUPTED: Question = Question {
    id: "interrupted",
    text: "What happens when one of the programs is ended by Ctrl-C or kill?",
    topic: Topic::Any(interrupted),
    of_all_steps: true,
};

/// The reaction of a host to a packet for a port without a socket.
fn nobody_listens(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => {
            "the server's host answers the SYN with RST-ACK, and the client's connect() fails with ECONNREFUSED (\"Connection refused\")"
        }
        Protocol::Udp => {
            "the client's send() succeeds all the same; the server's host answers with ICMP port unreachable, and only a connected UDP socket learns of it, as ECONNREFUSED at its next call"
        }
    }
}

/// A refusal looks the same whether no server runs or it has another port.
const NO_REASON: &str = " Why no program listened there is not on the wire.";

/// Adds evidence to the answer if this capture shows a closed port.
fn shown(case: &Case<'_>, answer: Answer) -> Answer {
    let totals = case.totals;
    let port = totals.server.port;
    let udp = &case.seen.udp;
    match (&totals.tcp, udp.error(Direction::ClientToServer)) {
        (Some(tcp), _) if tcp.handshake == Handshake::Refused => {
            let syn = case.seen.handshake.syn.map(|mark| mark.frame);
            let reset = tcp.summary.resets.server_to_client;
            let answer = answer.frames(syn.into_iter().chain(reset));
            match (syn, reset) {
                (Some(syn), Some(reset)) => answer.add(format!(
                    "This capture shows such a refusal: the SYN in frame {syn} to port {port} is answered with RST in frame {reset}.{NO_REASON}"
                )),
                _ => answer.add(format!("This capture shows such a refusal: the SYN to port {port} is answered with RST.{NO_REASON}")),
            }
        }
        (None, Some(Unreachable { frame, error, quotes })) if error.name() == "port unreachable" => answer
            .add(format!(
                "This capture shows such a refusal: {} in frame {frame}{}.{NO_REASON}",
                error.name(),
                quotes.map_or_else(String::new, |quotes| format!(", about frame {quotes} to port {port}"))
            ))
            .frames(quotes.iter().copied().chain([*frame])),
        (Some(tcp), _) if tcp.summary.unanswered_syn && totals.may_go_on() => answer
            .frames(case.seen.handshake.syn.map(|mark| mark.frame))
            .but("Whether a program listened here: the SYN was not answered as far as the capture was read."),
        (Some(tcp), _) if tcp.summary.unanswered_syn && tcp.summary.rare().wrong_handshake_ack.is_some() => answer
            .frames(tcp.summary.rare().wrong_handshake_ack)
            .but("Whether a program listened here: the reply to the SYN does not match it."),
        (Some(tcp), _) if tcp.summary.unanswered_syn => answer
            .frames(case.seen.handshake.syn.map(|mark| mark.frame))
            .but("Whether a program listened here: the SYN was not answered at all, neither with SYN-ACK nor with RST."),
        (Some(tcp), _) if tcp.summary.simultaneous_open => answer
            .frames(case.seen.handshake.syn.map(|mark| mark.frame))
            .but("This capture does not show it: both sides sent a SYN at the same time (simultaneous open, RFC 9293 §3.5), so neither had to listen."),
        (Some(_), _) => match case.seen.handshake.syn_ack {
            Some(mark) => answer.frames([mark.frame]).but(format!(
                "This capture does not show it: the server was listening on port {port} (frame {} is its SYN-ACK).",
                mark.frame
            )),
            None => answer.but("This capture does not show it: there is no attempt to connect that was refused."),
        },
        (None, Some(Unreachable { frame, error, .. })) => answer
            .but(format!("Whether a program listened here: {} in frame {frame} does not say whether the port is open.", error.name()))
            .frames([*frame]),
        (None, None) => match udp.error(Direction::ServerToClient) {
            Some(Unreachable { frame, error, quotes }) => answer
                .but(format!(
                    "This capture does not show it: {} in frame {frame} is about what the server sent to the client's port {}{}.",
                    error.name(),
                    totals.client.port,
                    quotes.map_or_else(String::new, |quotes| format!(" in frame {quotes}"))
                ))
                .frames(quotes.iter().copied().chain([*frame])),
            None => answer.but("This capture does not show it: there is no ICMP error about these ports."),
        },
    }
}

fn client_first(case: &Case<'_>) -> Answer {
    let protocol = case.totals.stream.protocol;
    let after = match protocol {
        Protocol::Tcp => "Once the server runs, the client has to connect again: nothing is kept for it.",
        Protocol::Udp => "UDP retransmits nothing: the datagram is lost, and later ones arrive once the server runs.",
    };
    shown(case, Answer::new(format!("No program listens yet: {}. {after}", nobody_listens(protocol))))
}

fn ports_differ(case: &Case<'_>) -> Answer {
    let protocol = case.totals.stream.protocol;
    let text = format!(
        "The same as without a server, unless another program has that port: {}. To the client's host it makes no difference why no program listens there.",
        nobody_listens(protocol)
    );
    shown(case, Answer::new(text))
}

fn interrupted(case: &Case<'_>) -> Answer {
    match &case.totals.tcp {
        None => Answer::new(
            "Its kernel closes its socket, and nothing is sent: UDP has no close. The peer notices nothing; its next datagram is answered with ICMP port unreachable.",
        )
        .frames(case.seen.udp.first_error().map(|per_sender| per_sender.frame))
        .but("Whether and when a program ended: that is not on the wire."),
        Some(tcp) => of_tcp(case, tcp),
    }
}

fn of_tcp(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let answer = Answer::new(
        "The kernel closes the program's sockets as close() would. It sends FIN, and the peer's recv() returns 0; or it sends RST, if received data was unread or SO_LINGER was set with a zero timeout. If the host itself fails, nothing is sent.",
    );
    let first = case.seen.close.first(tcp).map(|mark| mark.frame);
    if case.totals.early == Some(StopReason::Session) {
        return answer.frames(first).add("This capture shows it: the session was stopped by Ctrl-C or SIGTERM, and what was open then was closed for that reason.");
    }
    let who = tcp.closed_first.map_or("side", Direction::sender);
    match (tcp.close, first) {
        (Close::Fin | Close::Half, Some(frame)) => answer.frames([frame]).but(format!(
            "Whether the {who} in frame {frame} called close() or was ended by Ctrl-C or kill: both send the same FIN."
        )),
        (Close::Rst, Some(frame)) if tcp.handshake != Handshake::Refused => answer.frames([frame]).but(format!(
            "Whether the {who} in frame {frame} closed by itself or was ended by Ctrl-C or kill: both look the same."
        )),
        _ => answer.but("This capture does not show it: no side closes an open connection in it."),
    }
}
