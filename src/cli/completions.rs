//! `echolab completions SHELL`.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit};

/// Write completions for a shell to standard output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab completions bash > ~/.local/share/bash-completion/completions/echolab
  echolab completions zsh > \"${fpath[1]}/_echolab\"
  echolab completions fish > ~/.config/fish/completions/echolab.fish")]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        // into memory first: the generator panics on a broken pipe
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "echolab", &mut script);
        super::destination::print(io::stdout().lock(), &script)?;
        Ok(Exit::Done)
    }
}
