//! Tips for mistakes on the command line, in place of clap's guesses where these mislead.
//!
//! clap knows how words look alike, and proposes `--` before everything unknown: neither says to somebody who is used to
//! tcpdump what an option is called here.

use std::ffi::OsString;
use std::num::ParseIntError;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use super::habits::HABITS;
use crate::drive::scenario;
use crate::render::FORMATS;

const NUMBER: &str = "write a whole number, in digits alone";

/// Only the scenarios are more; their list has a command of its own.
const MOST_VALUES_LISTED: usize = 20;

/// Puts right what `error` advises; `arguments` are those of the whole command line.
pub(super) fn improve(error: &mut Error, mut program: Command, arguments: &[OsString]) {
    program.build();
    let subcommand = arguments.get(1).and_then(|name| program.find_subcommand(name));
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        ErrorKind::ValueValidation if is_no_number(error) => return put(error, NUMBER),
        ErrorKind::InvalidValue => return name_the_nearest(error),
        _ => return,
    };
    let Some(ContextValue::String(typed)) = error.get(kind) else { return };
    let typed = typed.clone();
    let name = subcommand.map_or("", Command::get_name);
    let tip = tip(&program, name, &typed);
    if tip.is_some() || misleads(error, &typed) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        let usage = subcommand.unwrap_or(&program).clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    // what stands here proposes to write -- before it
    error.remove(ContextKind::Suggested);
    if let Some(tip) = tip {
        put(error, tip);
    }
}

fn put(error: &mut Error, tip: impl Into<StyledStr>) {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// Replaces a list of more than a dozen possible values by the three that resemble the typed one most.
fn name_the_nearest(error: &mut Error) {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidValue) else { return };
    let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else { return };
    if values.len() <= MOST_VALUES_LISTED {
        return;
    }
    let mut nearest: Vec<&str> = values.iter().map(String::as_str).collect();
    nearest.sort_by(|a, b| strsim::jaro_winkler(b, typed).total_cmp(&strsim::jaro_winkler(a, typed)));
    nearest.truncate(3);
    let tip = format!("similar names: {}; `echolab scenarios` lists all", nearest.join(", "));
    error.remove(ContextKind::ValidValue);
    error.remove(ContextKind::SuggestedValue);
    put(error, tip);
}

/// Whether a number is wanted, and something else or far too large a number was typed.
fn is_no_number(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<ParseIntError>())
}

/// Whether an option is suggested that only looks like the one that was typed.
fn misleads(error: &Error, typed: &str) -> bool {
    let first = |word: &str| word.trim_start_matches('-').chars().next();
    match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(suggested)) => first(suggested) != first(typed),
        _ => false,
    }
}

/// What to type in place of this.
fn tip(program: &Command, subcommand: &str, typed: &str) -> Option<String> {
    let habit = HABITS.iter().find(|habit| habit.subcommand == subcommand && habit.typed.contains(&typed));
    if let Some(habit) = habit {
        return Some(habit.tip.to_owned());
    }
    let word = typed.trim_start_matches('-');
    let with_dash = word.len() < typed.len();
    if with_dash && word.parse::<u64>().is_ok() {
        return Some("a number can't be negative here".to_owned());
    }
    if with_dash && ["analyze", "session"].contains(&subcommand) && FORMATS.iter().any(|format| format.name == word) {
        return Some(format!("--format {word}"));
    }
    if with_dash {
        let has = |command: &&Command| command.get_name() != "help" && knows(command, typed);
        let other = program.get_subcommands().filter(has).map(Command::get_name).next()?;
        return Some(format!("it is an option of echolab {other}"));
    }
    match subcommand {
        "" | "session" if scenario(typed).is_some() => Some(format!("echolab session --scenario {typed}")),
        "" | "session" if looks_like_a_file(typed) => Some(format!("echolab analyze {typed} explains a capture file")),
        "session" => Some("--message TEXT sends a text, --scenario NAME runs a session by name".to_owned()),
        "serve" | "connect" if word.parse::<u16>().is_ok() => Some(format!("--port {word}")),
        "serve" | "connect" => Some(format!("--ip {word} --port N")),
        _ => None,
    }
}

/// Whether the subcommand has this option.
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
    fn no_habit_is_an_option_and_each_is_of_a_subcommand() {
        let mut program = Cli::command();
        program.build();
        for habit in HABITS {
            let command = match habit.subcommand {
                "" => &program,
                name => program.find_subcommand(name).unwrap(),
            };
            for typed in habit.typed {
                assert!(!knows(command, typed), "{} {typed}", habit.subcommand);
                assert!(command.find_subcommand(typed).is_none(), "{typed}");
            }
        }
    }

    #[test]
    fn each_option_that_a_tip_names_is_there() {
        let mut program = Cli::command();
        program.build();
        let options = |text: &str| -> Vec<String> {
            let words = text.split([' ', ',', ':', ';', '|']).filter(|word| word.starts_with("--"));
            words.map(str::to_owned).collect()
        };
        for habit in HABITS {
            for option in options(habit.tip) {
                let known = program.get_subcommands().any(|command| knows(command, &option));
                assert!(known || option == "--version", "{option} in {:?}", habit.tip);
            }
        }
    }
}
