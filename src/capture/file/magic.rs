//! The first bytes of a file, which say what it is.

use std::io::Read;

use anyhow::{Result, bail};

use super::byte_order::ByteOrder;
use super::compression::Compression;
use super::read_buffer::ReadBuffer;
use crate::capture::text::{self, Form};

/// The kind of file that a capture's first four bytes announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    Pcap(PcapMagic),
    Pcapng,
    /// Packets as text.
    Text(Form),
}

/// The properties of a pcap file that its first four bytes announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PcapMagic {
    pub(super) order: ByteOrder,
    /// Ticks of the sub-second part.
    pub(super) per_second: u32,
    /// Kuznetzov's modified libpcap of 1999: eight bytes or more beyond the usual record header.
    pub(super) modified: bool,
}

/// Files of other programs, and how to make a capture of them.
const OTHERS: &[(&[u8], &str)] = &[
    (b"\xfd7zXZ\0", "xz-packed: unpack it first (xz -dc FILE | echolab analyze -)"),
    (b"BZh", "bzip2-packed: unpack it first (bzip2 -dc FILE | echolab analyze -)"),
    (b"\x04\x22\x4d\x18", "lz4-packed: unpack it first (lz4 -dc FILE | echolab analyze -)"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"snoop\0\0\0", "a snoop capture: convert it first (tshark -r FILE -w NEW.pcapng)"),
    (b"GMBU", "a Network Monitor capture: convert it first (tshark -r FILE -w NEW.pcapng)"),
    (b"MDMP", "a memory dump, no capture"),
];

impl Magic {
    fn read(bytes: [u8; 4]) -> Option<Self> {
        if bytes == [0x0a, 0x0d, 0x0d, 0x0a] {
            return Some(Self::Pcapng);
        }
        [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| {
            let (per_second, modified) = match order.u32(bytes) {
                0xa1b2_c3d4 => (1_000_000, false),
                0xa1b2_3c4d => (1_000_000_000, false),
                0xa1b2_cd34 => (1_000_000, true),
                _ => return None,
            };
            Some(Self::Pcap(PcapMagic { order, per_second, modified }))
        })
    }
}

/// Takes off gzip or zstd, once, and says what is inside.
pub(super) fn decompress(reader: Box<dyn Read + Send>) -> Result<(Magic, ReadBuffer)> {
    let mut window = ReadBuffer::new(reader);
    window.holds(8)?;
    if window.bytes().is_empty() {
        bail!(
            "it is empty (0 bytes): the program that should have written it was stopped before its first write, or wrote \
             to another file; capture again"
        );
    }
    let Some(compression) = Compression::of(window.bytes()) else {
        return Ok((recognise(&mut window)?, window));
    };
    let mut window = ReadBuffer::new(Box::new(compression.decompress(window)));
    if !window.holds(8)? && window.bytes().is_empty() {
        bail!("the compressed file in it is empty (0 bytes)");
    }
    Ok((recognise(&mut window)?, window))
}

fn recognise(window: &mut ReadBuffer) -> Result<Magic> {
    let bytes = window.bytes();
    if let Some(magic) = bytes.first_chunk().and_then(|first| Magic::read(*first)) {
        return Ok(magic);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        bail!("it is {what}");
    }
    // a pipe returns the bytes that it has: waiting for more than the first packet could block
    let lines = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if let Some(form) = text::recognise(bytes.get(..lines).unwrap_or_default()) {
        return Ok(Magic::Text(form));
    }
    window.holds(text::FRONT)?;
    if let Some(form) = text::recognise(window.bytes()) {
        return Ok(Magic::Text(form));
    }
    bail!(
        "it is not a capture file: neither pcap nor pcapng (plain or compressed by gzip or zstd), nor text printed by tcpdump, tshark or Wireshark"
    );
}
