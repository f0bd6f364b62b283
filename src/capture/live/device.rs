//! Which interface a session is captured on.

use anyhow::{Context, Result};
use pcap::Device;

/// Where a session can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// The loopback interface, by the name that the system has for it.
    Loopback(String),
    /// All interfaces at once; frames have link type LINUX_SLL2.
    Any,
    /// The only interface of a host in a network namespace of its own. It is opened by a thread of that host, and shows
    /// what the host sends and receives, nothing else.
    Private {
        /// The host.
        host: &'static str,
        /// The interface's name there.
        name: &'static str,
    },
}

impl Interface {
    /// The name that libpcap takes.
    pub fn name(&self) -> &str {
        match self {
            Self::Loopback(name) => name,
            Self::Any => "any",
            Self::Private { name, .. } => name,
        }
    }

    /// What people are told: the name, with the host where it is not this one, as in `client:eth0`.
    pub fn label(&self) -> String {
        match self {
            Self::Private { host, name } => format!("{host}:{name}"),
            _ => self.name().to_owned(),
        }
    }

    /// Whether each packet is seen leaving and arriving: two sockets of one host meet on loopback.
    pub(super) fn sees_both_ends(&self) -> bool {
        !matches!(self, Self::Private { .. })
    }

    /// Takes the name given on the command line; `None` is the loopback interface.
    ///
    /// # Errors
    /// When `name` is neither the loopback interface nor `any`, or the system has no loopback interface.
    pub fn from_name(name: Option<&str>) -> Result<Self> {
        if name == Some("any") {
            return Ok(Self::Any);
        }
        let loopback = loopback()?;
        match name {
            Some(other) if other != loopback => anyhow::bail!(
                "a session can't be captured on `{other}`: two sockets of one host always meet on loopback, whatever \
                 their addresses; use `{loopback}` or `any`"
            ),
            _ => Ok(Self::Loopback(loopback)),
        }
    }
}

/// The name of the loopback interface.
fn loopback() -> Result<String> {
    let devices = Device::list().context("can't list the network interfaces")?;
    devices
        .into_iter()
        .find(|device| device.flags.is_loopback())
        .map(|device| device.name)
        .context("this system has no loopback interface")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_found_by_its_flag_and_other_names_are_refused() -> Result<()> {
        let default = Interface::from_name(None)?;
        assert_eq!(Interface::from_name(Some(default.name()))?, default);
        assert_eq!(Interface::from_name(Some("any"))?, Interface::Any);
        let refusal = Interface::from_name(Some("eth7")).err().context("refused")?.to_string();
        assert!(refusal.contains("always meet on loopback") && refusal.contains(default.name()), "{refusal}");
        Ok(())
    }
}
