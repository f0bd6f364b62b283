//! Report to bytes, one file a format.
//!
//! A format takes what the floor below decided to show and writes it in its own medium. All text that comes from a
//! capture goes through [`escape`] on its way, so that no captured byte can act on the reader's side.

mod csv;
pub mod escape;
mod grid;
mod json;
mod jsonl;
mod lines;
mod markdown;
mod record;
mod table;

use std::io::Write;

use crate::report::{Bounds, ConversationColumn, Room, Sink, StepColumn, View};

/// An output format: a new one is one file and one line in [`FORMATS`].
pub struct Format {
    /// The name on the command line.
    pub name: &'static str,
    /// The usual ending of a file's name.
    pub extension: &'static str,
    /// What it is good for, in a line.
    pub about: &'static str,
    /// Whether it writes as it reads, in constant memory; others collect a bounded part first.
    pub streams: bool,
    /// Makes the sink that writes it to `out`.
    pub sink: for<'a> fn(out: Box<dyn Write + 'a>, options: &Options) -> Box<dyn Sink + 'a>,
}

/// Every format.
pub static FORMATS: &[&Format] =
    &[&table::FORMAT, &markdown::FORMAT, &csv::FORMAT, &lines::FORMAT, &json::FORMAT, &jsonl::FORMAT];

/// The format of this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.name == name)
}

/// Below this many characters a table has no room for the wide columns.
const WIDE: usize = 110;

/// How much room there is in a line of `width` characters.
pub fn room(width: usize) -> Room {
    if width < WIDE { Room::Narrow } else { Room::Wide }
}

/// How a format is to write.
#[derive(Clone, Debug)]
pub struct Options {
    /// How values are shown.
    pub view: View,
    /// The columns asked for; `None` for the format's own choice.
    pub columns: Option<Vec<&'static StepColumn>>,
    /// The columns asked for in a table of conversations; `None` for the format's own choice.
    pub conversation_columns: Option<Vec<&'static ConversationColumn>>,
    /// Most characters in a line of a table.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Whether there are several captures, so that every line must say which it is of.
    pub several: bool,
    /// Conversations only.
    pub summary: bool,
    /// How much collecting formats keep.
    pub bounds: Bounds,
    /// Write out every line at once, since somebody is watching.
    pub prompt: bool,
}

/// Plain text in 80 columns.
impl Default for Options {
    fn default() -> Self {
        Self {
            view: View::default(),
            columns: None,
            conversation_columns: None,
            width: 80,
            color: false,
            several: false,
            summary: false,
            bounds: Bounds::default(),
            prompt: false,
        }
    }
}
