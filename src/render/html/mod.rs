//! `--format html`: a report as one page that needs nothing else, to read, to print, and to play.
//!
//! Everything can be read without a script; the script adds what moves: filter, order, the link between table and
//! ladder, the replay. The page asks no network for anything, and its policy forbids it to.

mod escaper;
mod evidence;
mod header;
mod material;
mod page;
mod row;
mod section;

use std::io::{self, Write};

use askama::Template;

use self::evidence::Places;
use self::material::{Material, STEPS};
use self::page::{Capture, Entry, Page};
use self::section::Section;
use super::{Format, Options, svg};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::series::CaptureSeries;
use crate::report::{CaptureTotals, Gathered, GatheredRenderer, Gatherer, capture_notes_of, capture_title, counted};

pub(super) static FORMAT: Format = Format {
    name: "html",
    extension: "html",
    about: "a page with tables, ladders, graphs and a replay, in one file",
    streams: false,
    sink: |out, options| {
        let bounds = options.bounds;
        let html = Html::new(out, options);
        Box::new(Gatherer::new(bounds.conversations, move || Material::new(bounds), html))
    },
};

/// A page takes no further conversation when it has so many bytes.
const MOST: usize = 8_000_000;

/// All captures go into one page, so it is written at the end.
struct Html<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    series: CaptureSeries,
    captures: Vec<String>,
    titles: Vec<String>,
    bytes: usize,
}

impl<W: Write> Html<W> {
    fn new(out: W, options: &Options) -> Self {
        Self {
            out: io::BufWriter::new(out),
            options: options.clone(),
            series: CaptureSeries::default(),
            captures: Vec::new(),
            titles: Vec::new(),
            bytes: 0,
        }
    }
}

impl<W: Write> GatheredRenderer<Material> for Html<W> {
    fn step(&mut self, step: &Step<'_>) {
        self.series.step(step);
    }

    fn conversation(&mut self, conversation: &Conversation) {
        self.series.conversation(conversation);
    }

    fn render(&mut self, info: &CaptureInfo, kept: &[Gathered<Material>], totals: &CaptureTotals) -> io::Result<()> {
        let title = capture_title(info);
        self.titles.push(title.clone());
        let prefix = match self.titles.len() {
            1 => String::new(),
            number => format!("c{number}-"),
        };
        let mut totals = totals.clone();
        let (mut sections, mut entries, mut grave) = (Vec::new(), Vec::new(), Vec::new());
        let mut full = false;
        for gathered in kept {
            let steps = gathered.kept.trail.steps();
            let mut shown = !self.options.summary && steps > 0 && !full;
            if shown {
                let places = Places::of(&gathered.kept.steps, &prefix);
                let section = Section::of(gathered, &prefix, &self.options, &places, kept.len());
                let markup = section.render().map_err(io::Error::other)?;
                full = self.bytes + markup.len() > MOST && !sections.is_empty();
                shown = !full;
                if shown {
                    self.bytes += markup.len();
                    grave.extend(section.grave());
                    totals.left_out.steps += gathered.kept.steps_left_out;
                    sections.push(markup);
                }
            }
            if !shown && steps > 0 {
                totals.left_out.steps += steps;
                totals.left_out.conversations += 1;
            }
            entries.push(Entry {
                conversation: &gathered.conversation,
                target: shown.then(|| section::id(&gathered.conversation, &prefix)),
            });
        }
        let mut notes: Vec<_> = capture_notes_of(&totals).into_iter().map(|note| note.text).collect();
        if full || kept.iter().any(|gathered| gathered.kept.steps.len() >= STEPS && gathered.kept.steps_left_out > 0) {
            notes.push(format!(
                "A page holds the first {} of a conversation, and about {} MB in all; the other formats show everything",
                counted(STEPS as u64, "step"),
                MOST / 1_000_000
            ));
        }
        let series = std::mem::take(&mut self.series);
        let graphs = svg::graph::of_capture(&title, &series).element(&format!("Graphs of {title}"));
        let capture = Capture::of(info, &prefix, title, entries, notes, graphs, grave, sections, &self.options);
        self.captures.push(capture.render().map_err(io::Error::other)?);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let page = Page::of(self.titles.join(", "), std::mem::take(&mut self.captures));
        page.write_into(&mut self.out)?;
        self.out.flush()
    }
}
