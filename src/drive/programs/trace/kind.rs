//! Kinds of system calls: those that may wait for the peer, and those that change the user.

use crate::model::FailedCall;

/// The call in which a thread may wait for its peer.
pub(super) fn waits_in(number: libc::c_long) -> Option<FailedCall> {
    match number {
        libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_recvmmsg | libc::SYS_read | libc::SYS_readv => {
            Some(FailedCall::Receive)
        }
        libc::SYS_sendto
        | libc::SYS_sendmsg
        | libc::SYS_sendmmsg
        | libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_sendfile => Some(FailedCall::Send),
        libc::SYS_connect => Some(FailedCall::Connect),
        _ => None,
    }
}

/// The name of a call that changes the user or the group of a process.
pub(super) fn changes_user(number: libc::c_long) -> Option<&'static str> {
    Some(match number {
        libc::SYS_setuid => "setuid",
        libc::SYS_setgid => "setgid",
        libc::SYS_setresuid => "setresuid",
        libc::SYS_setresgid => "setresgid",
        libc::SYS_setreuid => "setreuid",
        libc::SYS_setregid => "setregid",
        libc::SYS_setgroups => "setgroups",
        _ => return None,
    })
}
