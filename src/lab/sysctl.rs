//! A kernel setting of one host, as `sysctl` writes it: `net.ipv4.tcp_sack=0`.
//!
//! Only names below `net.` are accepted, and only settings that each network namespace has for itself: /proc/sys/net
//! shows each thread the settings of its own namespace, without those of the whole system, so that a write never
//! changes the machine's.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};

/// A setting's name and its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctl {
    name: String,
    value: String,
}

/// The reason that a text is not a [`Sysctl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SysctlError {
    /// There is no `=` in it.
    NoValue(String),
    /// The name is not made of letters, digits, `_` and `-`, joined by dots.
    BadName(String),
    /// The name does not begin with `net.`.
    NotNetwork(String),
    /// The value is empty or holds control characters.
    BadValue(String),
}

impl fmt::Display for SysctlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(text) => {
                write!(f, "{text:?} has no \"=VALUE\": write NAME=VALUE, for example net.ipv4.tcp_sack=0")
            }
            Self::BadName(name) => {
                write!(
                    f,
                    "{name:?} is not the name of a kernel parameter: write it with dots, for example net.ipv4.tcp_sack"
                )
            }
            Self::NotNetwork(name) => {
                write!(f, "{name:?} belongs to the whole system: a host of the lab has only the settings below net.")
            }
            Self::BadValue(name) => write!(f, "the value of {name} is empty or holds control characters"),
        }
    }
}

impl std::error::Error for SysctlError {}

impl FromStr for Sysctl {
    type Err = SysctlError;

    fn from_str(text: &str) -> Result<Self, SysctlError> {
        let (name, value) = text.split_once('=').ok_or_else(|| SysctlError::NoValue(text.to_owned()))?;
        let (name, value) = (name.trim(), value.trim());
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        if !name.split('.').all(word) {
            return Err(SysctlError::BadName(name.to_owned()));
        }
        if !name.starts_with("net.") {
            return Err(SysctlError::NotNetwork(name.to_owned()));
        }
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(SysctlError::BadValue(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// `net.ipv4.tcp_sack=0`
impl fmt::Display for Sysctl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl Sysctl {
    /// The setting's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> PathBuf {
        PathBuf::from("/proc/sys").join(self.name.replace('.', "/"))
    }

    /// Writes the value in the calling thread's network namespace.
    pub(super) fn apply(&self) -> Result<()> {
        let written = fs::OpenOptions::new()
            .write(true)
            .open(self.path())
            .and_then(|mut file| std::io::Write::write_all(&mut file, self.value.as_bytes()));
        let error = match written {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let why = match error.kind() {
            ErrorKind::NotFound => {
                "a host of the lab has no such setting (the kernel lacks it, or it is the whole system's)"
            }
            ErrorKind::InvalidInput => "the kernel refuses this value",
            ErrorKind::ReadOnlyFilesystem => "/proc/sys is mounted read-only, as containers often have it",
            ErrorKind::PermissionDenied => "this setting is the whole system's or may only be read",
            _ => "the kernel refuses it",
        };
        Err(anyhow!(error)).with_context(|| format!("cannot set {self}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        let setting: Sysctl = "net.ipv4.tcp_rmem = 4096 8192 16384".parse().unwrap();
        assert_eq!(setting.to_string(), "net.ipv4.tcp_rmem=4096 8192 16384");
        assert_eq!(setting.path(), PathBuf::from("/proc/sys/net/ipv4/tcp_rmem"));
    }

    #[test]
    fn malformed_settings_and_those_outside_net_are_refused() {
        let refused = |text: &str| text.parse::<Sysctl>().unwrap_err();
        assert_eq!(refused("kernel.panic=1"), SysctlError::NotNetwork("kernel.panic".to_owned()));
        assert_eq!(refused("net"), SysctlError::NoValue("net".to_owned()));
        assert_eq!(refused("net=1"), SysctlError::NotNetwork("net".to_owned()));
        for name in ["net../kernel/panic", "net...kernel", "net.ipv4/../../kernel", "/net.a", "net.ipv4.", "net.a b"] {
            assert_eq!(refused(&format!("{name}=1")), SysctlError::BadName(name.to_owned()));
        }
        assert_eq!(refused("net.ipv4.tcp_sack="), SysctlError::BadValue("net.ipv4.tcp_sack".to_owned()));
        assert_eq!(refused("net.ipv4.tcp_sack=0\n1"), SysctlError::BadValue("net.ipv4.tcp_sack".to_owned()));
    }
}
