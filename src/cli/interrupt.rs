//! Ctrl-C, SIGTERM and SIGHUP: the first ends the program in order. One that comes a second later or more ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{self, pipe};

use crate::drive::Signal;

/// Signals within this time are one request: `timeout` signals its child and then its child's group, and a terminal that
/// is closed sends SIGHUP beside what its shell sends.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// A signal that Ctrl-C, SIGTERM and SIGHUP raise; SIGHUP does not where it is ignored, as under `nohup`.
///
/// # Errors
/// If the handlers can't be installed.
pub(super) fn interrupt() -> anyhow::Result<Signal> {
    let install = || {
        let halt = Signal::new()?;
        let requests = Arc::new(Requests::new());
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            pipe::register(signal, halt.raiser()?)?;
            let requests = Arc::clone(&requests);
            let end_again = move || {
                if requests.is_another(Instant::now()) {
                    // it ends the program; where it fails, the first request still holds
                    let _ = low_level::emulate_default_handler(signal);
                }
            };
            #[allow(unsafe_code, reason = "signal-hook has no handler that looks at a clock")]
            // SAFETY: the handler reads the monotonic clock, compares an atomic number, and resets a signal's handler: all of
            // them async-signal-safe (signal-safety(7)). It takes no lock, allocates nothing and does not panic.
            unsafe {
                low_level::register(signal, end_again)?;
            }
        }
        std::io::Result::Ok(halt)
    };
    install().context("can't prepare for Ctrl-C")
}

/// The requests to end the program.
struct Requests {
    began: Instant,
    /// The first: nanoseconds since `began`, plus 1; 0 before it.
    first: AtomicU64,
}

impl Requests {
    fn new() -> Self {
        Self { began: Instant::now(), first: AtomicU64::new(0) }
    }

    /// Returns `true` if a signal at this time is another request, after the first.
    fn is_another(&self, now: Instant) -> bool {
        let since = u64::try_from(now.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX - 1) + 1;
        match self.first.compare_exchange(0, since, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => false,
            Err(first) => Duration::from_nanos(since.saturating_sub(first)) >= ONE_REQUEST,
        }
    }
}

fn is_ignored(signal: libc::c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    #[allow(unsafe_code, reason = "no crate tells how a signal is handled without changing it")]
    // SAFETY: without a new action the call only writes the present one to `action`, which is of that type; all of its
    // fields may be zero.
    let (result, action) =
        unsafe { (libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()), action.assume_init()) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_within_a_second_are_one_request() {
        let requests = Requests::new();
        let at = |millis| requests.began + Duration::from_millis(millis);
        assert!(!requests.is_another(at(500)), "the first");
        assert!(!requests.is_another(at(500)));
        assert!(!requests.is_another(at(1499)));
        assert!(requests.is_another(at(1500)));
        assert!(requests.is_another(at(9000)));
    }
}
