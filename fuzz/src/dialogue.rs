//! Dialogues of TCP, UDP and ICMP between a few endpoints: mostly what stacks send, with all that a path and an
//! attacker add.

use echolab::model::{LinkType, Timestamp};
use etherparse::{IpNumber, PacketBuilder};

use super::frames::Recorded;
use super::input::Input;

/// A dialogue has no more frames.
const MOST: usize = 40;
const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];
/// Sequence numbers begin shortly before they wrap.
const FIRST: u32 = 0xffff_f000;

/// One side of a connection, as its stack sees it.
#[derive(Clone, Copy, Default)]
struct End {
    next: u32,
    /// The highest number received, and what was acknowledged last.
    due: u32,
    acked: u32,
}

struct Dialogue<'a> {
    input: Input<'a>,
    /// Two connections, client first.
    ends: [[End; 2]; 2],
    /// Nanoseconds.
    now: i64,
    ip_id: u16,
    frames: Vec<Recorded>,
}

/// The frames, as raw IP, that these bytes describe.
pub(crate) fn dialogue(input: Input<'_>) -> Vec<Recorded> {
    let end = End { next: FIRST, ..End::default() };
    let mut dialogue = Dialogue { input, ends: [[end; 2]; 2], now: 0, ip_id: 0, frames: Vec::new() };
    while !dialogue.input.is_empty() && dialogue.frames.len() < MOST {
        dialogue.step();
    }
    dialogue.frames
}

impl Dialogue<'_> {
    fn step(&mut self) {
        let choice = self.input.byte();
        let time = self.input.byte();
        let ahead = 1_i64 << (time % 34);
        self.now += if time >= 250 { -ahead / 2 } else { ahead };
        let (connection, from_client) = (usize::from(choice >> 3 & 1), choice >> 4 & 1 == 0);
        match choice & 7 {
            0..=3 => self.segment(connection, from_client),
            4 => self.datagram(connection, from_client),
            5 => self.earlier(),
            6 => self.icmp(from_client),
            _ => {
                let length = usize::from(self.input.byte());
                let bytes = self.input.bytes(length).to_vec();
                self.record(bytes, 0);
            }
        }
    }

    fn record(&mut self, data: Vec<u8>, cut: u32) {
        let nanos = self.now.rem_euclid(1_000_000_000) as u32;
        let time = Some(Timestamp::new(1_700_000_000 + self.now.div_euclid(1_000_000_000), nanos));
        let wire_len = data.len() as u32 + cut;
        self.frames.push(Recorded { time, link: LinkType::RAW, wire_len, data });
    }

    /// A frame is captured again, or its packet is delivered again, whole or corrupted.
    fn earlier(&mut self) {
        let (back, how) = (usize::from(self.input.byte()), self.input.byte());
        let Some(frame) = self.frames.len().checked_sub(back + 1).map(|at| self.frames[at].clone()) else { return };
        let mut data = frame.data;
        match (how % 4, data.len()) {
            (0, 9..) => data[8] = data[8].wrapping_sub(1),
            (1, 1..) => {
                let at = usize::from(self.input.word()) % data.len();
                data[at] ^= self.input.byte();
            }
            (2, _) => {
                let kept = data.len().min(usize::from(self.input.byte()));
                let cut = data.len() - kept;
                data.truncate(kept);
                return self.record(data, cut as u32);
            }
            _ => {}
        }
        self.record(data, 0);
    }

    fn payload(&mut self) -> Vec<u8> {
        match self.input.byte() {
            0..=99 => Vec::new(),
            length @ 100..=199 => self.input.bytes(usize::from(length) - 99).to_vec(),
            200..=219 => vec![b'x'],
            220..=250 => b"abcdefghijklmnopqrstuvwxyz".repeat(60)[..1_448].to_vec(),
            // as its peer sent last, which an echo server does
            _ => self.frames.last().map(|frame| frame.data.get(40..).unwrap_or_default().to_vec()).unwrap_or_default(),
        }
    }

    fn segment(&mut self, connection: usize, from_client: bool) {
        const FLAGS: [u8; 16] =
            [0x10, 0x18, 0x10, 0x18, 0x02, 0x12, 0x11, 0x14, 0x04, 0x19, 0x10, 0x18, 0x50, 0xc2, 0x30, 0x00];
        let kind = self.input.byte();
        let flags = if kind == 255 { self.input.byte() } else { FLAGS[usize::from(kind % 16)] };
        let payload = self.payload();
        let side = usize::from(!from_client);
        let ends = &mut self.ends[connection];
        let (mine, peer) = (ends[side], ends[1 - side]);
        let how = self.input.byte();
        let seq = match how & 7 {
            0..=3 => mine.next,
            4 => mine.next.wrapping_sub(1),
            5 => mine.next.wrapping_sub(u32::from(self.input.word())),
            6 => mine.next.wrapping_add(u32::from(self.input.word())),
            _ => self.input.number(),
        };
        let ack = match how >> 3 & 7 {
            0..=3 => mine.due,
            4 => mine.acked,
            5 => peer.next,
            6 => mine.due.wrapping_sub(u32::from(self.input.word())),
            _ => self.input.number(),
        };
        let window = match how >> 6 {
            0 | 1 => 64_240,
            2 => self.input.word(),
            _ => 0,
        };
        let end = seq.wrapping_add(payload.len() as u32 + u32::from(flags & 1) + u32::from(flags >> 1 & 1));
        let ends = &mut self.ends[connection];
        if flags & 2 != 0 || end.wrapping_sub(mine.next) < 1 << 31 {
            ends[side].next = end;
        }
        ends[side].acked = ack;
        // most segments arrive
        if self.input.byte() < 200 {
            let due = &mut ends[1 - side].due;
            if flags & 2 != 0 || seq == *due {
                *due = end;
            }
        }
        let port = 40_000 + connection as u16;
        let (source, destination, from, to) =
            if from_client { (CLIENT, SERVER, port, 7) } else { (SERVER, CLIENT, 7, port) };
        let options = self.options(flags & 2 != 0, mine);
        let builder = PacketBuilder::ipv4(source, destination, 64).tcp(from, to, seq, window);
        let mut data = Vec::new();
        builder.ack(ack).options_raw(&options).unwrap().write(&mut data, &payload).unwrap();
        data[33] = flags;
        self.ip_id = self.ip_id.wrapping_add(1);
        data[4..6].copy_from_slice(&self.ip_id.to_be_bytes());
        // left to the network card, unless it is to be wrong
        let checksum = self.input.byte();
        data[36..38].copy_from_slice(if checksum > 240 { &[0xba, 0xad] } else { &[0, 0] });
        self.record(data, 0);
    }

    fn options(&mut self, is_syn: bool, mine: End) -> Vec<u8> {
        let stamp = (self.now / 1_000_000) as u32;
        let stamps = [&[1, 1, 8, 10][..], &stamp.to_be_bytes(), &stamp.wrapping_sub(40).to_be_bytes()].concat();
        match (self.input.byte() % 8, is_syn) {
            (0 | 1, true) => vec![2, 4, 5, 180, 4, 2, 1, 1, 3, 3, 7, 1],
            (2, true) => [&[2, 4, 5, 180, 4, 2, 3, 3, 14, 1, 1, 1][..], &stamps].concat(),
            (3, true) => vec![2, 4, 2, 24, 34, 2, 1, 1],
            (1 | 2, false) => stamps,
            (3 | 4, false) => {
                let from = mine.due.wrapping_add(u32::from(self.input.word()));
                let to = from.wrapping_add(u32::from(self.input.byte()) * 100);
                [&[1, 1, 5, 10][..], &from.to_be_bytes(), &to.to_be_bytes()].concat()
            }
            (5, _) => {
                let length = usize::from(self.input.byte() % 11) * 4;
                let mut options = self.input.bytes(length).to_vec();
                options.resize(options.len().next_multiple_of(4), 0);
                options
            }
            _ => Vec::new(),
        }
    }

    fn datagram(&mut self, connection: usize, from_client: bool) {
        let payload = self.payload();
        let port = 50_000 + connection as u16;
        let (source, destination, from, to) =
            if from_client { (CLIENT, SERVER, port, 53) } else { (SERVER, CLIENT, 53, port) };
        let mut data = Vec::new();
        PacketBuilder::ipv4(source, destination, 64).udp(from, to).write(&mut data, &payload).unwrap();
        self.ip_id = self.ip_id.wrapping_add(1);
        data[4..6].copy_from_slice(&self.ip_id.to_be_bytes());
        match self.input.byte() {
            200..=219 => data[24..26].copy_from_slice(&self.input.word().to_be_bytes()),
            // a fragment: the first, another one, the last
            220..=229 => data[6..8].copy_from_slice(&[0x20, 0]),
            230..=239 => data[6..8].copy_from_slice(&[0x20, self.input.byte()]),
            240..=249 => data[6..8].copy_from_slice(&[0, self.input.byte()]),
            _ => {}
        }
        self.record(data, 0);
    }

    /// An ICMP error about an earlier frame.
    fn icmp(&mut self, from_client: bool) {
        let back = usize::from(self.input.byte());
        let Some(at) = self.frames.len().checked_sub(back + 1) else { return };
        let kept = if self.input.byte() > 128 { 28 } else { 128 };
        let quoted = &self.frames[at].data;
        let quoted = &quoted[..quoted.len().min(kept)];
        let (kind, code) = (self.input.choose(&[3, 3, 11, 12, 5]), self.input.byte() % 16);
        let icmp = [&[kind, code, 0, 0, 0, 0, 5, 120][..], quoted].concat();
        let (source, destination) = if from_client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let mut data = Vec::new();
        PacketBuilder::ipv4(source, destination, 64).write(&mut data, IpNumber::ICMP, &icmp).unwrap();
        self.record(data, 0);
    }
}
