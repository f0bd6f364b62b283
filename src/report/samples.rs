//! Conversations made by hand, frame by frame, for the tests of this floor and the next.

use std::io;

use etherparse::{IpNumber, PacketBuilder};

use super::{CaptureTotals, Sink, Tally};
use crate::decode::Decoder;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureFormat, CaptureInfo, Direction, Frame, LinkType, Nanos, Timestamp};
use crate::track::Tracker;

pub(crate) const C: Direction = Direction::ClientToServer;
pub(crate) const S: Direction = Direction::ServerToClient;
/// The initial sequence numbers of client and server.
const X: u32 = 650_532_444;
const Y: u32 = 3_634_148_465;
const PORTS: (u16, u16) = (51_234, 6_542);
const LOCALHOST: [u8; 4] = [127, 0, 0, 1];

fn ports(direction: Direction) -> (u16, u16) {
    if direction == C { PORTS } else { (PORTS.1, PORTS.0) }
}

/// An Ethernet frame with a segment; the numbers are relative, the flags as tcpdump writes them.
pub(crate) fn segment(direction: Direction, flags: &str, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let (mine, peers) = if direction == C { (X, Y) } else { (Y, X) };
    let (source, destination) = ports(direction);
    let ip = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(LOCALHOST, LOCALHOST, 64);
    let mut packet = ip.tcp(source, destination, mine.wrapping_add(seq), 512);
    for flag in flags.chars() {
        packet = match flag {
            'S' => packet.syn(),
            'F' => packet.fin(),
            'P' => packet.psh(),
            _ => packet.ack(peers.wrapping_add(ack)),
        };
    }
    let mut frame = Vec::new();
    packet.write(&mut frame, payload).expect("a small packet");
    frame
}

/// An Ethernet frame with a datagram.
pub(crate) fn datagram(direction: Direction, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = ports(direction);
    let packet = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(LOCALHOST, LOCALHOST, 64).udp(source, destination);
    let mut frame = Vec::new();
    packet.write(&mut frame, payload).expect("a small packet");
    frame
}

/// An Ethernet frame with the ICMP port unreachable that answers `frame`.
pub(crate) fn unreachable(frame: &[u8]) -> Vec<u8> {
    let mut icmp = vec![3, 3, 0, 0, 0, 0, 0, 0];
    icmp.extend(&frame[14..]);
    let packet = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(LOCALHOST, LOCALHOST, 64);
    let mut frame = Vec::new();
    packet.write(&mut frame, IpNumber::ICMP, &icmp).expect("a small packet");
    frame
}

/// The ten steps of an echo.
pub(crate) fn ten_steps() -> Vec<Vec<u8>> {
    vec![
        segment(C, "S", 0, 0, b""),
        segment(S, "S.", 0, 1, b""),
        segment(C, ".", 1, 1, b""),
        segment(C, "P.", 1, 1, b"Hello, world"),
        segment(S, ".", 1, 13, b""),
        segment(S, "P.", 1, 13, b"Hello, world"),
        segment(C, ".", 13, 13, b""),
        segment(C, "F.", 13, 13, b""),
        segment(S, "F.", 13, 14, b""),
        segment(C, ".", 14, 14, b""),
    ]
}

/// Pushes a capture of these frames, 17 µs apart, through `sink`.
pub(crate) fn play(frames: &[Vec<u8>], sink: &mut dyn Sink) {
    let (mut decoder, mut tracker) = (Decoder::new(), Tracker::new(None));
    let mut totals = CaptureTotals::default();
    let mut tally = Tally::default();
    let info = CaptureInfo {
        file: Some("sample.pcap".into()),
        format: Some(CaptureFormat::Pcap),
        link_types: vec![LinkType::ETHERNET],
        ..CaptureInfo::default()
    };
    sink.capture(&info).expect("written");
    for (number, data) in (1..).zip(frames) {
        let time = Some(Timestamp::new(1_714_912_496, number as u32 * 17_000));
        let frame = Frame {
            unknown: Default::default(),
            number,
            time,
            link: LinkType::ETHERNET,
            interface: 0,
            wire_len: data.len() as u32,
            data,
        };
        let packet = decoder.decode(&frame).expect("a packet");
        tracker.follow(&frame, &packet).expect("a step");
        let event = tracker.last(&packet).expect("an event").event(&frame, &packet);
        let step = Step::explain(&event);
        totals.frames += 1;
        match step.event.protocol_name() {
            "tcp" => totals.tcp += 1,
            "udp" => totals.udp += 1,
            _ => totals.icmp += 1,
        }
        tally.step(&step);
        sink.step(&step).expect("written");
    }
    (totals.tcp_conversations, totals.udp_conversations) = tracker.counts();
    for ended in tracker.finish(true) {
        sink.conversation(&tally.conversation(ended)).expect("written");
    }
    totals.findings_count = tally.finish(&[]);
    sink.finish(&totals).expect("written");
}

/// The calls that a sink got, counted.
#[derive(Default)]
pub(crate) struct Told {
    /// The numbers of the steps in their conversations.
    pub(crate) steps: Vec<u64>,
    /// The first frames of the conversations.
    pub(crate) conversations: Vec<u64>,
    pub(crate) totals: CaptureTotals,
}

impl Sink for &mut Told {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.steps.push(step.event.number);
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.conversations.push(conversation.totals.first_frame);
        Ok(())
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.totals = totals.clone();
        Ok(())
    }
}

/// A UDP conversation of this size that begins in `frame`.
pub(crate) fn conversation(frame: u64, bytes: u64, packets: u64, duration: i64) -> Conversation {
    let mut tracker = Tracker::new(None);
    let mut decoder = Decoder::new();
    let data = datagram(C, b"x");
    let time = Some(Timestamp::new(frame as i64, 0));
    let first = Frame {
        unknown: Default::default(),
        number: frame,
        time,
        link: LinkType::ETHERNET,
        interface: 0,
        wire_len: 43,
        data: &data,
    };
    let packet = decoder.decode(&first).expect("a packet");
    tracker.follow(&first, &packet).expect("a step");
    let mut totals = tracker.finish(true).next().expect("a conversation");
    totals.bytes.client_to_server = bytes;
    totals.packets.client_to_server = packets;
    totals.duration = Some(Nanos(duration));
    Conversation::explain(totals)
}
