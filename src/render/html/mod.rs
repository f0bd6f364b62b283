//! `--format html`: a report as one page that needs nothing else, to read, to print, and to play.
//!
//! Everything can be read without a script; the script adds what moves: filter, order, the link between table and
//! ladder, the replay. The page asks no network for anything, and its policy forbids it to.

mod answers;
mod conversation_state;
mod escaper;
mod evidence;
mod header;
mod page;
mod row;
mod section;

use std::collections::HashMap;
use std::io::{self, Write};

use askama::Template;

use self::conversation_state::{ConversationState, STEPS};
use self::evidence::FindingView;
use self::page::{Capture, Content, Entry, Page};
use self::section::Section;
use super::{Format, Options, Triaged, svg};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::series::CaptureSeries;
use crate::report::{
    AnswerCollector, CaptureTotals, KeptConversation, PerConversationCollector, PerConversationRenderer, TracedCall,
    call_note, capture_heading, counted, page_notes_of,
};
use crate::track::StreamId;

pub(super) static FORMAT: Format = Format {
    name: "html",
    extension: "html",
    about: "one self-contained page with tables, ladders, graphs and a replay",
    streams: false,
    headers: true,
    answers: true,
    triage: Triaged::Before,
    sink: Some(|out, options| {
        let bounds = options.bounds;
        let html = Html::new(out, options);
        Box::new(AnswerCollector::new(PerConversationCollector::new(
            bounds.conversations,
            move || ConversationState::new(bounds),
            html,
        )))
    }),
};

/// Size in bytes from which a page takes no further conversation.
const MAX_BYTES: usize = 8_000_000;

fn stream_of(conversation: &Conversation) -> StreamId {
    conversation.totals.stream
}

/// All captures go into one page, so it is written at the end.
struct Html<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    series: CaptureSeries,
    calls: Vec<TracedCall>,
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
            calls: Vec::new(),
            captures: Vec::new(),
            titles: Vec::new(),
            bytes: 0,
        }
    }
}

impl<W: Write> PerConversationRenderer<ConversationState> for Html<W> {
    fn step(&mut self, step: &Step<'_>) {
        self.series.step(step);
    }

    fn conversation(&mut self, conversation: &Conversation) {
        self.series.conversation(conversation);
    }

    fn call(&mut self, call: &TracedCall) {
        self.calls.push(call.clone());
    }

    fn shows_calls(&self) -> bool {
        true
    }

    fn render(
        &mut self,
        info: &CaptureInfo,
        kept: &[KeptConversation<ConversationState>],
        totals: &CaptureTotals,
    ) -> io::Result<()> {
        let title = capture_heading(info);
        self.titles.push(title.clone());
        let prefix = match self.titles.len() {
            1 => String::new(),
            number => format!("c{number}-"),
        };
        let mut totals = totals.clone();
        let (mut sections, mut entries, mut verdict) = (Vec::new(), Vec::new(), None);
        // the worst first: a page holds only so much
        let place = |stream| {
            let mut worst = totals.triage.iter().flat_map(|worst| &worst.conversations);
            worst.position(|conversation| stream_of(conversation) == stream).unwrap_or(usize::MAX)
        };
        let mut kept: Vec<_> = kept.iter().collect();
        if totals.triage.is_some() {
            kept.sort_by_cached_key(|gathered| place(gathered.conversation.totals.stream));
        }
        for gathered in kept.iter().copied() {
            let mut target = None;
            let steps = gathered.kept.trail.steps();
            if steps > 0 && self.bytes < MAX_BYTES {
                let section = Section::of(gathered, &prefix, &self.options, kept.len());
                let markup = section.render().map_err(io::Error::other)?;
                self.bytes += markup.len();
                if self.bytes < MAX_BYTES || self.bytes == markup.len() {
                    target = Some(section.id().to_owned());
                    totals.left_out.steps += gathered.kept.steps_left_out;
                    verdict = section.judged();
                    sections.push(markup);
                }
            }
            if target.is_none() && steps > 0 {
                totals.left_out.steps += steps;
                totals.left_out.conversations += 1;
            }
            entries.push(Entry { conversation: &gathered.conversation, target });
        }
        let worst = totals.triage.clone();
        if let Some(worst) = &worst {
            // the worst of all instead of those that came first
            let targets: HashMap<_, _> =
                entries.into_iter().map(|entry| (entry.conversation.totals.stream, entry.target)).collect();
            let entry =
                |conversation| Entry { conversation, target: targets.get(&stream_of(conversation)).cloned().flatten() };
            entries = worst.conversations.iter().map(entry).collect();
        }
        let of_capture = std::mem::take(&mut totals.findings).into_iter().map(FindingView::of_capture).collect();
        let mut notes: Vec<_> = page_notes_of(&totals).into_iter().map(|note| note.text).collect();
        let cut = |gathered: &KeptConversation<ConversationState>| {
            gathered.kept.steps.len() >= STEPS && gathered.kept.steps_left_out > 0
        };
        if self.bytes >= MAX_BYTES || kept.iter().copied().any(cut) {
            notes.push(format!(
                "A page holds the first {} of a conversation, and about {} MB in all; other formats have no such bound",
                counted(STEPS as u64, "step"),
                MAX_BYTES / 1_000_000
            ));
        }
        let series = std::mem::take(&mut self.series);
        let graphs = svg::graph::of_capture(&title, &series).element(&format!("Graphs of {title}"));
        let calls = std::mem::take(&mut self.calls);
        notes.extend(call_note(&calls).map(str::to_owned));
        let content = Content { entries, of_capture, verdict, calls, notes, graphs, sections };
        let capture = Capture::of(info, &totals, &prefix, content, &self.options);
        self.captures.push(capture.render().map_err(io::Error::other)?);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let page = Page::of(self.titles.join(", "), std::mem::take(&mut self.captures));
        page.write_into(&mut self.out)?;
        self.out.flush()
    }
}
