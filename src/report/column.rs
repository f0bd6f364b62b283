//! Columns of tables, and their selection by name.

use std::fmt;

use super::cell::Cell;
use super::view::View;
use crate::explain::{Conversation, Step};

/// On which side a column's values are padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// From which width on a column is shown unless the reader chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// 60 columns are enough.
    Tight,
    /// 70 columns are enough.
    Snug,
    /// 80 columns are enough.
    Narrow,
    /// About 100 columns are needed.
    Ample,
    /// About 120 columns are needed.
    Wide,
    /// Only when asked for.
    OnDemand,
}

impl Room {
    /// The next that needs less.
    pub fn less(self) -> Option<Self> {
        match self {
            Self::OnDemand => Some(Self::Wide),
            Self::Wide => Some(Self::Ample),
            Self::Ample => Some(Self::Narrow),
            Self::Narrow => Some(Self::Snug),
            Self::Snug => Some(Self::Tight),
            Self::Tight => None,
        }
    }
}

/// A column of a table: a new one is one entry in its registry.
#[derive(Clone, Copy, Debug)]
pub struct Column<T> {
    /// The name on the command line and in CSV.
    pub name: &'static str,
    /// The name over the column.
    pub header: &'static str,
    /// Short description for `echolab formats`.
    pub about: &'static str,
    /// The alignment of its values.
    pub align: Align,
    /// The width from which it is shown.
    pub room: Room,
    /// Makes the value.
    pub text: T,
    /// Makes the value where there is little room.
    pub narrow: Option<T>,
}

/// Makes a cell of a step.
pub(crate) type StepText = fn(&Step<'_>, &View) -> Cell;

/// Makes a cell of a conversation.
pub(crate) type ConversationText = fn(&Conversation, &View) -> Cell;

/// A column of the step table.
pub(crate) type StepColumn = Column<StepText>;

/// A column of the table of conversations.
pub(crate) type ConversationColumn = Column<ConversationText>;

impl<T> Column<T> {
    /// The columns shown where there is this much `room`.
    pub fn usual(registry: &'static [Self], room: Room) -> Vec<&'static Self> {
        registry.iter().filter(|column| column.room <= room).collect()
    }
}

/// The columns that the reader asked for.
#[derive(Clone, Debug, Default)]
pub enum Choice<T: 'static> {
    /// Those that the format shows anyway.
    #[default]
    Usual,
    /// Those, and these.
    And(Vec<&'static Column<T>>),
    /// Just these, in this order.
    Only(Vec<&'static Column<T>>),
}

impl<T> Choice<T> {
    /// Reads `time,flags,len`, or `+payload,+options` for these beside the usual ones.
    ///
    /// # Errors
    /// If a name is not in the registry, or nothing is named.
    pub fn parse(registry: &'static [Column<T>], names: &str) -> Result<Self, ColumnError> {
        let mut chosen: Vec<&'static Column<T>> = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = name.strip_prefix('+').unwrap_or(name);
            let found = registry.iter().find(|column| column.name == name);
            let column = found.ok_or_else(|| ColumnError::new(name, registry))?;
            if !chosen.iter().any(|have| have.name == column.name) {
                chosen.push(column);
            }
        }
        match (chosen.is_empty(), names.trim_start().starts_with('+')) {
            (true, _) => Err(ColumnError::new("", registry)),
            (false, true) => Ok(Self::And(chosen)),
            (false, false) => Ok(Self::Only(chosen)),
        }
    }

    /// The columns to show where `usual` are shown anyway; added ones take the registry's place among them.
    pub fn columns(&self, registry: &'static [Column<T>], usual: Vec<&'static Column<T>>) -> Vec<&'static Column<T>> {
        match self {
            Self::Usual => usual,
            Self::Only(columns) => columns.clone(),
            Self::And(more) => {
                let wanted = |name| usual.iter().chain(more).any(|column| column.name == name);
                registry.iter().filter(|column| wanted(column.name)).collect()
            }
        }
    }
}

/// A column name that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnError {
    name: String,
    known: Vec<&'static str>,
}

impl ColumnError {
    fn new<T>(name: &str, registry: &[Column<T>]) -> Self {
        Self { name: name.to_owned(), known: registry.iter().map(|column| column.name).collect() }
    }

    /// The name that was asked for; empty where none was.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str("no column is named")?,
            name => write!(f, "there is no column {name:?}")?,
        }
        write!(f, "; there are {}", self.known.join(", "))
    }
}

impl std::error::Error for ColumnError {}

#[cfg(test)]
mod tests {
    use super::super::{COLUMNS, CONVERSATION_COLUMNS};
    use super::*;

    fn names<T>(columns: &[&'static Column<T>]) -> Vec<&'static str> {
        columns.iter().map(|column| column.name).collect()
    }

    #[test]
    fn every_name_is_lower_case_and_unique() {
        let all = COLUMNS.iter().map(|c| c.name).collect::<Vec<_>>();
        let conversations = CONVERSATION_COLUMNS.iter().map(|c| c.name).collect::<Vec<_>>();
        for names in [all, conversations] {
            for name in &names {
                assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
                assert_eq!(names.iter().filter(|other| other == &name).count(), 1, "{name}");
            }
        }
    }

    #[test]
    fn named_columns_come_in_the_order_of_their_names() {
        let choice = Choice::parse(COLUMNS, "length, time,length").expect("known names");
        assert_eq!(names(&choice.columns(COLUMNS, Vec::new())), ["length", "time"]);
    }

    #[test]
    fn plus_adds_to_the_default_columns() {
        let choice = Choice::parse(COLUMNS, "+payload,+delta").expect("known names");
        let columns = names(&choice.columns(COLUMNS, Column::usual(COLUMNS, Room::Narrow)));
        assert_eq!(columns.len(), Column::usual(COLUMNS, Room::Narrow).len() + 2);
        assert_eq!(columns.get(..2), Some(&["step", "frame"][..]));
        assert_eq!(columns.last(), Some(&"description"));
    }

    #[test]
    fn unknown_name_lists_the_known_ones() {
        let error = Choice::parse(COLUMNS, "time,colour").expect_err("unknown name").to_string();
        assert!(error.starts_with("there is no column \"colour\"; there are step, frame,"), "{error}");
        let error = Choice::parse(COLUMNS, " ,").expect_err("no name").to_string();
        assert!(error.starts_with("no column is named; there are step,"), "{error}");
    }
}
