//! `echolab man`: the manual pages.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};

use super::install::install;
use super::similar::unknown;
use super::{Cli, Exit};

/// Write the manual page to standard output, or all of them into a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab man | man -l -                              read it
  echolab man analyze | man -l -                      read a subcommand's
  echolab man --install ~/.local/share/man/man1       install all: man echolab-session")]
pub(super) struct ManArgs {
    /// The page of this subcommand instead of the program's own.
    #[arg(value_name = "SUBCOMMAND")]
    subcommand: Option<String>,

    /// Write one page per subcommand into the folder DIR, which is made if needed, and say which.
    #[arg(long, value_name = "DIR", conflicts_with = "subcommand")]
    install: Option<PathBuf>,

    /// Overwrite pages that exist.
    #[arg(long, requires = "install")]
    force: bool,
}

impl ManArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut program = Cli::command();
        program.build();
        if let Some(folder) = self.install {
            return install(&folder, &pages(&program)?, self.force);
        }
        let command = match &self.subcommand {
            None => &program,
            Some(name) => program.find_subcommand(name).ok_or_else(|| {
                let names = program.get_subcommands().map(Command::get_name);
                anyhow::anyhow!(unknown("subcommand", name, names, "echolab help"))
            })?,
        };
        super::destination::print(io::stdout().lock(), &page(command)?)?;
        Ok(Exit::Done)
    }
}

/// The pages with their files' names: of the program, and of each subcommand but `help`.
fn pages(program: &Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let subcommands = program.get_subcommands().filter(|command| command.get_name() != "help");
    let all = [program].into_iter().chain(subcommands);
    all.map(|command| {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        Ok((format!("{name}.1"), page(command)?))
    })
    .collect()
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
