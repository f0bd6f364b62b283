//! Giving up root, once and for all, before a byte from the network is looked at.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

/// What the program still is after [`give_up`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// The user it was, without capabilities.
    Kept,
    /// The user who called sudo, without capabilities.
    Became {
        /// That user.
        uid: Uid,
        /// That user's group.
        gid: Gid,
    },
    /// Root still, though without capabilities: sudo's caller is not known here.
    Unmapped {
        /// The user whom sudo names.
        uid: Uid,
        /// What the system says.
        error: Errno,
    },
}

/// One line for the user where there is something to know.
impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept the user, without capabilities"),
            Self::Became { uid, gid } => write!(f, "became user {uid}, group {gid}, without capabilities"),
            Self::Unmapped { uid, error } => write!(
                f,
                "SUDO_UID is {uid}, but this can't become that user ({}; in a user namespace of one's own it is not \
                 mapped): files will belong to the present user; all capabilities are given up all the same",
                error.desc()
            ),
        }
    }
}

/// Becomes the user who called sudo, and clears every capability, those of `setcap` too. Root without sudo stays root,
/// without capabilities.
///
/// Capabilities are each thread's own: threads started later inherit the cleared ones, and those of threads that run
/// already (a lab's) are given up by `others`. That comes second: the C library changes the user of all threads at once,
/// and ends a program of whose threads only some may.
///
/// # Errors
/// When the system does not let the privileges go: the program must not go on then.
pub fn give_up(others: impl FnOnce() -> Result<()>) -> Result<Privileges> {
    let privileges = become_caller()?;
    others()?;
    clear_capabilities()?;
    Ok(privileges)
}

/// The same, but the calling thread, and threads that it starts from now on, keep CAP_NET_ADMIN and CAP_NET_RAW, as far
/// as the program had them: a scenario's faults need these. [`clear_capabilities`] gives them up in a thread.
///
/// # Errors
/// When the system does not let the privileges go: the program must not go on then.
pub fn give_up_except_faults(others: impl FnOnce() -> Result<()>) -> Result<Privileges> {
    let had = caps::read(None, CapSet::Permitted).context("can't tell which capabilities there are")?;
    let kept: CapsHashSet =
        [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW].into_iter().filter(|cap| had.contains(cap)).collect();
    // becoming another user would clear them
    prctl::set_keepcaps(true).context("can't keep the capabilities that the faults need")?;
    let privileges = become_caller()?;
    prctl::set_keepcaps(false).context("can't give up root")?;
    others()?;
    let limit = || {
        caps::clear(None, CapSet::Inheritable)?;
        caps::set(None, CapSet::Effective, &kept)?;
        caps::set(None, CapSet::Permitted, &kept)
    };
    limit().context("can't give up the capabilities")?;
    Ok(privileges)
}

/// Clears every capability of the calling thread, for good.
///
/// # Errors
/// When the system refuses, which it has no reason to.
pub fn clear_capabilities() -> Result<()> {
    let clear = || {
        // an ambient capability can't outlive the inheritable one
        caps::clear(None, CapSet::Inheritable)?;
        caps::clear(None, CapSet::Permitted)
    };
    clear().context("can't give up the capabilities")
}

/// Becomes the user who called sudo, where root was called by sudo.
fn become_caller() -> Result<Privileges> {
    Ok(match sudo_caller() {
        Some((uid, gid)) if geteuid().is_root() => match become_user(uid, gid) {
            Ok(()) => Privileges::Became { uid, gid },
            // a user namespace: the user is not mapped, or groups may not be set
            Err(error @ (Errno::EINVAL | Errno::EPERM)) => Privileges::Unmapped { uid, error },
            Err(error) => return Err(error).with_context(|| format!("can't give up root for user {uid}")),
        },
        _ => Privileges::Kept,
    })
}

/// The user and group who called sudo; `None` if that was root, or nobody.
fn sudo_caller() -> Option<(Uid, Gid)> {
    let uid = Uid::from_raw(number("SUDO_UID")?);
    let gid = Gid::from_raw(number("SUDO_GID").unwrap_or(uid.as_raw()));
    (!uid.is_root()).then_some((uid, gid))
}

fn number<T: FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The groups go first: after the user has changed there is no right to change them.
fn become_user(uid: Uid, gid: Gid) -> Result<(), Errno> {
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)
}
