//! `echolab completions [SHELL]`.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::say;
use super::install::install;
use super::{Cli, Exit};

/// Write completions for a shell to standard output, or install them for the user.
///
/// --install writes the file where the shell looks for a user's completions:
/// bash: $XDG_DATA_HOME/bash-completion/completions/echolab;
/// fish: $XDG_CONFIG_HOME/fish/completions/echolab.fish;
/// zsh: $XDG_DATA_HOME/zsh/site-functions/_echolab, a folder that has to be in zsh's fpath.
/// Without these variables it is ~/.local/share and ~/.config.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab completions --install                  for your shell ($SHELL)
  echolab completions zsh --install              for zsh
  echolab completions bash                       print them: for a folder of your own")]
pub(super) struct CompletionsArgs {
    /// The shell [default: the one that $SHELL names].
    shell: Option<Shell>,

    /// Install them for the user, and say where.
    #[arg(long)]
    install: bool,

    /// Overwrite completions that exist.
    #[arg(long, requires = "install")]
    force: bool,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let usual = || Shell::from_env().context("$SHELL names no shell that is known here: echolab completions SHELL");
        let shell = self.shell.map_or_else(usual, Ok)?;
        // into memory first: the generator panics on a broken pipe
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "echolab", &mut script);
        if !self.install {
            super::destination::print(io::stdout().lock(), &script)?;
            return Ok(Exit::Done);
        }
        let UserFolders { data, config } = UserFolders::of_user()?;
        let (folder, name) = match shell {
            Shell::Bash => (data.join("bash-completion/completions"), "echolab"),
            Shell::Fish => (config.join("fish/completions"), "echolab.fish"),
            Shell::Zsh => (data.join("zsh/site-functions"), "_echolab"),
            other => bail!("{other} has no folder for completions: echolab completions {other} prints them"),
        };
        let exit = install(&folder, &[(name.to_owned(), script)], self.force)?;
        if shell == Shell::Zsh {
            say(&format!("zsh finds it if ~/.zshrc has, before compinit: fpath=({} $fpath)", quoted(&folder)));
        }
        Ok(exit)
    }
}

/// A user's folders, as the XDG Base Directory Specification has them.
#[derive(Debug, PartialEq, Eq)]
struct UserFolders {
    data: PathBuf,
    config: PathBuf,
}

impl UserFolders {
    fn of_user() -> anyhow::Result<Self> {
        Self::by(|name| env::var_os(name).map(PathBuf::from))
    }

    /// From these variables. A path in them that is not absolute counts for nothing, as the specification wants it.
    fn by(variable: impl Fn(&str) -> Option<PathBuf>) -> anyhow::Result<Self> {
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let folder = |name: &str, usual: &str| {
            let path = absolute(name).or_else(|| Some(home.as_ref()?.join(usual)));
            path.with_context(|| format!("neither {name} nor HOME names a folder to install into"))
        };
        Ok(Self { data: folder("XDG_DATA_HOME", ".local/share")?, config: folder("XDG_CONFIG_HOME", ".config")? })
    }
}

/// A path as zsh takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(variables: &[(&str, &str)]) -> anyhow::Result<UserFolders> {
        UserFolders::by(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn folders_follow_the_xdg_specification() {
        let of = |data: &str, config: &str| UserFolders { data: data.into(), config: config.into() };
        let usual = folders(&[("HOME", "/home/ann")]).expect("a home");
        assert_eq!(usual, of("/home/ann/.local/share", "/home/ann/.config"));
        let chosen = folders(&[("XDG_DATA_HOME", "/data"), ("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]);
        assert_eq!(chosen.expect("a home"), of("/data", "/h/.config"));
        assert!(folders(&[("XDG_DATA_HOME", "/data")]).is_err());
    }
}
