//! A consumer of the JSON Lines, as one would write it from the documentation: every key declared, no other allowed.

#![allow(dead_code, reason = "a key is declared for its name and type, whether or not a test looks at its value")]

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::run::{LAB, echolab};

/// A value that may be `null` but whose key must be there (serde takes a missing `Option` for `None` otherwise).
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(input)
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Record {
    Capture(Capture),
    Step(Box<Step>),
    Conversation(Box<Conversation>),
    Answers(Answers),
    Summary(Summary),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capture {
    schema: u32,
    echolab: String,
    #[serde(deserialize_with = "present")]
    file: Option<String>,
    #[serde(deserialize_with = "present")]
    format: Option<String>,
    link_types: Vec<String>,
    #[serde(deserialize_with = "present")]
    interface: Option<String>,
    #[serde(deserialize_with = "present")]
    filter: Option<String>,
    #[serde(deserialize_with = "present")]
    snaplen: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    frame: u64,
    #[serde(deserialize_with = "present")]
    time: Option<String>,
    protocol: String,
    stream: u32,
    step: u64,
    source: std::net::IpAddr,
    source_port: u16,
    destination: std::net::IpAddr,
    destination_port: u16,
    direction: String,
    #[serde(deserialize_with = "present")]
    flags: Option<Vec<String>>,
    #[serde(deserialize_with = "present")]
    seq: Option<u32>,
    #[serde(deserialize_with = "present")]
    ack: Option<u32>,
    #[serde(deserialize_with = "present")]
    seq_raw: Option<u32>,
    #[serde(deserialize_with = "present")]
    ack_raw: Option<u32>,
    #[serde(deserialize_with = "present")]
    len: Option<u32>,
    #[serde(deserialize_with = "present")]
    window: Option<u32>,
    #[serde(deserialize_with = "present")]
    window_raw: Option<u16>,
    #[serde(deserialize_with = "present")]
    window_scale: Option<u32>,
    #[serde(deserialize_with = "present")]
    options: Option<Options>,
    #[serde(deserialize_with = "present")]
    checksum: Option<String>,
    analysis: Vec<String>,
    findings: Vec<Finding>,
    cause: Cause,
    phase: String,
    description: String,
    #[serde(deserialize_with = "present")]
    arithmetic: Option<Arithmetic>,
    #[serde(deserialize_with = "present")]
    icmp: Option<Icmp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(deserialize_with = "present")]
    mss: Option<u16>,
    #[serde(deserialize_with = "present")]
    window_scale: Option<u8>,
    sack_permitted: bool,
    #[serde(deserialize_with = "present")]
    timestamps: Option<Timestamps>,
    sack: Vec<[u32; 2]>,
    other: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timestamps {
    value: u32,
    echo_reply: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    code: String,
    text: String,
    frames: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arithmetic {
    #[serde(deserialize_with = "present")]
    seq: Option<String>,
    #[serde(deserialize_with = "present")]
    ack: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Icmp {
    r#type: u8,
    code: u8,
    name: String,
    quotes_protocol: String,
    #[serde(deserialize_with = "present")]
    quotes_frame: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    protocol: String,
    stream: u32,
    client: End,
    server: End,
    roles_from: String,
    first_frame: u64,
    last_frame: u64,
    #[serde(deserialize_with = "present")]
    start: Option<String>,
    #[serde(deserialize_with = "present")]
    duration: Option<String>,
    packets: BothWays,
    bytes: BothWays,
    payload: BothWays,
    #[serde(deserialize_with = "present")]
    isn: Option<Isn>,
    #[serde(deserialize_with = "present")]
    handshake: Option<String>,
    #[serde(deserialize_with = "present")]
    close: Option<String>,
    #[serde(deserialize_with = "present")]
    closed_first: Option<String>,
    analysis: BTreeMap<String, u64>,
    #[serde(deserialize_with = "present")]
    echo: Option<Echo>,
    #[serde(deserialize_with = "present")]
    rtt: Option<Rtt>,
    findings: Vec<Finding>,
    findings_count: BTreeMap<String, u64>,
    #[serde(deserialize_with = "present")]
    ledger: Option<Ledger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    client_application: String,
    server_application: String,
    network: String,
    timeout: String,
    recovery: String,
    window: String,
    congestion: String,
    delayed_ack: String,
    idle: String,
    unknown: String,
}

impl Ledger {
    fn shares(&self) -> [&String; 10] {
        let Self { client_application, server_application, network, timeout, recovery, .. } = self;
        let Self { window, congestion, delayed_ack, idle, unknown, .. } = self;
        [
            client_application,
            server_application,
            network,
            timeout,
            recovery,
            window,
            congestion,
            delayed_ack,
            idle,
            unknown,
        ]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    address: std::net::IpAddr,
    port: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BothWays {
    client_to_server: u64,
    server_to_client: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Isn {
    #[serde(deserialize_with = "present")]
    client: Option<u32>,
    #[serde(deserialize_with = "present")]
    server: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Echo {
    requests: u64,
    matched: u64,
    transformed: u64,
    unanswered: u64,
    pending_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rtt {
    #[serde(deserialize_with = "present")]
    handshake: Option<String>,
    #[serde(deserialize_with = "present")]
    min: Option<String>,
    #[serde(deserialize_with = "present")]
    median: Option<String>,
    #[serde(deserialize_with = "present")]
    max: Option<String>,
    count: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    frames: u64,
    tcp: u64,
    udp: u64,
    icmp: u64,
    other: BTreeMap<String, u64>,
    conversations: Conversations,
    #[serde(deserialize_with = "present")]
    truncated: Option<String>,
    #[serde(deserialize_with = "present")]
    dropped: Option<u64>,
    findings: Vec<Finding>,
    findings_count: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversations {
    tcp: u64,
    udp: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    protocol: String,
    stream: u32,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: String,
    question: String,
    #[serde(deserialize_with = "present")]
    answer: Option<String>,
    #[serde(deserialize_with = "present")]
    cannot_tell: Option<String>,
    calculation: Vec<String>,
    frames: Vec<u64>,
    tables: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    left_out: u64,
}

fn one_of(value: &str, allowed: &[&str]) {
    assert!(allowed.contains(&value), "{value:?} is not one of {allowed:?}");
}

/// Seconds with nine decimals.
fn nanoseconds(text: Option<&String>) {
    let Some(text) = text else { return };
    let (whole, decimals) = text.split_once('.').expect("a decimal point");
    assert!(whole.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()), "{text}");
    assert!(decimals.len() == 9 && decimals.bytes().all(|b| b.is_ascii_digit()), "{text}");
}

/// The event that made the sender send the packet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cause {
    event: String,
    #[serde(deserialize_with = "present")]
    detail: Option<String>,
    #[serde(deserialize_with = "present")]
    frame: Option<u64>,
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    event: String,
    #[serde(deserialize_with = "present")]
    detail: Option<String>,
    #[serde(deserialize_with = "present")]
    frame: Option<u64>,
}

/// A cause is one of the contract's events, and came before its effect; what is known has no candidates.
fn cause(cause: &Cause, frame: u64) {
    const EVENTS: &[&str] = &["call", "segment", "timer", "network", "capture", "unknown"];
    one_of(&cause.event, EVENTS);
    cause.candidates.iter().for_each(|candidate| one_of(&candidate.event, EVENTS));
    assert!(cause.event == "unknown" || cause.candidates.is_empty(), "frame {frame}: a known cause has candidates");
    let named = cause.candidates.iter().map(|candidate| candidate.frame).chain([cause.frame]);
    assert!(named.flatten().all(|named| named < frame), "frame {frame} is caused by a later one");
}

/// Adds findings to the count of their codes.
fn count(counts: &mut BTreeMap<String, u64>, findings: &[Finding]) {
    findings.iter().for_each(|finding| *counts.entry(finding.code.clone()).or_default() += 1);
}

fn findings(findings: &[Finding]) {
    for finding in findings {
        assert!(!finding.code.is_empty() && !finding.text.is_empty());
        assert!(finding.frames.is_sorted(), "{:?}", finding.frames);
    }
}

impl Step {
    fn hold(&self) {
        one_of(&self.direction, &["client_to_server", "server_to_client"]);
        one_of(&self.phase, &["handshake", "exchange", "teardown", "aborted"]);
        nanoseconds(self.time.as_ref());
        findings(&self.findings);
        cause(&self.cause, self.frame);
        assert!(!self.description.is_empty(), "frame {} is not described", self.frame);
        assert!(!self.description.chars().any(char::is_control), "{}", self.description);
        assert_eq!(self.source.is_ipv4(), self.destination.is_ipv4());
        let tcp = self.protocol == "tcp";
        assert_eq!(self.flags.is_some(), tcp);
        assert_eq!(self.seq.is_some() && self.seq_raw.is_some() && self.ack_raw.is_some(), tcp);
        assert_eq!(self.window.is_some() && self.window_raw.is_some(), tcp);
        assert_eq!(self.options.is_some() && self.arithmetic.is_some(), tcp);
        let with_ack = self.flags.as_ref().is_some_and(|flags| flags.iter().any(|flag| flag == "ACK"));
        assert_eq!(self.ack.is_some(), with_ack);
        assert_eq!(self.icmp.is_some(), self.protocol == "icmp");
        assert_eq!(self.len.is_none() && self.checksum.is_none(), self.protocol == "icmp");
        if let Some(checksum) = &self.checksum {
            one_of(checksum, &["valid", "offloaded", "absent", "invalid", "unverifiable"]);
        }
        if let Some(icmp) = &self.icmp {
            one_of(&icmp.quotes_protocol, &["tcp", "udp"]);
        }
    }
}

impl Conversation {
    fn hold(&self) {
        one_of(&self.roles_from, &["session", "syn", "port", "first_frame"]);
        assert!(self.first_frame <= self.last_frame);
        nanoseconds(self.start.as_ref());
        nanoseconds(self.duration.as_ref());
        findings(&self.findings);
        let tcp = self.protocol == "tcp";
        assert_eq!(self.isn.is_some() && self.handshake.is_some() && self.close.is_some(), tcp);
        if let (Some(handshake), Some(close)) = (&self.handshake, &self.close) {
            one_of(handshake, &["complete", "partial", "absent", "refused"]);
            one_of(close, &["fin", "rst", "half", "none"]);
        }
        if let Some(side) = &self.closed_first {
            one_of(side, &["client", "server"]);
        }
        assert!(self.ledger.is_some() || !tcp || self.duration.is_none(), "TCP has a ledger");
        if let (Some(ledger), Some(duration)) = (&self.ledger, &self.duration) {
            ledger.shares().into_iter().for_each(|share| nanoseconds(Some(share)));
            let nanos = |time: &String| time.replace('.', "").parse::<u64>().expect("nanoseconds");
            assert_eq!(ledger.shares().into_iter().map(nanos).sum::<u64>(), nanos(duration));
        }
        if let Some(rtt) = &self.rtt {
            for time in [&rtt.handshake, &rtt.min, &rtt.median, &rtt.max] {
                nanoseconds(time.as_ref());
            }
        }
    }
}

/// Reads the lines of one capture: capture, steps and conversations, summary.
fn read(lines: &str) -> (Capture, Vec<Step>, Vec<Conversation>, Summary) {
    let mut records = lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    let Some(Record::Capture(capture)) = records.next() else { panic!("no capture first: {lines}") };
    let (mut steps, mut conversations) = (Vec::new(), Vec::new());
    let summary = loop {
        match records.next() {
            Some(Record::Step(step)) => steps.push(*step),
            Some(Record::Conversation(conversation)) => conversations.push(*conversation),
            Some(Record::Summary(summary)) => break summary,
            other => panic!("{} in the middle", if other.is_some() { "a capture" } else { "an end" }),
        }
    };
    assert!(records.next().is_none(), "something after the summary");
    (capture, steps, conversations, summary)
}

#[test]
fn every_line_of_every_capture_keeps_the_schema() {
    for name in LAB.iter().chain(&["kernel-refused", "kernel-udp-closed", "kernel/loss_fast", "kernel/rst_unread"]) {
        let file = format!("fixtures/{name}.pcap");
        let (capture, steps, conversations, summary) = read(&echolab(["analyze", &file, "--format", "jsonl"]).done());
        assert_eq!((capture.schema, capture.echolab.as_str()), (2, env!("CARGO_PKG_VERSION")));
        assert_eq!(capture.file.as_deref(), Some(file.as_str()));
        assert_eq!((capture.format.as_deref(), capture.link_types.len()), (Some("pcap"), 1));
        assert!(capture.interface.is_none() && capture.filter.is_none() && capture.snaplen.is_none());
        steps.iter().for_each(Step::hold);
        assert_eq!(steps.iter().any(|step| step.protocol == "icmp"), *name == "kernel-udp-closed");
        conversations.iter().for_each(Conversation::hold);
        assert!(steps.is_sorted_by_key(|step| step.frame), "{name}: steps are in frame order");
        let other: u64 = summary.other.values().sum();
        assert_eq!(summary.frames, summary.tcp + summary.udp + summary.icmp + other, "{name}");
        assert_eq!(steps.len() as u64, summary.tcp + summary.udp + summary.icmp, "{name}");
        assert_eq!(conversations.len() as u64, summary.conversations.tcp + summary.conversations.udp, "{name}");
        assert!(summary.truncated.is_none() && summary.dropped.is_none());
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        count(&mut counted, &summary.findings);
        for conversation in &conversations {
            let of = |step: &&Step| {
                let protocol = step.icmp.as_ref().map_or(&step.protocol, |icmp| &icmp.quotes_protocol);
                (protocol, step.stream) == (&conversation.protocol, conversation.stream)
            };
            let numbers: Vec<u64> = steps.iter().filter(of).map(|step| step.step).collect();
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{name}: steps count from 1");
            let packets = conversation.packets.client_to_server + conversation.packets.server_to_client;
            assert_eq!(packets, numbers.len() as u64, "{name}");
            let mut own = BTreeMap::new();
            count(&mut own, &conversation.findings);
            steps.iter().filter(of).for_each(|step| count(&mut own, &step.findings));
            assert_eq!(conversation.findings_count, own, "{name}: {} {}", conversation.protocol, conversation.stream);
            own.into_iter().for_each(|(code, findings)| *counted.entry(code).or_default() += findings);
        }
        assert_eq!(summary.findings_count, counted, "{name}");
    }
}

#[test]
fn answers_follow_their_conversation_and_keep_the_schema() {
    for name in LAB {
        let file = format!("fixtures/{name}.pcap");
        let lines = echolab(["analyze", &file, "--format", "jsonl", "--answers"]).done();
        let records = lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
        let (mut ended, mut answered) = (None, 0);
        for record in records {
            match record {
                Record::Conversation(conversation) => ended = Some((conversation.protocol, conversation.stream)),
                Record::Answers(answers) => {
                    assert_eq!(ended.take(), Some((answers.protocol, answers.stream)), "{name}");
                    answered += 1;
                    answers.answers.iter().for_each(Answer::hold);
                }
                _ => assert!(ended.is_none(), "{name}: a conversation without answers"),
            }
        }
        assert!(answered > 0, "{name}");
    }
}

impl Answer {
    fn hold(&self) {
        assert!(!self.id.is_empty() && self.question.ends_with('?'));
        assert!(self.answer.is_some() || self.cannot_tell.is_some(), "{} says nothing", self.id);
        assert!(self.frames.is_sorted(), "{:?}", self.frames);
        assert!(self.calculation.iter().all(|line| !line.is_empty()));
        for table in &self.tables {
            assert!(!table.caption.is_empty() && !table.rows.is_empty());
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{}", table.caption);
        }
    }
}
