//! The rights that a process needs to create networks, and the way to get them without root: a user namespace, in which
//! the process has every capability over its own objects and none over the machine.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};
use caps::{CapSet, Capability};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::unistd::{getegid, geteuid};

/// Capabilities over the namespaces that a lab is built of; with them no user namespace is needed.
const NEEDED: [Capability; 3] = [Capability::CAP_SYS_ADMIN, Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW];

/// The origin of the right to create networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// The process has the capabilities (it is root).
    Capabilities,
    /// The process has entered a user namespace of its own. It is the same user as before, on files too.
    UserNamespace,
}

/// A step that the system may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Creating a user namespace.
    UserNamespace,
    /// Writing the maps of its user and group IDs.
    Maps,
    /// Creating a network namespace.
    NetworkNamespace,
}

/// Obtains the rights that [`Lab::start`](super::Lab::start) needs; an unprivileged process enters a user namespace.
///
/// Must be called while the process has only its first thread: the kernel lets no other process enter one
/// (user_namespaces(7)).
///
/// # Errors
/// If the system does not let its users create namespaces: the message names the setting and the remedy.
pub fn obtain_rights() -> Result<Rights> {
    if may_share_host() {
        return Ok(Rights::Capabilities);
    }
    // a limit of 0 can be read only here: the user namespace has limits of its own, below those of the outer ones
    let limit = fs::read_to_string("/proc/sys/user/max_net_namespaces");
    if limit.is_ok_and(|limit| limit.trim() == "0") {
        return Err(refused(Step::NetworkNamespace, Errno::ENOSPC));
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| refused(Step::UserNamespace, errno))?;
    // A program that got a capability from its file is not dumpable, and root owns its /proc/self. The capability was
    // lost with the outer user namespace, so nothing needs to be hidden any more.
    prctl::set_dumpable(true).context("cannot have /proc/self belong to the user")?;
    // The maps have one line each: the user has the same ID inside as outside, and so owns the same files.
    write_map("/proc/self/setgroups", "deny")?;
    write_map("/proc/self/uid_map", &format!("{user} {user} 1"))?;
    write_map("/proc/self/gid_map", &format!("{group} {group} 1"))?;
    Ok(Rights::UserNamespace)
}

/// `true` if programs can be run on this host itself, captured there and ended safely, for which a user namespace does
/// not help.
pub fn may_share_host() -> bool {
    NEEDED.iter().all(|capability| caps::has_cap(None, CapSet::Effective, *capability).unwrap_or(false))
}

fn write_map(path: &str, text: &str) -> Result<()> {
    fs::write(path, text)
        .map_err(|error| match error.raw_os_error() {
            Some(code) => refused(Step::Maps, Errno::from_raw(code)),
            None => error.into(),
        })
        .with_context(|| format!("cannot write {path}"))
}

/// The error for a `step` that the system refused with `errno`, with its cause.
pub(super) fn refused(step: Step, errno: Errno) -> anyhow::Error {
    let read = |path: &str| fs::read_to_string(path).ok();
    anyhow::Error::new(errno).context(Obstacle::find(step, errno, read))
}

/// The cause that prevents a process from creating a network, as the context of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A setting of the machine.
    Setting {
        /// The setting.
        name: &'static str,
        /// The value that forbids it.
        value: &'static str,
        /// The command that allows it.
        remedy: &'static str,
    },
    /// As many namespaces as a setting of the machine allows are in use.
    Limit {
        /// The setting.
        name: &'static str,
        /// The command that raises it.
        remedy: &'static str,
    },
    /// The process has threads.
    Threads,
    /// The kernel was built without namespaces.
    Kernel,
    /// `obtain_rights` was not called.
    Rights,
    /// Something else: a container's system call filter or a chroot.
    Container,
}

/// Every setting that forbids namespaces: the step that it prevents, its file, its name, the value that forbids, and
/// the remedy.
const SETTINGS: [(Step, &str, &str, &str, &str); 5] = [
    (
        Step::UserNamespace,
        "/proc/sys/kernel/unprivileged_userns_clone",
        "kernel.unprivileged_userns_clone",
        "0",
        "sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        Step::UserNamespace,
        "/proc/sys/user/max_user_namespaces",
        "user.max_user_namespaces",
        "0",
        "sudo sysctl user.max_user_namespaces=10000",
    ),
    (
        Step::UserNamespace,
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        Step::Maps,
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        Step::NetworkNamespace,
        "/proc/sys/user/max_net_namespaces",
        "user.max_net_namespaces",
        "0",
        "sudo sysctl user.max_net_namespaces=10000",
    ),
];

impl Obstacle {
    /// Finds the cause of the failure of `step` with `errno`; `read` returns the text of a file in /proc, if it exists.
    fn find(step: Step, errno: Errno, read: impl Fn(&str) -> Option<String>) -> Self {
        if errno == Errno::EINVAL && step == Step::UserNamespace {
            return Self::Threads;
        }
        if errno == Errno::EINVAL || errno == Errno::ENOSYS {
            return Self::Kernel;
        }
        let forbids = SETTINGS.iter().find(|(stops, path, _, forbidding, _)| {
            *stops == step && read(path).is_some_and(|value| value.trim() == *forbidding)
        });
        match forbids {
            Some(&(_, _, name, value, remedy)) => Self::Setting { name, value, remedy },
            None if errno == Errno::ENOSPC => Self::limit(step),
            None if step == Step::NetworkNamespace && errno == Errno::EPERM => Self::Rights,
            None => Self::Container,
        }
    }

    /// The limit that is exhausted when the kernel has no room for the namespace of `step`.
    fn limit(step: Step) -> Self {
        let of_step = SETTINGS.iter().find(|(stops, path, ..)| *stops == step && path.starts_with("/proc/sys/user/"));
        of_step.map_or(Self::Container, |&(_, _, name, _, remedy)| Self::Limit { name, remedy })
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this system does not let you make a network of your own: ")?;
        match self {
            Self::Setting { name, value, remedy } => {
                write!(f, "{name} is {value}. Allow it with `{remedy}`{}", or_root(name))
            }
            Self::Limit { name, remedy } => {
                write!(f, "as many namespaces as {name} allows are in use. Raise it with `{remedy}`{}", or_root(name))
            }
            Self::Threads => f.write_str("the process had started threads before it asked (a fault of the program)"),
            Self::Kernel => f.write_str("its kernel was built without user or network namespaces"),
            Self::Rights => f.write_str("the process lacks CAP_SYS_ADMIN. Run echolab as root"),
            Self::Container => f.write_str(
                "no setting forbids it, so it is a container's system call filter, a chroot or a limit on namespaces. \
                 Run echolab outside the container or as root, or start the container with `--privileged`",
            ),
        }
    }
}

/// The advice to run as root, where that helps: the limit on network namespaces applies to root as well.
fn or_root(name: &str) -> &'static str {
    if name == "user.max_net_namespaces" { "" } else { ", or run echolab as root" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(step: Step, errno: Errno, files: &[(&str, &str)]) -> String {
        let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        Obstacle::find(step, errno, read).to_string()
    }

    #[test]
    fn the_message_names_the_setting_and_the_remedy() {
        for (step, path, name, value, remedy) in SETTINGS {
            let text = found(step, Errno::EPERM, &[(path, &format!("{value}\n"))]);
            assert!(text.contains(&format!("{name} is {value}.")) && text.contains(remedy), "{text}");
        }
    }

    #[test]
    fn permissive_setting_is_not_blamed() {
        let files =
            [("/proc/sys/user/max_user_namespaces", "96365\n"), ("/proc/sys/kernel/unprivileged_userns_clone", "1")];
        let text = found(Step::UserNamespace, Errno::EPERM, &files);
        assert!(text.contains("a container's system call filter"), "{text}");
    }

    #[test]
    fn reached_limit_is_named() {
        let files = [("/proc/sys/user/max_net_namespaces", "5\n")];
        let text = found(Step::NetworkNamespace, Errno::ENOSPC, &files);
        assert!(text.contains("as many namespaces as user.max_net_namespaces allows"), "{text}");
        let text = found(Step::UserNamespace, Errno::ENOSPC, &[]);
        assert!(text.contains("user.max_user_namespaces allows") && text.contains("=10000"), "{text}");
    }

    #[test]
    fn threads_are_distinguished_from_a_kernel_without_namespaces() {
        assert!(found(Step::UserNamespace, Errno::EINVAL, &[]).contains("threads"));
        assert!(found(Step::NetworkNamespace, Errno::EINVAL, &[]).contains("kernel"));
        assert!(found(Step::NetworkNamespace, Errno::EPERM, &[]).contains("CAP_SYS_ADMIN"));
    }
}
