//! Reports: the sink that the pipeline pushes into, the collected conversations, and the columns.
//!
//! Content is decided here, its appearance in a format one layer above.

mod advice;
mod answer_collector;
mod call_columns;
mod cell;
mod collector;
mod column;
mod conversation_columns;
mod exchange;
mod forward_sink;
pub(crate) mod ladder;
mod largest_conversations;
mod merged_sink;
mod part;
mod per_conversation;
mod ranking;
mod runs;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
mod selection;
mod seq_unwrapper;
pub(crate) mod series;
mod slots;
mod step_columns;
mod tally;
mod tee_sink;
mod titled_sink;
mod totals;
mod transcript;
mod triage;
mod view;
mod words;

use std::collections::HashSet;
use std::io;

pub(crate) use advice::{Advised, advice};
pub use answer_collector::AnswerCollector;
pub(crate) use call_columns::{CALL_COLUMNS, CONVERSATION};
pub(crate) use cell::{Cell, Tone};
pub use collector::{Bounds, Report};
pub(crate) use collector::{CollectedConversation, Collector, Renderer};
pub use column::Choice;
pub(crate) use column::{Align, Column, ConversationColumn, ConversationText, Room, StepColumn, StepText};
pub use conversation_columns::CONVERSATION_COLUMNS;
pub(crate) use conversation_columns::{FILE_COLUMN, VERDICT_COLUMN};
pub(crate) use exchange::{Exchange, Message};
pub(crate) use forward_sink::ForwardSink;
pub use largest_conversations::LargestConversations;
pub(crate) use merged_sink::MergedSink;
pub(crate) use part::{PARTS, Part, Parts};
pub(crate) use per_conversation::{
    KeptConversation, PerConversation, PerConversationCollector, PerConversationRenderer,
};
pub use ranking::Order;
pub(crate) use runs::{Run, runs};
pub use scan::Scan;
pub use selection::Selection;
pub(crate) use selection::SelectionSink;
pub use step_columns::COLUMNS;
pub(crate) use tally::Tally;
pub(crate) use tee_sink::TeeSink;
pub(crate) use titled_sink::TitledSink;
pub use totals::CaptureTotals;
pub(crate) use totals::{LeftOut, ScenarioShown};
pub(crate) use transcript::{CallTracer, TracedCall};
pub(crate) use triage::Triage;
pub use view::{PayloadView, View};
pub(crate) use words::{
    FindingLine, LedgerLine, call_note, capture_heading, capture_notes, capture_notes_of, capture_setting,
    capture_title, conversation_notes, conversation_title, finding_lines, finding_lines_of, foreign_packets_note,
    ledger_lines, page_notes_of, program_output, report_title, triage_lines, triage_title,
};
pub(crate) use words::{count, counted};

use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, PerDirection};
use crate::track::{Event, StreamId};

/// Takes what the pipeline pushes, in the order of the capture, and keeps or writes what it needs.
///
/// For each capture: `capture`, then every `step` in frame order with each `conversation` when it ends, then `finish`.
/// After the last capture `end`, which the pipeline leaves to its caller.
pub trait Sink {
    /// A capture begins.
    ///
    /// # Errors
    /// If the output can't be written; so for all methods.
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()>;

    /// Returns `true` if the sink looks at steps; if not, no step is explained for it. Once `false`, it stays `false`.
    fn wants_steps(&self) -> bool {
        true
    }

    /// A frame did something.
    ///
    /// # Errors
    /// If the output can't be written.
    fn step(&mut self, step: &Step<'_>) -> io::Result<()>;

    /// Returns `true` if the conversation of this step can still be shown; if not, nothing is kept of it for that
    /// purpose.
    ///
    /// Once it can't, it can't for good: a bound that is reached stays so until the capture ends.
    fn may_show(&self, _: &Event<'_>) -> bool {
        true
    }

    /// A conversation of the session itself begins, where others use its port as well: it is to be shown first.
    fn mark_own(&mut self, _: StreamId) {}

    /// Of the next capture these conversations are to be kept, and no others: the worst, which a first reading has found.
    fn prefer(&mut self, _: &HashSet<StreamId>) {}

    /// Returns `true` if the sink looks at conversations; if not, none is summed up for it, and no finding is counted.
    fn wants_conversations(&self) -> bool {
        true
    }

    /// A conversation has ended, or the capture has.
    ///
    /// # Errors
    /// If the output can't be written.
    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()>;

    /// A program of the session did something; told after all steps, in order of time.
    ///
    /// # Errors
    /// If the output can't be written.
    fn call(&mut self, _: &TracedCall) -> io::Result<()> {
        Ok(())
    }

    /// Takes the number of sends of each side's program; called where the programs are echolab's own.
    ///
    /// # Errors
    /// If the output can't be written.
    fn sends(&mut self, _: StreamId, _: PerDirection<u64>) -> io::Result<()> {
        Ok(())
    }

    /// Returns `true` if the sink shows calls; a format with a single purpose does not.
    fn shows_calls(&self) -> bool {
        false
    }

    /// No frame may come for a while: what was made of those before, and is held back only to be written together, is
    /// written.
    ///
    /// # Errors
    /// If the output can't be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// The capture has ended.
    ///
    /// # Errors
    /// If the output can't be written.
    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()>;

    /// A capture could not be read, or not to its end; told where several are shown as one.
    fn failed(&mut self, _file: &str, _why: &str) {}

    /// There are no more captures: what is still kept back is written.
    ///
    /// # Errors
    /// If the output can't be written.
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
