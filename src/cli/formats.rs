//! `echolab formats`: what the output can look like.

use std::fmt::Write as _;
use std::io;

use clap::Args;

use super::listing::row;
use super::{Exit, width};
use crate::explain::{FACTS, QUESTIONS};
use crate::model::FindingCode;
use crate::render::FORMATS;
use crate::report::{COLUMNS, CONVERSATION_COLUMNS, Column, PARTS};

/// List the output formats, the columns, the facts, the finding codes, the parts and the questions.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab formats                 all of it
  echolab formats columns         what --columns takes
  echolab formats facts           the lines below a conversation's steps
  echolab formats findings        what the finding codes mean")]
pub(super) struct FormatsArgs {
    /// Only this list.
    #[arg(value_enum)]
    list: Option<List>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum List {
    /// The values of --format.
    Formats,
    /// The values of --columns.
    Columns,
    /// The lines below the steps of a conversation.
    Facts,
    /// The finding codes.
    Findings,
    /// The values of --only.
    Parts,
    /// The questions that --answers answers.
    Questions,
}

impl FormatsArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut lists = Lists { text: String::new(), terminal: width::of_terminal() };
        let wanted = |list| self.list.is_none_or(|only| only == list);
        if wanted(List::Formats) {
            let rows = FORMATS.iter().map(|format| {
                let how = if format.streams { "streamed" } else { "collected" };
                (format.name, format!("{} (.{}, {how})", format.about, format.extension))
            });
            lists.add("Formats (--format)", rows);
        }
        if wanted(List::Columns) {
            lists.add("Columns of steps (--columns)", columns(COLUMNS));
            lists.add("Columns of conversations (--summary --columns)", columns(CONVERSATION_COLUMNS));
        }
        if wanted(List::Facts) {
            lists.add("Facts of a conversation", FACTS.iter().map(|fact| (fact.label, fact.about.to_owned())));
        }
        if wanted(List::Findings) {
            let rows = FindingCode::ALL.iter().map(|code| (code.name(), code.about().to_owned()));
            lists.add("Findings", rows);
        }
        if wanted(List::Parts) {
            lists.add(
                "Parts of a conversation (--only)",
                PARTS.iter().map(|(_, name, about)| (*name, (*about).to_owned())),
            );
        }
        if wanted(List::Questions) {
            lists
                .add("Questions (--answers)", QUESTIONS.iter().map(|question| (question.id, question.text.to_owned())));
        }
        super::destination::print(io::stdout().lock(), lists.text.trim_end_matches('\n').as_bytes())?;
        super::destination::print(io::stdout().lock(), b"\n")?;
        Ok(Exit::Done)
    }
}

fn columns<T>(registry: &'static [Column<T>]) -> impl Iterator<Item = (&'static str, String)> {
    registry.iter().map(|column| (column.name, column.about.to_owned()))
}

/// Lists one below the other.
struct Lists {
    text: String,
    /// The width of the terminal, if the lists go to one.
    terminal: Option<usize>,
}

impl Lists {
    fn add(&mut self, title: &str, rows: impl Iterator<Item = (&'static str, String)>) {
        let rows: Vec<_> = rows.collect();
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        // writing to a String can't fail
        let _ = writeln!(self.text, "{title}:");
        for (name, about) in rows {
            row(&mut self.text, &format!("  {name:width$}  "), &about, self.terminal);
        }
        self.text.push('\n');
    }
}
