//! A program that is killed while it has a connection.

use std::io;

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pause};
use socket2::Socket;

/// Passes `socket` to a process and kills it: the kernel closes the socket as for every program that ends.
pub(super) fn kill_owner_of(socket: Socket) -> io::Result<()> {
    #[allow(unsafe_code, reason = "a process that can be killed has to be made")]
    // SAFETY: the child of a program with several threads may only make system calls that are safe in a signal handler;
    // `prctl` and `pause` are, and it returns from neither to code of ours.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = prctl::set_pdeathsig(Signal::SIGKILL);
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => {
            // from here on the connection is the child's alone
            drop(socket);
            kill(child, Signal::SIGKILL)?;
            waitpid(child, None)?;
            Ok(())
        }
    }
}
