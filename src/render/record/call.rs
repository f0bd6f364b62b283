//! The record of a program's call, which only a session with a transcript has.

use super::super::buffer::Buffer;
use super::json::{Json, Word, object};
use crate::model::{CallKind, KernelView, Side};
use crate::report::TracedCall;

impl Json for &TracedCall {
    fn write(self, out: &mut Buffer) {
        let call = &self.call;
        let failure = match &call.kind {
            CallKind::Failed { call, why } => Some((call.name(), why.as_str())),
            _ => None,
        };
        let waits = if let CallKind::Waiting(call) = &call.kind { Some(call.name()) } else { None };
        object!(out, {
            "kind": Word("call"),
            "number": self.number,
            "time": call.time,
            "side": Word(call.side.name()),
            "program": call.program.as_ref(),
            "connection": call.connection,
            "call": Word(call.kind.name()),
            "bytes": call.kind.bytes(),
            "asked": call.trace.and_then(|trace| trace.asked),
            "unread": call.unread,
            "option": if let CallKind::SetOption(option) = &call.kind { Some(option.as_str()) } else { None },
            "failed": failure.map(|(call, _)| call).or(waits),
            "error": failure.map(|(_, why)| why),
            "local": call.local,
            "peer": call.peer,
            "protocol": self.stream.map(|stream| Word(stream.protocol.name())),
            "stream": self.stream.map(|stream| stream.number),
            "frames": self.frames.as_slice(),
            "after": self.after,
            "kernel": call.kernel.map(|_| Kernels(self)),
        });
    }
}

/// The views of both kernels.
struct Kernels<'a>(&'a TracedCall);

impl Json for Kernels<'_> {
    fn write(self, out: &mut Buffer) {
        let call = &self.0.call;
        object!(out, { "client": call.kernel_of(Side::Client), "server": call.kernel_of(Side::Server) });
    }
}

impl Json for &KernelView {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "state": self.state,
            "cwnd": self.cwnd,
            "rtt": self.rtt,
            "rto": self.rto,
            "unacked": self.unacked,
            "retransmits": self.retransmits,
        });
    }
}
