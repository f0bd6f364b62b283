//! The whole pipeline over dialogues: every frame is a step or counted, every word refers to frames that are there, and
//! reading ahead makes no difference.

use echolab::pipeline::{self, Options};
use echolab::render;

use super::check;
use super::dialogue::dialogue;
use super::frames::{Playback, Recorded};
use super::input::Input;

/// A dialogue; the first byte says after how many frames to stop, if at all.
pub fn tracker(data: &[u8]) {
    let mut input = Input::new(data);
    let most = u64::from(input.byte());
    let frames = dialogue(input);
    let max_frames = (1..100).contains(&most).then_some(most);
    assert_eq!(lines(&frames, max_frames, false), lines(&frames, max_frames, true), "read ahead and not");
    check::play(frames, false);
}

/// The JSON lines of the frames.
fn lines(frames: &[Recorded], max_frames: Option<u64>, ahead: bool) -> String {
    let mut out = Vec::new();
    {
        let format = render::format("jsonl").unwrap();
        let mut sink = format.report(Box::new(&mut out), &render::Options::default()).unwrap();
        let mut options = Options { max_frames, ahead, ..Options::default() };
        let totals = pipeline::run(&mut Playback::of(frames.to_vec()), &mut options, &mut *sink).unwrap();
        let other: u64 = totals.other().map(|(_, count)| count).sum();
        assert_eq!(totals.frames, totals.tcp + totals.udp + totals.icmp + other);
        assert_eq!(totals.frames, max_frames.unwrap_or(u64::MAX).min(frames.len() as u64));
        sink.end().unwrap();
    }
    String::from_utf8(out).unwrap()
}
