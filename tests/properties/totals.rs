//! The totals of findings are the same whatever is shown.

use echolab::model::{FindingCounts, Severity};
use echolab::pipeline::{self, Options};
use echolab::render::{self, FORMATS};
use echolab::report::{Bounds, COLUMNS, Choice, LargestConversations, Order, Scan, Selection};

use super::frames::{Playback, Recorded};

/// The totals of a capture where none of it is shown.
fn expected(frames: &[Recorded]) -> FindingCounts {
    let wanted = Selection::default();
    let mut scan = Scan::new(&wanted, 1);
    pipeline::run(&mut Playback::of(frames.to_vec()), &mut Options::default(), &mut scan).unwrap().findings_count
}

/// Writes the capture in a format and gives what was written.
fn written(frames: &[Recorded], format: &render::Format, options: &render::Options) -> (String, FindingCounts) {
    let mut out = Vec::new();
    let totals = {
        let sink = format.open(Box::new(&mut out), options).unwrap();
        let mut sink = match options.summary {
            true => Box::new(LargestConversations::new(Order::Trouble, 1, sink)),
            false => sink,
        };
        let totals = pipeline::run(&mut Playback::of(frames.to_vec()), &mut Options::default(), &mut *sink).unwrap();
        sink.end().unwrap();
        totals
    };
    (String::from_utf8(out).unwrap(), totals.findings_count)
}

/// Holds every format, with these bounds, against the totals.
pub(crate) fn hold(frames: &[Recorded], limit: usize, conversations: usize) {
    let expected = expected(frames);
    let bounds = Bounds { conversations, steps: limit, payload: 16, fold: true };
    let columns = Choice::Only(COLUMNS.iter().take(limit + 1).collect());
    for (summary, triage) in [(false, false), (false, true), (true, false)] {
        let columns = columns.clone();
        let options = render::Options { bounds, columns, summary, triage, width: 2_000, ..render::Options::default() };
        let reports = FORMATS.iter().filter(|format| !format.is_capture_file());
        for format in reports.filter(|format| summary || !format.streams || format.name == "jsonl") {
            let (text, totals) = written(frames, format, &options);
            assert_eq!(totals, expected, "{}", format.name);
            match format.name {
                "json" | "jsonl" => assert_eq!(last_counts(&text), as_json(&expected), "{}", format.name),
                "table" | "markdown" => {
                    for severity in Severity::ALL {
                        let total: u64 = expected.of_severity(severity).iter().map(|(_, count)| count).sum();
                        let line = format!("{total} {}{}: ", severity.name(), if total == 1 { "" } else { "s" });
                        assert_eq!(text.contains(&line), total > 0, "{}: {line} in {text}", format.name);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The last `findings_count` of a text in JSON, which is that of the summary.
fn last_counts(text: &str) -> String {
    let (_, counts) = text.rsplit_once("\"findings_count\":").unwrap();
    counts[..=counts.find('}').unwrap()].to_owned()
}

fn as_json(counts: &FindingCounts) -> String {
    let codes: Vec<_> = counts.iter().map(|(code, count)| format!("\"{code}\":{count}")).collect();
    format!("{{{}}}", codes.join(","))
}
