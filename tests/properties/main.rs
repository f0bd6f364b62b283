//! Whatever happens to the frames of a capture, the whole pipeline goes through: no panic, every frame accounted for,
//! and every finding proved by frames that are there.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests may fail like tests")]

mod check;
mod frames;
mod prediction;
mod shift;
mod totals;

use std::path::{Path, PathBuf};

use frames::{Capture, Recorded, captures};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::Index;

/// A change to a frame, or to two.
#[derive(Clone, Debug)]
enum Mishap {
    /// A byte of it becomes another; most often one of its headers.
    Changed(Index, u8),
    /// It is cut, and the capture knows how long it was, or not.
    Cut(Index, bool),
    /// It is there once more, further on.
    Repeated(Index),
    /// It is further on.
    Moved(Index),
    /// It is not there.
    Lost,
    /// Its time is another, or none.
    Timed(Option<i32>),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mishap::Changed(at, byte)),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(at, told)| Mishap::Cut(at, told)),
        1 => any::<Index>().prop_map(Mishap::Repeated),
        1 => any::<Index>().prop_map(Mishap::Moved),
        1 => Just(Mishap::Lost),
        1 => any::<Option<i32>>().prop_map(Mishap::Timed),
    ]
}

fn befall(frames: &mut Vec<Recorded>, at: Index, mishap: Mishap) {
    if frames.is_empty() {
        return;
    }
    let at = at.index(frames.len());
    match mishap {
        Mishap::Changed(byte, value) => {
            let data = &mut frames[at].data;
            let headers = data.len().min(74);
            if headers > 0 {
                data[byte.index(headers)] = value;
            }
        }
        Mishap::Cut(end, told) => {
            let frame = &mut frames[at];
            frame.data.truncate(end.index(frame.data.len() + 1));
            if !told {
                frame.wire_len = frame.data.len() as u32;
            }
        }
        Mishap::Repeated(to) => {
            let frame = frames[at].clone();
            let to = to.index(frames.len() + 1);
            frames.insert(to, frame);
        }
        Mishap::Moved(to) => {
            let frame = frames.remove(at);
            let to = to.index(frames.len() + 1);
            frames.insert(to, frame);
        }
        Mishap::Lost => drop(frames.remove(at)),
        Mishap::Timed(shift) => {
            let frame = &mut frames[at];
            frame.time = shift.zip(frame.time).map(|(shift, time)| {
                let [sec, nanos] = [i64::from(shift) / 1000, i64::from(shift).unsigned_abs() as i64 % 1_000_000_000];
                echolab::model::Timestamp::new(time.seconds() + sec, nanos as u32)
            });
        }
    }
}

fn any_capture() -> impl Strategy<Value = Capture> {
    prop::sample::select(captures(&["", "kernel", "wire", "formats"]))
}

#[test]
fn every_fixture_is_explained_from_any_first_frame() {
    for capture in captures(&["", "kernel", "wire", "formats"]) {
        let step = capture.frames.len().div_ceil(8);
        for start in (0..capture.frames.len()).step_by(step) {
            check::play(capture.frames[start..].to_vec(), start > 0);
            check::play(capture.frames[..start].to_vec(), false);
        }
    }
}

/// `ECHOLAB_CAPTURES=FOLDER` reads the captures of a folder instead.
#[test]
fn prediction_changes_nothing() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folder = std::env::var_os("ECHOLAB_CAPTURES").map_or(fixtures, PathBuf::from);
    let mut captures = Vec::new();
    prediction::captures_below(&folder, &mut captures);
    assert!(!captures.is_empty(), "no capture in {}", folder.display());
    for Capture { name, frames } in captures {
        prediction::changes_nothing(&name, &frames);
    }
}

#[test]
fn the_wrap_changes_no_finding() {
    let mut moved = 0;
    for capture in captures(&["", "kernel", "wire", "formats"]) {
        let plain = check::play(capture.frames.clone(), false);
        // in the handshake, within the first bytes, and in the middle of a transfer
        for before in [0, 1, 2, 700, 1449, 20_000] {
            let (frames, segments) = shift::to_the_wrap(&capture, before);
            moved += segments;
            let wrapped = check::play(frames, false);
            assert_eq!(wrapped.findings, plain.findings, "{}, {before} bytes before the wrap", capture.name);
        }
    }
    assert!(moved > 6 * 1000, "only {moved} segments moved");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn mishaps_of_frames_keep_the_invariants(
        capture in any_capture(),
        mishaps in prop::collection::vec((any::<Index>(), mishap()), 1..12),
        ahead in any::<bool>(),
    ) {
        let mut frames = capture.frames;
        for (at, mishap) in mishaps {
            befall(&mut frames, at, mishap);
        }
        check::play(frames, ahead);
    }

    #[test]
    fn prediction_changes_nothing_whatever_happens(
        capture in any_capture(),
        mishaps in prop::collection::vec((any::<Index>(), mishap()), 1..6),
    ) {
        let Capture { name, mut frames } = capture;
        for (at, mishap) in mishaps {
            befall(&mut frames, at, mishap);
        }
        prediction::changes_nothing(&name, &frames);
    }

    #[test]
    fn mixed_captures_keep_the_invariants(
        (one, other) in (any_capture(), any_capture()),
        take in prop::collection::vec(any::<bool>(), 300),
    ) {
        let (mut one, mut other) = (one.frames.into_iter(), other.frames.into_iter());
        let mixed = take.into_iter().filter_map(|first| if first { one.next() } else { other.next() }).collect();
        check::play(mixed, false);
    }
}

proptest! {
    // each is written in every format, three times
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn totals_do_not_depend_on_what_is_shown(
        (one, other) in (any_capture(), any_capture()),
        mishaps in prop::collection::vec((any::<Index>(), mishap()), 0..6),
        (limit, conversations) in (0usize..8, 0usize..3),
    ) {
        let mut frames = [one.frames, other.frames].concat();
        for (at, mishap) in mishaps {
            befall(&mut frames, at, mishap);
        }
        totals::hold(&frames, limit, conversations);
    }
}
