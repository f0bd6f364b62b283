//! Capture files that are rare but real, made byte by byte: both formats' corners, and what is said of damage there.
//! The results of tshark and tcpdump for the same bytes were looked up for each.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod packed;

use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;

use echolab::capture::{Source, file};

/// Number, time, link type, length on the wire, bytes captured.
type Row = (u64, String, u16, u32, usize);

fn read(bytes: impl Read + Send + 'static) -> (Vec<Row>, String) {
    let mut source = match file::from_reader("made".into(), bytes) {
        Ok(source) => source,
        Err(error) => return (Vec::new(), format!("{error:#}")),
    };
    let mut rows = Vec::new();
    loop {
        match source.next_frame() {
            Ok(Some(frame)) => {
                let time = frame.time.map_or("-".into(), |time| time.to_string());
                rows.push((frame.number, time, frame.link.0, frame.wire_len, frame.data.len()));
            }
            Ok(None) => return (rows, String::new()),
            Err(error) => return (rows, error.to_string()),
        }
    }
}

/// The rows of a file that has no damage.
fn rows(bytes: Vec<u8>) -> Vec<Row> {
    let (rows, error) = read(Cursor::new(bytes));
    assert_eq!(error, "");
    rows
}

fn lengths(rows: &[Row]) -> Vec<(u32, usize)> {
    rows.iter().map(|row| (row.3, row.4)).collect()
}

fn times(bytes: Vec<u8>) -> Vec<String> {
    rows(bytes).into_iter().map(|row| row.1).collect()
}

// pcap

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn header(magic: u32, major: u16, minor: u16, network: u32) -> Vec<u8> {
    words(&[magic, u32::from(major) | u32::from(minor) << 16, 0, 0, 65_535, network])
}

/// A record of 42 bytes that are no plausible header themselves, `extra` bytes more in its header.
fn record(second: u32, extra: usize) -> Vec<u8> {
    [words(&[second, 1, 42, 42]), vec![0x11; extra], vec![0xee; 42]].concat()
}

const USUAL: u32 = 0xa1b2_c3d4;
const MODIFIED: u32 = 0xa1b2_cd34;

#[test]
fn longer_record_headers_of_modified_programs_are_recognised() {
    for (magic, extra) in [(USUAL, 0), (MODIFIED, 8), (MODIFIED, 12), (USUAL, 8), (USUAL, 4)] {
        let records: Vec<u8> = (0..5).flat_map(|second| record(1_700_000_000 + second, extra)).collect();
        let rows = rows([header(magic, 2, 4, 1), records].concat());
        assert_eq!(rows.len(), 5, "{magic:x} and {extra}");
        assert_eq!(rows[4], (5, "1700000004.000001000".into(), 1, 42, 42), "{magic:x} and {extra}");
    }
}

#[test]
fn damaged_standard_pcap_is_not_read_as_modified_pcap() {
    let damaged = [header(USUAL, 2, 4, 1), record(1_700_000_000, 0), vec![0xff; 200]].concat();
    let (rows, error) = read(Cursor::new(damaged));
    assert_eq!(rows.len(), 1);
    assert_eq!(error, "corrupted in frame 2: impossible length 4294967295 (max 262144), at byte 82");
}

#[test]
fn old_versions_have_their_lengths_swapped() {
    let swapped = [words(&[5, 0, 100, 42]), vec![0; 42]].concat();
    let straight = [words(&[5, 0, 42, 100]), vec![0; 42]].concat();
    for (major, minor, record) in
        [(2, 2, &swapped), (543, 0, &swapped), (2, 3, &swapped), (2, 3, &straight), (2, 4, &straight)]
    {
        let rows = rows([header(USUAL, major, minor, 1), record.clone()].concat());
        assert_eq!(lengths(&rows), [(100, 42)], "{major}.{minor}");
    }
    assert!(read(Cursor::new(header(USUAL, 1, 2, 1))).1.contains("version 1.2"));
}

#[test]
fn link_type_flags_are_masked_and_raw_ip_aliases_known() {
    for (network, link) in [(0x2400_0001, 1), (0xf400_0071, 113), (12, 101), (14, 101), (101, 101), (228, 228)] {
        let rows = rows([header(USUAL, 2, 4, network), record(1, 0)].concat());
        assert_eq!(rows[0].2, link, "{network:x}");
    }
}

#[test]
fn the_longest_frame_is_read_and_one_byte_more_is_damage() {
    let long = |length: u32| {
        [header(USUAL, 2, 4, 1), words(&[1, 0, length, length]), vec![7; length as usize], record(2, 0)].concat()
    };
    assert_eq!(lengths(&rows(long(262_144))), [(262_144, 262_144), (42, 42)]);
    assert!(read(Cursor::new(long(262_145))).1.contains("impossible length 262145"));
    // but for USB, whose frames are longer
    let usb = [header(USUAL, 2, 4, 249), words(&[1, 0, 900_000, 900_000]), vec![7; 900_000], record(2, 0)].concat();
    assert_eq!(lengths(&rows(usb)), [(900_000, 900_000), (42, 42)]);
}

// pcapng

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = padded as u32 + 12;
    [&words(&[kind, length]), body, &vec![0; padded - body.len()], &words(&[length])].concat()
}

fn section() -> Vec<u8> {
    block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]))
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = [&code.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat();
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

fn interface(link: u32, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(1, &[&words(&[link, snaplen]), options].concat())
}

fn enhanced(interface: u32, ticks: u64, length: u32) -> Vec<u8> {
    let head = words(&[interface, (ticks >> 32) as u32, ticks as u32, length, length]);
    block(6, &[head, vec![0xee; length as usize]].concat())
}

const SECOND: u64 = 1_000_000;

#[test]
fn all_three_packet_blocks_are_frames_and_other_blocks_are_not() {
    let obsolete = block(2, &[words(&[7 << 16, 0, 2_000_001, 5, 60]), vec![1; 5]].concat());
    let simple = block(3, &[words(&[6]), vec![1; 6]].concat());
    let others =
        [block(0xbad, b"\0\0\0\x01what"), block(0x4000_0bad, b"\0\0\0\x01what"), block(9, b"journal\n")].concat();
    let all = [section(), interface(1, 0, &[]), obsolete, others, simple, enhanced(0, SECOND, 7)].concat();
    let expected = [(60, 5, "2.000001000"), (6, 6, "-"), (7, 7, "1.000000000")];
    let rows = rows(all);
    assert_eq!(rows.iter().map(|row| (row.3, row.4, row.1.as_str())).collect::<Vec<_>>(), expected);
}

/// The same blocks as a machine of the other byte order writes them, as long as all in them is 32-bit numbers.
fn swap(blocks: Vec<u8>) -> Vec<u8> {
    blocks.chunks(4).flat_map(|word| word.iter().rev().copied()).collect()
}

#[test]
fn sections_may_differ_in_byte_order() {
    let big_head = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1 << 16, u32::MAX, u32::MAX]));
    let big = swap([big_head, interface(101 << 16, 0, &[]), enhanced(0, 2 * SECOND, 8)].concat());
    let little = [section(), interface(1, 0, &[]), enhanced(0, SECOND, 4)].concat();
    let file = [big.clone(), little.clone(), big, little].concat();
    let read: Vec<(u16, String)> = rows(file).into_iter().map(|row| (row.2, row.1)).collect();
    let (big, little) = ((101, "2.000000000".to_owned()), (1, "1.000000000".to_owned()));
    assert_eq!(read, [big.clone(), little.clone(), big, little]);
}

#[test]
fn obsolete_packet_block_uses_the_sections_byte_order() {
    // interface 1 in the first half, 9 drops in the second
    let obsolete = block(2, &words(&[1 << 16 | 9, 0, 5_000_000, 0, 60]));
    let links = [interface(1 << 16, 0, &[]), interface(101 << 16, 0, &[])].concat();
    let head = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1 << 16, u32::MAX, u32::MAX]));
    let big = [head, links, obsolete].concat();
    assert_eq!(rows(swap(big)), [(1, "5.000000000".into(), 101, 60, 0)]);
}

#[test]
fn simple_packets_are_as_long_as_the_snapshot_length_lets_them() {
    let simple = |wire: u32, kept: usize| block(3, &[words(&[wire]), vec![1; kept]].concat());
    let file = [section(), interface(1, 20, &[]), simple(100, 20), simple(11, 11)].concat();
    assert_eq!(lengths(&rows(file)), [(100, 20), (11, 11)]);
    let (_, error) = read(Cursor::new([section(), interface(1, 0, &[]), simple(100, 20)].concat()));
    assert_eq!(error, "corrupted in frame 1: impossible length 100, for which its block has no room, at byte 48");
}

#[test]
fn each_interface_has_its_clock() {
    let clocks: [(&[u8], u64, &str); 5] = [
        (&[], 1_500_000, "1.500000000"),
        (&option(9, &[9]), 1_500_000_000, "1.500000000"),
        (&option(9, &[0x8a]), 1024 + 256, "1.250000000"),
        (&[option(9, &[3]), option(14, &(-2_i64).to_le_bytes())].concat(), 2_500, "0.500000000"),
        (&[option(9, &[0]), option(14, &i64::MAX.to_le_bytes())].concat(), u64::MAX, "9223372036854775807.000000000"),
    ];
    let described: Vec<u8> = clocks.iter().flat_map(|(options, ..)| interface(1, 0, options)).collect();
    let packets = clocks.iter().enumerate().flat_map(|(index, (_, ticks, _))| enhanced(index as u32, *ticks, 0));
    let expected: Vec<&str> = clocks.iter().map(|(.., time)| *time).collect();
    assert_eq!(times([section(), described, packets.collect()].concat()), expected);
}

#[test]
fn a_new_section_forgets_the_interfaces_of_the_one_before() {
    let file = [section(), interface(1, 0, &[]), enhanced(0, 0, 1), section(), enhanced(0, 0, 1)].concat();
    let (rows, error) = read(Cursor::new(file));
    assert_eq!(rows.len(), 1);
    assert!(error.starts_with("corrupted in frame 2: it names interface 0"), "{error}");
}

#[test]
fn interfaces_above_the_bound_are_ignored_and_other_frames_read() {
    let interfaces = |count: usize| interface(1, 0, &[]).repeat(count);
    let most = 65_536;
    let frames = [enhanced(0, 0, 40), enhanced(most as u32 - 1, SECOND, 40)].concat();
    let (all, error) = read(Cursor::new([section(), interfaces(most), frames.clone()].concat()));
    assert_eq!((all.len(), error.as_str()), (2, ""));
    let beyond = [section(), interfaces(most + 3), frames].concat();
    let (all, error) = read(Cursor::new(beyond.clone()));
    assert_eq!(all.len(), 2);
    assert_eq!(error, "too many interfaces after frame 2: 3 beyond the first 65536 of a section are left out");
    // a later section has interfaces of its own
    let (all, error) = read(Cursor::new([&beyond[..], &section(), &interfaces(1), &enhanced(0, 0, 1)].concat()));
    assert_eq!((all.len(), error.contains("after frame 3: 3 beyond")), (3, true), "{error}");
    let (all, error) = read(Cursor::new([beyond, enhanced(most as u32, 0, 40)].concat()));
    assert_eq!(all.len(), 2);
    assert!(error.contains("names interface 65536; only the first 65536 of a section are kept"), "{error}");
}

#[test]
fn no_block_length_overflows() {
    for length in [u32::MAX, u32::MAX - 1, u32::MAX - 3] {
        let bytes = [section(), interface(1, 0, &[]), enhanced(0, 0, 1), words(&[6, length, 0, 0])].concat();
        let mut source = file::from_reader("made".into(), Cursor::new(bytes)).unwrap();
        assert!(source.is_ready());
        assert!(source.next_frame().unwrap().is_some());
        assert!(!source.is_ready());
        let error = source.next_frame().unwrap_err().to_string();
        assert!(error.contains(&format!("impossible block length {length}")), "{error}");
    }
}

#[test]
fn damage_between_blocks_says_where() {
    let good = [section(), interface(1, 0, &[]), enhanced(0, 0, 40)].concat();
    let mut unequal = enhanced(0, 0, 40);
    *unequal.last_mut().unwrap() = 1;
    for (bytes, expected) in [
        (
            b"hello world, nothing here".to_vec(),
            "corrupted after frame 1: impossible block length 1870078063, at byte 120",
        ),
        (words(&[6, 0, 0, 0]), "corrupted in frame 2: impossible block length 0, at byte 120"),
        (unequal, "corrupted in frame 2: a block that says 72 bytes at its start and 16777288 at its end, at byte 120"),
        (enhanced(0, 0, 40)[..50].to_vec(), "cut short in frame 2: the file ends 50 bytes into a block of 72"),
        (block(5, &[0; 40])[..20].to_vec(), "cut short after frame 1: the file ends 20 bytes into a block of 52"),
        (vec![5, 0], "cut short after frame 1: the file ends 2 bytes into a block header of 12"),
    ] {
        let (rows, error) = read(Cursor::new([good.clone(), bytes].concat()));
        assert_eq!((rows.len(), error.as_str()), (1, expected));
    }
}

#[test]
fn future_versions_are_refused() {
    let later = block(0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 2, u32::MAX, u32::MAX]));
    assert!(read(Cursor::new(later)).1.contains("pcapng version 2.0"));
}

#[test]
fn a_name_need_not_be_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.pcap"));
    std::fs::write(&path, header(USUAL, 2, 4, 1)).unwrap();
    assert!(file::open(&path).unwrap().info().file.as_ref().is_some_and(|name| name.ends_with("caf\u{fffd}.pcap")));
}
