//! A datagram is longer than the buffer of the call that receives it.

use super::case::Case;
use super::{Advice, Proof};
use crate::model::{CallKind, FindingCode, Protocol, counted};

pub(super) const DATAGRAM_TRUNCATED: Advice = Advice { code: FindingCode::DatagramTruncated, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for end in case.ends.iter().filter(|end| end.stream.id.protocol == Protocol::Udp) {
        for told in &end.calls {
            let CallKind::Receive(bytes) = told.call.kind else { continue };
            let full = told.call.trace.and_then(|trace| trace.asked) == Some(bytes);
            let [frame] = told.frames[..] else { continue };
            let carried = end.stream.frames.iter().find(|seen| seen.frame == frame);
            let Some(seen) = carried.filter(|seen| full && seen.len > bytes) else { continue };
            let text = format!(
                "The {}'s receive call (call {}) had room for {}, and the datagram in frame {frame} has {}: the other {} are lost, since a datagram is received once, and cut to the buffer. Give the call a larger buffer.",
                end.who(),
                told.number,
                counted(bytes, "byte"),
                counted(seen.len, "byte"),
                counted(seen.len - bytes, "byte")
            );
            proofs.push(Proof { stream: Some(end.stream.id), text, frames: vec![frame], calls: vec![told.number] });
        }
    }
    proofs
}
