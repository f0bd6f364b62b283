//! `--format graphs`: what a conversation and a capture look like over time.

mod axis;
mod capture;
mod conversation;
mod panel;

use std::cmp::Reverse;
use std::io::{self, Write};

use super::{Drawing, document};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::render::{Format, Options, Triaged};
use crate::report::counted;
use crate::report::series::{CaptureSeries, ConversationSeries};
use crate::report::{
    CaptureTotals, KeptConversation, PerConversationCollector, PerConversationRenderer, View, capture_notes_of,
    capture_title, conversation_title,
};

pub(in crate::render) static FORMAT: Format = Format {
    name: "graphs",
    extension: "svg",
    about: "sequence numbers, round trips, bytes in flight and throughput over time, as SVG",
    streams: false,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| {
        let graphs = Graphs {
            out: io::BufWriter::new(out),
            options: options.clone(),
            series: CaptureSeries::default(),
            drawings: Vec::new(),
            titles: Vec::new(),
        };
        Box::new(PerConversationCollector::new(options.bounds.conversations, ConversationSeries::default, graphs))
    }),
};

/// Most conversations that are drawn.
const DRAWN: usize = 24;

/// Draws the graphs of one conversation; `None` where there is nothing to draw.
pub(crate) fn of_conversation(
    conversation: &Conversation,
    series: &ConversationSeries,
    view: &View,
) -> Option<Drawing> {
    let title = conversation_title(&conversation.totals, view);
    let (markup, height) = conversation::draw(&title, &conversation.totals, series)?;
    Some(Drawing { markup, height })
}

/// Draws the graphs of a capture under this title.
pub(crate) fn of_capture(title: &str, series: &CaptureSeries) -> Drawing {
    let (markup, height) = capture::draw(title, series);
    Drawing { markup, height }
}

/// All captures go into one document, so it is written at the end.
struct Graphs<W: Write> {
    out: io::BufWriter<W>,
    options: Options,
    series: CaptureSeries,
    drawings: Vec<Drawing>,
    titles: Vec<String>,
}

impl<W: Write> PerConversationRenderer<ConversationSeries> for Graphs<W> {
    fn step(&mut self, step: &Step<'_>) {
        self.series.step(step);
    }

    fn conversation(&mut self, conversation: &Conversation) {
        self.series.conversation(conversation);
    }

    fn render(
        &mut self,
        info: &CaptureInfo,
        kept: &[KeptConversation<ConversationSeries>],
        totals: &CaptureTotals,
    ) -> io::Result<()> {
        let series = std::mem::take(&mut self.series);
        let mut largest: Vec<_> = kept.iter().collect();
        largest.sort_by_key(|gathered| {
            let bytes = gathered.conversation.totals.bytes;
            Reverse(bytes.client_to_server.saturating_add(bytes.server_to_client))
        });
        let title = capture_title(info);
        self.drawings.push(of_capture(&title, &series));
        let mut notes: Vec<_> = capture_notes_of(totals).into_iter().map(|note| note.text).collect();
        let left_out = kept.len().saturating_sub(DRAWN) as u64;
        if left_out > 0 {
            notes.push(format!(
                "Below are the {DRAWN} largest conversations; the graphs of {} are left out (--conversation chooses)",
                counted(left_out, "smaller one")
            ));
        }
        self.drawings.push(document::notes(&notes));
        for KeptConversation { conversation, kept } in largest.into_iter().take(DRAWN) {
            self.drawings.extend(of_conversation(conversation, kept, &self.options.view));
        }
        self.titles.push(title);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(document::around(&self.drawings, &self.titles.join(", ")).as_bytes())?;
        self.out.flush()
    }
}
