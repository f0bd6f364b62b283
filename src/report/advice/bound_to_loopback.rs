//! The server is bound to the loopback address, and its client comes from another host.

use super::case::Case;
use super::{Advice, Proof};
use crate::model::FindingCode;

pub(super) const BOUND_TO_LOOPBACK: Advice = Advice { code: FindingCode::BoundToLoopback, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (stream, refusal) in case.refused().filter(|(stream, _)| !stream.server.address.is_loopback()) {
        let before = |time| refusal.time.is_some_and(|refused| time < refused);
        let opened = case.opened(stream.id.protocol).filter(|traced| before(traced.call.time));
        let of_port = opened.filter_map(|traced| Some((traced, traced.call.local?)));
        let of_port: Vec<_> = of_port.filter(|(_, local)| local.port == stream.server.port).collect();
        // one on another address would have taken it
        let all_loopback = of_port.iter().all(|(_, local)| local.address.is_loopback());
        let Some((bound, local)) = of_port.first().filter(|_| all_loopback) else { continue };
        let text = format!(
            "The server is bound to {local} (call {}), the loopback address, which only programs on its own host reach; the client connected to {} from another host, and was refused. Bind the server to 0.0.0.0, or to the host's own address.",
            bound.number, stream.server
        );
        let asked = case.asked(stream);
        proofs.push(Proof {
            stream: Some(stream.id),
            text,
            frames: vec![refusal.frame],
            calls: std::iter::once(bound.number).chain(asked.map(|traced| traced.number)).collect(),
        });
    }
    proofs
}
