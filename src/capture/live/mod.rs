//! Frames from a live interface, through libpcap, with none lost at either end.
//!
//! The order matters and is the caller's to keep: [`LiveCapture::open`], then bind the server, then
//! [`LiveCapture::set_filter`] with its port, then [`LiveCapture::start`], and only then the first packet. What the
//! kernel had seen when [`StopHandle::stop`] is called is delivered to the last frame: the end is found by counting, not
//! by waiting. On an interface that shows the session alone no filter is needed.

mod backlog;
mod device;
mod drainer;
mod filter;
mod frames;
mod notice;
mod ring;
mod worker;

use std::io;

use anyhow::{Context, Result, anyhow};
use pcap::{Active, Capture, Linktype, Precision};

pub use device::Interface;
pub(crate) use device::interfaces;
pub(crate) use drainer::Drainer;
pub(crate) use filter::session_filter;
pub(crate) use frames::LiveSource;
pub(crate) use notice::Notify;
pub(crate) use ring::Ring;
pub(crate) use worker::StopHandle;

use super::save::CaptureWriter;
use super::tee::Tee;
use crate::model::{CaptureInfo, LinkType};

/// Most bytes kept of a frame: above the 65,549 that loopback's largest frames have.
pub(crate) const SNAPLEN: i32 = 262_144;

/// After how many milliseconds the kernel hands over a block that is not full.
const BLOCK_TIMEOUT_MS: i32 = 2;

/// The ways in which a user gets the right to capture with this subcommand: with root, or with the capability.
pub(crate) fn ways_to_capture(subcommand: &str) -> String {
    format!(
        "Capturing needs CAP_NET_RAW. Any one of these gives it:\n  \
         sudo \"$(command -v echolab)\" {subcommand} ...\n  \
         sudo setcap cap_net_raw=ep \"$(command -v echolab)\"    (once; then no sudo is needed)"
    )
}

/// The command that captures a session as any user, where the system allows user namespaces.
const WITHOUT_ROOT: &str = "unshare -rn sh -c 'ip link set lo up; echolab session ...'    (no root at all)";

/// The same for those who want to capture other programs.
const LAB_WITHOUT_ROOT: &str =
    "Without root, echolab captures its own client and server on a private network: echolab session --network lab";

/// `true` if this process has CAP_NET_RAW in its network namespace; anything else that a capture lacks is an error when it
/// is opened.
///
/// The socket that asks is a raw IPv4 one, which takes the same right as a packet socket: closing a packet socket waits for
/// an RCU grace period, some 10 ms.
pub(crate) fn may_capture() -> bool {
    let protocol = socket2::Protocol::from(libc::IPPROTO_RAW);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::RAW, Some(protocol));
    !matches!(socket, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

/// An open capture, not yet read.
pub(crate) struct LiveCapture {
    capture: Capture<Active>,
    info: CaptureInfo,
    link: LinkType,
    backlog: backlog::Backlog,
    drainer: Drainer,
    drain_receiver: drainer::DrainReceiver,
    /// The loopback interface, whose packets `any` shows leaving and arriving.
    twice: Option<u32>,
}

impl LiveCapture {
    /// Opens `interface`. From here on the kernel fills the ring, which is of the size that is asked for.
    ///
    /// # Errors
    /// If there is no right to capture (the message names the ways out), or no such interface.
    pub(crate) fn open(interface: &Interface, ring: Ring) -> Result<Self> {
        let name = interface.name();
        let mut capture = Capture::from_device(name)
            .and_then(|inactive| {
                // immediate mode stays off: it would mean one ring slot of the size of a snaplen a packet
                inactive
                    .snaplen(SNAPLEN)
                    .timeout(BLOCK_TIMEOUT_MS)
                    .buffer_size(ring.bytes())
                    .precision(Precision::Nano)
                    .open()
            })
            .and_then(Capture::setnonblock)
            .map_err(|error| open_error(interface, &error))?;
        if interface.is_any() {
            capture
                .set_datalink(Linktype(i32::from(LinkType::LINUX_SLL2.0)))
                .context("can't capture on `any` with link type LINUX_SLL2: libpcap 1.10 or later is needed")?;
        }
        if interface.sees_both_ends() {
            one_copy_of_each(&capture).with_context(|| format!("can't set up the capture on {name}"))?;
        }
        let link = LinkType(u16::try_from(capture.get_datalink().0).unwrap_or(u16::MAX));
        let info = CaptureInfo {
            link_types: vec![link],
            interface: Some(interface.label()),
            snaplen: u32::try_from(SNAPLEN).ok(),
            live: matches!(interface, Interface::Shared { .. }),
            ..CaptureInfo::default()
        };
        // on other interfaces what leaves is seen once, and must not be ignored
        let twice = (info.live && interface.is_any()).then(device::loopback_index).transpose()?;
        let (drainer, drain_receiver) = drainer::pair().context("can't set up the capture")?;
        Ok(Self { capture, info, link, backlog: backlog::Backlog::default(), drainer, drain_receiver, twice })
    }

    /// Has the ring emptied once the capture is started.
    pub(crate) fn drainer(&self) -> Drainer {
        self.drainer.clone()
    }

    /// Lets only frames through that match `filter`, in libpcap's language. Earlier frames are discarded. To be
    /// called once.
    ///
    /// # Errors
    /// If libpcap refuses the filter.
    pub(crate) fn set_filter(&mut self, filter: &str) -> Result<()> {
        self.set_filters(filter, filter)
    }

    /// Lets only frames through with one of `ports`, of one of `hosts`, that pass `filter`, as far as each is asked for,
    /// and ICMP errors. Earlier frames are discarded. To be called once.
    ///
    /// # Errors
    /// If libpcap refuses the filter, or knows no address of a host.
    pub(crate) fn choose(&mut self, ports: &[u16], hosts: &[String], filter: Option<&str>) -> Result<()> {
        let filters = filter::capture_filter(ports, hosts, filter);
        let (whole, asked) = filters.unwrap_or_default();
        self.set_filters(&whole, &asked)
    }

    /// `asked` is the filter as messages show it.
    fn set_filters(&mut self, filter: &str, asked: &str) -> Result<()> {
        self.backlog = backlog::discard(&mut self.capture).context("can't empty the capture")?;
        let once = self.twice.map(|index| format!("not (outbound and ifindex {index})"));
        let whole = match (once, filter.is_empty()) {
            (None, _) => filter.to_owned(),
            (Some(once), true) => once,
            (Some(once), false) => format!("{once} and ({filter})"),
        };
        self.capture.filter(&whole, true).with_context(|| format!("libpcap refuses the filter `{asked}`"))?;
        self.info.filter = Some(asked.to_owned());
        Ok(())
    }

    /// The information known before the first frame.
    pub(crate) fn info(&self) -> &CaptureInfo {
        &self.info
    }

    /// Starts the thread that empties the ring, and that writes the capture file where there is one; needs no privileges
    /// any more.
    ///
    /// # Errors
    /// If the system gives no thread or no pipe.
    pub(crate) fn start(self, file: Option<CaptureWriter>) -> io::Result<(LiveSource, StopHandle)> {
        worker::start(self, Tee::new(file), None, Box::new(|_| ()))
    }

    /// The same; the capture ends by itself after `max` frames, if there is a maximum, and tells `notify` what happens
    /// to it before.
    ///
    /// # Errors
    /// As [`LiveCapture::start`].
    pub(crate) fn start_for(
        self,
        file: Option<CaptureWriter>,
        max: Option<u64>,
        notify: Notify,
    ) -> io::Result<(LiveSource, StopHandle)> {
        worker::start(self, Tee::new(file), max, notify)
    }
}

/// Has each packet once: two sockets of one host meet on loopback, where a packet is seen leaving and arriving.
///
/// libpcap drops the outgoing copy too, but only after the kernel has counted it.
#[cfg(target_os = "linux")]
fn one_copy_of_each(capture: &Capture<Active>) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    /// `PACKET_IGNORE_OUTGOING` of linux/if_packet.h, since Linux 4.20.
    const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
    let on: libc::c_int = 1;
    #[allow(unsafe_code, reason = "no crate offers this socket option")]
    // SAFETY: the descriptor is open as long as `capture` is, and the pointer and length describe `on`, which outlives
    // the call.
    let result = unsafe {
        libc::setsockopt(
            capture.as_raw_fd(),
            libc::SOL_PACKET,
            PACKET_IGNORE_OUTGOING,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(target_os = "linux"))]
fn one_copy_of_each(_capture: &Capture<Active>) -> io::Result<()> {
    Ok(())
}

/// libpcap's reason in the user's terms.
fn open_error(interface: &Interface, error: &pcap::Error) -> anyhow::Error {
    let (name, text) = (interface.name(), error.to_string());
    let shared = matches!(interface, Interface::Shared { .. });
    if text.contains("permitted") || text.contains("ermission") {
        let ways = match shared {
            true => format!("{}\n{LAB_WITHOUT_ROOT}", ways_to_capture("capture")),
            false => format!("{}\n  {WITHOUT_ROOT}", ways_to_capture("session")),
        };
        return anyhow!("no right to capture on {name}: {text}\n{ways}");
    }
    if text.contains("not up") {
        let other = if shared { "capture another" } else { "run the session on a private network with --network lab" };
        return anyhow!("can't capture on {name}: it is down; raise it with `ip link set {name} up`, or {other}");
    }
    anyhow!("can't capture on {name}: {text}")
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::capture::Source;
    use crate::model::Protocol;

    /// Captures three datagrams between two sockets of this host.
    fn three_datagrams(interface: &Interface) -> Result<(Vec<usize>, LinkType, Option<u64>)> {
        let mut live = LiveCapture::open(interface, Ring::LARGEST)?;
        let server = UdpSocket::bind("127.0.0.1:0")?;
        let client = UdpSocket::bind("127.0.0.1:0")?;
        live.set_filter(&session_filter(Protocol::Udp, server.local_addr()?.ip(), &[server.local_addr()?.port()]))?;
        let (mut source, stopper) = live.start(None)?;
        for payload in ["a", "bb", "ccc"] {
            client.send_to(payload.as_bytes(), server.local_addr()?)?;
        }
        stopper.stop();
        let mut lengths = Vec::new();
        let mut link = LinkType::NULL;
        while let Some(frame) = source.next_frame()? {
            assert_eq!(frame.number, lengths.len() as u64 + 1);
            lengths.push(frame.data.len());
            link = frame.link;
        }
        assert!(source.next_frame()?.is_none(), "the end stays the end");
        Ok((lengths, link, source.dropped()))
    }

    #[test]
    fn each_packet_comes_once_on_loopback() -> Result<()> {
        let seen = three_datagrams(&Interface::from_name(None)?)?;
        assert_eq!(seen, (vec![43, 44, 45], LinkType::ETHERNET, Some(0)));
        Ok(())
    }

    #[test]
    fn each_packet_comes_once_on_any() -> Result<()> {
        let seen = three_datagrams(&Interface::Any)?;
        assert_eq!(seen, (vec![49, 50, 51], LinkType::LINUX_SLL2, Some(0)));
        Ok(())
    }

    #[test]
    fn closed_pipe_ends_the_capture() -> Result<()> {
        let mut live = LiveCapture::open(&Interface::from_name(None)?, Ring::for_traffic(3, 6))?;
        live.set_filter("udp port 9")?;
        let (source, stopper) = live.start(None)?;
        drop(source);
        stopper.stop();
        Ok(())
    }
}
