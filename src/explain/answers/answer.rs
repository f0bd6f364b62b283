//! An answer: words, arithmetic, evidence, and what the capture can't tell.

use crate::explain::describe::thousands;
use crate::track::Reply;

/// The answer of a capture to a question: a text, or the reason why there is none, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The answer in sentences; empty where nothing can be said.
    pub text: String,
    /// The unknown part of the answer, and the reason why the capture does not show it.
    pub cannot_tell: Option<String>,
    /// The formulas with their numbers, one a line.
    pub calculation: Vec<String>,
    /// The frames that show it, in ascending order.
    pub frames: Vec<u64>,
    /// Values one by one.
    pub tables: Vec<AnswerTable>,
}

/// Rows of values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerTable {
    /// The heading of the table.
    pub caption: String,
    /// The names of the columns.
    pub head: Vec<&'static str>,
    /// As many values a row as there are columns.
    pub rows: Vec<Vec<String>>,
    /// Number of further rows.
    pub left_out: u64,
}

/// Most frames named beside an answer.
const NAMED: usize = 12;

impl Answer {
    /// The frames in words, `Frames 1, 2`; `None` where there are none.
    pub fn evidence(&self) -> Option<String> {
        let named: Vec<_> = self.frames.iter().take(NAMED).map(u64::to_string).collect();
        let word = if self.frames.len() == 1 { "Frame" } else { "Frames" };
        let more = match self.frames.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| format!("{word} {}{more}", named.join(", ")))
    }

    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// There is no answer, for this reason.
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::default().but(why)
    }

    /// A rule's answer.
    pub(super) fn of(reply: Reply) -> Self {
        let answer = Self::new(reply.text).frames(reply.frames.into_iter().filter(|frame| *frame > 0));
        if reply.unknown.is_empty() { answer } else { answer.but(reply.unknown) }
    }

    /// This is not known; an earlier reason stays before it.
    pub(super) fn but(mut self, why: impl Into<String>) -> Self {
        let why = why.into();
        self.cannot_tell = Some(match self.cannot_tell.take() {
            Some(before) => format!("{before} {why}"),
            None => why,
        });
        self
    }

    /// One more sentence.
    pub(super) fn add(mut self, text: impl AsRef<str>) -> Self {
        if !self.text.is_empty() && !text.as_ref().is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text.as_ref());
        self
    }

    /// One more line of arithmetic.
    pub(super) fn line(mut self, line: impl Into<String>) -> Self {
        self.calculation.push(line.into());
        self
    }

    /// These frames show it.
    pub(super) fn frames(mut self, frames: impl IntoIterator<Item = u64>) -> Self {
        self.frames.extend(frames);
        self.frames.sort_unstable();
        self.frames.dedup();
        self
    }

    /// One more table, if it has rows.
    pub(super) fn table(mut self, table: AnswerTable) -> Self {
        if !table.rows.is_empty() {
            self.tables.push(table);
        }
        self
    }
}

impl AnswerTable {
    /// Number of further rows, in words: `… 12 more`.
    pub fn rest(&self) -> Option<String> {
        (self.left_out > 0).then(|| format!("… {} more", thousands(self.left_out)))
    }

    pub(super) fn new(caption: impl Into<String>, head: &[&'static str]) -> Self {
        Self { caption: caption.into(), head: head.to_vec(), ..Self::default() }
    }

    pub(super) fn push<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(row.into());
    }
}
