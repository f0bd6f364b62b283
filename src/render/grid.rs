//! Columns and rows of a table, before a format draws them.

use std::collections::HashMap;

use super::Options;
use crate::explain::{AnswerTable, Conversation, FindingDigest, Step};
use crate::model::Severity;
use crate::report::ladder::deliveries;
use crate::report::{
    Align, CALL_COLUMNS, COLUMNS, CONVERSATION, CONVERSATION_COLUMNS, Cell, Choice, Column, ConversationColumn,
    FILE_COLUMN, Report, Room, Run, StepColumn, Tone, TracedCall, VERDICT_COLUMN, counted, runs,
};

/// A table: a head and rows of as many cells.
pub(super) struct Grid {
    pub(super) head: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Lines of their own between the rows, in their order.
    pub(super) spans: Vec<Span>,
}

/// A line of its own, across all columns.
#[derive(Clone)]
pub(super) struct Span {
    /// The row that it stands before.
    pub(super) row: usize,
    pub(super) kind: SpanKind,
    pub(super) text: String,
}

/// The kind of a line that spans the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// The heading of the rows that follow.
    Heading,
    /// A line instead of folded rows.
    Fold,
    /// The verdict on the conversation of the row before.
    Verdict(Severity),
}

/// The place of the verdicts in a table of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerdictAt {
    /// In its last column.
    Column,
    /// Below the rows of those that need attention.
    Below,
}

/// The heading above the calls.
pub(super) const CALLS_TITLE: &str = "What the programs did";

/// The head of a column.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) text: &'static str,
    pub(super) align: Align,
}

impl<T> From<&Column<T>> for Head {
    fn from(column: &Column<T>) -> Self {
        Self { text: column.header, align: column.align }
    }
}

/// The column with the code of the worst finding.
const WORST: &str = "worst";

/// The column with the sentence.
const SENTENCE: &str = "description";

/// The phases of a conversation, each before the place of its first step; none where all steps are of one.
pub(super) fn headings(steps: &[Step<'_>]) -> Vec<(usize, &'static str)> {
    let mut last = None;
    let begins = |(place, step): (usize, &Step<'_>)| {
        let phase = step.phase;
        (last.replace(phase) != Some(phase)).then(|| (place, phase.title()))
    };
    let found: Vec<_> = steps.iter().enumerate().filter_map(begins).collect();
    if found.len() > 1 { found } else { Vec::new() }
}

/// The runs that the table of a conversation's steps folds.
pub(super) fn runs_of(
    steps: &[Step<'static>],
    conversation: &Conversation,
    digest: &FindingDigest,
    options: &Options,
) -> Vec<Run> {
    // columns that were asked for hold what tells steps apart
    match options.columns {
        Choice::Only(_) => Vec::new(),
        _ if !options.bounds.fold => Vec::new(),
        _ => runs(steps, conversation, digest),
    }
}

/// The number of folded steps, and the option that shows them; `None` if no step is folded.
pub(super) fn fold_note(runs: &[Run]) -> Option<String> {
    let folded: usize = runs.iter().map(|run| run.steps.len()).sum();
    (folded > 0).then(|| format!("{} folded (--no-fold shows each)", counted(folded as u64, "step")))
}

impl Grid {
    /// The steps in the columns asked for, or else in those that there is `room` for, without those that say nothing; a
    /// line for each of the `runs`.
    pub(super) fn steps(steps: &[Step<'static>], runs: &[Run], options: &Options, room: Room) -> Self {
        let view = &options.view;
        let mut usual = Column::usual(COLUMNS, room);
        // where a capture holds one conversation and nothing else, both numbers are the same
        if steps.iter().all(|step| step.event.frame == step.event.number) {
            usual.retain(|column| column.name != "frame");
        }
        let columns = options.columns.columns(COLUMNS, usual);
        let exact = matches!(options.columns, Choice::Only(_));
        let text = |column: &StepColumn, step| match column.narrow {
            Some(text) if room < Room::Wide && !exact => text(step, view),
            _ => (column.text)(step, view),
        };
        // columns that were asked for hold what every format shows in them
        let deliveries = if exact { HashMap::new() } else { deliveries(steps.iter()) };
        let delivery = |step: &Step<'_>| deliveries.get(&step.event.frame).and_then(|delivery| delivery.text());
        let cell = |column: &StepColumn, step| {
            let cell = text(column, step);
            match delivery(step).filter(|_| column.name == SENTENCE) {
                Some(delivery) => Cell { text: format!("{} ({delivery})", cell.text), ..cell },
                None => cell,
            }
        };
        let (mut rows, mut spans) = (Vec::new(), Vec::new());
        let (mut headings, mut runs) = (headings(steps).into_iter().peekable(), runs.iter().peekable());
        for (place, step) in steps.iter().enumerate() {
            if let Some((_, title)) = headings.next_if(|(before, _)| *before == place) {
                spans.push(Span { row: rows.len(), kind: SpanKind::Heading, text: title.to_owned() });
            }
            if let Some(run) = runs.peek().filter(|run| run.steps.start == place) {
                spans.push(Span { row: rows.len(), kind: SpanKind::Fold, text: run.text() });
            }
            if !runs.peek().is_some_and(|run| run.steps.contains(&place)) {
                rows.push(columns.iter().map(|column| cell(column, step)).collect());
            }
            runs.next_if(|run| run.steps.end == place + 1);
        }
        let head = columns.iter().map(|column| Head::from(*column)).collect();
        let grid = Self { head, rows, spans };
        if exact { grid } else { grid.without_empty_columns().with_even_times() }
    }

    /// The conversations of a report, or the worst of them, one row each, without columns that say nothing.
    pub(super) fn conversations(report: &Report, options: &Options, room: Room, verdict: VerdictAt) -> Self {
        let conversations: Vec<&Conversation> = match &report.totals.triage {
            Some(worst) => worst.shown().collect(),
            None => report.conversations.iter().map(|kept| &kept.conversation).collect(),
        };
        Self::rows_of(&conversations, &report.totals.failed, options, room, verdict)
    }

    /// The same of these conversations.
    pub(super) fn of_conversations(
        conversations: &[&Conversation],
        options: &Options,
        room: Room,
        verdict: VerdictAt,
    ) -> Self {
        Self::rows_of(conversations, &[], options, room, verdict)
    }

    fn rows_of(
        conversations: &[&Conversation],
        failed: &[(String, String)],
        options: &Options,
        room: Room,
        verdict: VerdictAt,
    ) -> Self {
        let exact = matches!(options.conversation_columns, Choice::Only(_));
        let mut columns = conversation_columns(options, room);
        if verdict == VerdictAt::Column && !exact {
            // it says what is worst
            let usual = matches!(options.conversation_columns, Choice::Usual);
            columns.retain(|column| column.name != VERDICT_COLUMN.name && !(usual && column.name == WORST));
            columns.push(&VERDICT_COLUMN);
        }
        let of_several = conversations.iter().any(|conversation| conversation.file().is_some());
        if of_several || !failed.is_empty() {
            columns.insert(0, &FILE_COLUMN);
        }
        let row = |conversation: &&Conversation| {
            columns.iter().map(|column| (column.text)(conversation, &options.view)).collect()
        };
        let mut rows: Vec<Vec<Cell>> = conversations.iter().map(row).collect();
        let spans = match verdict {
            VerdictAt::Below if !exact => verdicts_below(conversations),
            _ => Vec::new(),
        };
        rows.extend(failed.iter().map(|failed| failed_row(&columns, failed)));
        let head = columns.iter().map(|column| Head::from(*column)).collect();
        let grid = Self { head, rows, spans };
        if exact || grid.rows.is_empty() { grid } else { grid.without_empty_columns().with_even_times() }
    }

    /// A table of an answer: columns of numbers are aligned as such.
    pub(super) fn answer(table: &AnswerTable) -> Self {
        let is_number = |cell: &String| cell == "-" || cell.parse::<f64>().is_ok();
        let head = table.head.iter().enumerate().map(|(index, text)| {
            let numbers = table.rows.iter().filter_map(|row| row.get(index)).all(is_number);
            Head { text, align: if numbers { Align::Right } else { Align::Left } }
        });
        let rows = table.rows.iter().map(|row| row.iter().map(|text| Cell::from(text.as_str())).collect());
        Self { head: head.collect(), rows: rows.collect(), spans: Vec::new() }
    }

    /// The calls of the programs, without columns that would be empty.
    pub(super) fn calls(calls: &[TracedCall], options: &Options) -> Self {
        let mut streams = calls.iter().filter_map(|call| call.stream);
        let several = streams.next().is_some_and(|first| streams.any(|other| other != first));
        let columns: Vec<_> = CALL_COLUMNS.iter().filter(|column| several || column.header != CONVERSATION).collect();
        let head = columns.iter().map(|column| Head { text: column.header, align: column.align }).collect();
        let row = |call| columns.iter().map(|column| (column.text)(call, &options.view)).collect();
        Self { head, rows: calls.iter().map(row).collect(), spans: Vec::new() }
            .without_empty_columns()
            .with_even_times()
    }

    /// The lines of their own before a row.
    pub(super) fn spans_before(&self, row: usize) -> impl Iterator<Item = &Span> {
        let first = self.spans.partition_point(|span| span.row < row);
        self.spans.iter().skip(first).take_while(move |span| span.row == row)
    }

    /// The times of a column with as many decimals each: none of them is less precise, as its zeros were not written.
    /// Numbers with a unit stay as they are.
    fn with_even_times(mut self) -> Self {
        let decimals = |cell: &Cell| {
            let (_, decimals) = cell.text.split_once('.')?;
            decimals.bytes().all(|byte| byte.is_ascii_digit()).then_some(decimals.len())
        };
        for column in
            (0..self.head.len()).filter(|at| self.head.get(*at).is_some_and(|head| head.align == Align::Right))
        {
            let cells = || self.rows.iter().filter_map(|row| row.get(column));
            let max = cells().filter_map(decimals).max().unwrap_or_default();
            for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
                if let Some(written) = decimals(cell) {
                    cell.text.extend(std::iter::repeat_n('0', max - written));
                }
            }
        }
        self
    }

    fn without_empty_columns(self) -> Self {
        let filled: Vec<bool> = (0..self.head.len())
            .map(|index| self.rows.iter().any(|row| row.get(index).is_some_and(|cell| !cell.text.is_empty())))
            .collect();
        let keep = |index: usize| filled.get(index).copied().unwrap_or_default();
        let head = self.head.into_iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, head)| head);
        let rows = self
            .rows
            .into_iter()
            .map(|row| row.into_iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, cell)| cell).collect());
        Self { head: head.collect(), rows: rows.collect(), spans: self.spans }
    }
}

/// The verdicts that need attention, each below its conversation's row.
fn verdicts_below(conversations: &[&Conversation]) -> Vec<Span> {
    let below = |(row, conversation): (usize, &&Conversation)| {
        let verdict = conversation.verdict_of_counts();
        let line = verdict.lines.first().filter(|_| !verdict.quiet)?;
        Some(Span { row: row + 1, kind: SpanKind::Verdict(verdict.severity), text: line.text() })
    };
    conversations.iter().enumerate().filter_map(below).collect()
}

/// A row of a capture that could not be read: its file, and the reason instead of a finding.
fn failed_row(columns: &[&'static ConversationColumn], (file, why): &(String, String)) -> Vec<Cell> {
    let cell = |column: &&ConversationColumn| match column.name {
        "file" => Cell::from(file.as_str()),
        WORST if !columns.iter().any(|column| column.name == VERDICT_COLUMN.name) => {
            Cell::from(why.as_str()).tone(Tone::Reset)
        }
        name if name == VERDICT_COLUMN.name => Cell::from(why.as_str()).tone(Tone::Reset),
        _ => Cell::default(),
    };
    columns.iter().map(cell).collect()
}

/// The columns for conversations that are asked for, or that there is room for.
pub(super) fn conversation_columns(options: &Options, room: Room) -> Vec<&'static ConversationColumn> {
    options.conversation_columns.columns(CONVERSATION_COLUMNS, Column::usual(CONVERSATION_COLUMNS, room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Call, CallKind, Protocol, Side, Timestamp};
    use crate::track::StreamId;

    fn heads(streams: &[u32]) -> Vec<&'static str> {
        let call = |&number: &u32| TracedCall {
            number: 1,
            call: Call {
                time: Timestamp::new(1, 0),
                side: Side::Client,
                program: "client".into(),
                connection: 1,
                local: None,
                peer: None,
                kind: CallKind::Close,
                unread: None,
                trace: None,
                kernel: None,
            },
            stream: Some(StreamId { protocol: Protocol::Tcp, number }),
            own: None,
            frames: Vec::new(),
            after: None,
            since_start: None,
        };
        let calls: Vec<_> = streams.iter().map(call).collect();
        Grid::calls(&calls, &Options::default()).head.iter().map(|head| head.text).collect()
    }

    #[test]
    fn times_of_a_column_have_as_many_decimals() {
        let head = Head { text: "time", align: Align::Right };
        let rows = ["0.000100", "0.000109500", "", "3"].map(|text| vec![Cell::from(text)]);
        let grid = Grid { head: vec![head], rows: rows.to_vec(), spans: Vec::new() }.with_even_times();
        let texts: Vec<_> = grid.rows.iter().flatten().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["0.000100000", "0.000109500", "", "3"]);
    }

    #[test]
    fn calls_name_their_conversation_where_there_are_several() {
        assert_eq!(heads(&[0, 0]), ["Call", "Program", "Action"]);
        assert_eq!(heads(&[0, 1]), ["Call", "Program", "Conversation", "Action"]);
    }
}
