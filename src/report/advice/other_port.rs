//! The client connects to another port than the server listens on.

use super::case::Case;
use super::{Advice, Proof};
use crate::model::FindingCode;

pub(super) const OTHER_PORT: Advice = Advice { code: FindingCode::OtherPort, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (stream, refusal) in case.refused() {
        let opened: Vec<_> = case
            .opened(stream.id.protocol)
            .filter_map(|traced| Some((traced, traced.call.local?.port)))
            .filter(|(traced, _)| traced.call.side == crate::model::Side::Server)
            .collect();
        let Some((listen, port)) = opened.first() else { continue };
        let one = opened.iter().all(|(_, other)| other == port);
        let before = refusal.time.is_some_and(|time| listen.call.time < time);
        // a port that was open once may be the right one
        if !one || !before || *port == stream.server.port {
            continue;
        }
        let Some(asked) = case.asked(stream) else { continue };
        let text = format!(
            "The client went to port {} (call {}), and the server is on port {port} (call {}): no socket was there, and the server's kernel refused it. Give both programs the same port.",
            stream.server.port, asked.number, listen.number
        );
        proofs.push(Proof {
            stream: Some(stream.id),
            text,
            frames: vec![refusal.frame],
            calls: vec![asked.number, listen.number],
        });
    }
    proofs
}
