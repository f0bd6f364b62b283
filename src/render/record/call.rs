//! The record of a program's call, which only a session with a transcript has.

use serde::Serialize;

use super::values::{End, Text};
use crate::model::{CallKind, KernelView, Nanos, Side, Timestamp};
use crate::report::TracedCall;

#[derive(Serialize)]
pub(in crate::render) struct CallRecord<'a> {
    number: u32,
    time: Text<Timestamp>,
    side: &'static str,
    program: &'a str,
    connection: u64,
    call: &'static str,
    bytes: Option<u64>,
    asked: Option<u64>,
    unread: Option<u64>,
    option: Option<&'a str>,
    failed: Option<&'static str>,
    error: Option<&'a str>,
    local: Option<End>,
    peer: Option<End>,
    protocol: Option<&'static str>,
    stream: Option<u32>,
    frames: &'a [u64],
    after: Option<Text<Nanos>>,
    kernel: Option<Kernels>,
}

#[derive(Serialize)]
struct Kernels {
    client: Option<Kernel>,
    server: Option<Kernel>,
}

#[derive(Serialize)]
struct Kernel {
    state: &'static str,
    cwnd: u32,
    rtt: Text<Nanos>,
    rto: Text<Nanos>,
    unacked: u32,
    retransmits: u32,
}

impl From<&KernelView> for Kernel {
    fn from(&KernelView { state, cwnd, rtt, rto, unacked, retransmits }: &KernelView) -> Self {
        Self { state, cwnd, rtt: Text(rtt), rto: Text(rto), unacked, retransmits }
    }
}

impl<'a> From<&'a TracedCall> for CallRecord<'a> {
    fn from(told: &'a TracedCall) -> Self {
        let call = &told.call;
        let failure = match &call.kind {
            CallKind::Failed { call, why } => Some((call.name(), why.as_str())),
            _ => None,
        };
        let waits = if let CallKind::Waiting(call) = &call.kind { Some(call.name()) } else { None };
        let kernel = |side| call.kernel_of(side).map(Kernel::from);
        Self {
            number: told.number,
            time: Text(call.time),
            side: call.side.name(),
            program: &call.program,
            connection: call.connection,
            call: call.kind.name(),
            bytes: call.kind.bytes(),
            asked: call.trace.and_then(|trace| trace.asked),
            unread: call.unread,
            option: if let CallKind::SetOption(option) = &call.kind { Some(option) } else { None },
            failed: failure.map(|(call, _)| call).or(waits),
            error: failure.map(|(_, why)| why),
            local: call.local.map(End::from),
            peer: call.peer.map(End::from),
            protocol: told.stream.map(|stream| stream.protocol.name()),
            stream: told.stream.map(|stream| stream.number),
            frames: &told.frames,
            after: told.after.map(Text),
            kernel: call.kernel.map(|_| Kernels { client: kernel(Side::Client), server: kernel(Side::Server) }),
        }
    }
}
