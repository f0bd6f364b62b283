//! `--format svg`: the sequence diagrams as one drawing that needs nothing else.
//!
//! No XML crate writes it: an SVG is a few kinds of element, and `canvas` is smaller than the code that would feed a
//! writer. That it is well-formed is proved by a parser in the tests.

mod arrow;
mod canvas;
mod document;
pub(crate) mod graph;
mod ladder;
mod lifeline;
mod theme;

use std::io::{self, Write};

pub(crate) use self::theme::STYLE;
use super::ladder::WITHOUT_STEPS;
use super::{Format, Options, Triaged};
use crate::model::CaptureInfo;
use crate::report::ladder::{Ladder, Trail};
use crate::report::{
    CaptureTotals, KeptConversation, PerConversationCollector, PerConversationRenderer, capture_notes_of, capture_title,
};
use crate::track::StreamId;

pub(super) static FORMAT: Format = Format {
    name: "svg",
    extension: "svg",
    about: "one sequence diagram per conversation, as SVG",
    streams: false,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| {
        let bounds = options.bounds;
        let ladders = Ladders {
            out: io::BufWriter::new(out),
            options: options.clone(),
            drawings: Vec::new(),
            titles: Vec::new(),
        };
        Box::new(PerConversationCollector::new(bounds.conversations, move || Trail::new(bounds), ladders))
    }),
};

/// A drawing whose top left corner is at 0, 0 and that is as wide as every other.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    /// SVG elements, without an `svg` element around them.
    markup: String,
    /// Its height in pixels.
    height: f32,
}

impl Drawing {
    /// Its height in pixels; it is 1,000 wide.
    pub(crate) fn height(&self) -> f32 {
        self.height
    }

    /// The drawing as an `svg` element for a page of HTML that holds [`STYLE`] once; `name` is what a screen reader says.
    pub(crate) fn element(&self, name: &str) -> String {
        document::element(self, name)
    }
}

/// Draws a ladder; `prefix` goes before the ids of its steps ([`step_id`]), so that several can share a page.
pub(crate) fn ladder(ladder: &Ladder, prefix: &str) -> Drawing {
    let (markup, height) = ladder::draw(ladder, prefix);
    Drawing { markup, height }
}

/// The id of the group of one step in a drawn ladder.
pub(crate) fn step_id(prefix: &str, stream: StreamId, step: u64) -> String {
    ladder::step_id(prefix, stream, step)
}

/// All captures go into one document, so it is written at the end.
struct Ladders<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    drawings: Vec<Drawing>,
    titles: Vec<String>,
}

impl<W: Write> PerConversationRenderer<Trail> for Ladders<W> {
    fn render(
        &mut self,
        info: &CaptureInfo,
        kept: &[KeptConversation<Trail>],
        totals: &CaptureTotals,
    ) -> io::Result<()> {
        self.titles.push(capture_title(info));
        let prefix = match self.titles.len() {
            1 => String::new(),
            number => format!("c{number}-"),
        };
        for conversation in kept.iter().filter(|conversation| conversation.kept.steps() > 0) {
            let ladder = Ladder::of(&conversation.conversation, &conversation.kept, &self.options.view);
            self.drawings.push(self::ladder(&ladder, &prefix));
        }
        let mut notes: Vec<_> = capture_notes_of(totals).into_iter().map(|note| note.text).collect();
        notes.extend(self.options.summary.then(|| WITHOUT_STEPS.to_owned()));
        self.drawings.push(document::notes(&notes));
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let document = document::around(&self.drawings, &self.titles.join(", "));
        self.out.write_all(document.as_bytes())?;
        self.out.flush()
    }
}
