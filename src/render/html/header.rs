//! The header of a packet, field by field as RFC 9293 §3.1, RFC 768 and RFC 792 draw them: 32 bits a line. The bytes
//! are those of the capture.

use crate::explain::Step;
use crate::model::{Checksum, TcpFlags};
use crate::track::{Body, IcmpFacts, TcpFacts, UdpFacts};

/// A field of a header.
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Width in bits; a line has 32.
    pub(super) bits: u8,
    /// Its bytes as captured, in hexadecimal.
    pub(super) hex: String,
    /// The value.
    pub(super) value: String,
}

/// The fields of the transport header of a step, whose options are these in words.
pub(super) fn fields(step: &Step<'_>, options: &str) -> Vec<Field> {
    let (source, destination) = (step.event.source.port, step.event.destination.port);
    match &step.event.body {
        Body::Tcp(facts) => tcp(source, destination, facts, &step.event.header, options),
        Body::Udp(facts) => udp(source, destination, facts, &step.event.header),
        Body::Icmp(facts) => icmp(facts),
    }
}

/// The known fields of the IP header, in words.
pub(super) fn ip(step: &Step<'_>) -> String {
    let ip = &step.event.ip;
    let hops = if ip.version == 4 { "time to live" } else { "hop limit" };
    let ttl = if ip.ttl == 0 { "unknown".to_owned() } else { ip.ttl.to_string() };
    let mut text = format!(
        "IPv{}, {} to {}, header of {} bytes, {hops} {ttl}",
        ip.version, step.event.source.address, step.event.destination.address, ip.header_len
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
        text.push_str(&format!(", reassembled from {} fragments", ip.fragments));
    }
    text
}

fn tcp(source: u16, destination: u16, facts: &TcpFacts, header: &[u8], options: &str) -> Vec<Field> {
    let window = match facts.window_scale {
        Some(1) => facts.window_raw.to_string(),
        Some(scale) => format!("{} × {scale} = {}", facts.window_raw, facts.window),
        None => format!("{}, scale unknown", facts.window_raw),
    };
    let ack = match facts.ack {
        Some(ack) => format!("{} (relative {ack})", facts.ack_raw),
        None => "not significant: no ACK flag".to_owned(),
    };
    // four bits of offset, three that are reserved, nine flags
    let [offset, flags] = match header.get(12..14) {
        Some([high, low]) => [format!("{:x}", high >> 4), format!("{:x}{low:02x}", high & 15)],
        _ => Default::default(),
    };
    let urgent = match facts.flags.contains(TcpFlags::URG) {
        true => facts.urgent.to_string(),
        false => format!("{}, not significant", facts.urgent),
    };
    let mut fields = vec![
        field("Source port", 16, header.get(..2), source),
        field("Destination port", 16, header.get(2..4), destination),
        field("Sequence number", 32, header.get(4..8), format!("{} (relative {})", facts.seq_raw, facts.seq)),
        field("Acknowledgment number", 32, header.get(8..12), ack),
        Field { name: "Offset", bits: 4, hex: offset, value: format!("{} bytes", facts.header_len) },
        Field { name: "Flags", bits: 12, hex: flags, value: format!("{} [{}]", facts.flags, facts.flags.tcpdump()) },
        field("Window", 16, header.get(14..16), window),
        field("Checksum", 16, header.get(16..18), checksum(facts.checksum)),
        field("Urgent pointer", 16, header.get(18..20), urgent),
    ];
    if facts.header_len > 20 {
        let value = match usize::from(facts.header_len).saturating_sub(header.len()) {
            0 => options.to_owned(),
            cut => format!("{options} ({cut} bytes were not captured)"),
        };
        fields.push(field("Options", 32, header.get(20..), value));
    }
    fields
}

fn udp(source: u16, destination: u16, facts: &UdpFacts, header: &[u8]) -> Vec<Field> {
    let length = format!("{}: 8 of header, {} of data", facts.length, facts.len);
    vec![
        field("Source port", 16, header.get(..2), source),
        field("Destination port", 16, header.get(2..4), destination),
        field("Length", 16, header.get(4..6), length),
        field("Checksum", 16, header.get(6..8), checksum(facts.checksum)),
    ]
}

fn icmp(facts: &IcmpFacts) -> Vec<Field> {
    let error = &facts.error;
    let quoted = &error.quoted;
    let mut fields = vec![
        field("Type", 8, Some(&[error.icmp_type]), error.icmp_type),
        field("Code", 8, Some(&[error.code]), error.code),
        field("Meaning", 16, None, error.name()),
        field(
            "Quoted packet",
            32,
            None,
            format!("{} from {} to {}", quoted.protocol.name(), quoted.source, quoted.destination),
        ),
    ];
    if let Some(frame) = facts.quotes_frame {
        fields.push(field("Answers frame", 32, None, frame));
    }
    fields
}

fn field(name: &'static str, bits: u8, bytes: Option<&[u8]>, value: impl ToString) -> Field {
    let hex: Vec<_> = bytes.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
    Field { name, bits, hex: hex.join(" "), value: value.to_string() }
}

fn checksum(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Valid => "valid",
        Checksum::Offloaded => "left to the network card",
        Checksum::Absent => "none was made",
        Checksum::Invalid => "does not fit",
        Checksum::Unverifiable => "can't be checked: the payload was cut, or the checksum is unknown",
    }
}
