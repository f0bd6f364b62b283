//! tshark's fields of each frame of a capture file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;

/// Wireshark's analysis flags, each below `tcp.analysis.`; echolab's have the same names.
pub(crate) const FLAGS: &[&str] = &[
    "retransmission",
    "fast_retransmission",
    "spurious_retransmission",
    "out_of_order",
    "reused_ports",
    "lost_segment",
    "ack_lost_segment",
    "window_update",
    "window_full",
    "keep_alive",
    "keep_alive_ack",
    "duplicate_ack",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
];

/// The other fields that are asked for.
const FIELDS: &[&str] = &[
    "frame.number",
    "tcp.stream",
    "udp.stream",
    "tcp.seq",
    "tcp.ack",
    "tcp.len",
    "tcp.flags",
    "tcp.window_size",
    "udp.length",
    "icmp.type",
    "icmpv6.type",
];

/// The transport of a frame, as tshark dissects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp {
        stream: u64,
        seq: u64,
        ack: u64,
        len: u64,
        flags: u64,
        window: u64,
    },
    Udp {
        stream: u64,
        len: u64,
    },
    Icmp,
    /// None that was dissected: a fragment of a packet that a later frame completes.
    None,
}

/// A frame, as tshark dissects it.
#[derive(Clone, Debug)]
pub(crate) struct Dissected {
    pub(crate) frame: u64,
    pub(crate) transport: Transport,
    /// Analysis flags.
    pub(crate) analysis: BTreeSet<&'static str>,
}

/// Has tshark read a capture file.
pub(crate) fn dissect(capture: &Path) -> Result<Vec<Dissected>, Failed> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-T", "fields"]);
    FIELDS.iter().for_each(|field| _ = command.args(["-e", field]));
    FLAGS.iter().for_each(|flag| _ = command.args(["-e", &format!("tcp.analysis.{flag}")]));
    let output = command.output().map_err(|error| format!("can't run tshark: {error}"))?;
    if !output.status.success() {
        return Err(format!("tshark: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    lines
        .lines()
        .map(|line| frame(line).ok_or_else(|| format!("tshark's line can't be read: {line:?}").into()))
        .collect()
}

fn frame(line: &str) -> Option<Dissected> {
    let cells: Vec<&str> = line.split('\t').collect();
    let (fields, flags) = cells.split_at_checked(FIELDS.len())?;
    let number = |name: &str| {
        let cell = fields.get(FIELDS.iter().position(|field| *field == name)?)?;
        match cell.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => cell.parse().ok(),
        }
    };
    // an ICMP error has the fields of the packet that it quotes, too
    let transport = if number("icmp.type").or(number("icmpv6.type")).is_some() {
        Transport::Icmp
    } else if let Some(stream) = number("tcp.stream") {
        Transport::Tcp {
            stream,
            seq: number("tcp.seq")?,
            ack: number("tcp.ack")?,
            len: number("tcp.len")?,
            flags: number("tcp.flags")?,
            window: number("tcp.window_size")?,
        }
    } else if let Some(stream) = number("udp.stream") {
        Transport::Udp { stream, len: number("udp.length")?.checked_sub(8)? }
    } else {
        Transport::None
    };
    let analysis = FLAGS.iter().zip(flags).filter(|(_, cell)| !cell.is_empty()).map(|(flag, _)| *flag).collect();
    Some(Dissected { frame: number("frame.number")?, transport, analysis })
}
