//! Whatever is done to a capture file, reading it ends, without a panic and with no frame that is not in it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use echolab::capture::{Source, file};
use proptest::prelude::{Just, Strategy, any, prop, proptest};
use proptest::sample::Index;

/// Each capture of the fixtures, by its bytes.
fn captures() -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in ["fixtures", "fixtures/formats"] {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    paths.sort();
    assert!(paths.len() > 30, "only {} fixtures", paths.len());
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Reads to the end; returns how many frames there were and whether an error ended them.
fn drain(bytes: Vec<u8>) -> (usize, bool) {
    // a record has at least 16 bytes, and deflate makes at most 1032 bytes of one
    let most = if bytes.starts_with(&[0x1f, 0x8b]) { bytes.len() * 1032 / 16 } else { bytes.len() / 16 };
    let Ok(mut source) = file::from_reader("hostile".into(), Cursor::new(bytes)) else { return (0, true) };
    let mut frames = 0;
    loop {
        match source.next_frame() {
            Ok(Some(frame)) => {
                frames += 1;
                assert_eq!(frame.number, frames as u64);
                assert!(frames <= most, "more frames than bytes for them");
            }
            end => {
                let damaged = end.is_err();
                assert!(matches!(source.next_frame(), Ok(None)), "something after the end");
                return (frames, damaged);
            }
        }
    }
}

fn any_capture() -> impl Strategy<Value = Vec<u8>> {
    let captures = captures();
    (0..captures.len()).prop_flat_map(move |index| Just(captures[index].clone()))
}

#[test]
fn every_truncation_gives_a_prefix_of_the_frames() {
    for capture in captures() {
        let (whole, _) = drain(capture.clone());
        let step = capture.len() / 500 + 1;
        for end in (0..capture.len()).step_by(step) {
            let (frames, _) = drain(capture[..end].to_vec());
            assert!(frames <= whole);
        }
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(
        capture in any_capture(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = capture;
        for (index, value) in changes {
            if !bytes.is_empty() {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
        }
        drain(bytes);
    }

    #[test]
    fn changed_headers_never_panic(
        capture in any_capture(),
        changes in prop::collection::vec((0..120_usize, any::<u8>()), 1..8),
    ) {
        let mut bytes = capture;
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        drain(bytes);
    }

    #[test]
    fn random_bytes_after_a_valid_header_never_panic(
        capture in any_capture(),
        tail in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        drain([&capture[..capture.len().min(64)], &tail].concat());
    }
}
