//! Disables a device's checksum and segmentation offload, so that every frame on the wire is as a real card sends it:
//! with valid checksums, and no segment longer than the MSS.

use std::os::fd::AsRawFd;

use anyhow::{Context, Result};
use nix::errno::Errno;
use socket2::{Domain, Socket, Type};

use super::device::request_for;

/// The ethtool commands that set transmit checksumming, receive checksumming, TCP segmentation, generic segmentation
/// and generic receive offload (ethtool.h).
const SETTINGS: [(u32, &str); 5] =
    [(0x17, "tx-checksum"), (0x15, "rx-checksum"), (0x1f, "tso"), (0x24, "gso"), (0x2c, "gro")];

/// The ethtool command that reads whether the link is up (ethtool.h).
const GET_LINK: u32 = 0x0a;

/// `struct ethtool_value` of the kernel's ethtool.h.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

mod ethtool {
    //! The ioctl of all ethtool commands.
    nix::ioctl_readwrite_bad!(command, libc::SIOCETHTOOL, libc::ifreq);
}

/// Disables every offload of the interface `name`, in the calling thread's namespace.
pub(super) fn switch_off(name: &str) -> Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).context("cannot open a socket for ethtool")?;
    SETTINGS.iter().try_for_each(|(command, setting)| {
        match set(&socket, name, EthtoolValue { command: *command, data: 0 }) {
            // an offload that a device lacks need not be disabled
            Ok(()) | Err(Errno::EOPNOTSUPP) => Ok(()),
            Err(errno) => Err(errno).with_context(|| format!("cannot switch {setting} of {name} off")),
        }
    })
}

/// Waits until the kernel has noticed that the interface `name` has a carrier; it sends nothing before.
pub(super) fn settle_carrier(name: &str) -> Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).context("cannot open a socket for ethtool")?;
    // reading the link's state makes the kernel notice at once
    set(&socket, name, EthtoolValue { command: GET_LINK, data: 0 })
        .with_context(|| format!("cannot ask for the carrier of {name}"))
}

#[allow(unsafe_code, reason = "SIOCETHTOOL has no safe wrapper")]
fn set(socket: &Socket, name: &str, mut value: EthtoolValue) -> Result<(), Errno> {
    let data = libc::__c_anonymous_ifr_ifru { ifru_data: (&raw mut value).cast() };
    let mut request = request_for(name, data);
    // SAFETY: the socket is open; the kernel reads the `ifreq` and, for these commands, the eight bytes of `value`
    // that it points to; both outlive the call.
    unsafe { ethtool::command(socket.as_raw_fd(), &raw mut request) }.map(|_| ())
}
