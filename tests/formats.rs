//! Every file in `fixtures/formats`: what is read from it, and what is said of its damage.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use echolab::capture::{Source, file};
use echolab::model::CaptureFormat::{self, Pcap, Pcapng};

/// A file, what it must give, and the words that must be in the error that it ends with.
struct Case {
    name: &'static str,
    format: CaptureFormat,
    /// Link types known before the first frame.
    links: &'static [u16],
    /// Time, link type, interface, length on the wire, bytes captured.
    frames: &'static [(&'static str, u16, u32, u32, usize)],
    error: Option<&'static str>,
}

/// A file that cannot be opened at all.
const REFUSED: &[(&str, &str)] = &[
    ("empty.pcap", "it is empty (0 bytes)"),
    ("junk.pcap", "it is not a capture file"),
    ("trunchdr.pcap", "cut short in its header: it ends 11 bytes into a pcap header of 24"),
];

const ONE: &[(&str, u16, u32, u32, usize)] = &[("1700000000.000001000", 1, 0, 42, 42)];

const fn pcap(
    name: &'static str,
    links: &'static [u16],
    frames: &'static [(&'static str, u16, u32, u32, usize)],
) -> Case {
    Case { name, format: Pcap, links, frames, error: None }
}

const fn pcapng(
    name: &'static str,
    links: &'static [u16],
    frames: &'static [(&'static str, u16, u32, u32, usize)],
) -> Case {
    Case { name, format: Pcapng, links, frames, error: None }
}

impl Case {
    const fn ends_with(self, error: &'static str) -> Self {
        Self { error: Some(error), ..self }
    }
}

const CASES: &[Case] = &[
    pcap("badtrunc_pkthdr.pcap", &[1], ONE)
        .ends_with("cut short in frame 2: the file ends 3 bytes into a record header of 16"),
    pcap("big_endian.pcap", &[1], ONE),
    pcap("biglen.pcap", &[1], &[]).ends_with("corrupted in frame 1: impossible length 2147483647"),
    pcap("caplen_gt_len.pcap", &[1], &[("1700000000.000001000", 1, 0, 10, 42)]),
    pcap("gz.pcap.gz", &[1], ONE),
    pcap("hdronly.pcap", &[1], &[]),
    pcap("lt_unknown.pcap", &[9999], &[("1700000000.000001000", 9999, 0, 42, 42)]),
    pcap("modified.pcap", &[1], ONE),
    pcap("nano.pcap", &[1], &[("1700000000.123456789", 1, 0, 42, 42)]),
    pcapng("ng1.pcapng", &[1], &[("1700000000.000000000", 1, 0, 42, 42), ("1700000000.000001000", 1, 0, 42, 42)]),
    pcapng("ng_2sect.pcapng", &[1], &[("1700000000.000000000", 1, 0, 42, 42), ("1700000000.000000000", 1, 0, 42, 42)]),
    pcapng(
        "ng_diff.pcapng",
        &[1, 101],
        &[("1700000000.000000000", 1, 0, 42, 42), ("1700000000.000000000", 101, 1, 28, 28)],
    ),
    pcapng("ng_diff_unused.pcapng", &[1], &[("1700000000.000000000", 1, 0, 42, 42)]),
    pcapng(
        "ng_diffsnap.pcapng",
        &[1],
        &[("1700000000.000000000", 1, 0, 42, 42), ("1700000000.000000000", 1, 1, 42, 42)],
    ),
    pcapng("ng_mixres.pcapng", &[1], &[("1700000000.123456789", 1, 0, 42, 42), ("1700000000.000005000", 1, 1, 42, 42)]),
    pcapng("ng_nano.pcapng", &[1], &[("1700000000.123456789", 1, 0, 42, 42)]),
    pcapng("ng_same.pcapng", &[1], &[("1700000000.000000000", 1, 0, 42, 42), ("1700000000.000000000", 1, 1, 42, 42)]),
    pcap("null.pcap", &[0], &[("1700000000.000001000", 0, 0, 32, 32)]),
    pcap("raw.pcap", &[101], &[("1700000000.000001000", 101, 0, 28, 28)]),
    pcap("sll.pcap", &[113], &[("1700000000.000001000", 113, 0, 44, 44)]),
    pcap("sll2.pcap", &[276], &[("1700000000.000001000", 276, 0, 48, 48)]),
    pcap("swap1.pcap", &[1], &[]),
    pcap("trunc.pcap", &[1], ONE).ends_with("cut short in frame 2: the file ends 51 bytes into a record of 58"),
    pcap("usec_over.pcap", &[1], &[("1700000001.500000000", 1, 0, 42, 42)]),
    pcap("zerolen.pcap", &[1], &[("1700000000.000001000", 1, 0, 0, 0)]),
];

fn formats() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats")
}

#[test]
fn each_file_gives_its_frames_and_says_how_it_is_damaged() {
    for case in CASES {
        let mut source =
            file::open(&formats().join(case.name)).unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
        assert_eq!(source.info().format, Some(case.format), "{}", case.name);
        let links: Vec<u16> = source.info().link_types.iter().map(|link| link.0).collect();
        assert_eq!(links, case.links, "{}", case.name);
        for (index, expected) in case.frames.iter().enumerate() {
            let frame = source.next_frame().unwrap().unwrap_or_else(|| panic!("{}: {index} frames only", case.name));
            let time = frame.time.map(|time| time.to_string()).unwrap_or_default();
            let got = (time.as_str(), frame.link.0, frame.interface, frame.wire_len, frame.data.len());
            assert_eq!(got, *expected, "{}", case.name);
            assert_eq!(frame.number, index as u64 + 1, "{}", case.name);
        }
        match (source.next_frame(), case.error) {
            (Ok(None), None) => {}
            (Err(error), Some(expected)) => {
                assert!(error.to_string().starts_with(expected), "{}: {error}", case.name);
                assert!(matches!(source.next_frame(), Ok(None)), "{}: something after its error", case.name);
            }
            (end, expected) => panic!("{}: ends with {end:?}, expected {expected:?}", case.name),
        }
    }
}

#[test]
fn non_capture_is_refused_with_the_reason() {
    for (name, expected) in REFUSED {
        let Err(error) = file::open(&formats().join(name)) else { panic!("{name} was opened") };
        let text = format!("{error:#}");
        assert!(text.contains(name) && text.contains(expected), "{text}");
    }
}

#[test]
fn every_file_is_in_the_table() {
    let listed: BTreeSet<&str> =
        CASES.iter().map(|case| case.name).chain(REFUSED.iter().map(|(name, _)| *name)).collect();
    let entries = std::fs::read_dir(formats()).unwrap();
    let there: BTreeSet<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}
