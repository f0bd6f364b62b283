//! Ctrl-C and SIGTERM: the first ends the program in order, the second at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

use crate::drive::Signal;

/// A signal that Ctrl-C and SIGTERM raise.
///
/// # Errors
/// When the handlers can't be installed.
pub(super) fn interrupt() -> anyhow::Result<Signal> {
    let install = || {
        let halt = Signal::new()?;
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // handlers run in this order: the flag is still down when the first signal comes
            flag::register_conditional_default(signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            pipe::register(signal, halt.raiser()?)?;
        }
        std::io::Result::Ok(halt)
    };
    install().context("can't prepare for Ctrl-C")
}
