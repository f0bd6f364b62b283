//! The header of a packet, field by field as RFC 9293 §3.1, RFC 768 and RFC 792 draw them: 32 bits a line.

use crate::explain::Step;
use crate::model::{Checksum, TcpFlags};
use crate::track::{Body, IcmpFacts, TcpFacts, UdpFacts};

/// A field of a header.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// How many bits of a line it takes, of 32.
    pub(super) bits: u8,
    /// Its bytes in hexadecimal, where they are known.
    pub(super) hex: String,
    /// What it says.
    pub(super) value: String,
}

/// The fields of the transport header of a step.
pub(super) fn fields(step: &Step<'_>) -> Vec<Field> {
    let (source, destination) = (step.event.source.port, step.event.destination.port);
    match &step.event.body {
        Body::Tcp(facts) => tcp(source, destination, facts),
        Body::Udp(facts) => udp(source, destination, facts),
        Body::Icmp(facts) => icmp(facts),
    }
}

/// What is known of the IP header, in words.
pub(super) fn ip(step: &Step<'_>) -> String {
    let ip = &step.event.ip;
    let hops = if ip.version == 4 { "time to live" } else { "hop limit" };
    let mut text = format!(
        "IPv{}, {} to {}, header of {} bytes, {hops} {}",
        ip.version, step.event.source.address, step.event.destination.address, ip.header_len, ip.ttl
    );
    if let Some(id) = ip.id {
        text.push_str(&format!(", identification 0x{id:04x}"));
    }
    match ip.ecn {
        0 => {}
        3 => text.push_str(", ECN: congestion experienced"),
        _ => text.push_str(", ECN: capable"),
    }
    if ip.fragments > 1 {
        text.push_str(&format!(", put together from {} fragments", ip.fragments));
    }
    text
}

fn tcp(source: u16, destination: u16, facts: &TcpFacts) -> Vec<Field> {
    let window = match facts.window_scale {
        Some(1) => facts.window_raw.to_string(),
        Some(scale) => format!("{} × {scale} = {}", facts.window_raw, facts.window),
        None => format!("{}, scale unknown", facts.window_raw),
    };
    let ack = match facts.ack {
        Some(ack) => format!("{} (relative {ack})", facts.ack_raw),
        None => "not significant: no ACK flag".to_owned(),
    };
    let offset = facts.header_len / 4;
    let urgent = match facts.flags.contains(TcpFlags::URG) {
        true => facts.urgent.to_string(),
        false => format!("{}, not significant", facts.urgent),
    };
    let mut fields = vec![
        field("Source port", 16, &source.to_be_bytes(), source),
        field("Destination port", 16, &destination.to_be_bytes(), destination),
        field(
            "Sequence number",
            32,
            &facts.seq_raw.to_be_bytes(),
            format!("{} (relative {})", facts.seq_raw, facts.seq),
        ),
        field("Acknowledgment number", 32, &facts.ack_raw.to_be_bytes(), ack),
        Field { name: "Offset", bits: 4, hex: format!("{offset:x}"), value: format!("{} bytes", facts.header_len) },
        Field {
            name: "Flags",
            bits: 12,
            hex: format!("{:03x}", facts.flags.bits()),
            value: format!("{} [{}]", facts.flags, facts.flags.tcpdump()),
        },
        field("Window", 16, &facts.window_raw.to_be_bytes(), window),
        field("Checksum", 16, &[], checksum(facts.checksum)),
        field("Urgent pointer", 16, &facts.urgent.to_be_bytes(), urgent),
    ];
    if facts.header_len > 20 {
        let value = format!("{} bytes, see below", facts.header_len - 20);
        fields.push(field("Options", 32, &[], value));
    }
    fields
}

fn udp(source: u16, destination: u16, facts: &UdpFacts) -> Vec<Field> {
    let length = format!("{}: 8 of header, {} of data", facts.length, facts.len);
    vec![
        field("Source port", 16, &source.to_be_bytes(), source),
        field("Destination port", 16, &destination.to_be_bytes(), destination),
        field("Length", 16, &facts.length.to_be_bytes(), length),
        field("Checksum", 16, &facts.checksum_raw.to_be_bytes(), checksum(facts.checksum)),
    ]
}

fn icmp(facts: &IcmpFacts) -> Vec<Field> {
    let error = &facts.error;
    let quoted = &error.quoted;
    let mut fields = vec![
        field("Type", 8, &[error.icmp_type], error.icmp_type),
        field("Code", 8, &[error.code], error.code),
        field("Meaning", 16, &[], error.name()),
        field(
            "Quoted packet",
            32,
            &[],
            format!("{} from {} to {}", quoted.protocol.name(), quoted.source, quoted.destination),
        ),
    ];
    if let Some(frame) = facts.quotes_frame {
        fields.push(field("Answers frame", 32, &[], frame));
    }
    fields
}

fn field(name: &'static str, bits: u8, bytes: &[u8], value: impl ToString) -> Field {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Field { name, bits, hex: hex.join(" "), value: value.to_string() }
}

fn checksum(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Valid => "valid",
        Checksum::Offloaded => "left to the network card",
        Checksum::Absent => "none was made",
        Checksum::Invalid => "does not fit",
        Checksum::Unverifiable => "can't be checked: payload was cut",
    }
}
