//! Wireshark's flags, dialogue by dialogue: `dialogues.txt` holds what tshark says of each segment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::io::Cursor;

use echolab::capture::{Source, file};
use echolab::decode::Decoder;
use echolab::track::{Body, Tracker};

const DIALOGUES: &str = include_str!("dialogues.txt");
const HANDSHAKE: [&str; 3] = ["c 0-0 S", "s 0-0 SA", "c 1-1"];
/// The initial sequence numbers of client and server.
const ISN: [u32; 2] = [100_000, 500_000];

/// A line of a dialogue: the bytes of its packet, how long after the one before, and the flags that it must get.
struct Line<'a> {
    packet: Vec<u8>,
    delay: i64,
    flags: Vec<&'a str>,
}

/// Reads a line such as `c 21-31 a1 PA w8192 s3 +1000 lost_segment`; the file's head says what may be left out.
fn line(text: &str, port: u16) -> Line<'_> {
    let mut words = text.split_whitespace();
    let server = words.next().unwrap() == "s";
    let (first, end) = words.next().unwrap().split_once('-').unwrap();
    let (first, end): (u32, u32) = (first.parse().unwrap(), end.parse().unwrap());
    let mut names = if end > first { "PA" } else { "A" };
    let (mut ack, mut window, mut delay, mut shift, mut flags) = (1, 8192_u16, 1000, None, Vec::new());
    for word in words {
        let (head, number) = word.split_at(1);
        match head {
            "+" => delay = number.parse().unwrap(),
            "a" if number.parse::<u32>().is_ok() => ack = number.parse().unwrap(),
            "w" if number.parse::<u16>().is_ok() => window = number.parse().unwrap(),
            "s" if number.parse::<u8>().is_ok() => shift = Some(number.parse().unwrap()),
            _ if head.chars().all(char::is_uppercase) => names = word,
            _ => flags.push(word),
        }
    }
    let bit = |(at, name)| if names.contains(name) { 1_u8 << at } else { 0 };
    let bits: u8 = "FSRPA".chars().enumerate().map(bit).sum();
    let bits = if ack == 0 { bits & !0x10 } else { bits };
    let [own, peer] = if server { [ISN[1], ISN[0]] } else { ISN };
    let option = shift.map_or_else(Vec::new, |shift| vec![3, 3, shift, 1]);
    let header = u8::try_from(20 + option.len()).unwrap();
    let length = u16::from(20 + header) + u16::try_from(end - first).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend(if server { [10, 0, 0, 2, 10, 0, 0, 1] } else { [10, 0, 0, 1, 10, 0, 0, 2] });
    for number in if server { [7, port] } else { [port, 7] } {
        packet.extend(number.to_be_bytes());
    }
    packet.extend((own + first).to_be_bytes());
    packet.extend(if bits & 0x10 == 0 { 0 } else { peer + ack }.to_be_bytes());
    packet.extend([header << 2, bits]);
    packet.extend(window.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(option);
    packet.resize(length.into(), b'x');
    Line { packet, delay, flags }
}

/// A pcap file of raw IP packets.
fn capture(lines: &[Line<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, 101] {
        bytes.extend(u32::to_le_bytes(number));
    }
    let mut time = 1_000_000_000_000_000;
    for line in lines {
        time += line.delay;
        let length = i64::try_from(line.packet.len()).unwrap();
        for number in [time / 1_000_000, time % 1_000_000, length, length] {
            bytes.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        bytes.extend(&line.packet);
    }
    bytes
}

/// What echolab says of each packet.
fn flags(capture: Vec<u8>) -> Vec<Vec<&'static str>> {
    let mut source = file::from_reader("dialogue".into(), Cursor::new(capture)).unwrap();
    let (mut decoder, mut tracker) = (Decoder::new(), Tracker::new(None));
    let mut flags = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        let packet = decoder.decode(&frame).unwrap();
        tracker.follow(&frame, &packet).unwrap();
        let event = tracker.event(&frame, &packet).unwrap();
        let Body::Tcp(facts) = &event.body else { panic!("not TCP") };
        flags.push(facts.analysis.iter().map(|flag| flag.name()).collect());
    }
    flags
}

#[test]
fn every_segment_has_the_flags_that_tshark_gives_it() {
    let text = DIALOGUES.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let dialogues: Vec<_> = text.split("\n\n").map(str::trim).filter(|dialogue| !dialogue.is_empty()).collect();
    assert!(dialogues.len() > 25, "only {} dialogues", dialogues.len());
    for (dialogue, port) in dialogues.iter().zip(10_000..) {
        let (title, rows) = dialogue.split_once('\n').unwrap();
        let before: &[&str] = if title.ends_with("(bare)") { &[] } else { &HANDSHAKE };
        let lines: Vec<_> = before.iter().copied().chain(rows.lines()).map(|text| line(text, port)).collect();
        let mut wanted: Vec<_> = lines.iter().map(|line| line.flags.clone()).collect();
        let mut found = flags(capture(&lines));
        wanted.iter_mut().chain(&mut found).for_each(|flags| flags.sort_unstable());
        assert_eq!(found, wanted, "{dialogue}");
    }
}
