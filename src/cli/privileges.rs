//! Giving up root, and saying so where the user must know.

use std::path::PathBuf;

use super::exit::say;
use crate::drive::{self, Files, Privileges};

/// Gives up root and every capability; to be called before the first thread starts.
///
/// # Errors
/// If they can't be given up: the program must not go on then.
pub(super) fn give_up(files: Files) -> anyhow::Result<()> {
    give_up_with(files, || Ok(()))
}

/// The same where threads run already, whose capabilities `others` gives up.
///
/// # Errors
/// If they can't be given up: the program must not go on then.
pub(super) fn give_up_with(files: Files, others: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tell(drive::give_up(files, others)?)
}

/// The same, except the rights that a scenario's faults need.
///
/// # Errors
/// If they can't be given up: the program must not go on then.
pub(super) fn give_up_except_faults(files: Files, others: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tell(drive::give_up_except_faults(files, others)?)
}

/// The files that are still to be made where these are named; `-` was left out.
pub(super) fn files(named: &[PathBuf]) -> Files {
    if named.is_empty() { Files::Nameless } else { Files::Named }
}

fn tell(privileges: Privileges) -> anyhow::Result<()> {
    if let Privileges::Unmapped { .. } | Privileges::Unreadable { .. } = privileges {
        say(&format!("note: {privileges}"));
    }
    Ok(())
}
