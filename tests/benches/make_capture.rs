//! Makes a big capture of echo sessions: valid checksums, time stamps, answers that are real echoes.
//!
//! ```text
//! make_capture many|long|open|udp FILE [PART]
//! ```
//!
//! `many` are 500,000 short connections, 1,000 of them open at a time; `long` are 1,000 with many requests; `open` are
//! 500,000, all open at once; `udp` are 10,000 clients with 250 requests each: 5 million packets each. `PART` makes one in
//! so many of these conversations, each as long as in the whole capture.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a tool of the benchmarks may fail like a test"
)]

use std::fs::File;
use std::io::{BufWriter, Write};

use etherparse::{IpHeaders, IpNumber, Ipv4Header, PacketBuilder, PacketBuilderStep, TcpHeader};
use fastrand::Rng;

const SERVER: [u8; 4] = [192, 168, 1, 10];
const ECHO: u16 = 7;
const TEXT: &[u8] = b"hello echolab the quick brown fox jumps over the lazy dog 0123456789\n";
/// Bytes of a TCP request.
const LINE: usize = 12;
/// Bytes of a UDP request.
const DATAGRAM: usize = 64;

/// The conversations of a capture.
struct Kind {
    conversations: u32,
    open_at_once: u32,
    /// Requests of a conversation.
    requests: u32,
    udp: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, file, part @ ..] = arguments.as_slice() else { usage() };
    let part = part.first().map_or(1, |part| part.parse().unwrap());
    let (conversations, open_at_once, requests, udp) = match kind.as_str() {
        "many" => (500_000, 1_000, 1, false),
        "long" => (1_000, 1_000, 1_250, false),
        "open" => (500_000, 500_000, 1, false),
        "udp" => (10_000, 10_000, 250, true),
        _ => usage(),
    };
    // fewer conversations, not shorter ones: their beginning costs more than what follows
    let kind = Kind { conversations: (conversations / part).max(1), open_at_once, requests, udp };
    let mut capture = Capture::create(file);
    make(&kind, &mut capture);
    capture.out.flush().unwrap();
}

fn usage() -> ! {
    eprintln!("make_capture many|long|open|udp FILE [PART]");
    std::process::exit(2);
}

/// Takes a step of a conversation at random, until all have ended.
fn make(kind: &Kind, capture: &mut Capture) {
    let mut rng = Rng::with_seed(1);
    let mut next = 0;
    let mut open: Vec<Conversation> = Vec::new();
    loop {
        while open.len() < kind.open_at_once as usize && next < kind.conversations {
            open.push(Conversation::new(next, &mut rng));
            next += 1;
        }
        if open.is_empty() {
            return;
        }
        let place = rng.usize(..open.len());
        capture.micros += rng.u64(1..6);
        let conversation = &mut open[place];
        let has_ended = if kind.udp {
            conversation.exchange(capture, kind.requests)
        } else {
            conversation.step(capture, kind.requests)
        };
        if has_ended {
            open.swap_remove(place);
        }
    }
}

/// A pcap file under way.
struct Capture {
    out: BufWriter<File>,
    micros: u64,
    ip_id: u16,
    frame: Vec<u8>,
}

impl Capture {
    fn create(path: &str) -> Self {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
        // version 2.4, microseconds, 256 KiB at most, Ethernet
        for word in [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 1 << 18, 1] {
            out.write_all(&word.to_le_bytes()).unwrap();
        }
        Self { out, micros: 1_700_000_000_000_000, ip_id: 0, frame: Vec::with_capacity(2048) }
    }

    fn ip(&mut self, source: [u8; 4], destination: [u8; 4], transport: IpNumber) -> PacketBuilderStep<IpHeaders> {
        self.ip_id = self.ip_id.wrapping_add(1);
        let mut header = Ipv4Header::new(0, 64, transport, source, destination).unwrap();
        header.identification = self.ip_id;
        header.dont_fragment = true;
        let mac = |address: [u8; 4]| [2, 0, address[0], address[1], address[2], address[3]];
        PacketBuilder::ethernet2(mac(source), mac(destination)).ip(IpHeaders::Ipv4(header, Default::default()))
    }

    /// Writes the record that `fill` makes.
    fn record(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        self.frame.clear();
        fill(&mut self.frame);
        let len = self.frame.len() as u32;
        for word in [(self.micros / 1_000_000) as u32, (self.micros % 1_000_000) as u32, len, len] {
            self.out.write_all(&word.to_le_bytes()).unwrap();
        }
        self.out.write_all(&self.frame).unwrap();
    }
}

/// A client and the server, and what comes next.
struct Conversation {
    client: ([u8; 4], u16),
    /// The next sequence numbers of client and server.
    seq: [u32; 2],
    /// Their clocks' offsets.
    clocks: [u32; 2],
    next: u8,
    requests: u32,
}

impl Conversation {
    fn new(number: u32, rng: &mut Rng) -> Self {
        let host = number / 60_000 * 251 + number % 251;
        let [_, a, b, c] = host.to_be_bytes();
        let port = 5_000 + (number % 60_000) as u16;
        let clocks = [rng.u32(..1 << 31), rng.u32(..1 << 31)];
        Self { client: ([10, a, b, c], port), seq: [rng.u32(..), rng.u32(..)], clocks, next: 0, requests: 0 }
    }

    /// The bytes of the request at hand, which its answer gives back.
    fn text(&self, len: usize) -> Vec<u8> {
        let offset = (self.clocks[0] + self.requests * 37) as usize % TEXT.len();
        TEXT.iter().cycle().skip(offset).take(len).copied().collect()
    }

    /// Writes the next segment of: handshake, requests with an ACK, an answer and its ACK each, close. Returns whether
    /// it was the last.
    fn step(&mut self, capture: &mut Capture, requests: u32) -> bool {
        let line = self.text(LINE);
        match self.next {
            0 => self.segment(capture, 0, "S", b""),
            1 => self.segment(capture, 1, "S.", b""),
            2 | 6 => self.segment(capture, 0, ".", b""),
            3 => self.segment(capture, 0, "P.", &line),
            4 => self.segment(capture, 1, ".", b""),
            5 => self.segment(capture, 1, "P.", &line),
            7 => self.segment(capture, 0, "F.", b""),
            8 => self.segment(capture, 1, "F.", b""),
            _ => self.segment(capture, 0, ".", b""),
        }
        if self.next == 6 {
            self.requests += 1;
        }
        self.next = if self.next == 6 && self.requests < requests { 3 } else { self.next + 1 };
        self.next == 10
    }

    fn segment(&mut self, capture: &mut Capture, sender: usize, flags: &str, payload: &[u8]) {
        let (client, port) = self.client;
        let ends = [(client, port), (SERVER, ECHO)];
        let (source, destination) = (ends[sender], ends[1 - sender]);
        let syn = flags.contains('S');
        let mut header = TcpHeader::new(source.1, destination.1, self.seq[sender], if syn { 65_495 } else { 512 });
        header.syn = syn;
        header.fin = flags.contains('F');
        header.psh = flags.contains('P');
        header.ack = flags.contains('.');
        header.acknowledgment_number = if header.ack { self.seq[1 - sender] } else { 0 };
        let millis = (capture.micros / 1_000) as u32;
        let value = self.clocks[sender].wrapping_add(millis).to_be_bytes();
        let echo = if header.ack { self.clocks[1 - sender].wrapping_add(millis) } else { 0 }.to_be_bytes();
        let stamps = [&[8, 10][..], &value, &echo].concat();
        let options = match syn {
            true => [&[2, 4, 0xff, 0xd7, 4, 2], &stamps[..], &[1, 3, 3, 7]].concat(),
            false => [&[1, 1], &stamps[..]].concat(),
        };
        header.set_options_raw(&options).unwrap();
        let packet = capture.ip(source.0, destination.0, IpNumber::TCP).tcp_header(header);
        capture.record(|frame| packet.write(frame, payload).unwrap());
        let counted = u32::from(syn) + u32::from(flags.contains('F'));
        self.seq[sender] = self.seq[sender].wrapping_add(payload.len() as u32 + counted);
    }

    /// Writes a request and its answer. Returns whether it was the last.
    fn exchange(&mut self, capture: &mut Capture, requests: u32) -> bool {
        let text = self.text(DATAGRAM);
        let (client, port) = self.client;
        for (from, to) in [((client, port), (SERVER, ECHO)), ((SERVER, ECHO), (client, port))] {
            let packet = capture.ip(from.0, to.0, IpNumber::UDP).udp(from.1, to.1);
            capture.record(|frame| packet.write(frame, &text).unwrap());
            capture.micros += 2;
        }
        self.requests += 1;
        self.requests >= requests
    }
}
