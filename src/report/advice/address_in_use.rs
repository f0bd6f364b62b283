//! bind() fails, since another socket has the address, or a connection in TIME-WAIT.

use super::case::{Case, socket};
use super::{Advice, Proof};
use crate::model::{CallKind, Direction, Endpoint, FailedCall, FindingCode, Nanos, Protocol};
use crate::report::transcript::{Stream, StreamFrame, TracedCall};

pub(super) const ADDRESS_IN_USE: Advice = Advice { code: FindingCode::AddressInUse, found };

/// The error text of EADDRINUSE.
const IN_USE: &str = "Address already in use";

/// The option without which a port in TIME-WAIT can't be bound.
const REUSE: &str = "SO_REUSEADDR to 1";

/// The duration of TIME-WAIT in Linux (TCP_TIMEWAIT_LEN).
const TIME_WAIT: Nanos = Nanos(60_000_000_000);

fn found(case: &Case<'_>) -> Vec<Proof> {
    let fails = |traced: &&TracedCall| matches!(&traced.call.kind, CallKind::Failed { call: FailedCall::Bind, why } if why == IN_USE);
    let failed = case.calls.iter().filter(fails);
    failed.filter_map(|traced| of_call(case, traced, traced.call.local?)).collect()
}

fn of_call(case: &Case<'_>, failed: &TracedCall, address: Endpoint) -> Option<Proof> {
    let (number, before) = (failed.number, || case.calls.iter().filter(|traced| traced.number < failed.number));
    let own = socket(failed);
    let reuse =
        before().any(|traced| socket(traced) == own && traced.call.kind == CallKind::SetOption(REUSE.to_owned()));
    let has = |traced: &&TracedCall| {
        traced.call.kind == CallKind::Bind
            && traced.call.local.is_some_and(|local| local.port == address.port)
            && !before().any(|other| socket(other) == socket(traced) && is_closed(&other.call.kind))
    };
    if let Some(holder) = before().filter(|traced| socket(traced) != own).find(has) {
        let text = format!(
            "bind() to {address} failed (call {number}): the socket that the {} bound in call {} still has the port. Close it first, or use another port.",
            holder.call.program, holder.number
        );
        return Some(Proof { stream: None, text, frames: Vec::new(), calls: vec![holder.number, number] });
    }
    let (stream, fin) =
        case.streams.iter().filter_map(|stream| Some((stream, time_wait(stream, failed, address)?))).next_back()?;
    if reuse {
        return None;
    }
    let text = format!(
        "bind() to {address} failed (call {number}): this host closed a connection of the port first (frame {}), which is in TIME-WAIT there for 60 s (RFC 9293 §3.6), and SO_REUSEADDR is not set on the socket. Set it before bind(), as servers do.",
        fin.frame
    );
    Some(Proof { stream: Some(stream.id), text, frames: vec![fin.frame], calls: vec![number] })
}

fn is_closed(kind: &CallKind) -> bool {
    matches!(kind, CallKind::Close | CallKind::Exit | CallKind::Killed)
}

/// The FIN of the side that closed first, where that side is in TIME-WAIT with this address.
fn time_wait<'a>(stream: &'a Stream, failed: &TracedCall, address: Endpoint) -> Option<&'a StreamFrame> {
    let fin = stream.frames.iter().find(|seen| seen.fin)?;
    let local = match fin.direction {
        Direction::ClientToServer => stream.client,
        Direction::ServerToClient => stream.server,
    };
    let both = stream.frames.iter().any(|seen| seen.fin && seen.direction != fin.direction);
    let reset = stream.frames.iter().any(StreamFrame::is_refusal);
    let same = local.port == address.port && (local.address == address.address || address.address.is_unspecified());
    let age = failed.call.time.since(fin.time?);
    let fresh = age > Nanos(0) && age < TIME_WAIT;
    (stream.id.protocol == Protocol::Tcp && both && !reset && same && fresh).then_some(fin)
}
