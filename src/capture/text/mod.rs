//! Packets as text: what tcpdump prints, and the packet list of Wireshark and tshark.
//!
//! Each packet becomes a frame again, with the bytes that the text shows. What it does not show is a placeholder that the
//! frame names as [unknown](crate::model::Unknown), or, of the payload, not captured.

mod clock;
mod dump;
mod numbers;
mod options;
mod printed;
mod rebuild;
mod records;
mod scan;
mod tcpdump;
mod wireshark;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use self::clock::Clock;
use self::numbers::Numbers;
use self::printed::{Body, PrintedIcmp, PrintedPacket, TCP, UDP};
use self::rebuild::Rebuilt;
use self::records::RecordReader;
use self::tcpdump::RecordKind;
use self::wireshark::Rows;
use super::file::read_buffer::ReadBuffer;
use crate::model::{Frame, LinkType, Unknown, counted, visible};

/// Bytes at the front of a text that tell its form, and how its times and lengths are meant.
pub(super) const FRONT: usize = 64 * 1024;
/// Lines that could not be read, and are shown.
const SHOWN: usize = 5;
/// Characters shown of such a line.
const SHOWN_OF_LINE: usize = 60;
/// Most pairs of addresses whose conversations are known, for ICMP errors.
const MAX_PAIRS: usize = 16_384;
/// Most conversations known of one pair.
const MAX_PER_PAIR: usize = 16;

/// The program that printed a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Tcpdump,
    Wireshark,
}

/// The packets of a text.
pub(super) struct Texts {
    form: Form,
    grouper: RecordReader,
    clock: Clock,
    numbers: Numbers,
    rows: Rows,
    /// Protocol and ports of the packets so far, by source and destination.
    pairs: HashMap<(IpAddr, IpAddr), Vec<Ports>>,
    frame: Rebuilt,
    missing: MissingFields,
    /// A packet so far could not be read, or does not show its conversation.
    incomplete: bool,
    unread: Vec<String>,
    unread_count: u64,
}

/// A protocol, and the ports of source and destination.
type Ports = (u8, u16, u16);

/// Fields that some packets of the text lack.
#[derive(Debug, Default)]
struct MissingFields {
    bytes: bool,
    window: bool,
    raw: bool,
    payload: bool,
    ip: bool,
}

/// The form of a text that begins with `bytes`; `None` if it shows no packet there.
pub(super) fn recognise(bytes: &[u8]) -> Option<Form> {
    let front = bytes.get(..FRONT).unwrap_or(bytes);
    let text = String::from_utf8_lossy(front);
    // no text has a byte of 0 before its first packet
    text.lines().take_while(|line| !line.contains('\0')).find_map(|line| match () {
        () if tcpdump::begins(line, None) => Some(Form::Tcpdump),
        () if wireshark::begins(tcpdump::unquoted(line)) => Some(Form::Wireshark),
        () => None,
    })
}

impl Texts {
    /// The packets of the text in `window`, the front of which has been read.
    ///
    /// # Errors
    /// If it can't be read.
    pub(super) fn open(form: Form, window: &mut ReadBuffer) -> io::Result<Self> {
        let mut stamps = front_stamps(form, window.bytes());
        // what the first times mean needs those that follow
        if matches!(stamps.first(), Some(clock::Stamp::Clock(0, 0))) || form == Form::Wireshark {
            window.holds(FRONT)?;
            stamps = front_stamps(form, window.bytes());
        }
        let front = window.bytes();
        let front = String::from_utf8_lossy(front.get(..FRONT).unwrap_or(front)).into_owned();
        let rows =
            if form == Form::Wireshark { Rows::new(front.lines().map(tcpdump::unquoted)) } else { Rows::default() };
        Ok(Self {
            form,
            grouper: RecordReader::new(form),
            clock: Clock::new(&stamps),
            numbers: Numbers::new(),
            rows,
            pairs: HashMap::new(),
            frame: Rebuilt::default(),
            missing: MissingFields::default(),
            incomplete: false,
            unread: Vec::new(),
            unread_count: 0,
        })
    }

    /// The next packet; `None` at the end.
    ///
    /// # Errors
    /// If the text can't be read on, or ends within a packet.
    pub(super) fn next(&mut self, window: &mut ReadBuffer, number: u64) -> io::Result<Option<Frame<'_>>> {
        loop {
            let Some(record) = self.grouper.next(window)? else {
                self.take_unparsed();
                return Ok(None);
            };
            self.take_unparsed();
            let (stamp, reading, unknown) = match self.form {
                _ if record.is_dump() => (None, dump_alone(&record.text), Unknown::default()),
                Form::Tcpdump => {
                    let (stamp, reading) = tcpdump::read(tcpdump::unquoted(&record.text));
                    (stamp, LoneDump::Read(reading), Unknown::default())
                }
                Form::Wireshark => {
                    let (stamp, reading, unknown) = self.rows.read(&record.text);
                    (stamp, LoneDump::Read(reading), unknown)
                }
            };
            let frame = match reading {
                LoneDump::Dump(frame) => frame,
                LoneDump::Read(RecordKind::Packet(printed, behind)) => {
                    self.incomplete |= matches!(printed.body, Body::Hidden(_));
                    self.packet(*printed, behind, unknown)
                }
                LoneDump::Read(RecordKind::Arp(len)) => rebuild::not_ip(0x0806, len),
                LoneDump::Read(RecordKind::NotIp(len)) => rebuild::not_ip(0xffff, len),
                LoneDump::Read(RecordKind::Unread(why)) => {
                    if record.is_cut {
                        let text = format!("the text ends within a packet, in line {}: {why}", record.line);
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                    }
                    self.unread(record.line, why, &record.text);
                    continue;
                }
            };
            self.frame = frame;
            if self.incomplete {
                self.frame.unknown = self.frame.unknown.and(Unknown::FRAMES);
            }
            let time = self.clock.time_of(stamp);
            let Rebuilt { bytes, link, wire_len, unknown } = &self.frame;
            return Ok(Some(Frame {
                number,
                time,
                link: link.unwrap_or(LinkType::RAW),
                interface: 0,
                wire_len: *wire_len,
                unknown: *unknown,
                data: bytes,
            }));
        }
    }

    /// Returns `true` if the next packet can be read without waiting for more of the text.
    pub(super) fn is_next_in(&self, window: &ReadBuffer) -> bool {
        window.bytes().contains(&b'\n')
    }

    /// The frame of a packet.
    fn packet(&mut self, mut printed: PrintedPacket, behind: &str, mut unknown: Unknown) -> Rebuilt {
        let dump = dump::start(behind).map(|at| dump::hexadecimal(behind.get(at..).unwrap_or_default()));
        if let Some(frame) = dump.as_ref().and_then(|dump| dumped(dump, Some(&printed))) {
            self.learn(&printed);
            return frame;
        }
        match &mut printed.body {
            Body::Tcp(tcp) => {
                if tcp.options_cut {
                    unknown = unknown.and(Unknown::OPTIONS);
                }
                if self.form == Form::Tcpdump {
                    let ports = tcp.ports;
                    unknown = unknown.and(self.numbers.tcpdump(
                        (printed.source, ports.0),
                        (printed.destination, ports.1),
                        tcp,
                    ));
                }
                let options = tcp.options.len().next_multiple_of(4);
                printed.payload = payload(&printed.source, 20 + options, tcp.len.unwrap_or(0), behind);
                self.missing.payload |= printed.payload.as_ref().map_or(0, Vec::len) < tcp.len.unwrap_or(0) as usize;
            }
            Body::Udp { len, .. } => {
                printed.payload = payload(&printed.source, 8, *len, behind);
                self.missing.payload |= printed.payload.as_ref().map_or(0, Vec::len) < *len as usize;
            }
            Body::Icmp(icmp) => self.find_quoted(icmp),
            Body::Other(_) | Body::Hidden(_) => {}
        }
        self.learn(&printed);
        self.missing.bytes = true;
        self.missing.ip |= !printed.ip.shown;
        self.missing.window |= unknown.contains(Unknown::WINDOW);
        self.missing.raw |= unknown.contains(Unknown::ACK);
        rebuild::packet(&printed, unknown)
    }

    /// Remembers the conversation of a packet, for errors that name it by halves.
    fn learn(&mut self, printed: &PrintedPacket) {
        let (protocol, ports) = match &printed.body {
            Body::Tcp(tcp) => (TCP, tcp.ports),
            Body::Udp { ports, .. } => (UDP, *ports),
            _ => return,
        };
        if self.pairs.len() >= MAX_PAIRS {
            self.pairs.clear();
        }
        let known = self.pairs.entry((printed.source, printed.destination)).or_default();
        let this = (protocol, ports.0, ports.1);
        if !known.contains(&this) && known.len() < MAX_PER_PAIR {
            known.push(this);
        }
    }

    /// Completes the quotation of an error, where only one conversation fits what it names.
    fn find_quoted(&self, icmp: &mut PrintedIcmp) {
        let Some(quoted) = &mut icmp.quoted else { return };
        if quoted.source_port.is_some() {
            return;
        }
        let known = self.pairs.get(&(quoted.source, quoted.destination)).map(Vec::as_slice).unwrap_or_default();
        // beyond the bound not all are known
        let mut fitting = known.iter().filter(|_| known.len() < MAX_PER_PAIR).filter(|(protocol, _, to)| {
            (quoted.protocol == 0 || quoted.protocol == *protocol)
                && quoted.destination_port.is_none_or(|port| port == *to)
        });
        if let (Some((protocol, from, to)), None) = (fitting.next(), fitting.next()) {
            (quoted.protocol, quoted.source_port, quoted.destination_port) = (*protocol, Some(*from), Some(*to));
        }
    }

    fn take_unparsed(&mut self) {
        for (line, text) in self.grouper.unparsed() {
            self.unread(line, "it begins no packet", &text);
        }
        self.unread_count += self.grouper.more_unparsed();
    }

    fn unread(&mut self, line: u64, why: &str, text: &str) {
        self.unread_count += 1;
        self.incomplete = true;
        if self.unread.len() < SHOWN {
            let start: String = text.lines().next().unwrap_or_default().trim().chars().take(SHOWN_OF_LINE).collect();
            self.unread.push(format!("line {line}: {why}: {}", visible(start.as_bytes(), SHOWN_OF_LINE).0));
        }
    }

    /// Remarks for the reader of a report that is made from text.
    pub(super) fn remarks(&self) -> Vec<String> {
        let source = match self.form {
            Form::Tcpdump => "text that tcpdump printed",
            Form::Wireshark => "a packet list of Wireshark or tshark",
        };
        let mut missing = Vec::new();
        if self.missing.bytes {
            missing.push("checksums");
        }
        if self.missing.ip {
            missing.push("TTL and IP identification");
        }
        if self.missing.payload {
            missing.push("payload (or part of it)");
        }
        if self.numbers.guessed {
            missing.push("sequence numbers of segments without data (each is taken to be the sender's next)");
        }
        if self.missing.raw {
            missing.push("absolute sequence numbers");
        }
        if self.missing.window {
            missing.push("window fields as sent");
        }
        if self.clock.lacks_times() {
            missing.push("times (of some packets)");
        }
        let mut remarks = vec![match missing.is_empty() {
            true => format!("made from {source}"),
            false => format!("made from {source}, which does not show: {}; these are unknown", missing.join(", ")),
        }];
        remarks.extend(self.clock.remark().map(str::to_owned));
        if self.unread_count > 0 {
            let more = self.unread_count - self.unread.len() as u64;
            let mut text = format!(
                "{} of the text could not be read: {}",
                counted(self.unread_count, "line"),
                self.unread.join("; ")
            );
            if more > 0 {
                text.push_str(&format!("; and {}", counted(more, "more line")));
            }
            remarks.push(text);
        }
        remarks
    }
}

/// A record, or a dump without anything before it.
enum LoneDump<'t> {
    Read(RecordKind<'t>),
    Dump(Rebuilt),
}

/// A dump whose packet has no line of its own.
fn dump_alone(text: &str) -> LoneDump<'_> {
    match dumped(&dump::hexadecimal(text), None) {
        Some(frame) => LoneDump::Dump(frame),
        None => LoneDump::Read(RecordKind::Unread("it is a dump that begins no IP packet")),
    }
}

/// The payload in what is printed behind a packet's line as characters.
fn payload(source: &IpAddr, header: usize, len: u32, behind: &str) -> Option<Vec<u8>> {
    let len = usize::try_from(len).ok()?;
    let ip = if source.is_ipv4() { 20 } else { 40 };
    dump::characters(behind.strip_prefix('\n')?, ip + header + len, len)
}

/// The frame of a dump, if it is that of the printed packet.
fn dumped(dump: &dump::Dump, printed: Option<&PrintedPacket>) -> Option<Rebuilt> {
    const LINKS: [(usize, LinkType); 6] = [
        (0, LinkType::RAW),
        (14, LinkType::ETHERNET),
        (18, LinkType::ETHERNET),
        (16, LinkType::LINUX_SLL),
        (20, LinkType::LINUX_SLL2),
        (4, LinkType::NULL),
    ];
    let (head, link) = LINKS.into_iter().find(|(head, _)| {
        let ip = dump.bytes.get(*head..).unwrap_or_default();
        printed.map_or(*head == 0 && dump::total(ip).is_some_and(|total| total >= 20), |printed| is_of(ip, printed))
    })?;
    let total = dump::total(dump.bytes.get(head..)?);
    let has_transport = dump.bytes.len() >= head + if dump.bytes.get(head)? >> 4 == 4 { 28 } else { 48 };
    let mut unknown = Unknown::default();
    let header = match dump.bytes.get(head)? {
        first @ 0x45..=0x4f => usize::from(first & 15) * 4,
        _ => 40,
    };
    let protocol = dump.bytes.get(head + if header == 40 { 6 } else { 9 }).copied()?;
    let checksum = head + header + if protocol == TCP { 16 } else { 6 };
    let misread = |at: &usize| *at != checksum && *at != checksum + 1;
    if !has_transport || dump.unread.iter().any(misread) {
        return None;
    }
    if !dump.unread.is_empty() {
        unknown = Unknown::CHECKSUM;
    }
    let mut bytes = dump.bytes.clone();
    let wire_len = head + total.unwrap_or(0);
    let mut frame = Rebuilt {
        link: Some(link),
        wire_len: u32::try_from(wire_len.max(bytes.len())).ok()?,
        unknown,
        bytes: Vec::new(),
    };
    if let Some((destination, source)) = printed.and_then(|printed| printed.macs).filter(|_| head == 0) {
        let kind = if dump.bytes.first()? >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
        bytes = [&destination[..], &source[..], &kind[..], &bytes[..]].concat();
        (frame.link, frame.wire_len) = (Some(LinkType::ETHERNET), frame.wire_len + 14);
    }
    frame.wire_len = frame.wire_len.max(printed.and_then(|printed| printed.wire_len).unwrap_or(0));
    frame.bytes = bytes;
    Some(frame)
}

/// Returns `true` if an IP packet, or the one within it, is between the endpoints of the printed packet.
fn is_of(ip: &[u8], printed: &PrintedPacket) -> bool {
    let wanted: Vec<u8> = match (printed.source, printed.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => [source.octets(), destination.octets()].concat(),
        (IpAddr::V6(source), IpAddr::V6(destination)) => [source.octets(), destination.octets()].concat(),
        _ => return false,
    };
    let at = match ip.first() {
        Some(0x45..=0x4f) => 12,
        Some(0x60..=0x6f) => 8,
        _ => return false,
    };
    let direct = ip.get(at..at + wanted.len()) == Some(&wanted[..]);
    // tunnels
    direct
        || matches!(ip.get(if at == 12 { 9 } else { 6 }), Some(4 | 41))
            && ip.get(at + 8..).is_some_and(|rest| rest.windows(wanted.len()).take(120).any(|part| part == wanted))
}

/// The times at the front of a text.
fn front_stamps(form: Form, bytes: &[u8]) -> Vec<clock::Stamp> {
    if form == Form::Wireshark {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(bytes.get(..FRONT).unwrap_or(bytes));
    let lines = text.lines().map(tcpdump::unquoted).filter(|line| tcpdump::begins(line, Some(true)));
    lines.filter_map(|line| tcpdump::time(&mut scan::Scan::new(line))).collect()
}
