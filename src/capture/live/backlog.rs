//! The backlog of the ring from before the session, discarded and counted.

use std::io;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout};
use pcap::{Active, Capture};

use super::worker::poll;

/// Time for which a ring that the kernel no longer fills must stay silent to be empty, in milliseconds.
const QUIET_MS: u8 = 50;

/// The frames that the ring held before the session.
#[derive(Clone, Copy, Default)]
pub(super) struct Backlog {
    /// Frames taken out of the ring, modulo 2³² like libpcap's counters.
    pub(super) taken: u32,
    /// Frames that the kernel had dropped.
    pub(super) dropped: u32,
}

/// Closes the kernel's end of the ring and throws away what is in it.
///
/// After it the ring is empty, and every frame that the next filter lets through is a frame of the session. Without
/// it, frames from before the filter would be in the ring, some of them only in the kernel's counters.
pub(super) fn discard(capture: &mut Capture<Active>) -> io::Result<Backlog> {
    attach_reject_filter(capture)?;
    wait_for_rcu_grace_period();
    let stat = capture.stats().map_err(io::Error::other)?;
    let due = stat.received.wrapping_sub(stat.dropped);
    let mut seen: u32 = 0;
    loop {
        capture.dispatch(None, |_| seen = seen.wrapping_add(1)).map_err(io::Error::other)?;
        if seen >= due {
            break;
        }
        let mut waits = [PollFd::new(capture.as_fd(), PollFlags::POLLIN)];
        if poll(&mut waits, PollTimeout::from(QUIET_MS))? == 0 {
            break;
        }
    }
    // loopback's outgoing copies, counted before the kernel was told to ignore them, libpcap has taken and not shown
    Ok(Backlog { taken: due, dropped: stat.dropped })
}

/// Waits until every packet that another processor was putting into the ring when the filter changed is there and
/// counted: the kernel's RCU grace period, about 5 ms.
#[cfg(target_os = "linux")]
fn wait_for_rcu_grace_period() {
    /// `MEMBARRIER_CMD_GLOBAL` of linux/membarrier.h: returns when every processor has left the network code.
    const GLOBAL: libc::c_int = 1;
    #[allow(unsafe_code, reason = "no crate offers this system call")]
    // SAFETY: the call takes three integers and touches no memory of ours.
    unsafe {
        // where the kernel refuses, a busy interface may cost the wait for a frame that does not come
        libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0);
    }
}

#[cfg(not(target_os = "linux"))]
fn wait_for_rcu_grace_period() {}

/// Attaches a filter of one instruction: keep 0 bytes.
#[cfg(target_os = "linux")]
fn attach_reject_filter(capture: &Capture<Active>) -> io::Result<()> {
    /// `BPF_RET | BPF_K`.
    const RETURN_CONSTANT: u16 = 0x06;
    socket2::SockRef::from(capture).attach_filter(&[socket2::SockFilter::new(RETURN_CONSTANT, 0, 0, 0)])
}

#[cfg(not(target_os = "linux"))]
fn attach_reject_filter(_capture: &Capture<Active>) -> io::Result<()> {
    Ok(())
}
