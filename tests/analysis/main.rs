//! Dialogues between a client and a server, segment by segment, and what must be said of each segment: `dialogues.txt`
//! holds Wireshark's flags as tshark gives them, `findings.txt` echolab's own findings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

mod dialogue;
mod findings;
mod rules;

use std::io::Cursor;

use echolab::capture::{Source, file};
use echolab::decode::Decoder;
use echolab::track::{Body, Tracker};

use dialogue::{capture, dialogues, line};

const DIALOGUES: &str = include_str!("dialogues.txt");
const HANDSHAKE: [&str; 3] = ["c 0-0 S", "s 0-0 SA", "c 1-1"];

/// The findings about each packet.
fn flags(capture: Vec<u8>) -> Vec<Vec<&'static str>> {
    let mut source = file::from_reader("dialogue".into(), Cursor::new(capture)).unwrap();
    let (mut decoder, mut tracker) = (Decoder::new(), Tracker::new(None));
    let mut flags = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        let packet = decoder.decode(&frame).unwrap();
        tracker.follow(&frame, &packet).unwrap();
        let event = tracker.last(&packet).unwrap().event(&frame, &packet);
        let Body::Tcp(facts) = &event.body else { panic!("not TCP") };
        flags.push(facts.analysis.iter().map(|flag| flag.name()).collect());
    }
    flags
}

#[test]
fn every_segment_has_the_flags_that_tshark_gives_it() {
    let dialogues = dialogues(DIALOGUES);
    assert!(dialogues.len() > 25, "only {} dialogues", dialogues.len());
    for (dialogue, port) in dialogues.iter().zip(10_000..) {
        let (title, rows) = dialogue.split_once('\n').unwrap();
        let before: &[&str] = if title.ends_with("(bare)") { &[] } else { &HANDSHAKE };
        let lines: Vec<_> = before.iter().copied().chain(rows.lines()).map(|text| line(text, port)).collect();
        let mut wanted: Vec<_> = lines.iter().map(|line| line.said.clone()).collect();
        let mut found = flags(capture(&lines));
        wanted.iter_mut().chain(&mut found).for_each(|flags| flags.sort_unstable());
        assert_eq!(found, wanted, "{dialogue}");
    }
}
