//! `--format svg`: the sequence diagrams as one drawing that needs nothing else.
//!
//! No XML crate writes it: an SVG is a few kinds of element, and `canvas` is smaller than the code that would feed a
//! writer. That it is well-formed is proved by a parser in the tests.

mod arrow;
mod canvas;
mod document;
mod ladder;
mod lifeline;
mod theme;

use std::io::{self, Write};

pub use self::theme::STYLE;
use super::{Format, Options};
use crate::model::CaptureInfo;
use crate::report::ladder::{Ladder, Trail};
use crate::report::{CaptureTotals, Gathered, GatheredRenderer, Gatherer, capture_title};

pub(super) static FORMAT: Format = Format {
    name: "svg",
    extension: "svg",
    about: "a sequence diagram a conversation, drawn",
    streams: false,
    sink: |out, options| {
        let bounds = options.bounds;
        let drawing = Drawing {
            out: io::BufWriter::new(out),
            options: options.clone(),
            fragments: Vec::new(),
            titles: Vec::new(),
        };
        Box::new(Gatherer::new(bounds.conversations, move || Trail::new(bounds), drawing))
    },
};

/// All captures go into one document, so it is written at the end.
struct Drawing<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    fragments: Vec<(String, f32)>,
    titles: Vec<String>,
}

impl<W: Write> GatheredRenderer<Trail> for Drawing<W> {
    fn render(&mut self, info: &CaptureInfo, kept: &[Gathered<Trail>], _: &CaptureTotals) -> io::Result<()> {
        self.titles.push(capture_title(info));
        let prefix = match self.titles.len() {
            1 => String::new(),
            number => format!("c{number}-"),
        };
        for conversation in kept {
            let ladder = Ladder::of(&conversation.conversation, &conversation.kept, &self.options.view);
            self.fragments.push(ladder::draw(&ladder, &prefix));
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let document = document::around(&self.fragments, &self.titles.join(", "));
        self.out.write_all(document.as_bytes())?;
        self.out.flush()
    }
}
