//! The client connects before the server listens.

use super::case::Case;
use super::{Advice, Proof};
use crate::model::{FindingCode, Protocol};

pub(super) const CONNECT_BEFORE_LISTEN: Advice = Advice { code: FindingCode::ConnectBeforeListen, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (stream, refusal) in case.refused() {
        let (server, protocol) = (stream.server, stream.id.protocol);
        let port = |local: Option<crate::model::Endpoint>| local.is_some_and(|local| local.port == server.port);
        let mut opened = case.opened(protocol).filter(|traced| port(traced.call.local));
        // the first of all: one before the refusal would mean that the server has closed since
        let Some((listen, time)) = opened.next().zip(refusal.time) else { continue };
        let Some(asked) = case.asked(stream).filter(|_| listen.call.time > time) else { continue };
        let (call, opens) = match protocol {
            Protocol::Tcp => ("connect()", "listen()"),
            Protocol::Udp => ("send()", "bind()"),
        };
        let text = format!(
            "The client called {call} (call {}) before the server called {opens} for port {} (call {}, {} after the refusal), so the server's kernel refused it. Start the server first, or let the client try again.",
            asked.number,
            server.port,
            listen.number,
            listen.call.time.since(time).human()
        );
        let asked_in = stream.frames.first().map_or(0, |seen| seen.frame);
        proofs.push(Proof {
            stream: Some(stream.id),
            text,
            frames: vec![asked_in, refusal.frame],
            calls: vec![asked.number, listen.number],
        });
    }
    proofs
}
