//! Giving up root, and saying so where the user must know.

use super::exit::say;
use crate::drive::{self, Privileges};

/// Gives up root and every capability; to be called before the first thread starts.
///
/// # Errors
/// When they can't be given up: the program must not go on then.
pub(super) fn give_up() -> anyhow::Result<()> {
    give_up_with(|| Ok(()))
}

/// The same where threads run already, whose capabilities `others` gives up.
///
/// # Errors
/// When they can't be given up: the program must not go on then.
pub(super) fn give_up_with(others: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tell(drive::give_up(others)?)
}

/// The same, but for what a scenario's faults need.
///
/// # Errors
/// When they can't be given up: the program must not go on then.
pub(super) fn give_up_except_faults(others: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    tell(drive::give_up_except_faults(others)?)
}

fn tell(privileges: Privileges) -> anyhow::Result<()> {
    if let Privileges::Unmapped { .. } | Privileges::Unreadable { .. } = privileges {
        say(&format!("note: {privileges}"));
    }
    Ok(())
}
