//! The record of a conversation's answers, which comes after its own where answers are asked for.

use super::super::buffer::Buffer;
use super::json::{Json, List, Word, object};
use crate::explain::{Answer, AnswerTable, Answered, Conversation};
use crate::track::StreamId;

/// The answers about a conversation.
pub(in crate::render) struct Answers {
    stream: StreamId,
    answers: Vec<Answered>,
}

impl Answers {
    /// The answers, if they are asked for.
    pub(in crate::render) fn of(conversation: &Conversation) -> Option<Self> {
        Some(Self { stream: conversation.totals.stream, answers: conversation.answers()? })
    }
}

impl Json for &Answers {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "kind": Word("answers"),
            "protocol": Word(self.stream.protocol.name()),
            "stream": self.stream.number,
            "answers": self.answers.as_slice(),
        });
    }
}

impl Json for &Answered {
    fn write(self, out: &mut Buffer) {
        let Answered { question, answer } = self;
        let Answer { text, cannot_tell, calculation, frames, tables } = answer;
        object!(out, {
            "id": Word(question.id),
            "question": question.text,
            "answer": (!text.is_empty()).then_some(text),
            "cannot_tell": cannot_tell.as_ref(),
            "calculation": calculation.as_slice(),
            "frames": frames.as_slice(),
            "tables": tables.as_slice(),
        });
    }
}

impl Json for &AnswerTable {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "caption": &self.caption,
            "head": List(self.head.iter().copied()),
            "rows": List(self.rows.iter().map(Vec::as_slice)),
            "left_out": self.left_out,
        });
    }
}
