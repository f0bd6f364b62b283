//! `--version` of the program and of the subcommands that stand for a program of their own.

use clap::{ArgAction, Args};

/// `-v` as in the programs of courses, or `-V` as elsewhere.
#[derive(Debug, Args)]
pub(super) struct VersionArg {
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = ArgAction::Version, help_heading = None::<&str>)]
    version: Option<bool>,
}
