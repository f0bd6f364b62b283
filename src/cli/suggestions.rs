//! Tips for mistakes on the command line, instead of clap's guesses where these mislead.
//!
//! clap compares words by their letters, and proposes `--` before everything unknown: neither tells a user of tcpdump what
//! an option is called here. A tip stands before a list of what is possible.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::num::ParseIntError;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use super::foreign_options::FOREIGN_OPTIONS;
use super::similar::{misspelled, nearest};
use crate::drive::{SCENARIOS, scenario};
use crate::render::FORMATS;

const NUMBER: &str = "write a whole number, in digits alone";

/// Only the scenarios are more; their list has a command of its own.
const MAX_VALUES_LISTED: usize = 20;

/// Replaces what `error` advises; `arguments` are those of the whole command line.
pub(super) fn improve(error: &mut Error, mut program: Command, arguments: &[OsString]) {
    program.build();
    let subcommand = arguments.get(1).and_then(|name| program.find_subcommand(name));
    // what follows `help` are subcommands
    let subcommand = subcommand.filter(|command| command.get_name() != "help");
    let line = Line { program: &program, subcommand, arguments };
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(error, ContextKind::InvalidArg, &line),
        ErrorKind::InvalidSubcommand => unknown(error, ContextKind::InvalidSubcommand, &line),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => value(error, &line),
        _ => {}
    }
}

/// A command line.
struct Line<'a> {
    program: &'a Command,
    /// `None` where none is named.
    subcommand: Option<&'a Command>,
    arguments: &'a [OsString],
}

/// An argument or a subcommand that is not there.
fn unknown(error: &mut Error, kind: ContextKind, line: &Line<'_>) {
    let Some(ContextValue::String(typed)) = error.get(kind) else { return };
    let tip = line.tip(typed);
    for guess in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::Suggested] {
        error.remove(guess);
    }
    let usage = line.subcommand.unwrap_or(line.program).clone().render_usage();
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    if let Some(tip) = tip {
        put(error, tip);
    }
}

/// A value that its option does not take.
fn value(error: &mut Error, line: &Line<'_>) {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidValue) else { return };
    if let Some(tip) = line.dashes_missing(typed) {
        // they are another option's
        error.remove(ContextKind::ValidValue);
        return put(error, tip);
    }
    if is_no_number(error) {
        return put(error, NUMBER);
    }
    let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else { return };
    let names = values.iter().map(String::as_str);
    let tip = if values.len() > MAX_VALUES_LISTED {
        Some(format!("similar names: {}; `echolab scenarios` lists all", nearest(typed, names).join(", ")))
    } else {
        similar("value", "exists", "exist", &misspelled(typed, names))
            .map(|tip| format!("{tip}\n  [possible values: {}]", values.join(", ")))
    };
    error.remove(ContextKind::SuggestedValue);
    if let Some(tip) = tip {
        error.remove(ContextKind::ValidValue);
        put(error, tip);
    }
}

fn put(error: &mut Error, tip: impl Into<StyledStr>) {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// The tip that names these.
fn similar(kind: &str, exists: &str, exist: &str, names: &[&str]) -> Option<String> {
    match names {
        [] => None,
        [name] => Some(format!("a similar {kind} {exists}: '{name}'")),
        [first, others @ ..] => {
            Some(others.iter().fold(format!("similar {kind}s {exist}: '{first}'"), |mut tip, name| {
                // writing to a String can't fail
                let _ = write!(tip, ", '{name}'");
                tip
            }))
        }
    }
}

/// Returns `true` if a number is expected, and the value is none or far too large.
fn is_no_number(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<ParseIntError>())
}

impl<'a> Line<'a> {
    fn name(&self) -> &'a str {
        self.subcommand.map_or("", Command::get_name)
    }

    /// The long options of the subcommand, without their dashes.
    fn longs(&self) -> impl Iterator<Item = &'a str> {
        self.subcommand.unwrap_or(self.program).get_arguments().filter_map(|argument| argument.get_long())
    }

    /// Each argument as text, with those before and after it.
    fn texts(&self) -> Vec<&'a str> {
        self.arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect()
    }

    /// The correct spelling for `typed`.
    fn tip(&self, typed: &str) -> Option<String> {
        let foreign = |typed: &str| {
            let mut options = FOREIGN_OPTIONS.iter();
            let found = options.find(|option| option.subcommand == self.name() && option.typed.contains(&typed))?;
            Some(found.tip.to_owned())
        };
        let texts = self.texts();
        // clap takes -ip for -i and -p, or for the p of -i
        let mut clusters = texts.iter().enumerate().filter(|(_, text)| is_cluster(text));
        let cluster = clusters.find(|(place, text)| {
            let is_in_it = typed.starts_with('-') && text.starts_with(typed);
            is_in_it || texts.get(place + 1).is_some_and(|next| *next == typed)
        });
        cluster
            .and_then(|(_, text)| foreign(text))
            .or_else(|| self.dashes_missing(typed))
            .or_else(|| self.words_apart(typed))
            .or_else(|| foreign(typed))
            .or_else(|| if typed.starts_with('-') { self.option(typed) } else { self.word(typed) })
    }

    /// `-port`, which clap takes for `-p ort`; `typed` is the part that it did not take.
    fn dashes_missing(&self, typed: &str) -> Option<String> {
        let texts = self.texts();
        let place = texts.iter().enumerate().find_map(|(place, text)| {
            let name = text.strip_prefix('-').filter(|_| is_cluster(text))?;
            let name = name.split_once('=').map_or(name, |(name, _)| name);
            self.longs().any(|long| long == name).then_some((place, name))
        });
        let (place, name) = place?;
        let at = texts.get(place).is_some_and(|text| text.ends_with(typed) || text.starts_with(typed));
        let after = texts.get(place + 1).is_some_and(|next| *next == typed);
        (at || after).then(|| format!("a long option has two dashes: --{name}"))
    }

    /// `--read size` for `--read-size`; `typed` is the first word, or what stands after the last.
    fn words_apart(&self, typed: &str) -> Option<String> {
        let texts = self.texts();
        texts.iter().enumerate().filter(|(_, text)| text.starts_with("--")).find_map(|(place, first)| {
            let words = |count: usize| texts.get(place..place + count).map(|words| words.join("-"));
            [2, 3].into_iter().find_map(|count| {
                let joined = words(count)?;
                let name = joined.strip_prefix("--").filter(|_| !joined.contains("--=") && joined.len() > 6)?;
                let next = texts.get(place + count);
                let is_meant = *first == typed || next.is_some_and(|next| *next == typed);
                let name =
                    self.longs().filter(|long| long.matches('-').count() + 1 == count).find(|long| *long == name)?;
                is_meant.then(|| format!("the option is one word: --{name}"))
            })
        })
    }

    /// An option that the subcommand does not have.
    fn option(&self, typed: &str) -> Option<String> {
        let name = self.name();
        let word = typed.trim_start_matches('-');
        if ["-v", "-V", "--version"].contains(&typed) {
            return Some("echolab --version".to_owned());
        }
        if word.parse::<u64>().is_ok() {
            return Some("a number can't be negative here".to_owned());
        }
        if ["analyze", "session"].contains(&name) && FORMATS.iter().any(|format| format.name == word) {
            return Some(format!("--format {word}"));
        }
        if typed.starts_with("--") {
            let close: Vec<_> = misspelled(word, self.longs()).iter().map(|long| format!("--{long}")).collect();
            let close: Vec<_> = close.iter().map(String::as_str).collect();
            if let Some(tip) = similar("argument", "exists", "exist", &close) {
                return Some(tip);
            }
        }
        let has = |command: &&Command| command.get_name() != "help" && knows(command, typed);
        let other = self.program.get_subcommands().filter(has).map(Command::get_name).next()?;
        Some(format!("it is an option of echolab {other}"))
    }

    /// A word where none is expected.
    fn word(&self, typed: &str) -> Option<String> {
        let scenarios = || SCENARIOS.iter().map(|scenario| scenario.name);
        let runs_scenario = |name: &str| format!("echolab session --scenario {name}");
        let subcommands = || self.program.get_subcommands().map(Command::get_name);
        match self.name() {
            "" | "session" if scenario(typed).is_some() => Some(runs_scenario(typed)),
            "" if !typed.contains('/') && !misspelled(typed, subcommands()).is_empty() => {
                similar("subcommand", "exists", "exist", &misspelled(typed, subcommands()))
            }
            "" | "session" if looks_like_a_file(typed) => {
                Some(format!("echolab analyze {typed} explains a capture file"))
            }
            "" | "session" if !misspelled(typed, scenarios()).is_empty() => {
                misspelled(typed, scenarios()).first().map(|name| runs_scenario(name))
            }
            "session" => Some("--message TEXT sends a text, --scenario NAME runs a session by name".to_owned()),
            "serve" | "connect" if typed.parse::<u16>().is_ok() => Some(format!("--port {typed}")),
            "serve" | "connect" => Some(format!("--ip {typed} --port N")),
            _ => None,
        }
    }
}

/// Returns `true` if clap reads an argument as several short options.
fn is_cluster(text: &str) -> bool {
    text.len() > 2 && text.starts_with('-') && !text.starts_with("--")
}

/// Returns `true` if the subcommand has this option.
fn knows(command: &Command, typed: &str) -> bool {
    command.get_arguments().any(|argument| {
        let long = argument.get_long().is_some_and(|long| typed.strip_prefix("--") == Some(long));
        let short = argument.get_short().is_some_and(|short| typed == format!("-{short}"));
        long || short
    })
}

fn looks_like_a_file(typed: &str) -> bool {
    Path::new(typed).extension().is_some() || typed.contains('/') || Path::new(typed).exists()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn no_foreign_option_is_an_option_here() {
        let mut program = Cli::command();
        program.build();
        for foreign in FOREIGN_OPTIONS {
            let command = match foreign.subcommand {
                "" => &program,
                name => program.find_subcommand(name).unwrap(),
            };
            for typed in foreign.typed {
                assert!(!knows(command, typed), "{} {typed}", foreign.subcommand);
                assert!(command.find_subcommand(typed).is_none(), "{typed}");
            }
        }
    }

    #[test]
    fn each_option_named_in_a_tip_exists() {
        let mut program = Cli::command();
        program.build();
        let options = |text: &str| -> Vec<String> {
            let words = text.split([' ', ',', ':', ';', '|']).filter(|word| word.starts_with("--"));
            words.map(str::to_owned).collect()
        };
        for foreign in FOREIGN_OPTIONS {
            for option in options(foreign.tip) {
                let known = program.get_subcommands().any(|command| knows(command, &option));
                assert!(known || option == "--version", "{option} in {:?}", foreign.tip);
            }
        }
    }
}
