//! Every format over dialogues: what comes out is well-formed, and nothing in it acts on its reader's side.

use echolab::model::is_hidden;
use echolab::pipeline::{self, Options};
use echolab::render::{self, FORMATS, Format};
use echolab::report::{
    AnswerCollector, Bounds, COLUMNS, CONVERSATION_COLUMNS, Choice, LargestConversations, Order, PayloadView, Sink,
    View,
};

use super::dialogue::dialogue;
use super::frames::{Playback, Recorded};
use super::input::Input;

/// A dialogue in one format: the first two bytes choose format and options.
pub fn renderers(data: &[u8]) {
    let mut input = Input::new(data);
    let reports: Vec<_> = FORMATS.iter().copied().filter(|format| !format.is_capture_file()).collect();
    let format = input.choose(&reports);
    let choice = input.byte();
    let has = |bit: u8| choice >> bit & 1 == 1;
    let view = View {
        absolute: has(0),
        payload: if has(1) { PayloadView::Hex } else { PayloadView::Text },
        ascii: has(2),
        ..View::default()
    };
    let mut options = render::Options { view, ..render::Options::default() };
    if has(3) {
        options.columns = Choice::Only(COLUMNS.iter().collect());
        options.conversation_columns = Choice::Only(CONVERSATION_COLUMNS.iter().collect());
        options.width = 400;
    }
    options.bounds = match choice >> 4 & 3 {
        0 | 1 => Bounds::default(),
        2 => Bounds { conversations: 1, steps: 3, payload: 8, fold: true },
        _ => Bounds::NONE,
    };
    options.summary = choice >> 6 == 3;
    let text = written(format, &options, dialogue(input));
    let hidden = text.chars().find(|c| is_hidden(*c) && !matches!(c, '\n' | '\t'));
    assert_eq!(hidden, None, "{}", format.name);
    assert!(!options.view.ascii || text.is_ascii() || !["table", "lines", "markdown", "ladder"].contains(&format.name));
    well_formed(format.name, &text);
}

fn written(format: &Format, options: &render::Options, frames: Vec<Recorded>) -> String {
    let mut out = Vec::new();
    {
        let mut sink: Box<dyn Sink> = format.report(Box::new(&mut out), options).unwrap();
        if options.summary {
            sink = Box::new(LargestConversations::new(Order::Bytes, 2, sink));
        } else if format.answers {
            sink = Box::new(AnswerCollector::new(sink));
        }
        pipeline::run(&mut Playback::of(frames), &mut Options::default(), &mut *sink).unwrap();
        sink.end().unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn well_formed(format: &str, text: &str) {
    match format {
        "json" => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
        "jsonl" => text.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap())),
        "svg" | "graphs" => drop(roxmltree::Document::parse(text).unwrap()),
        "csv" => b",;|\t".iter().for_each(|separator| csv_cells(text, *separator)),
        "latex" => latex(text),
        "html" => {
            assert_eq!(text.matches("<script").count(), 1);
            // every drawing is XML within the page
            for drawing in text.split("<svg ").skip(1) {
                let (drawing, _) = drawing.split_once("</svg>").unwrap();
                roxmltree::Document::parse(&format!("<svg {drawing}</svg>")).unwrap();
            }
        }
        _ => {}
    }
}

/// As many cells in each row, and none that a spreadsheet computes.
fn csv_cells(text: &str, separator: u8) {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.delimiter(separator).flexible(separator != b',').from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in record.unwrap().iter() {
            let begun = cell.trim_start_matches(|c: char| c == '"' || c.is_whitespace());
            assert!(!begun.starts_with(['=', '+', '-', '@']) || begun.trim_end().parse::<f64>().is_ok(), "{cell}");
        }
    }
}

/// Braces and environments are closed in their order, and no command is left that a payload could have brought.
fn latex(text: &str) {
    let mut depth = 0_i64;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '%' => while chars.next_if(|c| *c != '\n').is_some() {},
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        assert!(depth >= 0, "a brace too much");
    }
    assert_eq!(depth, 0, "a brace is open");
    let mut open = Vec::new();
    for part in text.split('\\').skip(1) {
        if let Some((name, _)) = part.strip_prefix("begin{").and_then(|rest| rest.split_once('}')) {
            open.push(name);
        } else if let Some((name, _)) = part.strip_prefix("end{").and_then(|rest| rest.split_once('}')) {
            assert_eq!(open.pop(), Some(name));
        }
        for command in ["input", "write18", "include", "immediate", "openout", "def", "catcode"] {
            assert!(!part.starts_with(command), "\\{part}");
        }
    }
    assert!(open.is_empty(), "{open:?} is open");
}
