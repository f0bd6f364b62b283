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

/// The page of a command. Its examples and what else stands after the help keep their lines.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone())
        .source(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut others: Vec<_> = command.get_subcommands().filter_map(Command::get_display_name).collect();
    if others.is_empty() {
        others.push(env!("CARGO_PKG_NAME"));
    } else {
        man.render_subcommands_section(&mut page)?;
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    page.extend(after.split("\n\n").flat_map(|part| section(part).into_bytes()));
    let see: Vec<_> = others.iter().map(|name| format!("{}(1)", roff(name))).collect();
    page.extend(format!(".SH \"SEE ALSO\"\n{}, pcap\\-filter(7)\n", see.join(", ")).into_bytes());
    Ok(page)
}

/// A part of what stands after the help, as a section of its own.
fn section(part: &str) -> String {
    let (heading, text) = part.split_once(':').unwrap_or(("Notes", part));
    let filled = heading == "Exit status";
    let lines: Vec<_> =
        text.trim_matches('\n').lines().map(|line| roff(line.strip_prefix("  ").unwrap_or(line))).collect();
    let (before, after) = if filled { ("", "") } else { (".nf\n", "\n.fi") };
    format!(".SH \"{}\"\n{before}{}{after}\n", roff(&heading.to_uppercase()), lines.join("\n").trim_start())
}

/// A line of text as roff takes it: no request, and each hyphen the character that was typed.
fn roff(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines_and_nothing_in_them_is_a_request() {
        let examples = section("Examples:\n  echolab man | man -l -   read it\n.so x\\n\n'x");
        let lines = "echolab man | man \\-l \\-   read it\n\\&.so x\\en\n\\&'x";
        assert_eq!(examples, format!(".SH \"EXAMPLES\"\n.nf\n{lines}\n.fi\n"));
        let status = section("Exit status: 0 done,\n2 an error.");
        assert_eq!(status, ".SH \"EXIT STATUS\"\n0 done,\n2 an error.\n");
    }
}
