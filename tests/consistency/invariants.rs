//! Invariants between the sentences, findings, causes and numbers of any one capture.
//!
//! Each invariant looks at the whole structured output and gives its contradictions. A new one is a function and a line
//! in [`ALL`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The JSON Lines of one capture, and the verdicts of its report.
pub(crate) struct Output {
    steps: BTreeMap<u64, Value>,
    conversations: Vec<Value>,
    /// The verdict of each conversation that the report shows, by its name: `tcp:0`.
    verdicts: BTreeMap<String, String>,
}

/// A contradiction: the frame or conversation, and what does not fit.
pub(crate) type Contradictions = Vec<String>;

/// An invariant, and the function that finds its violations.
pub(crate) type Invariant = (&'static str, fn(&Output) -> Contradictions);

/// Every invariant.
pub(crate) const ALL: &[Invariant] = &[
    ("evidence exists, and came before what it proves", evidence_came_before),
    ("a cause came before its effect, from the other side of the same conversation", causes_come_before),
    ("a finding and the cause of its frame agree", findings_agree_with_causes),
    ("a segment is retransmitted for one reason", one_reason_to_retransmit),
    ("nothing is concluded from a segment that is not accepted, or from a duplicate", void_segments_prove_nothing),
    ("a FIN and a RST instead of a FIN exclude each other", no_reset_instead_of_a_captured_fin),
    ("after both sides closed nothing is unread", nothing_unread_after_the_close),
    ("the close and the findings agree", close_agrees_with_findings),
    ("the handshake and the findings agree", handshake_agrees_with_findings),
    ("sizes in words are those of the columns", sizes_agree),
    ("sums in words are right and end at the ACK number", sums_agree),
    ("what was answered is not called unanswered", answered_is_not_unanswered),
    ("the ledger sums to the duration", ledger_sums_to_duration),
    ("the verdict does not contradict findings", verdict_agrees_with_findings),
    ("what is never acknowledged is not covered by an ACK", unacknowledged_is_not_covered),
];

impl Output {
    /// Reads the records and the report of one capture.
    pub(crate) fn read(jsonl: &str, report: &str) -> Self {
        let records = jsonl.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut output = Self { steps: BTreeMap::new(), conversations: Vec::new(), verdicts: verdicts(report) };
        for record in records {
            match record["kind"].as_str() {
                Some("step") => _ = output.steps.insert(record["frame"].as_u64().unwrap(), record),
                Some("conversation") => output.conversations.push(record),
                _ => {}
            }
        }
        output
    }

    fn steps_of<'a>(&'a self, conversation: &'a Value) -> impl Iterator<Item = (u64, &'a Value)> {
        self.steps.iter().map(|(frame, step)| (*frame, step)).filter(move |(_, step)| {
            step["stream"] == conversation["stream"] && is_of(step, conversation["protocol"].as_str().unwrap())
        })
    }
}

fn is_of(step: &Value, protocol: &str) -> bool {
    let quoted = step["icmp"]["quotes_protocol"].as_str();
    step["protocol"] == protocol || quoted == Some(protocol)
}

fn findings(record: &Value) -> impl Iterator<Item = (&str, &str, Vec<u64>)> {
    record["findings"].as_array().unwrap().iter().map(|finding| {
        let frames = finding["frames"].as_array().unwrap().iter().map(|frame| frame.as_u64().unwrap()).collect();
        (finding["code"].as_str().unwrap(), finding["text"].as_str().unwrap(), frames)
    })
}

fn has_flag(step: &Value, flag: &str) -> bool {
    step["flags"].as_array().is_some_and(|flags| flags.iter().any(|other| other == flag))
}

fn evidence_came_before(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in &output.steps {
        for (code, _, frames) in findings(step) {
            if frames.iter().any(|named| named > frame || *named == 0) {
                wrong.push(format!("frame {frame}: {code} is proved by {frames:?}"));
            }
        }
    }
    wrong
}

fn causes_come_before(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in &output.steps {
        let cause = &step["cause"];
        let candidates = cause["candidates"].as_array().unwrap();
        for cause in candidates.iter().chain([cause]) {
            let Some(named) = cause["frame"].as_u64() else { continue };
            let event = cause["event"].as_str().unwrap();
            let Some(other) = output.steps.get(&named).filter(|_| named < *frame) else {
                wrong.push(format!("frame {frame}: caused by frame {named}"));
                continue;
            };
            let same_side = other["direction"] == step["direction"];
            let same_conversation = other["stream"] == step["stream"];
            if event == "segment"
                && (same_side || !same_conversation)
                && step["protocol"] == "tcp"
                && other["protocol"] == "tcp"
            {
                wrong
                    .push(format!("frame {frame}: caused by the arrival of frame {named}, which did not arrive there"));
            }
        }
        if cause["event"] != "unknown" && !candidates.is_empty() {
            wrong.push(format!("frame {frame}: a known cause has candidates"));
        }
    }
    wrong
}

/// Finding codes, and the causes that a frame with one may have: event and detail, any detail where it is empty.
const CAUSES_OF_CODES: &[(&str, &[(&str, &str)])] = &[
    ("timeout_retransmit", &[("timer", "rto"), ("timer", "syn"), ("timer", ""), ("unknown", "")]),
    ("tail_loss_probe", &[("timer", "tlp"), ("unknown", "")]),
    ("fast_retransmit", &[("segment", "")]),
    // the answer may be what shows it
    ("keep_alive", &[("timer", "keep_alive"), ("segment", "ack")]),
    ("zero_window_probe", &[("timer", "persist"), ("call", "send"), ("unknown", "")]),
    ("challenge_ack", &[("segment", "")]),
    ("nagle_wait", &[("segment", ""), ("unknown", "")]),
    ("duplicate_frame", &[("capture", ""), ("network", ""), ("unknown", "")]),
];

fn findings_agree_with_causes(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in output.steps.iter().filter(|(_, step)| step["protocol"] == "tcp") {
        let cause = (step["cause"]["event"].as_str().unwrap(), step["cause"]["detail"].as_str().unwrap_or_default());
        // a DSACK reports on other frames than its own
        for (code, ..) in findings(step).filter(|(_, text, _)| !text.contains("DSACK")) {
            let Some((_, fitting)) = CAUSES_OF_CODES.iter().find(|(known, _)| *known == code) else { continue };
            if !fitting.iter().any(|(event, detail)| cause.0 == *event && (detail.is_empty() || cause.1 == *detail)) {
                wrong.push(format!("frame {frame}: {code}, but its cause is {cause:?}"));
            }
        }
    }
    wrong
}

/// Codes that each say why bytes were sent once more, or why not.
const REASONS: &[&str] = &[
    "fast_retransmit",
    "timeout_retransmit",
    "tail_loss_probe",
    "retransmit",
    "spurious_retransmit",
    "reordered",
    "duplicate_frame",
    "order_unknown",
    "captured_late",
];

fn one_reason_to_retransmit(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in &output.steps {
        // an ACK that proves a retransmission of the other side needless may itself be on a retransmission
        let sent_by_peer = |other: &u64| {
            other != frame && output.steps.get(other).is_some_and(|other| other["direction"] != step["direction"])
        };
        let of_peer =
            |frames: &[u64]| frames.iter().filter(|other| *other != frame).all(sent_by_peer) && frames.len() > 1;
        let reasons: BTreeSet<_> = findings(step)
            .filter(|(code, _, frames)| REASONS.contains(code) && !(*code == "spurious_retransmit" && of_peer(frames)))
            .map(|(code, ..)| code)
            .collect();
        if reasons.len() > 1 {
            wrong.push(format!("frame {frame}: {reasons:?}"));
        }
    }
    wrong
}

/// Codes that rest on what their frames say.
const RESTS_ON_FRAMES: &[&str] = &["fast_retransmit", "window_shrunk", "nagle_wait", "capture_gap", "zero_window"];

fn void_segments_prove_nothing(output: &Output) -> Contradictions {
    let is_void = |frame: &u64| {
        output.steps.get(frame).is_some_and(|step| {
            findings(step).any(|(code, text, _)| {
                code == "unacceptable_segment"
                    || code == "duplicate_frame" && step["len"] == 0 && !text.contains("DSACK")
            })
        })
    };
    // whether a segment was discarded may be undecided until a later frame shows that the capture lacks packets
    let is_undecided = |frame: &u64| {
        let says = |step: &Value, code: &str, words: &str| {
            findings(step).any(|(found, text, frames)| found == code && text.contains(words) && frames.contains(frame))
        };
        output.steps.get(frame).is_some_and(|step| says(step, "unacceptable_segment", "the capture lacks"))
            && !output.steps.values().any(|step| says(step, "challenge_ack", "never sent"))
    };
    let mut wrong = Vec::new();
    for (frame, step) in &output.steps {
        for (code, _, frames) in findings(step).filter(|(code, ..)| RESTS_ON_FRAMES.contains(code)) {
            let decided = |frame: &u64| code != "capture_gap" || !is_undecided(frame);
            for void in frames.iter().filter(|frame| is_void(frame) && decided(frame)) {
                wrong.push(format!("frame {frame}: {code} rests on frame {void}, which proves nothing"));
            }
        }
    }
    wrong
}

fn no_reset_instead_of_a_captured_fin(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for conversation in &output.conversations {
        let mut closed = BTreeSet::new();
        for (frame, step) in output.steps_of(conversation) {
            let side = step["direction"].as_str().unwrap().to_owned();
            let says = |words: &str| findings(step).any(|(_, text, _)| text.contains(words));
            if closed.contains(&side)
                && (says("in place of a FIN") || says("instead of a FIN") || says("instead of FIN"))
            {
                wrong.push(format!("frame {frame}: instead of a FIN, which was captured"));
            }
            let accepted = !findings(step).any(|(code, ..)| code == "unacceptable_segment");
            if has_flag(step, "FIN") && has_flag(step, "ACK") && accepted {
                closed.insert(side);
            }
        }
    }
    wrong
}

fn nothing_unread_after_the_close(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for conversation in output.conversations.iter().filter(|conversation| conversation["close"] == "fin") {
        for (frame, step) in output.steps_of(conversation) {
            if findings(step).any(|(code, ..)| code == "reset_unread") {
                wrong.push(format!("frame {frame}: unread data, though both sides had closed"));
            }
        }
    }
    wrong
}

fn close_agrees_with_findings(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for conversation in output.conversations.iter().filter(|conversation| conversation["protocol"] == "tcp") {
        let codes: Vec<_> = findings(conversation).map(|(code, ..)| code).collect();
        let close = conversation["close"].as_str().unwrap();
        let closes =
            codes.iter().filter(|code| ["close_three", "close_four", "simultaneous_close"].contains(code)).count();
        if close == "fin" && codes.contains(&"no_close") || close == "none" && closes > 0 || closes > 1 {
            wrong.push(format!("tcp:{}: close {close}, but {codes:?}", conversation["stream"]));
        }
        let resets = output.steps_of(conversation).any(|(_, step)| has_flag(step, "RST"));
        if close == "rst" && !resets {
            wrong.push(format!("tcp:{}: reset, but no RST", conversation["stream"]));
        }
    }
    wrong
}

fn handshake_agrees_with_findings(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for conversation in output.conversations.iter().filter(|conversation| conversation["protocol"] == "tcp") {
        let partial = findings(conversation).any(|(code, ..)| code == "handshake_partial");
        let handshake = conversation["handshake"].as_str().unwrap();
        if partial && handshake != "partial" {
            wrong.push(format!("tcp:{}: handshake {handshake}", conversation["stream"]));
        }
    }
    wrong
}

/// A number with thousands separators, at the start of the text.
fn number(text: &str) -> Option<u64> {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
    digits.parse().ok()
}

fn sizes_agree(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in &output.steps {
        let sentence = step["description"].as_str().unwrap();
        let Some(rest) = sentence.split_once(" sends ").map(|(_, rest)| rest) else { continue };
        let said = number(rest).filter(|_| {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',');
            after.starts_with(" bytes,") || after == " bytes" || after.starts_with(" bytes;")
        });
        if said.is_some_and(|said| step["len"] != said) {
            wrong.push(format!("frame {frame}: {sentence:?}, but its length is {}", step["len"]));
        }
    }
    wrong
}

fn sums_agree(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in output.steps.iter().filter(|(_, step)| step["protocol"] == "tcp") {
        let sentence = step["description"].as_str().unwrap();
        for (left, right) in sentence.split(['(', ')', ';', ':']).filter_map(|part| part.split_once(" = ")) {
            let terms: Option<Vec<u64>> = left.split('+').map(|term| term.trim().parse().ok()).collect();
            let (Some(terms), Some(sum)) = (terms, number(right)) else { continue };
            let total = terms.iter().sum::<u64>() % (1 << 32);
            if total != sum || step["ack"].as_u64().is_some_and(|ack| ack != sum) {
                wrong.push(format!("frame {frame}: {left} = {right}, ACK {}", step["ack"]));
            }
        }
    }
    wrong
}

fn answered_is_not_unanswered(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for (frame, step) in output.steps.iter().filter(|(_, step)| step["protocol"] == "tcp") {
        if step["cause"]["event"] != "segment" {
            continue;
        }
        let Some(answered) = step["cause"]["frame"].as_u64() else { continue };
        for conversation in output.conversations.iter().filter(|other| other["stream"] == step["stream"]) {
            for (code, text, frames) in
                findings(conversation).filter(|_| is_of(step, conversation["protocol"].as_str().unwrap()))
            {
                let denies = ["no answer", "not answered", "unanswered", "never answered"]
                    .iter()
                    .any(|words| text.contains(words));
                if denies && frames == [answered] {
                    wrong.push(format!("frame {answered} is answered by frame {frame}, but {code}: {text}"));
                }
            }
        }
    }
    wrong
}

fn unacknowledged_is_not_covered(output: &Output) -> Contradictions {
    let mut wrong = Vec::new();
    for conversation in &output.conversations {
        for (code, text, frames) in findings(conversation) {
            if code != "abandoned" || !text.contains("bytes") || !text.contains("never acknowledged") {
                continue;
            }
            let mut named = frames.iter().filter_map(|frame| output.steps.get(frame));
            let Some(last) = named.rfind(|step| step["len"] != 0 && step["protocol"] == "tcp") else { continue };
            let end = last["seq"].as_u64().unwrap() + last["len"].as_u64().unwrap();
            let covers = |(_, step): (u64, &Value)| {
                let void =
                    findings(step).any(|(code, ..)| code == "unacceptable_segment") || step["checksum"] == "invalid";
                let later = step["ack"].as_u64().is_some_and(|ack| ack >= end && ack - end < 1 << 30);
                step["direction"] != last["direction"] && !void && later
            };
            if output.steps_of(conversation).any(covers) {
                wrong.push(format!("tcp:{}: {text}, but an ACK covers {end}", conversation["stream"]));
            }
        }
    }
    wrong
}

/// The lines under each conversation's title in a report.
pub(crate) fn verdicts(report: &str) -> BTreeMap<String, String> {
    let mut verdicts = BTreeMap::new();
    let mut lines = report.lines().peekable();
    while let Some(line) = lines.next() {
        let mut words = line.split_whitespace();
        let (protocol, noun, number) = (words.next(), words.next(), words.next());
        let (Some(protocol @ ("TCP" | "UDP")), Some("conversation"), Some(number)) = (protocol, noun, number) else {
            continue;
        };
        let mut verdict = String::new();
        while let Some(line) = lines.next_if(|line| !line.is_empty()) {
            verdict.push_str(line.trim());
            verdict.push('\n');
        }
        verdicts.insert(format!("{}:{}", protocol.to_lowercase(), number.trim_end_matches(':')), verdict);
    }
    verdicts
}

fn ledger_sums_to_duration(output: &Output) -> Contradictions {
    let nanos = |time: &Value| time.as_str().unwrap().replace('.', "").parse::<u64>().unwrap();
    let mut wrong = Vec::new();
    for conversation in &output.conversations {
        let Some(ledger) = conversation["ledger"].as_object() else { continue };
        let sum: u64 = ledger.values().map(nanos).sum();
        if sum != nanos(&conversation["duration"]) {
            wrong.push(format!(
                "{}:{}: {sum} ns of {}",
                conversation["protocol"], conversation["stream"], conversation["duration"]
            ));
        }
    }
    wrong
}

/// Codes of severity warning and problem, which exclude an all-clear.
fn grave_codes() -> BTreeSet<&'static str> {
    use echolab::model::{FindingCode, Severity};
    let grave = FindingCode::ALL.iter().filter(|code| code.severity() > Severity::Note);
    grave.map(|code| code.name()).collect()
}

fn verdict_agrees_with_findings(output: &Output) -> Contradictions {
    let grave = grave_codes();
    let mut wrong = Vec::new();
    for conversation in &output.conversations {
        let name = format!("{}:{}", conversation["protocol"].as_str().unwrap(), conversation["stream"]);
        let Some(verdict) = output.verdicts.get(&name) else { continue };
        let of_steps = output.steps_of(conversation).flat_map(|(_, step)| findings(step));
        let mut codes: BTreeSet<_> = findings(conversation).chain(of_steps).map(|(code, ..)| code).collect();
        if codes.contains("checksum_accepted") {
            // a later ACK has shown that the checksum was wrong in the capture only
            codes.remove("checksum_invalid");
        }
        let clear = verdict.starts_with("Healthy") || verdict.starts_with("No problem found");
        let contradicted: Vec<_> = codes.intersection(&grave).collect();
        if clear && !contradicted.is_empty() {
            wrong.push(format!("{name}: {verdict:?}, but {contradicted:?}"));
        }
        if verdict.starts_with("Healthy") && conversation["protocol"] == "tcp" {
            let (handshake, close) = (&conversation["handshake"], &conversation["close"]);
            if handshake != "complete" || close != "fin" {
                wrong.push(format!("{name}: {verdict:?}, but handshake {handshake}, close {close}"));
            }
        }
        if verdict.starts_with("Reset") && !output.steps_of(conversation).any(|(_, step)| has_flag(step, "RST")) {
            wrong.push(format!("{name}: {verdict:?}, but no RST"));
        }
        if verdict.is_empty() || verdict.lines().count() > 3 {
            wrong.push(format!("{name}: {} lines", verdict.lines().count()));
        }
        for frame in frames_named(verdict) {
            if !output.steps.contains_key(&frame) {
                wrong.push(format!("{name}: the verdict names frame {frame}, which is no step"));
            }
        }
    }
    wrong
}

/// The frames at the end of each line of a verdict: `(frames 3, 5 and 2 more).`
fn frames_named(verdict: &str) -> Vec<u64> {
    let named = verdict.lines().filter_map(|line| line.rsplit_once("(frame"));
    named
        .flat_map(|(_, list)| list.trim_start_matches('s').split([',', ' ', ')']))
        .take_while(|word| *word != "and")
        .filter_map(|word| word.parse().ok())
        .collect()
}
