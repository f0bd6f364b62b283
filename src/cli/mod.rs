//! The command line: the only place that prints.
//!
//! Arguments go low to high: clap's structs become checked options before any work starts, so that an error of usage is
//! found there. A subcommand is a file with an `…Args` struct and its `run`, and a line in `Command`.

mod analyze;
mod capture;
mod capture_files;
mod client_args;
mod command_line;
mod completions;
mod connect;
mod destination;
mod echo_args;
mod exit;
mod exit_status;
mod foreign_options;
mod format_names;
mod formats;
mod input;
mod install;
mod interrupt;
mod listing;
mod man;
mod messages;
mod no_match;
mod output;
mod privileges;
mod progress;
mod questions_arg;
mod recording;
mod report_dir;
mod report_output;
mod scenarios;
mod serve;
mod server_log;
mod session;
mod similar;
mod spellings;
mod suggestions;
mod version;
mod width;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::drive::bar_new_privileges;

pub(crate) use exit::Exit;
use version::VersionArg;

/// Explain TCP and UDP traffic packet by packet: of an echo session, your own programs, live traffic or a capture file.
#[derive(Debug, Parser)]
#[command(name = "echolab", version, disable_version_flag = true)]
#[command(max_term_width = 100, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    version: VersionArg,
}

const EXAMPLES: &str = "\
Examples:
  sudo \"$(command -v echolab)\" session   run an echo session and explain every packet of it
  echolab run --server 'python3 server.py 7' --client 'python3 client.py 127.0.0.1 7'
  echolab scenarios                      named sessions, among them losses and resets
  sudo \"$(command -v echolab)\" capture --port 8080
                                         explain the live traffic of any program
  echolab analyze echo.pcap              every conversation of a capture, step by step
  echolab analyze big.pcap --summary     its worst conversations first
  echolab formats                        the output formats

Exit status: 0 done, 1 an expectation was not met, 2 an error.";

/// The subcommands, in the order of the help.
#[derive(Debug, Subcommand)]
enum Command {
    Session(Box<session::SessionArgs>),
    Run(Box<session::run::RunArgs>),
    Capture(Box<capture::CaptureArgs>),
    Analyze(Box<analyze::AnalyzeArgs>),
    Scenarios(scenarios::ScenariosArgs),
    Serve(serve::ServeArgs),
    Connect(connect::ConnectArgs),
    Formats(formats::FormatsArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Runs it; a report names the command line that it was typed with.
    fn run(self, typed: String) -> anyhow::Result<Exit> {
        match self {
            Self::Session(args) => args.run(typed),
            Self::Run(args) => args.run(typed),
            Self::Capture(args) => args.run(typed),
            Self::Analyze(args) => args.run(typed),
            Self::Scenarios(args) => args.run(),
            Self::Serve(args) => args.run(typed),
            Self::Connect(args) => args.run(typed),
            Self::Formats(args) => args.run(),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}

/// Runs the program with these arguments, the first being its own name, and gives its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let exit = match Cli::try_parse_from(spellings::normalize(arguments.clone())) {
        Ok(cli) => {
            let run = || cli.command.run(command_line::command_line(&arguments));
            bar_new_privileges().and_then(|()| run()).unwrap_or_else(|error| exit::fail(&error))
        }
        Err(mut error) => {
            suggestions::improve(&mut error, Cli::command(), &arguments);
            usage(&error)
        }
    };
    exit.into()
}

/// Help that was asked for goes to standard output, a mistake to standard error.
fn usage(error: &clap::Error) -> Exit {
    match error.print() {
        Err(failure) => exit::fail(&failure.into()),
        Ok(()) if error.use_stderr() => Exit::Error,
        Ok(()) => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_shows_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("echolab "), "{} has no examples", command.get_name());
        }
    }
}
