//! The first and the last record of a capture.

use super::super::buffer::Buffer;
use super::json::{Json, List, Map, Word, field, object};
use crate::model::{CaptureInfo, Program, ProgramEnd};
use crate::report::{CaptureTotals, LeftOut};

/// Version of the schema; goes up when a field changes its meaning.
const SCHEMA: u32 = 2;

/// The source of the frames.
impl Json for &CaptureInfo {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "kind": Word("capture"),
            "schema": SCHEMA,
            "echolab": env!("CARGO_PKG_VERSION"),
            "file": self.file.as_deref(),
            "format": self.format.map(|format| Word(format.name())),
            "link_types": List(self.link_types.iter().map(|link| link.name())),
            "interface": self.interface.as_deref(),
            "filter": self.filter.as_deref(),
            "snaplen": self.snaplen,
        });
    }
}

/// The count of everything.
pub(in crate::render) struct Summary<'a> {
    totals: &'a CaptureTotals,
    /// In a document, which has bounds, with what they kept out of it.
    bounded: bool,
}

impl<'a> Summary<'a> {
    pub(in crate::render) fn new(totals: &'a CaptureTotals) -> Self {
        Self { totals, bounded: false }
    }

    /// The same with the number of items that the document's bounds kept out.
    pub(in crate::render) fn bounded(self) -> Self {
        Self { bounded: true, ..self }
    }
}

impl Json for Summary<'_> {
    fn write(self, out: &mut Buffer) {
        let Self { totals, bounded } = self;
        object!(out, {
            "kind": Word("summary"),
            "frames": totals.frames,
            "tcp": totals.tcp,
            "udp": totals.udp,
            "icmp": totals.icmp,
            "other": Map(totals.other().map(|(reason, count)| (reason.name(), count))),
            "conversations": Map([("tcp", totals.tcp_conversations), ("udp", totals.udp_conversations)]),
            "truncated": totals.truncated.as_deref(),
            "dropped": totals.dropped,
            "findings": totals.findings.as_slice(),
            "findings_count": &totals.findings_count,
        } {
            // only where programs other than echolab's own were captured
            if !totals.programs.is_empty() {
                field!(out, "programs": totals.programs.as_slice());
            }
            if bounded {
                field!(out, "left_out": Some(totals.left_out).filter(|left_out| !left_out.is_nothing()));
            }
        });
    }
}

impl Json for LeftOut {
    fn write(self, out: &mut Buffer) {
        object!(out, { "conversations": self.conversations, "steps": self.steps, "findings": self.findings });
    }
}

impl Json for &Program {
    fn write(self, out: &mut Buffer) {
        let (exit_status, signal, not_started) = match &self.end {
            ProgramEnd::Exited(status) => (Some(*status), None, None),
            ProgramEnd::Signalled(signal) => (None, Some(signal.as_str()), None),
            ProgramEnd::NotStarted(why) => (None, None, Some(why.as_str())),
            ProgramEnd::NotReached => (None, None, Some("something else failed before")),
        };
        object!(out, {
            "side": Word(self.side.name()),
            "number": self.number,
            "command": &self.command,
            "exit_status": exit_status,
            "signal": signal,
            "not_started": not_started,
            "stopped_with": self.stopped_with,
            "output": self.output.as_slice(),
            "output_left_out": self.output_left_out,
        });
    }
}
