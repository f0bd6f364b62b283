//! The questions of labs, asked of every capture: each has an answer or says why not, and names only frames that exist.
//!
//! The numbers were read from the captures with tshark 4.0 (`tcp.analysis.ack_rtt`, `frame.time_relative`, `tcp.seq` …).

#![allow(clippy::expect_used, clippy::panic, reason = "a test that finds something else than it expects is to panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use echolab::capture::file::from_reader;
use echolab::explain::{Answer, Answered, Conversation, QUESTIONS, Step};
use echolab::model::CaptureInfo;
use echolab::pipeline;
use echolab::report::{AnswerCollector, CaptureTotals, Sink};
use echolab::track::StreamId;
use proptest::prelude::{any, prop, proptest};
use proptest::sample::Index;

/// Keeps conversations and the frames of each.
#[derive(Default)]
struct Kept {
    conversations: Vec<Conversation>,
    frames: BTreeMap<StreamId, BTreeSet<u64>>,
}

impl Sink for &mut Kept {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.frames.entry(step.event.stream).or_default().insert(step.event.frame);
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.conversations.push(conversation.clone());
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn asked(path: &Path) -> Kept {
    asked_of(File::open(path).expect("the fixture"))
}

fn asked_of(capture: impl io::Read + Send + 'static) -> Kept {
    let mut kept = Kept::default();
    if let Ok(mut source) = from_reader("capture".into(), Box::new(capture)) {
        pipeline::run(&mut source, &mut pipeline::Options::default(), &mut AnswerCollector::new(&mut kept))
            .expect("kept");
    }
    kept
}

fn answers(name: &str) -> Vec<Answered> {
    let kept = asked(&fixtures().join(name));
    let [conversation] = kept.conversations.as_slice() else { panic!("{name} holds one conversation") };
    conversation.answers().expect("asked")
}

fn answer(name: &str, id: &str) -> Answer {
    answers(name).into_iter().find(|answered| answered.question.id == id).expect("a question of the protocol").answer
}

/// The rows of an answer's table, cells joined by blanks.
fn rows(answer: &Answer, table: usize) -> Vec<String> {
    answer.tables.get(table).expect("a table").rows.iter().map(|row| row.join(" ")).collect()
}

/// Every frame that a text names.
fn named(text: &str) -> Vec<u64> {
    let words: Vec<_> = text.split([' ', ',', '.', ':', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
    let mut found = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if matches!(*word, "frame" | "frames" | "Frame" | "Frames") {
            let numbers = words.iter().skip(index + 1).take_while(|word| word.parse::<u64>().is_ok());
            found.extend(numbers.filter_map(|word| word.parse::<u64>().ok()));
        }
    }
    found
}

#[test]
fn every_question_of_every_capture_is_answered_or_says_why_not() {
    let mut conversations = 0;
    for folder in ["", "kernel", "formats"] {
        for entry in fixtures().join(folder).read_dir().expect("fixtures") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let kept = asked(&path);
                conversations += kept.conversations.len();
                kept.conversations.iter().for_each(|conversation| hold(&path, conversation, &kept));
            }
        }
    }
    assert!(conversations > 30, "{conversations}");
}

fn hold(path: &Path, conversation: &Conversation, kept: &Kept) {
    let stream = conversation.totals.stream;
    let frames = kept.frames.get(&stream).expect("a conversation has steps");
    let answers = conversation.answers().expect("asked");
    // a new question changes one of these counts
    assert_eq!(answers.len(), if conversation.totals.tcp.is_some() { 25 } else { 10 }, "{}", path.display());
    for Answered { question, answer } in answers {
        let at = format!("{} {stream} {}: {answer:?}", path.display(), question.id);
        assert!(!answer.text.is_empty() || answer.cannot_tell.as_ref().is_some_and(|why| !why.is_empty()), "{at}");
        assert!(answer.frames.is_sorted() && answer.frames.iter().all(|frame| frames.contains(frame)), "{at}");
        let texts = [&answer.text].into_iter().chain(&answer.cannot_tell).chain(&answer.calculation);
        for text in texts {
            assert!(named(text).iter().all(|frame| frames.contains(frame)), "{at}");
            assert!(!text.chars().any(char::is_control) && !text.contains("  ") && text.trim() == text, "{at}");
        }
        for table in &answer.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{at}");
            assert!(table.rows.len() <= 20, "{at}");
            let frame = table.head.iter().position(|head| *head == "frame");
            let listed = table.rows.iter().filter_map(|row| row.get(frame?)?.parse::<u64>().ok());
            assert!(listed.into_iter().all(|number| frames.contains(&number)), "{at}");
        }
    }
}

/// Captures with much in them.
const RICH: &[&str] =
    &["kernel/loss_fast.pcap", "kernel/zero_window_probe.pcap", "lab-v3.pcap", "kernel/tfo.pcap", "lab-udp-line.pcap"];

proptest! {
    #[test]
    fn damaged_captures_are_answered_too(
        which in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..40),
    ) {
        let path = fixtures().join(which.get(RICH));
        let mut bytes = fs::read(&path).expect("the fixture");
        // the file's own header stays, so that there are frames
        let body = bytes.get_mut(24..).expect("a header");
        for (index, value) in changes {
            *index.get_mut(body) = value;
        }
        let kept = asked_of(Cursor::new(bytes));
        kept.conversations.iter().for_each(|conversation| hold(&path, conversation, &kept));
    }
}

#[test]
fn ids_are_unique() {
    let ids: BTreeSet<_> = QUESTIONS.iter().map(|question| question.id).collect();
    assert_eq!(ids.len(), QUESTIONS.len());
    assert!(QUESTIONS.iter().all(|question| question.text.ends_with('?')));
}

#[test]
fn round_trips_match_tshark_and_retransmissions_give_none() {
    let rtt = answer("kernel/loss_fast.pcap", "rtt");
    assert_eq!(
        rows(&rtt, 0),
        [
            "4 100 0.015615 0.025946 14 10.331 10.331",
            "5 500 0.020786 0.031107 16 10.321 10.329750",
            "6 500 0.020839 0.031115 17 10.276 10.323031",
            "7 500 0.020845 0.041500 27 retransmitted in 21 -",
            "8 500 0.020850 0.041500 27 20.650 11.613902",
            "9 500 0.020854 0.041500 27 20.646 12.742914",
        ]
    );
    assert!(rtt.text.contains("in the samples of frames 8, 9"), "{}", rtt.text);
    assert_eq!(rtt.cannot_tell, None);
}

#[test]
fn a_receiver_sees_delays_and_no_round_trips() {
    let rtt = answer("kernel/loss_fast_o.pcap", "rtt");
    let table = rtt.tables.first().expect("a table");
    assert!(table.head.contains(&"delay (ms)") && !table.head.iter().any(|head| head.contains("RTT")), "{table:?}");
    assert!(
        rtt.cannot_tell.is_some_and(|why| why.contains("captured") || why.contains("capture was made at the server"))
    );
    assert_eq!(rtt.text, "");
    assert!(rtt.calculation.is_empty());
    let congestion = answer("kernel/loss_fast_o.pcap", "congestion");
    assert_eq!(congestion.text, "");
}

#[test]
fn handshake_numbers_add_up() {
    let syn = answer("lab-v0.pcap", "syn");
    assert!(syn.text.contains("its sequence number is 650532444") && syn.frames == [1], "{syn:?}");
    let syn_ack = answer("lab-v0.pcap", "syn_ack");
    assert_eq!(
        syn_ack.calculation,
        [
            "ack = X + 1 = 650532444 + 1 = 650532445: the SYN takes 1 sequence number",
            "the client's ACK in frame 3: ack = Y + 1 = 3634148465 + 1 = 3634148466",
        ]
    );
    assert!(answer("kernel/refused.pcap", "syn_ack").cannot_tell.is_some_and(|why| why.contains("RST")));
    let both = answer("kernel/simopen.pcap", "syn_ack");
    assert!(
        both.text.starts_with("Frame 3: ") && both.text.contains("the client's initial sequence number X"),
        "{both:?}"
    );
    assert!(both.calculation.first().is_some_and(|line| line.starts_with("ack = Y + 1 = ")), "{both:?}");
    let fast_open = asked(&fixtures().join("kernel/tfo.pcap"));
    let second = fast_open.conversations.get(1).and_then(Conversation::answers).expect("two conversations");
    let sum = second.iter().find(|answered| answered.question.id == "syn_ack").expect("a question of TCP");
    let line = sum.answer.calculation.first().expect("a formula");
    assert!(line.starts_with("ack = X + 1 + 9 = 2098333479 + 1 + 9 = 2098333489"), "{line}");
}

#[test]
fn throughput_is_acknowledged_bytes_over_time() {
    let throughput = answer("kernel/loss_fast.pcap", "throughput");
    assert_eq!(throughput.text, "The client's data: 197 kB/s (1.58 Mbit/s).");
    assert_eq!(throughput.frames, [4, 27]);
    let line = throughput.calculation.first().expect("a formula");
    assert!(line.contains("5,100 bytes / (0.041500 s - 0.015615 s) = 5,100 / 0.025885 s"), "{line}");
}

#[test]
fn windows_say_whether_they_limited_the_sender() {
    let never = answer("kernel/loss_fast.pcap", "smallest_window");
    assert!(never.text.contains("The server's smallest is 62,464 bytes, in frame 27. It never limited the client."));
    assert!(never.calculation.iter().any(|line| line == "frame 27: window = 61 × 1024 = 62464"));
    let shut = answer("kernel/zero_window_probe.pcap", "zero_window");
    assert!(shut.text.starts_with("The server's window was zero in frame 6: "), "{shut:?}");
    let never = answer("made/window-never-opens.pcap", "zero_window");
    assert!(never.text.ends_with("did not reopen: the RST in frame 9 ended the connection 2.88 s after frame 5."));
    assert_eq!(never.cannot_tell, None);
    let no = answer("lab-v0.pcap", "zero_window");
    assert!(no.text.starts_with("No:") && no.frames.is_empty());
}

#[test]
fn repeated_packets_are_reported_with_their_proof() {
    let again = answer("kernel/loss_fast.pcap", "retransmissions");
    assert!(again.text.starts_with("Yes: 1 segment was retransmitted."), "{}", again.text);
    assert_eq!(again.frames, [7, 18, 21]);
    let row = rows(&again, 0).concat();
    assert!(
        row.starts_with(
            "21 client 1101 500 fast retransmission the sequence numbers of frame 7, last sent 10.3 ms earlier"
        ),
        "{row}"
    );
    let late = answer("kernel/ooo.pcap", "retransmissions");
    assert!(late.text.contains("1 segment was only late"), "{}", late.text);
    let none = answer("lab-v0.pcap", "retransmissions");
    assert!(none.text.starts_with("No retransmission was captured.") && none.tables.is_empty(), "{}", none.text);
    let duplicates = answer("kernel/loss_fast.pcap", "duplicate_acks");
    assert_eq!(rows(&duplicates, 0), ["1101 7 18 to 26 21"]);
    let probes = answer("kernel/keepalive.pcap", "retransmissions");
    assert!(
        probes.text.starts_with("No retransmission") && probes.text.contains("probes are not counted"),
        "{}",
        probes.text
    );
    let delayed = answer("kernel/nagle_delack.pcap", "delayed_acks");
    assert!(delayed.text.contains("delayed the ACK"), "{}", delayed.text);
}

#[test]
fn closes_name_who_and_who_waits() {
    let first = answer("lab-echo-ten-steps.pcap", "closed_first");
    assert!(first.text.starts_with("The client closed first, with the FIN in frame 8; three segments"));
    assert_eq!(first.frames, [8, 9, 10]);
    let wait = answer("lab-echo-ten-steps.pcap", "time_wait");
    assert!(wait.text.starts_with("The client, because it closed first (frame 8)"));
    assert!(wait.cannot_tell.is_some_and(|why| why.contains("on the wire")));
    assert!(answer("kernel/simclose.pcap", "time_wait").text.starts_with("Both:"));
    assert!(answer("kernel/rst_unread.pcap", "time_wait").text.starts_with("Neither"));
    assert!(answer("lab-tcp-line.pcap", "closed_first").text.is_empty());
    assert!(answer("kernel/refused.pcap", "closed_first").text.starts_with("Neither: the connection never opened"));
}

#[test]
fn datagrams_are_measured() {
    let length = answer("lab-udp-line.pcap", "udp_length");
    assert_eq!(
        length.calculation,
        ["frame 1: Length = 25 = 8 (header) + 17 (data): the packet holds 17 bytes of data"]
    );
    let largest = answer("lab-udp-line.pcap", "udp_largest");
    assert!(largest.text.starts_with("65,527 bytes") && largest.text.contains("24 bytes (frame 3)"));
    assert_eq!(rows(&answer("lab-udp-line.pcap", "udp_pair"), 0), ["1 2 17 0.896", "3 4 24 0.116", "5 6 1 0.197"]);
    assert!(answer("lab-udp-line.pcap", "protocol_number").text.starts_with("UDP is number 17 (0x11)"));
    assert!(answer("lab-v0.pcap", "protocol_number").text.starts_with("TCP is number 6 (0x06)"));
}

#[test]
fn captured_refusal_proves_that_no_socket_listens() {
    let refused = answer("kernel/refused.pcap", "client_first");
    assert!(refused.text.contains("ECONNREFUSED") && refused.text.contains("This capture shows such a refusal"));
    assert_eq!((refused.frames.as_slice(), refused.cannot_tell), ([1, 2].as_slice(), None));
    let closed = answer("kernel/udp_closed.pcap", "ports_differ");
    assert!(closed.text.contains("port unreachable in frame 2, about frame 1 to port 7107"), "{}", closed.text);
    let listening = answer("lab-v0.pcap", "client_first");
    assert!(listening.cannot_tell.is_some_and(|why| why.contains("frame 2 is its SYN-ACK")));
}
