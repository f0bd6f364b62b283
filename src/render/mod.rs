//! Report to bytes, one file a format.
//!
//! A format takes what the floor below decided to show and writes it in its own medium. All text that comes from a
//! capture goes through [`escape`] on its way, so that no captured byte can act on the reader's side.

mod buffer;
mod csv;
pub mod escape;
mod exchange;
mod fit;
mod grid;
mod html;
mod json;
mod jsonl;
mod ladder;
mod latex;
mod layout;
mod lines;
mod live;
mod markdown;
mod mermaid;
mod pcapng;
mod record;
pub(crate) mod svg;
mod table;

use std::io::Write;

pub(crate) use live::live;

use crate::report::{Bounds, Choice, ConversationText, Parts, Room, Sink, StepText, Triage, View};

/// An output format: a new one is one file and one line in [`FORMATS`].
pub struct Format {
    /// The name on the command line.
    pub name: &'static str,
    /// The usual ending of a file's name.
    pub extension: &'static str,
    /// Its purpose, in a line.
    pub about: &'static str,
    /// `true` if it writes while it reads, in constant memory; others collect a bounded part first.
    pub streams: bool,
    /// `true` if it shows the bytes of headers, which are not available when frames are read ahead.
    pub headers: bool,
    /// `true` if it shows the answers of a conversation; others have no place for them.
    pub answers: bool,
    /// The form in which it shows a capture of many conversations.
    pub triage: Triaged,
    /// Makes the sink that writes it to `out`; `None` for a capture file, whose frames `pipeline::annotate` copies.
    pub sink: Option<MakeSink>,
}

/// Makes the sink that writes a report to `out`.
pub type MakeSink = for<'a> fn(out: Box<dyn Write + 'a>, options: &Options) -> Box<dyn Sink + 'a>;

/// The form in which a format shows the worst conversations of a capture that has too many to show each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triaged {
    /// It has no place for them.
    No,
    /// Instead of the steps.
    Instead,
    /// Before the steps.
    Before,
}

/// Most conversations that are shown step by step unless more is asked for.
pub const SHOWN: usize = 20;

/// Most of the worst conversations that a triage lists.
const WORST: usize = 50;

impl Format {
    /// Returns `true` if it shows parts of a conversation that can be chosen.
    pub fn has_parts(&self) -> bool {
        self.triage != Triaged::No
    }

    /// Returns `true` if it is a capture file with a comment for each packet, not a report.
    pub fn is_capture_file(&self) -> bool {
        self.sink.is_none()
    }

    /// The sink that writes this format to `out`, without a triage; `None` for a capture file.
    pub fn report<'a>(&self, out: Box<dyn Write + 'a>, options: &Options) -> Option<Box<dyn Sink + 'a>> {
        self.sink.map(|make| make(out, options))
    }

    /// The sink that writes this format to `out`, with a triage where that is asked for and the format has a place for it;
    /// `None` for a capture file.
    pub fn open<'a>(&self, out: Box<dyn Write + 'a>, options: &Options) -> Option<Box<dyn Sink + 'a>> {
        let sink = self.report(out, options)?;
        Some(match (options.triage, self.triage) {
            (false, _) | (true, Triaged::No) => sink,
            (true, Triaged::Instead) => Box::new(Triage::new(SHOWN, WORST, false, sink)),
            (true, Triaged::Before) => Box::new(Triage::new(SHOWN, WORST, true, sink)),
        })
    }
}

/// Every format.
pub static FORMATS: &[&Format] = &[
    &table::FORMAT,
    &markdown::FORMAT,
    &csv::FORMAT,
    &lines::FORMAT,
    &json::FORMAT,
    &jsonl::FORMAT,
    &ladder::FORMAT,
    &svg::FORMAT,
    &mermaid::FORMAT,
    &svg::graph::FORMAT,
    &html::FORMAT,
    &latex::FORMAT,
    &pcapng::FORMAT,
];

/// The format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.name == name)
}

/// The narrowest line that a table fits in.
pub const MIN_WIDTH: u16 = 60;

/// The columns that have room in a line of `width` characters.
pub fn room(width: usize) -> Room {
    match width {
        0..70 => Room::Tight,
        70..76 => Room::Snug,
        76..110 => Room::Narrow,
        _ => Room::Wide,
    }
}

/// Options of a format.
#[derive(Clone, Debug)]
pub struct Options {
    /// Display options for values.
    pub view: View,
    /// The columns asked for.
    pub columns: Choice<StepText>,
    /// The columns asked for in a table of conversations.
    pub conversation_columns: Choice<ConversationText>,
    /// Most characters in a line of a table.
    pub width: usize,
    /// `true` to colour.
    pub color: bool,
    /// `true` if there are several captures, so that every line must name its own.
    pub several: bool,
    /// Conversations only.
    pub summary: bool,
    /// `true` if the steps were shown as they came, so that a table need not repeat them.
    pub steps_shown: bool,
    /// The bounds of collecting formats.
    pub bounds: Bounds,
    /// The command that made the report, as a shell would take it.
    pub command: Option<String>,
    /// Makes the command that analyses a capture, as a shell would take it.
    pub analyze: Option<fn(&str) -> String>,
    /// `true` if a capture of many conversations is shown by its worst ones.
    pub triage: bool,
    /// The parts of a conversation that are shown.
    pub parts: Parts,
    /// Only what goes into a document: no head and no end of one.
    pub fragment: bool,
    /// Drawings that lie beside the report: their titles and files.
    pub drawings: &'static [(&'static str, &'static str)],
}

/// Plain text in 80 columns.
impl Default for Options {
    fn default() -> Self {
        Self {
            view: View::default(),
            columns: Choice::Usual,
            conversation_columns: Choice::Usual,
            width: 80,
            color: false,
            several: false,
            summary: false,
            steps_shown: false,
            bounds: Bounds::default(),
            command: None,
            analyze: None,
            triage: false,
            parts: Parts::default(),
            fragment: false,
            drawings: &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::is_hidden;
    use crate::report::samples::{C, S, datagram, play, segment, ten_steps, unreachable};
    use crate::report::{COLUMNS, CONVERSATION_COLUMNS};

    /// Payloads that try to get out of every medium.
    const HOSTILE: &[&[u8]] = &[
        b"a|b\\c|",
        b"\x1b[31mred\x1b]0;title\x07",
        "\u{202e}txt.exe\u{2066}".as_bytes(),
        "\u{9b}2J\u{85}".as_bytes(),
        b"nul\0nul",
        b"=cmd()|' /C calc'!A0",
        b"x;=1;\"+1+1;\"\"@a\t-2+3| -3+4",
        b"one\r\ntwo\n\n| three |",
        b"<script>alert(1)</script>",
        b"\"quoted\",comma",
        b"\xff\xfe\x80 not UTF-8 \xc3",
        b"](http://x.example) `code` *b* _i_",
        "\u{2028}\u{2029}\u{feff}\u{e0041}".as_bytes(),
    ];

    fn written(format: &Format, options: &Options, frames: &[Vec<u8>]) -> String {
        let mut out = Vec::new();
        {
            let mut sink = format.report(Box::new(&mut out), options).expect("a report");
            play(frames, &mut *sink);
            sink.end().expect("written");
        }
        String::from_utf8(out).expect("UTF-8")
    }

    fn every_column() -> Options {
        let columns = Choice::Only(COLUMNS.iter().collect());
        let conversation_columns = Choice::Only(CONVERSATION_COLUMNS.iter().collect());
        Options { columns, conversation_columns, width: 400, ..Options::default() }
    }

    #[test]
    fn names_are_unique_and_found() {
        for wanted in FORMATS {
            assert!(std::ptr::eq(format(wanted.name).expect("in the registry"), *wanted), "{}", wanted.name);
        }
    }

    #[test]
    fn no_captured_byte_acts_on_the_reader() {
        for format in FORMATS.iter().filter(|format| !format.is_capture_file()) {
            let calm = written(format, &every_column(), &[segment(C, "P.", 1, 1, b"calm")]);
            for payload in HOSTILE {
                let step = segment(C, "P.", 1, 1, payload);
                for options in [every_column(), Options::default()] {
                    let text = written(format, &options, std::slice::from_ref(&step));
                    let bad = text.chars().find(|c| !matches!(c, '\n' | '\t') && is_hidden(*c));
                    assert_eq!(bad, None, "{}: {text}", format.name);
                }
                let text = written(format, &every_column(), &[step]);
                assert_eq!(text.lines().count(), calm.lines().count(), "{}: {text}", format.name);
            }
        }
    }

    #[test]
    fn csv_cell_never_starts_a_formula() {
        let steps: Vec<_> = HOSTILE.iter().map(|payload| segment(C, "P.", 1, 1, payload)).collect();
        let text = written(format("csv").expect("a format"), &every_column(), &steps);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let payload = reader.headers().expect("a head").iter().position(|name| name == "payload").expect("a column");
        let cells: Vec<String> =
            reader.records().map(|record| record.expect("a row").get(payload).expect("a cell").to_owned()).collect();
        assert_eq!(cells.len(), HOSTILE.len());
        assert_eq!(cells.iter().find(|cell| cell.starts_with(['=', '+', '-', '@'])), None);
        assert_eq!(cells.get(5).map(String::as_str), Some("'=cmd()|' /C calc'!A0"));
        // a spreadsheet may take another character for the separator, and knows no quotes then
        for separator in [b',', b';', b'|', b'\t'] {
            for quoting in [true, false] {
                let mut reader = ::csv::ReaderBuilder::new();
                let mut reader =
                    reader.delimiter(separator).quoting(quoting).flexible(true).from_reader(text.as_bytes());
                for record in reader.records().map(|record| record.expect("a row")) {
                    for cell in record.iter() {
                        let begun = cell.trim_start_matches(['"', ' ']);
                        assert!(!begun.starts_with(['=', '+', '-', '@']) || begun.parse::<f64>().is_ok(), "{cell}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_markdown_table_keeps_its_cells() {
        for payload in HOSTILE {
            let step = segment(C, "P.", 1, 1, payload);
            let text = written(format("markdown").expect("a format"), &every_column(), &[step]);
            let table = text.lines().skip_while(|line| !line.starts_with('|'));
            let rows: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
            assert_eq!(rows.len(), 3, "{text}");
            for row in rows {
                // a cell border is a bar that no backslash escapes
                let escaped = row.replace("\\\\", "").replace("\\|", "");
                assert_eq!(escaped.matches('|').count(), COLUMNS.len() + 1, "{row}");
            }
        }
    }

    #[test]
    fn json_gives_the_same_records_as_jsonl() {
        let steps = ten_steps();
        let lines = written(format("jsonl").expect("a format"), &Options::default(), &steps);
        let mut want: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let document = written(format("json").expect("a format"), &Options::default(), &steps);
        let document: serde_json::Value = serde_json::from_str(&document).expect("a document");
        let capture = &document["captures"][0];
        let mut got = vec![capture["capture"].clone()];
        for list in ["steps", "conversations"] {
            got.extend(capture[list].as_array().expect("a list").iter().cloned());
        }
        got.push(capture["summary"].clone());
        let summary = want.last_mut().and_then(|summary| summary.as_object_mut()).expect("a summary");
        summary.insert("left_out".into(), serde_json::Value::Null);
        assert_eq!(got, want);
    }

    #[test]
    fn json_without_a_capture_is_a_document() {
        let mut out = Vec::new();
        let json = format("json").expect("a format");
        json.report(Box::new(&mut out), &Options::default()).expect("a report").end().expect("written");
        let document: serde_json::Value = serde_json::from_slice(&out).expect("a document");
        assert_eq!(document, serde_json::json!({"captures": []}));
    }

    #[test]
    fn omitted_records_are_counted() {
        let bounds = Bounds { conversations: 1, steps: 4, payload: 8, fold: true };
        let options = Options { bounds, ..Options::default() };
        let steps = ten_steps();
        let document = written(format("json").expect("a format"), &options, &steps);
        let document: serde_json::Value = serde_json::from_str(&document).expect("a document");
        let summary = &document["captures"][0]["summary"];
        assert_eq!(summary["left_out"], serde_json::json!({"conversations": 0, "steps": 6, "findings": 0}));
        assert_eq!(summary["frames"], 10);
        for name in ["table", "markdown"] {
            let text = written(format(name).expect("a format"), &options, &steps);
            assert!(text.contains("6 more steps") && text.contains("6 steps"), "{text}");
        }
    }

    #[test]
    fn tables_keep_within_their_width() {
        for width in [usize::from(MIN_WIDTH), 80, 120] {
            let options = Options { width, ..Options::default() };
            let text = written(format("table").expect("a format"), &options, &ten_steps());
            let widest = text.lines().map(unicode_width::UnicodeWidthStr::width).max();
            assert!(widest <= Some(width), "{widest:?} at {width}:\n{text}");
        }
    }

    #[test]
    fn wide_numbers_and_flags_cost_the_window_first_then_the_length() {
        let data = vec![b'a'; 4_096];
        let mut steps = ten_steps();
        steps.truncate(3);
        steps.extend([segment(C, "P.", 12_289, 1, &data), segment(C, "FP.", 16_385, 1, &data)]);
        steps.push(segment(S, ".", 1, 20_482, b""));
        for (width, wanted) in [
            (80, " # time direction flags seq ack what happens"),
            (115, " # time direction flags seq ack len what happens"),
        ] {
            let options = Options { width, ..Options::default() };
            let text = written(format("table").expect("a format"), &options, &steps);
            let head = text.lines().find(|line| line.trim_start().starts_with('#')).expect("a head");
            let head: Vec<_> = head.split_whitespace().collect();
            assert_eq!(head.join(" "), wanted.trim_start(), "at {width}:\n{text}");
        }
    }

    #[test]
    fn ascii_is_ascii() {
        let view = View { ascii: true, ..View::default() };
        for name in ["table", "markdown", "lines"] {
            let long = [ten_steps(), vec![segment(C, "P.", 13, 13, "µ".repeat(500).as_bytes())]].concat();
            for options in [Options::default(), every_column()] {
                let options = Options { view: view.clone(), ..options };
                let text = written(format(name).expect("a format"), &options, &long);
                assert!(text.is_ascii(), "{name}: {text}");
            }
        }
    }

    #[test]
    fn lines_read_as_documented() {
        let steps = ten_steps();
        let text = written(format("lines").expect("a format"), &Options::default(), &steps);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines.first().copied(),
            Some("2024-05-05T12:34:56.000017000Z tcp:0 c>s 127.0.0.1:51234 > 127.0.0.1:6542 [S] seq 0 win 512 len 0")
        );
        assert_eq!(
            lines.get(3).copied(),
            Some(
                "2024-05-05T12:34:56.000068000Z tcp:0 c>s 127.0.0.1:51234 > 127.0.0.1:6542 [P.] seq 1:13 ack 1 win 512 \
                 len 12"
            )
        );
        let steps = [segment(C, "P.", 1, 1, b"again"), segment(C, "P.", 1, 1, b"again")];
        let text = written(format("lines").expect("a format"), &Options::default(), &steps);
        assert!(text.contains(" len 5 analysis retransmission findings "), "{text}");
        let request = datagram(C, b"hi");
        let udp = [request.clone(), unreachable(&request)];
        let text = written(format("lines").expect("a format"), &Options::default(), &udp);
        let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').map_or("", |(_, rest)| rest)).collect();
        assert_eq!(
            lines,
            [
                "udp:0 c>s 127.0.0.1:51234 > 127.0.0.1:6542 len 2",
                "udp:0 s>c 127.0.0.1:6542 > 127.0.0.1:51234 icmp port unreachable quotes frame 1 \
                 findings port_unreachable"
            ]
        );
    }
}
