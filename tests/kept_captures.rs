//! Captures that echolab writes: they read back the same, nothing is overwritten, and a full disk is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use echolab::capture::save::{self, CaptureWriter};
use echolab::capture::{Source, file};
use echolab::model::{CaptureFormat, CaptureInfo, Frame, LinkType, Timestamp};
use proptest::prelude::{Strategy, any, prop, proptest};

/// A writer whose bytes can be had back.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Kept {
    time: (i64, u32),
    link: u16,
    interface: u32,
    wire_len: u32,
    data: Vec<u8>,
}

fn info() -> CaptureInfo {
    CaptureInfo {
        link_types: vec![LinkType::ETHERNET],
        interface: Some("lo".into()),
        filter: Some("tcp port 7".into()),
        snaplen: Some(262_144),
        ..CaptureInfo::default()
    }
}

fn written(format: CaptureFormat, frames: &[Kept]) -> Vec<u8> {
    let out = Shared::default();
    let mut writer = CaptureWriter::new(out.clone(), format, &info()).unwrap();
    for (index, kept) in frames.iter().enumerate() {
        let frame = Frame {
            unknown: Default::default(),
            number: index as u64 + 1,
            time: Some(Timestamp::new(kept.time.0, kept.time.1)),
            link: LinkType(kept.link),
            interface: kept.interface,
            wire_len: kept.wire_len,
            data: &kept.data,
        };
        writer.write(&frame, (index % 2 == 0).then_some("a comment, — with 3 bytes for one dash")).unwrap();
    }
    writer.finish(Some(3)).unwrap();
    out.0.lock().unwrap().clone()
}

fn read(bytes: Vec<u8>) -> Vec<Kept> {
    let mut source = file::from_reader("kept".into(), Cursor::new(bytes)).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        let time = frame.time.unwrap();
        frames.push(Kept {
            time: (time.seconds(), time.subsec_nanos()),
            link: frame.link.0,
            interface: frame.interface,
            wire_len: frame.wire_len,
            data: frame.data.to_vec(),
        });
    }
    frames
}

fn frames(link: impl Strategy<Value = u16>) -> impl Strategy<Value = Vec<Kept>> {
    let data = prop::collection::vec(any::<u8>(), 0..80);
    let frame = (0..i64::from(u32::MAX), 0..1_000_000_000_u32, link, any::<u32>(), data).prop_map(
        |(second, nanos, link, wire_len, data)| Kept { time: (second, nanos), link, interface: 0, wire_len, data },
    );
    prop::collection::vec(frame, 0..20)
}

proptest! {
    #[test]
    fn pcap_reads_back_the_same(frames in frames(1_u16..2)) {
        assert_eq!(read(written(CaptureFormat::Pcap, &frames)), frames);
    }

    #[test]
    fn pcapng_reads_back_the_same_with_several_link_types(frames in frames(0_u16..4)) {
        let mut back = read(written(CaptureFormat::Pcapng, &frames));
        back.iter_mut().for_each(|kept| kept.interface = 0);
        assert_eq!(back, frames);
    }
}

fn one() -> Kept {
    Kept { time: (1_700_000_000, 123_456_789), link: 1, interface: 0, wire_len: 1400, data: vec![7; 61] }
}

#[test]
fn capture_without_frames_is_valid() {
    for format in [CaptureFormat::Pcap, CaptureFormat::Pcapng] {
        let source = file::from_reader("none".into(), Cursor::new(written(format, &[]))).unwrap();
        assert_eq!(source.info().format, Some(format));
        assert_eq!(source.info().link_types, [LinkType::ETHERNET]);
    }
}

/// Type and body of each block of a little-endian pcapng file.
fn blocks(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let word = |bytes: &[u8]| u32::from_le_bytes(*bytes.first_chunk().unwrap());
    let mut blocks = Vec::new();
    while let Some((block, rest)) = bytes.get(4..8).and_then(|at| bytes.split_at_checked(word(at) as usize)) {
        blocks.push((word(block), block.get(8..block.len() - 4).unwrap().to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    blocks
}

#[test]
fn pcapng_says_who_wrote_it_from_where_with_comments_and_drops() {
    let blocks = blocks(&written(CaptureFormat::Pcapng, &[one(), one()]));
    let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [0x0a0d_0d0a, 1, 6, 6, 5]);
    let holds = |index: usize, part: &[u8]| blocks.get(index).unwrap().1.windows(part.len()).any(|at| at == part);
    assert!(holds(0, concat!("echolab ", env!("CARGO_PKG_VERSION")).as_bytes()));
    // option 2 is the name, 11 the filter with a 0 before it, 9 the resolution
    assert!(holds(1, b"\x02\0\x02\0lo\0\0"));
    assert!(holds(1, b"\x0b\0\x0b\0\0tcp port 7\0"));
    assert!(holds(1, b"\x09\0\x01\0\x09\0\0\0"));
    let comment = "a comment, — with 3 bytes for one dash".as_bytes();
    assert!(holds(2, comment) && !holds(3, comment));
    // option 7 is what the operating system dropped, 8 what was delivered
    assert!(holds(4, b"\x07\0\x08\0\x03\0\0\0\0\0\0\0\x08\0\x08\0\x02\0\0\0\0\0\0\0"));
}

#[test]
fn interfaces_of_one_link_type_stay_separate_in_pcapng() {
    let frames = [one(), Kept { interface: 3, ..one() }, one()];
    let interfaces: Vec<u32> =
        read(written(CaptureFormat::Pcapng, &frames)).iter().map(|kept| kept.interface).collect();
    assert_eq!(interfaces, [0, 1, 0]);
}

#[test]
fn packets_that_pcap_cannot_hold_are_refused() {
    let mut writer = CaptureWriter::new(std::io::sink(), CaptureFormat::Pcap, &info()).unwrap();
    let mut frame = Frame {
        unknown: Default::default(),
        number: 4,
        time: None,
        link: LinkType::RAW,
        interface: 0,
        wire_len: 0,
        data: &[],
    };
    let error = writer.write(&frame, None).unwrap_err().to_string();
    assert!(error.contains("frame 4 is RAW") && error.contains(".pcapng"), "{error}");
    frame.link = LinkType::ETHERNET;
    frame.time = Some(Timestamp::new(1 << 40, 0));
    assert!(writer.write(&frame, None).unwrap_err().to_string().contains("does not fit"));
}

#[test]
fn the_name_chooses_the_format() {
    for (name, format) in [
        ("a.pcapng", CaptureFormat::Pcapng),
        ("a.PCAPNG", CaptureFormat::Pcapng),
        ("a.pcap", CaptureFormat::Pcap),
        ("-", CaptureFormat::Pcap),
    ] {
        assert_eq!(save::format_of(Path::new(name)), format, "{name}");
    }
}

#[test]
fn existing_file_is_overwritten_only_with_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pcap");
    save::create(&path, false).unwrap().write_all(b"precious").unwrap();
    let error = format!("{:#}", save::create(&path, false).unwrap_err());
    assert!(error.contains("kept.pcap") && error.contains("--force"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    save::create(&path, true).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    // nobody's umask adds rights
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0);
}

#[test]
fn a_link_is_not_followed_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link.pcap"));
    fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(save::create(&link, false).is_err());
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

#[test]
fn failed_creation_names_the_file() {
    let error = format!("{:#}", save::create(Path::new("/no such folder/a.pcap"), false).unwrap_err());
    assert!(error.contains("/no such folder/a.pcap"), "{error}");
    assert!(save::create(Path::new("/"), false).is_err());
}

/// `/dev/full` is a disk without room: small captures fit the buffer, so only the last flush meets it.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_reported() {
    for format in [CaptureFormat::Pcap, CaptureFormat::Pcapng] {
        let full = save::create(Path::new("/dev/full"), false).unwrap();
        let writer = CaptureWriter::new(full, format, &info()).unwrap();
        assert_eq!(writer.finish(None).unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }
}
