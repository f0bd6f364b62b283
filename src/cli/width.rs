//! The width of tables.

use std::io::{self, IsTerminal};

use crate::render;

/// The width of the terminal that standard output is, if it is one.
pub(super) fn of_terminal() -> Option<usize> {
    io::stdout().is_terminal().then(|| width(None, true))
}

/// `--width`, COLUMNS, the terminal's width, 80: the first that there is.
pub(super) fn width(asked: Option<u16>, stdout: bool) -> usize {
    let environment = || std::env::var("COLUMNS").ok()?.parse().ok();
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    let terminal = || if stdout { terminal() } else { None };
    usize::from(asked.or_else(environment).or_else(terminal).unwrap_or(80).max(render::MIN_WIDTH))
}
