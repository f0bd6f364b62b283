//! Drops root permanently, before any byte from the network is parsed.

use std::ffi::{OsStr, OsString};
use std::fmt;

use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};

/// The user `nobody`, and the group of that number: the kernel's substitute for IDs without a mapping
/// (`fs.overflowuid`).
const NOBODY: u32 = 65_534;

/// The files that the program creates after it has dropped root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// None with a name: any user will do.
    Nameless,
    /// Files that are to belong to the caller, in folders of the caller.
    Named,
}

/// The privileges of the program after [`give_up`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// The user it was, without capabilities.
    Kept,
    /// The user who called sudo, without capabilities.
    Became {
        /// The caller of sudo.
        uid: Uid,
        /// The caller's group.
        gid: Gid,
    },
    /// `nobody`, without capabilities.
    Nobody,
    /// Root still, though without capabilities: sudo's caller is not known here.
    Unmapped {
        /// The user whom sudo names.
        uid: Uid,
        /// The system's error.
        error: Errno,
    },
    /// Root still, though without capabilities: the variable that should name sudo's caller is no user ID.
    Unreadable {
        /// `SUDO_UID` or `SUDO_GID`.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

/// A description in one line, for the user.
impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept the user, without capabilities"),
            Self::Became { uid, gid } => write!(f, "became user {uid}, group {gid}, without capabilities"),
            Self::Nobody => f.write_str("became nobody, without capabilities"),
            Self::Unmapped { uid, error } => write!(
                f,
                "SUDO_UID is {uid}, but this can't become that user ({}; in a user namespace of one's own it is not \
                 mapped): files will belong to the present user; all capabilities are given up all the same",
                error.desc()
            ),
            Self::Unreadable { variable, value } => write!(
                f,
                "{variable} is {value:?}, which is no number that sudo gives, so its caller is not known: files will \
                 belong to root; all capabilities are given up all the same"
            ),
        }
    }
}

/// Prevents programs that this one starts from gaining more rights than it has: sets `no_new_privs`, and clears the
/// bounding set if permitted. Threads started later inherit it, so call it before the first.
///
/// # Errors
/// If the system refuses.
pub fn bar_new_privileges() -> Result<()> {
    prctl::set_no_new_privs().context("can't bar new privileges")?;
    let has = |set, capability| caps::has_cap(None, set, capability).unwrap_or(false);
    if has(CapSet::Effective, Capability::CAP_SETPCAP) {
        // a capability that the kernel does not know needs no clearing
        let bounding = caps::all().into_iter().filter(|capability| has(CapSet::Bounding, *capability));
        for capability in bounding {
            caps::drop(None, CapSet::Bounding, capability).context("can't clear the bounding set")?;
        }
    }
    Ok(())
}

/// Becomes the user who called sudo, and clears every capability, those of `setcap` too. Root without sudo becomes
/// `nobody` if no file has to be created by name; otherwise it stays root, without capabilities.
///
/// Capabilities belong to each thread: threads started later inherit the cleared ones, and `others` drops those of
/// threads that run already (a lab's). `others` is called second: the C library changes the user of all threads at
/// once, and aborts if only some of them may.
///
/// # Errors
/// If the system does not drop the privileges: the program must not continue then.
pub fn give_up(files: Files, others: impl FnOnce() -> Result<()>) -> Result<Privileges> {
    let privileges = become_caller(files)?;
    others()?;
    clear_capabilities()?;
    Ok(privileges)
}

/// The same, but the calling thread, and threads that it starts from now on, keep CAP_NET_ADMIN and CAP_NET_RAW, as far
/// as the program had them: a scenario's faults need these. [`clear_capabilities`] drops them in a thread.
///
/// # Errors
/// If the system does not drop the privileges: the program must not continue then.
pub fn give_up_except_faults(files: Files, others: impl FnOnce() -> Result<()>) -> Result<Privileges> {
    let had = caps::read(None, CapSet::Permitted).context("cannot read the capabilities")?;
    let kept: CapsHashSet =
        [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW].into_iter().filter(|cap| had.contains(cap)).collect();
    // becoming another user would clear them
    prctl::set_keepcaps(true).context("can't keep the capabilities that the faults need")?;
    let privileges = become_caller(files)?;
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

/// Clears every capability of the calling thread, permanently.
///
/// # Errors
/// If the system refuses.
pub fn clear_capabilities() -> Result<()> {
    let clear = || {
        // an ambient capability can't outlive the inheritable one
        caps::clear(None, CapSet::Inheritable)?;
        caps::clear(None, CapSet::Permitted)
    };
    clear().context("can't give up the capabilities")
}

/// Becomes the user who called sudo, or `nobody` for root without sudo, as `files` allow.
fn become_caller(files: Files) -> Result<Privileges> {
    if !geteuid().is_root() {
        return Ok(Privileges::Kept);
    }
    Ok(match sudo_caller(|variable| std::env::var_os(variable)) {
        Ok(Some((uid, gid))) => match become_user(uid, gid) {
            Ok(()) => Privileges::Became { uid, gid },
            // a user namespace: the user is not mapped, or groups may not be set
            Err(error @ (Errno::EINVAL | Errno::EPERM)) => Privileges::Unmapped { uid, error },
            Err(error) => return Err(error).with_context(|| format!("can't give up root for user {uid}")),
        },
        Ok(None) if files == Files::Nameless => match become_user(Uid::from_raw(NOBODY), Gid::from_raw(NOBODY)) {
            Ok(()) => Privileges::Nobody,
            // a user namespace in which there is no such user
            Err(Errno::EINVAL | Errno::EPERM) => Privileges::Kept,
            Err(error) => return Err(error).context("can't give up root"),
        },
        Ok(None) => Privileges::Kept,
        Err((variable, value)) => Privileges::Unreadable { variable, value: value.to_string_lossy().into_owned() },
    })
}

/// A variable with an unreadable value, and the value.
type Unreadable = (&'static str, OsString);

/// The user and group who called sudo, from these variables; `None` if that was root, or sudo was not used.
fn sudo_caller(get: impl Fn(&str) -> Option<OsString>) -> Result<Option<(Uid, Gid)>, Unreadable> {
    let number = |variable| match get(variable).map(|value| (id(&value), value)) {
        None => Ok(None),
        Some((Some(id), _)) => Ok(Some(id)),
        Some((None, value)) => Err((variable, value)),
    };
    let Some(uid) = number("SUDO_UID")? else { return Ok(None) };
    let gid = number("SUDO_GID")?.unwrap_or(uid);
    Ok((uid != 0).then(|| (Uid::from_raw(uid), Gid::from_raw(gid))))
}

/// The number of a user or group; the largest is invalid, as it would change nothing (setresuid(2)).
fn id(value: &OsStr) -> Option<u32> {
    value.to_str()?.parse().ok().filter(|id| *id != u32::MAX)
}

/// Groups are changed first: after the change of the user there is no right to change them.
fn become_user(uid: Uid, gid: Gid) -> Result<(), Errno> {
    setgroups(&[gid])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(uid: Option<&str>, gid: Option<&str>) -> Result<Option<(u32, u32)>, Unreadable> {
        let get = |variable: &str| if variable == "SUDO_UID" { uid } else { gid }.map(OsString::from);
        sudo_caller(get).map(|caller| caller.map(|(uid, gid)| (uid.as_raw(), gid.as_raw())))
    }

    #[test]
    fn sudo_caller_is_known_by_uid_and_gid() {
        assert_eq!(caller(None, None), Ok(None));
        assert_eq!(caller(None, Some("1000")), Ok(None));
        assert_eq!(caller(Some("0"), Some("0")), Ok(None));
        assert_eq!(caller(Some("1000"), Some("100")), Ok(Some((1000, 100))));
        assert_eq!(caller(Some("1000"), None), Ok(Some((1000, 1000))));
    }

    #[test]
    fn number_of_no_user_is_refused() {
        for wrong in ["abc", "", "-1", "4294967295", "4294967296", "1e3", " 7"] {
            assert_eq!(caller(Some(wrong), None), Err(("SUDO_UID", wrong.into())));
            assert_eq!(caller(Some("1000"), Some(wrong)), Err(("SUDO_GID", wrong.into())));
        }
    }
}
