//! The fixtures' frames in memory, to be changed and played again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use echolab::capture::{Source, file};
use echolab::model::{CaptureInfo, Frame, LinkType, Timestamp};

/// A frame that owns its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) time: Option<Timestamp>,
    pub(crate) link: LinkType,
    pub(crate) wire_len: u32,
    pub(crate) data: Vec<u8>,
}

/// A capture of the fixtures.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) frames: Vec<Recorded>,
}

impl Recorded {
    pub(crate) fn frame(&self, number: u64) -> Frame<'_> {
        let Self { time, link, wire_len, data } = self;
        Frame { unknown: Default::default(), number, time: *time, link: *link, interface: 0, wire_len: *wire_len, data }
    }
}

/// Plays frames as a capture.
pub(crate) struct Playback {
    info: CaptureInfo,
    frames: Vec<Recorded>,
    next: usize,
}

impl Playback {
    pub(crate) fn of(frames: Vec<Recorded>) -> Self {
        Self { info: CaptureInfo::default(), frames, next: 0 }
    }
}

impl Source for Playback {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        self.next += 1;
        Ok(self.frames.get(self.next - 1).map(|frame| frame.frame(self.next as u64)))
    }
}

/// The captures in these folders of the fixtures, as far as they can be read; the longest are cut.
pub(crate) fn captures(folders: &[&str]) -> Vec<Capture> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder)).unwrap();
        paths.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    paths.sort();
    let mut captures = paths.iter().filter_map(|path| read(path)).collect::<Vec<_>>();
    captures.iter_mut().for_each(|capture| capture.frames.truncate(MOST));
    assert!(captures.len() >= 55, "only {} captures with frames", captures.len());
    captures
}

/// More frames of one capture are not needed to meet what is in it.
const MOST: usize = 150;

/// A capture with all of its frames, if it has any that can be read.
pub(crate) fn read(path: &Path) -> Option<Capture> {
    let mut source = file::open(path).ok()?;
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = source.next_frame() {
        let Frame { time, link, wire_len, data, .. } = frame;
        frames.push(Recorded { time, link, wire_len, data: data.to_vec() });
    }
    let name = path.file_name()?.to_string_lossy().into_owned();
    (!frames.is_empty()).then_some(Capture { name, frames })
}
