//! Capture files of both formats, plain and packed: whatever the bytes are, reading ends, and the pieces that they come
//! in make no difference; nor does it whether they are packed.

use std::io::{self, Cursor, Read, Write};

use echolab::capture::{Source, file};
use echolab::model::Timestamp;

use super::input::Input;

/// A pcap file: the first byte chooses among the magic numbers, and the rest follows.
pub fn pcap(data: &[u8]) {
    const MAGICS: [u32; 6] = [0xa1b2_c3d4, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x4d3c_b2a1, 0xa1b2_cd34, 0x34cd_b2a1];
    let mut input = Input::new(data);
    let magic = input.choose(&MAGICS).to_le_bytes();
    read_both_ways(&[&magic, input.rest()].concat());
}

/// A pcapng file, from behind its first block type on.
pub fn pcapng(data: &[u8]) {
    read_both_ways(&[&[0x0a, 0x0d, 0x0d, 0x0a], data].concat());
}

/// Packets as text: as the first byte chooses, behind a line of one program or the other.
pub fn text(data: &[u8]) {
    const FIRST: [&str; 4] = [
        "11:11:02.375885 IP 127.0.0.1.60990 > 127.0.0.1.6542: Flags [S], seq 3700300803, win 65495, options [mss 65495,nop,wscale 7], length 0\n",
        "    1 0.000000 127.0.0.1 → 127.0.0.1 TCP 74 52060 → 12345 [SYN] Seq=0 Win=65495 Len=0 MSS=65495 WS=128\n",
        "00:00:00.000000 IP6 (hlim 64, next-header UDP (17) payload length: 11) ::1.4000 > ::1.53: [udp sum ok] UDP, length 3\n",
        "",
    ];
    let mut input = Input::new(data);
    let first = input.choose(&FIRST).as_bytes();
    let bytes = [first, input.rest()].concat();
    let (whole, pieces) = (read(Cursor::new(bytes.clone())), read(Pieces::of(&bytes, 13)));
    // without a packet at the front its form may depend on what is at hand
    if !first.is_empty() {
        assert_eq!(whole, pieces);
    }
}

/// Any bytes, plain or packed: the first byte says how, the second where the packed bytes are cut in two pieces, and the
/// third what becomes of one of them.
pub fn packed(data: &[u8]) {
    let mut input = Input::new(data);
    let (packing, at, damage) = (input.byte() % 4, usize::from(input.byte()), input.byte());
    let data = input.rest();
    let is_damaged = damage > 127;
    let (first, second) = data.split_at(at.min(data.len()));
    let mut packed = match packing {
        0 => data.to_vec(),
        1 => [gzip(first), gzip(second)].concat(),
        2 => [zstd(first), zstd(second)].concat(),
        _ => [gzip(first), second.to_vec()].concat(),
    };
    if is_damaged && !packed.is_empty() {
        let place = usize::from(damage) * packed.len() / 256;
        packed[place] ^= damage;
    }
    let whole = read(Cursor::new(packed.clone()));
    let pieces = read(Pieces::of(&packed, 13));
    // what the records of pcap are like is guessed from the bytes at hand
    if matches!(packing, 1 | 2) && !is_damaged && data.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        assert_eq!(whole, pieces);
        assert_eq!(whole, read(Cursor::new(data.to_vec())));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

/// What is read of a frame.
type Row = (u64, Option<Timestamp>, u16, u32, u32, Vec<u8>);

/// All that can be read, and why no more.
fn read(reader: impl Read + Send + 'static) -> (Vec<Row>, String) {
    let mut rows = Vec::new();
    let mut source = match file::from_reader("fuzzed".into(), reader) {
        Ok(source) => source,
        Err(error) => return (rows, error.to_string()),
    };
    loop {
        let _ = source.is_ready();
        match source.next_frame() {
            Ok(Some(frame)) => {
                assert_eq!(frame.number, rows.len() as u64 + 1);
                rows.push((frame.number, frame.time, frame.link.0, frame.interface, frame.wire_len, frame.data.into()));
            }
            Ok(None) => return (rows, String::new()),
            Err(error) => {
                assert!(matches!(source.next_frame(), Ok(None)), "an error is the end");
                return (rows, error.to_string());
            }
        }
    }
}

/// Gives so many bytes at first, then a few at a time.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    next: usize,
}

/// What is looked at to guess the layout of pcap records must be the same, however few bytes follow at a time.
const FIRST: usize = 1_024;

impl Pieces {
    fn of(bytes: &[u8], first: usize) -> Self {
        Self { bytes: Cursor::new(bytes.to_vec()), next: first }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.next.min(buffer.len());
        self.next = self.next % 61 + 13;
        self.bytes.read(&mut buffer[..most])
    }
}

fn read_both_ways(bytes: &[u8]) {
    let (first, rest) = bytes.split_at(FIRST.min(bytes.len()));
    let whole = read(Cursor::new(first.to_vec()).chain(Cursor::new(rest.to_vec())));
    assert!(whole.1.chars().all(|c| !c.is_control()), "{:?}", whole.1);
    assert_eq!(whole, read(Pieces::of(bytes, FIRST)));
}
