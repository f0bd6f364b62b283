//! `echolab man`: the manual page.

use std::io;

use clap::{Args, CommandFactory};

use super::{Cli, Exit};

/// Write the manual page to standard output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab man | man -l -                              read it
  echolab man analyze | man -l -                      read a subcommand's
  echolab man > ~/.local/share/man/man1/echolab.1     install it")]
pub(super) struct ManArgs {
    /// The page of this subcommand instead of the program's own.
    #[arg(value_name = "SUBCOMMAND")]
    subcommand: Option<String>,
}

impl ManArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut command = Cli::command();
        command.build();
        if let Some(name) = self.subcommand {
            let found = command.find_subcommand(&name).cloned();
            command = found.ok_or_else(|| {
                let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
                anyhow::anyhow!("there is no subcommand {name:?}; there are {}", names.join(", "))
            })?;
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        super::destination::print(io::stdout().lock(), &page)?;
        Ok(Exit::Done)
    }
}
