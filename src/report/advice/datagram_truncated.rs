//! A datagram is longer than the buffer of the call that receives it.

use super::case::Case;
use super::{Advice, Proof};
use crate::model::{CallKind, FindingCode, Protocol, counted};

pub(super) const DATAGRAM_TRUNCATED: Advice = Advice { code: FindingCode::DatagramTruncated, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for end in case.ends.iter().filter(|end| end.stream.id.protocol == Protocol::Udp) {
        for traced in &end.calls {
            let CallKind::Receive(bytes) = traced.call.kind else { continue };
            let full = traced.call.trace.and_then(|trace| trace.asked) == Some(bytes);
            let [frame] = traced.frames[..] else { continue };
            let carried = end.stream.frames.iter().find(|seen| seen.frame == frame);
            let Some(seen) = carried.filter(|seen| full && seen.len > bytes) else { continue };
            let text = format!(
                "The {}'s receive call (call {}) had room for {}, and the datagram in frame {frame} has {}: the other {} are lost, since a datagram is received once, and cut to the buffer. Give the call a larger buffer.",
                end.who(),
                traced.number,
                counted(bytes, "byte"),
                counted(seen.len, "byte"),
                counted(seen.len - bytes, "byte")
            );
            proofs.push(Proof { stream: Some(end.stream.id), text, frames: vec![frame], calls: vec![traced.number] });
        }
    }
    proofs
}
