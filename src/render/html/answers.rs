//! The answers of a conversation, with links to the rows of their frames.

use super::evidence::{Link, RowIndex};
use super::row::{self, CellView};
use crate::explain::{Answered, Conversation};
use crate::render::grid::{Grid, Head};

/// A question and all that is answered to it.
pub(super) struct Question {
    pub(super) text: &'static str,
    pub(super) answer: String,
    pub(super) calculation: Vec<String>,
    pub(super) cannot_tell: String,
    pub(super) frames: Vec<Link>,
    pub(super) more: String,
    pub(super) tables: Vec<Table>,
}

/// A table of an answer.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) head: Vec<Head>,
    pub(super) rows: Vec<Vec<CellView>>,
    pub(super) rest: String,
}

/// The answers of a conversation.
pub(super) fn of(conversation: &Conversation, places: &RowIndex) -> Vec<Question> {
    let question = |Answered { question, answer }: Answered| {
        let tables = answer.tables.iter().map(|table| {
            let Grid { head, rows, .. } = Grid::answer(table);
            let rows = rows.into_iter().map(|cells| row::shown(cells, &head)).collect();
            Table { caption: table.caption.clone(), rows, head, rest: table.rest().unwrap_or_default() }
        });
        let (frames, more) = places.links(&answer.frames, 0);
        Question {
            text: question.text,
            tables: tables.collect(),
            frames,
            more,
            answer: answer.text,
            calculation: answer.calculation,
            cannot_tell: answer.cannot_tell.unwrap_or_default(),
        }
    };
    conversation.answers().unwrap_or_default().into_iter().map(question).collect()
}
