//! Segments that are predicted leave the same as if they had gone through all rules.

use std::fs;
use std::path::{Path, PathBuf};

use echolab::pipeline::{self, Options};
use echolab::render;

use super::frames::{Capture, Playback, Recorded, read};

/// The JSON Lines of a capture.
fn told(frames: &[Recorded], without_prediction: bool) -> String {
    let mut out = Vec::new();
    let mut sink = render::format("jsonl").unwrap().open(Box::new(&mut out), &render::Options::default()).unwrap();
    let mut options = Options { without_prediction, ..Options::default() };
    pipeline::run(&mut Playback::of(frames.to_vec()), &mut options, &mut *sink).unwrap();
    sink.end().unwrap();
    drop(sink);
    String::from_utf8(out).unwrap()
}

/// Compares what is told with prediction and without.
pub(crate) fn changes_nothing(name: &str, frames: &[Recorded]) {
    let (predicted, by_rules) = (told(frames, false), told(frames, true));
    if let Some((predicted, by_rules)) = predicted.lines().zip(by_rules.lines()).find(|(one, other)| one != other) {
        panic!("{name}\npredicted: {predicted}\nby rules:  {by_rules}");
    }
    assert_eq!(predicted.len(), by_rules.len(), "{name}");
}

/// Every capture below a folder.
pub(crate) fn captures_below(folder: &Path, captures: &mut Vec<Capture>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            captures_below(&path, captures);
        } else {
            captures.extend(read(&path));
        }
    }
}
