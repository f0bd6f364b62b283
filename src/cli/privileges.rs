//! Giving up root, and saying so where the user must know.

use super::exit::say;
use crate::drive::{self, Privileges};

/// Gives up root and every capability; to be called before the first thread starts.
///
/// # Errors
/// When they can't be given up: the program must not go on then.
pub(super) fn give_up() -> anyhow::Result<()> {
    let privileges = drive::give_up()?;
    if let Privileges::Unmapped { .. } = privileges {
        say(&format!("note: {privileges}"));
    }
    Ok(())
}
