//! The record of a conversation's answers, which comes after its own where answers are asked for.

use serde::Serialize;

use crate::explain::{Answer, AnswerTable, Answered, Conversation};

#[derive(Serialize)]
pub(in crate::render) struct AnswersRecord {
    protocol: &'static str,
    stream: u32,
    answers: Vec<AnswerRecord>,
}

#[derive(Serialize)]
struct AnswerRecord {
    id: &'static str,
    question: &'static str,
    answer: Option<String>,
    cannot_tell: Option<String>,
    calculation: Vec<String>,
    frames: Vec<u64>,
    tables: Vec<TableRecord>,
}

#[derive(Serialize)]
struct TableRecord {
    caption: String,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    left_out: u64,
}

impl AnswersRecord {
    /// The record, if answers are asked for.
    pub(in crate::render) fn of(conversation: &Conversation) -> Option<Self> {
        let stream = conversation.totals.stream;
        let answers = conversation.answers()?.into_iter().map(AnswerRecord::from).collect();
        Some(Self { protocol: stream.protocol.name(), stream: stream.number, answers })
    }
}

impl From<Answered> for AnswerRecord {
    fn from(Answered { question, answer }: Answered) -> Self {
        let Answer { text, cannot_tell, calculation, frames, tables } = answer;
        Self {
            id: question.id,
            question: question.text,
            answer: (!text.is_empty()).then_some(text),
            cannot_tell,
            calculation,
            frames,
            tables: tables.into_iter().map(TableRecord::from).collect(),
        }
    }
}

impl From<AnswerTable> for TableRecord {
    fn from(AnswerTable { caption, head, rows, left_out }: AnswerTable) -> Self {
        Self { caption, head, rows, left_out }
    }
}
