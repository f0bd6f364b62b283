//! The first and the last record of a capture.

use std::borrow::Cow;

use serde::Serialize;

use super::values::{CodeCounts, FindingRecord, Reasons, findings};
use crate::model::{CaptureInfo, Program, ProgramEnd};
use crate::report::CaptureTotals;

/// Version of the schema; goes up when a field changes its meaning.
const SCHEMA: u32 = 2;

/// The source of the frames.
#[derive(Serialize)]
pub(in crate::render) struct Capture<'a> {
    schema: u32,
    echolab: &'static str,
    file: Option<&'a str>,
    format: Option<&'static str>,
    link_types: Vec<Cow<'static, str>>,
    interface: Option<&'a str>,
    filter: Option<&'a str>,
    snaplen: Option<u32>,
}

impl<'a> From<&'a CaptureInfo> for Capture<'a> {
    fn from(info: &'a CaptureInfo) -> Self {
        Self {
            schema: SCHEMA,
            echolab: env!("CARGO_PKG_VERSION"),
            file: info.file.as_deref(),
            format: info.format.map(|format| format.name()),
            link_types: info.link_types.iter().map(|link| link.name()).collect(),
            interface: info.interface.as_deref(),
            filter: info.filter.as_deref(),
            snaplen: info.snaplen,
        }
    }
}

/// The count of everything.
#[derive(Serialize)]
pub(in crate::render) struct Summary<'a> {
    frames: u64,
    tcp: u64,
    udp: u64,
    icmp: u64,
    other: Reasons<'a>,
    conversations: Conversations,
    truncated: Option<&'a str>,
    dropped: Option<u64>,
    findings: Vec<FindingRecord<'a>>,
    findings_count: CodeCounts<'a>,
    /// Only where programs other than echolab's own were captured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    programs: Vec<ProgramRecord<'a>>,
}

#[derive(Serialize)]
struct ProgramRecord<'a> {
    side: &'static str,
    number: u32,
    command: &'a str,
    exit_status: Option<i32>,
    signal: Option<&'a str>,
    not_started: Option<&'a str>,
    stopped_with: Option<&'static str>,
    output: &'a [String],
    output_left_out: u64,
}

impl<'a> From<&'a Program> for ProgramRecord<'a> {
    fn from(program: &'a Program) -> Self {
        let (exit_status, signal, not_started) = match &program.end {
            ProgramEnd::Exited(status) => (Some(*status), None, None),
            ProgramEnd::Signalled(signal) => (None, Some(signal.as_str()), None),
            ProgramEnd::NotStarted(why) => (None, None, Some(why.as_str())),
            ProgramEnd::NotReached => (None, None, Some("something else failed before")),
        };
        Self {
            side: program.side.name(),
            number: program.number,
            command: &program.command,
            exit_status,
            signal,
            not_started,
            stopped_with: program.stopped_with,
            output: &program.output,
            output_left_out: program.output_left_out,
        }
    }
}

#[derive(Serialize)]
struct Conversations {
    tcp: u64,
    udp: u64,
}

impl<'a> From<&'a CaptureTotals> for Summary<'a> {
    fn from(totals: &'a CaptureTotals) -> Self {
        Self {
            frames: totals.frames,
            tcp: totals.tcp,
            udp: totals.udp,
            icmp: totals.icmp,
            other: Reasons(totals),
            conversations: Conversations { tcp: totals.tcp_conversations, udp: totals.udp_conversations },
            truncated: totals.truncated.as_deref(),
            dropped: totals.dropped,
            findings: findings(&totals.findings),
            findings_count: CodeCounts(&totals.findings_count),
            programs: totals.programs.iter().map(ProgramRecord::from).collect(),
        }
    }
}
