//! Every rule of every family explains some segment of a dialogue or of a capture in `fixtures`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use echolab::capture::file;
use echolab::explain::{Conversation, Step};
use echolab::model::{CaptureInfo, ClosedBy, ClosingCall};
use echolab::pipeline::{self, Options};
use echolab::report::{CaptureTotals, Sink};
use echolab::track::{Family, ListedRule, Probe, Rule, rules};

use crate::findings;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// The rules, and the positions of those that explained a segment.
struct Reached {
    rules: Vec<ListedRule>,
    reached: BTreeSet<usize>,
}

impl Reached {
    fn note<F: Family>(&mut self, rule: Option<&'static Rule<F>>) {
        let Some(rule) = rule else { return };
        self.reached.extend(self.rules.iter().position(|listed| listed.is(rule)));
    }

    fn read(&mut self, name: &str, bytes: Vec<u8>) {
        self.read_with(name, bytes, Options::default());
    }

    fn read_with(&mut self, name: &str, bytes: Vec<u8>, mut options: Options) {
        let mut source = file::from_reader(name.into(), Cursor::new(bytes)).unwrap();
        // a file that breaks off is read up to there
        drop(pipeline::run(&mut source, &mut options, &mut &mut *self));
    }
}

impl Sink for &mut Reached {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let Some(facts) = step.event.tcp() else { return Ok(()) };
        let seen = &facts.observations;
        self.note(facts.unacceptable.map(|(rule, _)| rule));
        self.note(facts.retransmission.map(|verdict| verdict.rule));
        self.note(facts.reset.map(|verdict| verdict.rule));
        match facts.probe {
            Some(Probe::Question { how, .. }) => self.note(Some(how.rule)),
            Some(Probe::Answer(answer)) => self.note(Some(answer.rule)),
            None => {}
        }
        self.note(seen.zero_window.map(|verdict| verdict.rule));
        self.note(seen.refused.map(|verdict| verdict.rule));
        self.note(seen.wait.map(|verdict| verdict.rule));
        self.note(seen.delayed_ack.map(|verdict| verdict.rule));
        self.note(seen.reused_ports.map(|verdict| verdict.rule));
        self.note(seen.duplicate_sack.map(|verdict| verdict.rule));
        self.note(seen.ecn.map(|verdict| verdict.rule));
        self.note(seen.arrived.map(|verdict| verdict.rule));
        Ok(())
    }

    fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

/// The captures below a folder.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // captures of every format, and files that are none
    let paths = paths.filter(|path| !path.ends_with("formats"));
    let below = |path: PathBuf| if path.is_dir() { captures(&path) } else { vec![path] };
    let ending = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng");
    paths.flat_map(below).filter(ending).collect()
}

#[test]
fn every_rule_explains_a_segment_of_a_dialogue_or_capture() {
    let mut all = Reached { rules: rules(), reached: BTreeSet::new() };
    for dialogue in findings::captures() {
        all.read("dialogue", dialogue);
    }
    for path in captures(Path::new(FIXTURES)) {
        all.read(&path.display().to_string(), fs::read(&path).unwrap());
    }
    // traced calls that became the RST of a capture
    for lingers in [false, true] {
        let call = ClosingCall { number: 9, by: ClosedBy::Close, unread: 5, lingers };
        let options = Options { closing: [(17, call)].into(), ..Options::default() };
        all.read_with("lab-v3", fs::read(Path::new(FIXTURES).join("lab-v3.pcap")).unwrap(), options);
    }
    let missed = all.rules.iter().enumerate().filter(|(position, _)| !all.reached.contains(position));
    let missed: Vec<_> = missed
        .map(|(_, rule)| format!("{} {}: {} ({})", rule.family, rule.position, rule.label, rule.code.name()))
        .collect();
    assert!(missed.is_empty(), "{} of {} rules explain nothing:\n{}", missed.len(), all.rules.len(), missed.join("\n"));
}
