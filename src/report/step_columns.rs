//! The columns of the step table.

use super::cell::{Cell, Tone};
use super::column::{Align, Room, StepColumn};
use super::view::{PayloadView, View};
use crate::explain::{Arithmetic, Step};
use crate::model::Severity;
use crate::model::{Checksum, Direction, Nanos, TcpOptions, Unknown, visible};
use crate::track::{Body, RttSample, TcpFacts};

/// Most characters (or bytes in hexadecimal) of a payload that a cell shows.
const PAYLOAD_SHOWN: usize = 32;

/// Most characters of a range of sequence numbers in one line of a narrow table.
const RANGE_SHOWN: usize = 11;

/// Most characters of the names of flags in one line of a narrow table: two flags.
const FLAGS_SHOWN: usize = 7;

/// Every column that a step table can have, in the order in which they stand.
pub static COLUMNS: &[StepColumn] = &[
    column("step", "#", "number within the conversation", Align::Right, Room::Tight, |s, _| number(s.event.number)),
    column("frame", "frame", "number in the capture", Align::Right, Room::Tight, |s, _| number(s.event.frame)),
    column("date", "date and time", "date and time of capture", Align::Left, Room::OnDemand, date),
    column("epoch", "epoch", "seconds since 1970 UTC", Align::Right, Room::OnDemand, |s, _| maybe(s.event.time)),
    StepColumn {
        narrow: Some(time_narrow),
        ..column("time", "time", "seconds since the conversation began", Align::Right, Room::Snug, time)
    },
    column("delta", "delta", "seconds since the step before", Align::Right, Room::OnDemand, delta),
    column("protocol", "protocol", "tcp, udp or icmp", Align::Left, Room::OnDemand, |s, _| {
        s.event.protocol_name().into()
    }),
    column("stream", "stream", "number of the conversation, as in Wireshark", Align::Right, Room::OnDemand, |s, _| {
        number(s.event.stream.number)
    }),
    StepColumn {
        narrow: Some(direction_narrow),
        ..column("direction", "direction", "sender and receiver", Align::Left, Room::Tight, direction)
    },
    column("source", "source", "address and port of the sender", Align::Left, Room::OnDemand, |s, _| {
        s.event.source.to_string().into()
    }),
    column("destination", "destination", "address and port of the receiver", Align::Left, Room::OnDemand, |s, _| {
        s.event.destination.to_string().into()
    }),
    StepColumn {
        narrow: Some(flags_narrow),
        ..column("flags", "flags", "control bits by name and as tcpdump writes them", Align::Left, Room::Tight, flags)
    },
    StepColumn {
        narrow: Some(seq_narrow),
        ..column("seq", "seq", "sequence numbers: first:next", Align::Left, Room::Tight, seq)
    },
    StepColumn {
        narrow: Some(ack_narrow),
        ..column("ack", "ack", "the next sequence number expected from the peer", Align::Left, Room::Tight, ack)
    },
    column("length", "len", "bytes of payload", Align::Right, Room::Narrow, |s, _| maybe(s.event.len())),
    column("window", "window", "receive window in bytes", Align::Right, Room::Ample, window),
    column(
        "arithmetic",
        "arithmetic",
        "seq and ack in terms of X and Y, the initial sequence numbers of client and server",
        Align::Left,
        Room::Wide,
        arithmetic,
    ),
    column(
        "rtt",
        "RTT",
        "seconds from the data to this ACK: an RTT if captured at the data's sender; none after a retransmission (Karn)",
        Align::Right,
        Room::OnDemand,
        |s, _| sample(s, |sample| sample.time),
    ),
    column("srtt", "SRTT", "EstimatedRTT after that, in seconds (RFC 6298)", Align::Right, Room::OnDemand, |s, _| {
        sample(s, |sample| sample.smoothed)
    }),
    column(
        "rttvar",
        "RTTVAR",
        "DevRTT after that, in seconds; updated before SRTT (RFC 6298)",
        Align::Right,
        Room::OnDemand,
        |s, _| sample(s, |sample| sample.variation),
    ),
    column("options", "options", "TCP options", Align::Left, Room::OnDemand, options),
    column("checksum", "checksum", "result of the checksum check", Align::Left, Room::OnDemand, checksum),
    column("payload", "payload", "payload, shortened", Align::Left, Room::OnDemand, payload),
    column("phase", "phase", "handshake, exchange, teardown or aborted", Align::Left, Room::OnDemand, |s, _| {
        s.phase.name().into()
    }),
    column("analysis", "analysis", "flags of Wireshark's TCP analysis", Align::Left, Room::OnDemand, analysis),
    column("findings", "findings", "codes of echolab's own findings", Align::Left, Room::OnDemand, findings),
    column("description", "what happens", "the step in plain English", Align::Left, Room::Tight, description),
];

const fn column(
    name: &'static str,
    header: &'static str,
    about: &'static str,
    align: Align,
    room: Room,
    text: fn(&Step<'_>, &View) -> Cell,
) -> StepColumn {
    StepColumn { name, header, about, align, room, text, narrow: None }
}

fn number(value: impl ToString) -> Cell {
    value.to_string().into()
}

fn maybe(value: Option<impl ToString>) -> Cell {
    value.map(number).unwrap_or_default()
}

fn tcp(step: &Step<'_>, cell: impl FnOnce(&TcpFacts) -> Cell) -> Cell {
    step.event.tcp().map(cell).unwrap_or_default()
}

fn date(step: &Step<'_>, view: &View) -> Cell {
    step.event.time.map(|time| view.date(time).into()).unwrap_or_default()
}

fn time(step: &Step<'_>, _: &View) -> Cell {
    step.event.since_start.map(View::seconds).unwrap_or_default().into()
}

fn time_narrow(step: &Step<'_>, _: &View) -> Cell {
    step.event.since_start.map(View::microseconds).unwrap_or_default().into()
}

fn delta(step: &Step<'_>, _: &View) -> Cell {
    step.event.since_previous.map(View::seconds).unwrap_or_default().into()
}

fn direction(step: &Step<'_>, view: &View) -> Cell {
    let direction = step.event.direction;
    let text = format!("{} {} {}", direction.sender(), view.arrow(), direction.receiver());
    Cell::from(text).tone(direction.into())
}

fn direction_narrow(step: &Step<'_>, view: &View) -> Cell {
    let text = match (step.event.direction, view.ascii) {
        (Direction::ClientToServer, false) => "client →",
        (Direction::ServerToClient, false) => "← server",
        (Direction::ClientToServer, true) => "client >",
        (Direction::ServerToClient, true) => "< server",
    };
    Cell::from(text).tone(step.event.direction.into())
}

fn flags(step: &Step<'_>, _: &View) -> Cell {
    tcp(step, |facts| Cell::from(format!("{} [{}]", facts.flags, facts.flags.tcpdump())).tone(facts.flags.into()))
}

fn flags_narrow(step: &Step<'_>, _: &View) -> Cell {
    tcp(step, |facts| {
        let names = facts.flags.to_string();
        let mut lines: Vec<String> = Vec::new();
        for name in names.split('-') {
            match lines.last_mut().filter(|line| line.len() + 1 + name.len() <= FLAGS_SHOWN) {
                Some(line) => line.extend(["-", name]),
                None => lines.push(name.to_owned()),
            }
        }
        let names = lines.join("-\n");
        let mut lines = names.lines().map(str::to_owned);
        let first = Cell::from(lines.next().unwrap_or_default());
        lines.fold(first, Cell::over).over(format!("[{}]", facts.flags.tcpdump())).tone(facts.flags.into())
    })
}

/// Instead of a field that the source does not show.
const UNKNOWN: &str = "?";

/// The sequence numbers of the first byte and of the byte after the last; one number where there is no payload.
///
/// As in tcpdump: SYN and FIN count too, but only payload makes a range.
fn seq(step: &Step<'_>, view: &View) -> Cell {
    tcp(step, |facts| {
        if view.absolute && step.event.unknown.contains(Unknown::SEQ) {
            return UNKNOWN.into();
        }
        let first = if view.absolute { facts.seq_raw } else { facts.seq };
        match facts.len {
            0 => number(first),
            len => format!("{first}:{}", first.wrapping_add(len)).into(),
        }
    })
}

fn seq_narrow(step: &Step<'_>, view: &View) -> Cell {
    let range = seq(step, view);
    let stacked_range = match range.text.split_once(':') {
        Some((first, next)) if range.text.len() > RANGE_SHOWN => Cell::from(format!("{first}:")).over(next),
        _ => range,
    };
    stacked(stacked_range, step.seq_arithmetic())
}

fn ack(step: &Step<'_>, view: &View) -> Cell {
    tcp(step, |facts| match facts.ack {
        Some(_) if view.absolute && step.event.unknown.contains(Unknown::ACK) => UNKNOWN.into(),
        ack => maybe(ack.map(|ack| if view.absolute { facts.ack_raw } else { ack })),
    })
}

fn ack_narrow(step: &Step<'_>, view: &View) -> Cell {
    stacked(ack(step, view), step.ack_arithmetic())
}

/// A number over where it comes from.
fn stacked(number: Cell, arithmetic: Option<Arithmetic>) -> Cell {
    match arithmetic {
        Some(arithmetic) => number.over(arithmetic),
        None => number,
    }
}

fn window(step: &Step<'_>, view: &View) -> Cell {
    tcp(step, |facts| match view.absolute {
        true if step.event.unknown.contains(Unknown::WINDOW) => UNKNOWN.into(),
        true => number(facts.window_raw),
        false => number(facts.window),
    })
}

/// A time of the round trip that an ACK completes.
fn sample(step: &Step<'_>, time: fn(&RttSample) -> Nanos) -> Cell {
    tcp(step, |facts| facts.rtt.as_ref().map(|sample| View::seconds(time(sample))).unwrap_or_default().into())
}

fn arithmetic(step: &Step<'_>, _: &View) -> Cell {
    match (step.seq_arithmetic(), step.ack_arithmetic()) {
        (Some(seq), Some(ack)) => format!("{seq}, {ack}").into(),
        (seq, ack) => maybe(seq.or(ack)),
    }
}

fn options(step: &Step<'_>, _: &View) -> Cell {
    tcp(step, |facts| option_text(&facts.options, facts.sack_base).into())
}

/// The options as tcpdump names them: `mss 1460, sackOK, TS val 1 ecr 0, wscale 7`; SACK blocks are relative.
fn option_text(options: &TcpOptions, sack_base: u32) -> String {
    let mut parts = Vec::new();
    parts.extend(options.mss.map(|mss| format!("mss {mss}")));
    parts.extend(options.sack_permitted.then(|| "sackOK".to_owned()));
    parts.extend(options.timestamps.map(|stamps| format!("TS val {} ecr {}", stamps.value, stamps.echo_reply)));
    parts.extend(options.window_scale.map(|shift| format!("wscale {shift}")));
    for (left, right) in options.sack.as_slice() {
        parts.push(format!("sack {}:{}", left.wrapping_sub(sack_base), right.wrapping_sub(sack_base)));
    }
    parts.extend(options.other.names());
    parts.join(", ")
}

fn checksum(step: &Step<'_>, _: &View) -> Cell {
    match step.event.checksum() {
        None => Cell::default(),
        Some(bad @ Checksum::Invalid) => Cell::from(bad.name()).tone(Tone::Reset),
        Some(verdict) => verdict.name().into(),
    }
}

fn payload(step: &Step<'_>, view: &View) -> Cell {
    let event = &step.event;
    let (len, bytes) = (event.len().unwrap_or(0), &event.payload);
    if len == 0 {
        return Cell::default();
    }
    let shown = view.shown.map_or(PAYLOAD_SHOWN, |shown| shown.max(PAYLOAD_SHOWN));
    let (mut text, all) = match view.payload {
        PayloadView::Text => visible(bytes, shown),
        PayloadView::Hex => hex(bytes, shown),
    };
    if !all || u64::from(len) > bytes.len() as u64 {
        text.push_str(if view.ascii { "..." } else { "…" });
    }
    text.into()
}

fn hex(bytes: &[u8], shown: usize) -> (String, bool) {
    let shown = bytes.get(..shown).unwrap_or(bytes);
    let pairs: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    (pairs.join(" "), shown.len() == bytes.len())
}

fn analysis(step: &Step<'_>, _: &View) -> Cell {
    tcp(step, |facts| facts.analysis.iter().map(|flag| flag.name()).collect::<Vec<_>>().join(", ").into())
}

fn findings(step: &Step<'_>, _: &View) -> Cell {
    let codes: Vec<_> = step.findings.iter().map(|finding| finding.code.name()).collect();
    Cell::from(codes.join(", ")).tone(worst(step))
}

fn description(step: &Step<'_>, view: &View) -> Cell {
    let tone = match step.event.body {
        Body::Icmp(_) => Tone::Reset,
        _ => worst(step),
    };
    let text = view.shown.map_or_else(|| step.description(), |shown| step.description_quoting(shown));
    Cell::from(text).tone(tone)
}

/// The tone of the step's gravest finding, where there is one that matters.
fn worst(step: &Step<'_>) -> Tone {
    let worst = step.findings.iter().map(|finding| finding.code.severity()).max();
    worst.filter(|severity| *severity > Severity::Note).map_or(Tone::Plain, Tone::Finding)
}
