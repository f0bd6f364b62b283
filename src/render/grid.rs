//! Columns and rows of a table, before a format draws them.

use super::Options;
use crate::explain::{AnswerTable, Conversation, Step};
use crate::report::{
    Align, CALL_COLUMNS, COLUMNS, CONVERSATION, CONVERSATION_COLUMNS, Cell, Choice, Column, ConversationColumn,
    FILE_COLUMN, Report, Room, StepColumn, ToldCall, Tone,
};

/// A table: a head and rows of as many cells.
pub(super) struct Grid {
    pub(super) head: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What stands above the calls.
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

impl Grid {
    /// The steps in the columns asked for, or else in those that there is `room` for, without those that say nothing.
    pub(super) fn steps(steps: &[Step<'static>], options: &Options, room: Room) -> Self {
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
        let rows = steps.iter().map(|step| columns.iter().map(|column| text(column, step)).collect());
        let grid = Self { head: columns.iter().map(|column| Head::from(*column)).collect(), rows: rows.collect() };
        if exact { grid } else { grid.without_empty_columns() }
    }

    /// The conversations of a report, or the worst of them, one row each, without columns that say nothing.
    pub(super) fn conversations(report: &Report, options: &Options, room: Room) -> Self {
        let mut columns = conversation_columns(options, room);
        let of_several = report.conversations.iter().any(|kept| kept.conversation.file().is_some());
        if of_several || !report.totals.failed.is_empty() {
            columns.insert(0, &FILE_COLUMN);
        }
        let row = |conversation: &Conversation| {
            columns.iter().map(|column| (column.text)(conversation, &options.view)).collect()
        };
        let mut rows: Vec<Vec<Cell>> = match &report.totals.triage {
            Some(worst) => worst.conversations.iter().map(row).collect(),
            None => report.conversations.iter().map(|kept| row(&kept.conversation)).collect(),
        };
        rows.extend(report.totals.failed.iter().map(|failed| failed_row(&columns, failed)));
        let grid = Self { head: columns.iter().map(|column| Head::from(*column)).collect(), rows };
        match options.conversation_columns {
            Choice::Only(_) => grid,
            Choice::Usual | Choice::And(_) if grid.rows.is_empty() => grid,
            Choice::Usual | Choice::And(_) => grid.without_empty_columns(),
        }
    }

    /// A table of an answer: columns of numbers are aligned as such.
    pub(super) fn answer(table: &AnswerTable) -> Self {
        let is_number = |cell: &String| cell == "-" || cell.parse::<f64>().is_ok();
        let head = table.head.iter().enumerate().map(|(index, text)| {
            let numbers = table.rows.iter().filter_map(|row| row.get(index)).all(is_number);
            Head { text, align: if numbers { Align::Right } else { Align::Left } }
        });
        let rows = table.rows.iter().map(|row| row.iter().map(|text| Cell::from(text.as_str())).collect());
        Self { head: head.collect(), rows: rows.collect() }
    }

    /// What the programs did, without columns that say nothing.
    pub(super) fn calls(calls: &[ToldCall], options: &Options) -> Self {
        let mut streams = calls.iter().filter_map(|call| call.stream);
        let several = streams.next().is_some_and(|first| streams.any(|other| other != first));
        let columns: Vec<_> = CALL_COLUMNS.iter().filter(|column| several || column.header != CONVERSATION).collect();
        let head = columns.iter().map(|column| Head { text: column.header, align: column.align }).collect();
        let row = |call| columns.iter().map(|column| (column.text)(call, &options.view)).collect();
        Self { head, rows: calls.iter().map(row).collect() }.without_empty_columns()
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
        Self { head: head.collect(), rows: rows.collect() }
    }
}

/// A row of a capture that could not be read: its file, and the reason instead of a finding.
fn failed_row(columns: &[&'static ConversationColumn], (file, why): &(String, String)) -> Vec<Cell> {
    let cell = |column: &&ConversationColumn| match column.name {
        "file" => Cell::from(file.as_str()),
        "worst" => Cell::from(why.as_str()).tone(Tone::Reset),
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
        let call = |&number: &u32| ToldCall {
            call: Call {
                time: Timestamp::new(1, 0),
                side: Side::Client,
                program: "client",
                connection: 1,
                local: None,
                peer: None,
                kind: CallKind::Close,
                kernel: None,
            },
            stream: Some(StreamId { protocol: Protocol::Tcp, number }),
            frames: Vec::new(),
            after: None,
            since_start: None,
        };
        let calls: Vec<_> = streams.iter().map(call).collect();
        Grid::calls(&calls, &Options::default()).head.iter().map(|head| head.text).collect()
    }

    #[test]
    fn calls_name_their_conversation_where_there_are_several() {
        assert_eq!(heads(&[0, 0]), ["Program", "What it did"]);
        assert_eq!(heads(&[0, 1]), ["Program", "Conversation", "What it did"]);
    }
}
