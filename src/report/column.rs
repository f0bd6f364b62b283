//! What a column is, and how columns are chosen by name.

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
    /// 80 columns are enough.
    Narrow,
    /// About 120 columns are needed.
    Wide,
    /// Only when asked for.
    OnDemand,
}

/// A column of a table: a new one is one entry in its registry.
#[derive(Clone, Copy, Debug)]
pub struct Column<T> {
    /// The name on the command line and in CSV.
    pub name: &'static str,
    /// The name over the column.
    pub header: &'static str,
    /// What it shows, for `echolab formats`.
    pub about: &'static str,
    /// How its values are padded.
    pub align: Align,
    /// When it is shown.
    pub room: Room,
    /// Makes the value.
    pub text: T,
    /// Makes the value where there is little room.
    pub narrow: Option<T>,
}

/// A column of the step table.
pub type StepColumn = Column<fn(&Step<'_>, &View) -> Cell>;

/// A column of the table of conversations.
pub type ConversationColumn = Column<fn(&Conversation, &View) -> Cell>;

impl<T> Column<T> {
    /// The columns shown where there is this much `room`.
    pub fn defaults(registry: &'static [Self], room: Room) -> Vec<&'static Self> {
        registry.iter().filter(|column| column.room <= room).collect()
    }

    /// The columns of `names`: `time,flags,len` in this order, or `+payload` to have it beside the defaults.
    ///
    /// # Errors
    /// When a name is not in the registry, or nothing is named.
    pub fn choose(registry: &'static [Self], names: &str, defaults: Room) -> Result<Vec<&'static Self>, ColumnError> {
        let mut names = names.split(',').map(str::trim).filter(|name| !name.is_empty()).peekable();
        let mut chosen = match names.peek() {
            None => return Err(ColumnError::new("", registry)),
            Some(name) if name.starts_with('+') => Self::defaults(registry, defaults),
            Some(_) => Vec::new(),
        };
        for name in names {
            let name = name.strip_prefix('+').unwrap_or(name);
            let found = registry.iter().find(|column| column.name == name);
            let column = found.ok_or_else(|| ColumnError::new(name, registry))?;
            if !chosen.iter().any(|have| have.name == column.name) {
                chosen.push(column);
            }
        }
        Ok(chosen)
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
    fn every_name_is_lower_case_and_there_once() {
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
        let chosen = Column::choose(COLUMNS, "length, time,length", Room::Wide).expect("known names");
        assert_eq!(names(&chosen), ["length", "time"]);
    }

    #[test]
    fn a_plus_adds_to_the_defaults() {
        let chosen = Column::choose(COLUMNS, "+payload", Room::Narrow).expect("known name");
        let defaults = Column::defaults(COLUMNS, Room::Narrow);
        assert_eq!(chosen.len(), defaults.len() + 1);
        assert_eq!(chosen.last().map(|c| c.name), Some("payload"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Column::choose(COLUMNS, "time,colour", Room::Wide).expect_err("unknown name").to_string();
        assert!(error.starts_with("there is no column \"colour\"; there are step, frame,"), "{error}");
    }
}
