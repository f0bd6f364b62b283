//! echolab's own findings about each segment: `findings.txt` holds the findings that it must have, and no others.

use std::io::{self, Cursor};

use echolab::capture::file;
use echolab::explain::{Conversation, FindingDigest, Step, VerdictLine};
use echolab::model::CaptureInfo;
use echolab::pipeline::{self, Options};
use echolab::report::{AnswerCollector, CaptureTotals, Sink};

use crate::dialogue::{capture, dialogues, line};

const DIALOGUES: &str = include_str!("findings.txt");
/// MSS and SACK are agreed, and a round trip takes 20 ms, captured at the client.
const HANDSHAKE: [&str; 3] = ["c 0-0 S a0 o i1", "s 0-0 SA o +20000", "c 1-1 i2 +100"];

/// Each step's sentence, where its numbers come from, and its findings; the conversation's facts, with its verdict and the
/// shares of its time among them.
#[derive(Debug, Default)]
struct Said {
    steps: Vec<(String, Vec<(&'static str, String)>)>,
    facts: Vec<String>,
    digest: FindingDigest,
}

impl Sink for &mut Said {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let findings = step.findings.iter().map(|finding| (finding.code.name(), finding.text.to_string())).collect();
        let sums =
            [step.seq_arithmetic(), step.ack_arithmetic()].map(|sum| sum.map_or("-".to_owned(), |sum| sum.to_string()));
        self.digest.see(step);
        self.steps.push((format!("{} ({})", step.description(), sums.join(", ")), findings));
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let facts = conversation.facts();
        self.facts.extend(facts.iter().map(|fact| format!("{}: {}", fact.label, fact.text)));
        let verdict = conversation.verdict(&self.digest);
        let lines: Vec<_> = verdict.lines.iter().map(VerdictLine::text).collect();
        self.facts.push(format!("Verdict: {}: {}", verdict.severity.name(), lines.join(" ")));
        let shares = conversation.totals.ledger.iter().flat_map(|ledger| ledger.shares());
        let time: Vec<_> = shares
            .filter(|(_, share)| share.time.0 > 0)
            .map(|(wait, share)| format!("{} {}", wait.name(), share.time.human()))
            .collect();
        self.facts.push(format!("Time: {}", time.join(", ")));
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

/// A piece of text in quotes, and the rest.
fn quoted(text: &str) -> (&str, Vec<&str>) {
    let mut parts = text.split('"');
    let plain = parts.next().unwrap().trim();
    (plain, parts.step_by(2).collect())
}

/// A dialogue: its segments with what must be said of each, and the facts.
struct Script<'a> {
    title: &'a str,
    rows: Vec<(&'a str, &'a str)>,
    facts: Vec<&'a str>,
}

fn script(dialogue: &str) -> Script<'_> {
    let (title, rows) = dialogue.split_once('\n').unwrap();
    let (facts, rows): (Vec<&str>, Vec<&str>) = rows.lines().partition(|row| row.starts_with("fact "));
    let before: &[&str] = if title.ends_with("(bare)") { &[] } else { &HANDSHAKE };
    let rows = before.iter().copied().chain(rows).map(|row| row.split_once(" = ").unwrap_or((row, ""))).collect();
    Script { title, rows, facts }
}

/// The capture of each dialogue.
pub(crate) fn captures() -> Vec<Vec<u8>> {
    let of = |(dialogue, port): (&String, u16)| {
        let lines: Vec<_> = script(dialogue).rows.iter().map(|(segment, _)| line(segment, port)).collect();
        capture(&lines)
    };
    dialogues(DIALOGUES).iter().zip(10_000..).map(of).collect()
}

#[test]
fn every_segment_has_the_findings_that_its_dialogue_holds() {
    let dialogues = dialogues(DIALOGUES);
    assert!(dialogues.len() >= 10, "only {} dialogues", dialogues.len());
    let mut wrong = Vec::new();
    for (dialogue, port) in dialogues.iter().zip(10_000..) {
        let Script { title, rows, facts } = script(dialogue);
        let lines: Vec<_> = rows.iter().map(|(segment, _)| line(segment, port)).collect();
        let mut said = Said::default();
        let mut source = file::from_reader("dialogue".into(), Cursor::new(capture(&lines))).unwrap();
        pipeline::run(&mut source, &mut Options::default(), &mut AnswerCollector::new(&mut said)).unwrap();
        assert_eq!(said.steps.len(), rows.len(), "{title}");
        for ((segment, wanted), (sentence, findings)) in rows.iter().zip(&said.steps) {
            let (codes, pieces) = quoted(wanted);
            let found: Vec<_> = findings.iter().map(|(code, _)| *code).collect();
            if found != codes.split_whitespace().collect::<Vec<_>>() {
                wrong.push(format!("{title}: {segment}: not {codes:?}: {findings:?}"));
            }
            let texts = findings.iter().fold(sentence.clone(), |all, (_, text)| all + "\n" + text);
            for piece in pieces {
                if !texts.contains(piece) {
                    wrong.push(format!("{title}: {segment}: not {piece:?} in {texts}"));
                }
            }
        }
        for fact in facts {
            let (label, pieces) = quoted(fact.trim_start_matches("fact "));
            let all =
                said.facts.iter().find(|fact| fact.starts_with(label)).unwrap_or_else(|| panic!("{title}: {label}"));
            if !pieces.iter().all(|piece| all.contains(piece)) {
                wrong.push(format!("{title}: {pieces:?} not in {all}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} expectations do not hold:\n{}", wrong.len(), wrong.join("\n"));
}
