//! The two kinds of network device that a lab can be built of, and the link's end of each.
//!
//! A TAP device is simplest: its other end is a file. It needs access to /dev/net/tun. A veth pair needs nothing: its
//! other end is an interface in a third namespace, where a raw packet socket reads and writes its frames.

use std::ffi::c_char;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result};
use pcap::{Active, Capture};

use super::netlink::{Link, Netlink};
use super::{HOST_INTERFACE, Namespace, offload};

/// Bytes of an Ethernet header (with room for a VLAN tag) before the IP packet.
const ETHERNET_ROOM: usize = 18;

/// libpcap's ring buffer at a veth pair's far end, in bytes: room for some 10,000 frames of usual size.
const RING_BYTES: i32 = 4 << 20;

mod tun {
    //! The ioctls of /dev/net/tun.
    nix::ioctl_write_ptr_bad!(set_interface, libc::TUNSETIFF, libc::ifreq);
    nix::ioctl_write_int_bad!(set_persist, libc::TUNSETPERSIST);
}

/// The kind of the hosts' network devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// TAP devices (/dev/net/tun).
    Tap,
    /// veth pairs, whose far ends are in a third namespace.
    Veth,
}

impl DeviceKind {
    /// TAP where this process may open /dev/net/tun, else veth.
    pub fn available() -> Self {
        if open_tun().is_ok() { Self::Tap } else { Self::Veth }
    }
}

/// The link's end of a host's device.
pub(super) enum LinkEnd {
    /// The file behind a TAP device, and the counters of its host's interfaces.
    Tap(File, File),
    /// A capture handle on a veth pair's far end.
    Veth(Box<Capture<Active>>),
}

fn open_tun() -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")
}

/// An interface's name as the kernel takes it: at most 15 bytes and a zero.
pub(super) fn request_for(name: &str, value: libc::__c_anonymous_ifr_ifru) -> libc::ifreq {
    let mut request = libc::ifreq { ifr_name: [0; libc::IFNAMSIZ], ifr_ifru: value };
    for (slot, byte) in request.ifr_name.iter_mut().zip(name.bytes().take(libc::IFNAMSIZ - 1)) {
        *slot = byte as c_char;
    }
    request
}

/// Makes the host's TAP device in the calling thread's namespace.
#[allow(unsafe_code, reason = "the ioctls of /dev/net/tun have no safe wrapper")]
pub(super) fn make_tap() -> Result<LinkEnd> {
    let file = open_tun().context("cannot open /dev/net/tun")?;
    let flags = (libc::IFF_TAP | libc::IFF_NO_PI) as libc::c_short;
    let request = request_for(HOST_INTERFACE, libc::__c_anonymous_ifr_ifru { ifru_flags: flags });
    // SAFETY: the file is open, and TUNSETIFF reads one `ifreq`, which outlives the call.
    unsafe { tun::set_interface(file.as_raw_fd(), &raw const request) }.context("cannot make a TAP device")?;
    // The device is to end with its namespace, which the kernel takes down in the background, and not with the file:
    // closing that would wait some 20 ms for it.
    // SAFETY: the file is open, and TUNSETPERSIST takes a number.
    unsafe { tun::set_persist(file.as_raw_fd(), 1) }.context("cannot leave a TAP device to its namespace")?;
    // a file of the thread's namespace, wherever it is read
    let counters = File::open("/proc/thread-self/net/dev").context("cannot open /proc/thread-self/net/dev")?;
    Ok(LinkEnd::Tap(file, counters))
}

/// Makes the host's veth pair in the calling thread's namespace, with its far end, called `far`, in `wire`.
pub(super) fn make_veth(wire: OwnedFd, far: &str) -> Result<()> {
    Netlink::open()?.add_veth(HOST_INTERFACE, far, wire.as_fd())?;
    offload::switch_off(HOST_INTERFACE)
}

/// Raises the far end of a host's veth pair and opens it; `far` names it, `wire` is its namespace.
pub(super) fn open_veth(wire: &Namespace, far: &'static str, mtu: u16) -> Result<LinkEnd> {
    wire.run(move || -> Result<LinkEnd> {
        offload::switch_off(far)?;
        Netlink::open()?.raise(far, &Link { mac: None, mtu: Some(mtu), quiet: true })?;
        let capture = Capture::from_device(far)
            .map(|capture| capture.immediate_mode(true).buffer_size(RING_BYTES))
            .and_then(|capture| capture.snaplen(i32::from(mtu) + ETHERNET_ROOM as i32).open())
            .and_then(Capture::setnonblock)
            .context("cannot open the wire's end of a veth pair")?;
        Ok(LinkEnd::Veth(Box::new(capture)))
    })?
}

impl LinkEnd {
    /// Reads the next frame that the host sent into `buffer`; `None` if there is none now.
    pub(super) fn receive<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>> {
        match self {
            Self::Tap(file, _) => match file.read(buffer) {
                Ok(length) => Ok(buffer.get(..length)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
                Err(error) => Err(error).context("cannot read a frame from a TAP device"),
            },
            Self::Veth(capture) => match capture.next_packet() {
                Ok(packet) => {
                    buffer.clear();
                    buffer.extend_from_slice(packet.data);
                    Ok(Some(buffer))
                }
                Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => Ok(None),
                Err(error) => Err(error).context("cannot read a frame from a veth pair"),
            },
        }
    }

    /// Delivers a frame to the host.
    pub(super) fn send(&mut self, frame: &[u8]) -> Result<()> {
        match self {
            Self::Tap(file, _) => file.write_all(frame).context("cannot write a frame to a TAP device"),
            Self::Veth(capture) => capture.sendpacket(frame).context("cannot write a frame to a veth pair"),
        }
    }

    /// The number of frames that the host sent and the link did not read: the device's transmit queue was full.
    pub(super) fn missed(&mut self) -> Result<u64> {
        match self {
            Self::Tap(_, counters) => {
                let mut text = String::new();
                counters
                    .rewind()
                    .and_then(|()| counters.read_to_string(&mut text))
                    .context("cannot read /proc/net/dev")?;
                dropped_on_sending(&text).context("cannot find the interface in /proc/net/dev")
            }
            Self::Veth(capture) => Ok(capture.stats().context("cannot ask for libpcap's statistics")?.dropped.into()),
        }
    }

    /// The buffer size that `receive` needs for the longest frame, in bytes.
    pub(super) fn frame_room(mtu: u16) -> usize {
        usize::from(mtu) + ETHERNET_ROOM
    }
}

/// The host's interface's count of frames dropped on sending, in the text of /proc/net/dev.
fn dropped_on_sending(text: &str) -> Option<u64> {
    // eight counters of received packets, then bytes, packets, errors and drops of sent ones
    let counts = text.lines().find_map(|line| line.trim_start().strip_prefix(HOST_INTERFACE)?.strip_prefix(':'))?;
    counts.split_whitespace().nth(8 + 3)?.parse().ok()
}

impl fmt::Debug for LinkEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tap(..) => "Tap",
            Self::Veth(_) => "Veth",
        })
    }
}

impl AsFd for LinkEnd {
    #[allow(unsafe_code, reason = "libpcap's descriptor is only known as a number")]
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tap(file, _) => file.as_fd(),
            // SAFETY: the capture keeps its descriptor open for as long as it is borrowed here.
            Self::Veth(capture) => unsafe { BorrowedFd::borrow_raw(capture.as_raw_fd()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_found_among_an_interface_s_counters() {
        let text = "Inter-|   Receive                    |  Transmit\n face |bytes packets errs\n    lo: 1 2 3 4 5 6 7 8 9 10 11 \
                    12 13 14 15 16\n  eth0: 10 20 30 40 50 60 70 80 90 100 110 120 130 140 150 160\n";
        assert_eq!(dropped_on_sending(text), Some(120));
        assert_eq!(dropped_on_sending("    lo: 1 2"), None);
        assert_eq!(dropped_on_sending("  eth0: 1 2"), None);
    }

    #[test]
    fn interface_name_is_cut_and_zero_terminated() {
        let request = request_for("a-name-that-is-far-too-long", libc::__c_anonymous_ifr_ifru { ifru_flags: 0 });
        assert_eq!(request.ifr_name.last(), Some(&0));
        assert_eq!(
            request_for("eth0", libc::__c_anonymous_ifr_ifru { ifru_flags: 0 }).ifr_name[..5],
            [101, 116, 104, 48, 0]
        );
    }
}
