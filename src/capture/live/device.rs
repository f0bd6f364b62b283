//! The interface that is captured.

use std::net::IpAddr;

use anyhow::{Context, Result};
use nix::net::if_::if_nametoindex;
use pcap::Device;

/// An interface on which a session can be captured.
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
    /// An interface of this host, captured with the traffic of any program in both directions.
    Shared {
        /// The name that libpcap takes; `any` is all interfaces at once, as LINUX_SLL2.
        name: String,
        /// `true` for the loopback interface.
        loopback: bool,
    },
}

impl Interface {
    /// The name that libpcap takes.
    pub fn name(&self) -> &str {
        match self {
            Self::Loopback(name) | Self::Shared { name, .. } => name,
            Self::Any => "any",
            Self::Private { name, .. } => name,
        }
    }

    /// The name as printed, with the host if it is another one, as in `client:eth0`.
    pub fn label(&self) -> String {
        match self {
            Self::Private { host, name } => format!("{host}:{name}"),
            _ => self.name().to_owned(),
        }
    }

    /// Returns `true` if each packet is captured on departure and on arrival: two sockets of one host meet on loopback.
    pub(super) fn sees_both_ends(&self) -> bool {
        match self {
            Self::Loopback(_) | Self::Any => true,
            Self::Private { .. } => false,
            Self::Shared { loopback, .. } => *loopback,
        }
    }

    /// Returns `true` for all interfaces at once.
    pub(super) fn is_any(&self) -> bool {
        self.name() == ANY
    }

    /// The interface of this name, for a capture of any program's traffic.
    ///
    /// # Errors
    /// If there is none of this name; the message has the names that there are.
    pub fn shared(name: &str) -> Result<Self> {
        let all = interfaces()?;
        if let Some(found) = all.iter().find(|one| one.name == name) {
            return Ok(Self::Shared { name: name.to_owned(), loopback: found.is_loopback });
        }
        let near = all.iter().map(|one| &one.name).filter(|one| distance(one, name) <= 2);
        let near = near.min_by_key(|one| distance(one, name));
        let meant = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
        anyhow::bail!("there is no interface {name:?}{meant}; this host has {}", names.join(", "))
    }

    /// Takes the name given on the command line; `None` is the loopback interface.
    ///
    /// # Errors
    /// If `name` is neither the loopback interface nor `any`, or the system has no loopback interface.
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

/// libpcap's name for all interfaces at once.
const ANY: &str = "any";

/// An interface of this host that can be captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InterfaceInfo {
    /// Its name.
    pub name: String,
    /// `true` if it is up; `any` always is.
    pub is_up: bool,
    /// `true` for the loopback interface.
    pub is_loopback: bool,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// The interfaces of this host, `any` first.
///
/// # Errors
/// If the system does not list them.
pub(crate) fn interfaces() -> Result<Vec<InterfaceInfo>> {
    let devices = Device::list().context("can't list the network interfaces")?;
    // libpcap also lists sources of other things: USB, D-Bus, netfilter's logs
    let real = |device: &Device| device.name == ANY || if_nametoindex(device.name.as_str()).is_ok();
    let mut all: Vec<_> = devices
        .into_iter()
        .filter(real)
        .map(|device| InterfaceInfo {
            is_up: device.name == ANY || device.flags.is_up(),
            is_loopback: device.flags.is_loopback(),
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            name: device.name,
        })
        .collect();
    all.sort_by_key(|one| (one.name != ANY, one.name.clone()));
    Ok(all)
}

/// The index of the loopback interface, by which filters know it.
pub(super) fn loopback_index() -> Result<u32> {
    let name = loopback()?;
    if_nametoindex(name.as_str()).with_context(|| format!("can't find the index of {name}"))
}

/// Number of characters to change, add or remove to turn one name into the other (Levenshtein distance).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (slot, b) in row.iter_mut().skip(1).zip(other.chars()) {
            let above = *slot;
            let changed = diagonal + usize::from(a != b);
            left = changed.min(above + 1).min(left + 1);
            diagonal = above;
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
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
    fn unknown_interface_suggests_similar_names() -> Result<()> {
        let loopback = loopback()?;
        assert_eq!(Interface::shared(&loopback)?, Interface::Shared { name: loopback.clone(), loopback: true });
        assert_eq!(Interface::shared("any")?.label(), "any");
        let refusal = Interface::shared("l0").err().context("refused")?.to_string();
        assert!(refusal.contains("did you mean lo?") && refusal.contains("this host has any, "), "{refusal}");
        let refusal = Interface::shared("wonderland").err().context("refused")?.to_string();
        assert!(!refusal.contains("did you mean"), "{refusal}");
        Ok(())
    }

    #[test]
    fn similarity_counts_differing_characters() {
        for (one, other, wanted) in
            [("eth0", "eth0", 0), ("eth0", "et0", 1), ("lo", "l0", 1), ("", "ab", 2), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), wanted, "{one} {other}");
        }
    }

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
