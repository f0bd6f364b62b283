//! Interfaces, addresses and neighbours of the thread's network namespace, set through rtnetlink as `ip` does.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result, bail};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage,
};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::net::if_::if_nametoindex;

use super::MacAddress;

/// Length of a link's transmit queue in frames: a burst waits for the link instead of being dropped before it.
const QUEUE_LENGTH: u32 = 10_000;

/// A netlink socket of the namespace that it was opened in.
pub(super) struct Netlink {
    socket: Socket,
    sequence: u32,
}

/// The settings of a link.
pub(super) struct Link {
    /// Its Ethernet address; `None` leaves it as it is.
    pub(super) mac: Option<MacAddress>,
    /// The largest IP packet in bytes; `None` leaves it as it is.
    pub(super) mtu: Option<u16>,
    /// Suppresses what IPv6 sends by itself: without a link-local address there is no router solicitation.
    pub(super) quiet: bool,
}

impl Netlink {
    /// Opens a socket in the calling thread's namespace.
    pub(super) fn open() -> Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).context("cannot open a netlink socket")?;
        socket.bind_auto().context("cannot bind a netlink socket")?;
        socket.connect(&SocketAddr::new(0, 0)).context("cannot reach the kernel's netlink")?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Creates a veth pair: `name` here, `peer` in another namespace.
    pub(super) fn add_veth(&mut self, name: &str, peer: &str, peer_namespace: BorrowedFd<'_>) -> Result<()> {
        let mut far = LinkMessage::default();
        far.attributes = vec![
            LinkAttribute::IfName(peer.to_owned()),
            LinkAttribute::NetNsFd(peer_namespace.as_raw_fd()),
            LinkAttribute::TxQueueLen(QUEUE_LENGTH),
        ];
        let mut near = LinkMessage::default();
        near.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
            ]),
        ];
        self.create(RouteNetlinkMessage::NewLink(near)).with_context(|| format!("cannot make the veth pair {name}"))
    }

    /// Configures the link `name` and raises it.
    pub(super) fn raise(&mut self, name: &str, link: &Link) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index(name)?;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        if let Some(mac) = link.mac {
            message.attributes.push(LinkAttribute::Address(mac.0.to_vec()));
        }
        if let Some(mtu) = link.mtu {
            message.attributes.push(LinkAttribute::Mtu(u32::from(mtu)));
        }
        if link.quiet {
            // Without ARP an interface joins no solicited-node group either, so that it sends no multicast listener
            // report; permanent neighbour entries name the hosts that it can reach.
            message.header.flags |= LinkFlags::Noarp;
            message.header.change_mask |= LinkFlags::Noarp;
            message.attributes.push(LinkAttribute::TxQueueLen(QUEUE_LENGTH));
            self.keep_quiet(message.header.index, name)?;
        }
        self.request(RouteNetlinkMessage::SetLink(message), 0)
            .with_context(|| format!("cannot set up the interface {name}"))
    }

    /// Prevents the link from creating a link-local address when it is raised.
    fn keep_quiet(&mut self, index: u32, name: &str) -> Result<()> {
        if !super::has_ipv6() {
            return Ok(());
        }
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![
            AfSpecInet6::AddrGenMode(In6AddrGenMode::None),
        ])]));
        self.request(RouteNetlinkMessage::SetLink(message), 0)
            .with_context(|| format!("cannot keep the interface {name} from making an address of its own"))
    }

    /// Assigns an address to the link `name`, usable at once (no duplicate address detection), with a route to the
    /// addresses that share its first `prefix` bits.
    pub(super) fn add_address(&mut self, name: &str, address: IpAddr, prefix: u8) -> Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = family(address);
        message.header.prefix_len = prefix;
        message.header.flags = AddressHeaderFlags::Nodad;
        message.header.scope = AddressScope::Universe;
        message.header.index = index(name)?;
        message.attributes = vec![
            AddressAttribute::Local(address),
            AddressAttribute::Address(address),
            AddressAttribute::Flags(AddressFlags::Nodad),
        ];
        self.create(RouteNetlinkMessage::NewAddress(message))
            .with_context(|| format!("cannot give the interface {name} the address {address}"))
    }

    /// Adds a permanent neighbour entry: `address` is behind the link `name` at `mac`, without ARP.
    pub(super) fn add_neighbour(&mut self, name: &str, address: IpAddr, mac: MacAddress) -> Result<()> {
        let mut message = NeighbourMessage::default();
        message.header.family = family(address);
        message.header.ifindex = index(name)?;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(match address {
                IpAddr::V4(address) => NeighbourAddress::Inet(address),
                IpAddr::V6(address) => NeighbourAddress::Inet6(address),
            }),
            NeighbourAttribute::LinkLayerAddress(mac.0.to_vec()),
        ];
        self.create(RouteNetlinkMessage::NewNeighbour(message))
            .with_context(|| format!("cannot make {address} at {mac} a neighbour of the interface {name}"))
    }

    fn create(&mut self, message: RouteNetlinkMessage) -> Result<()> {
        self.request(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Sends one request and waits for the kernel's answer.
    fn request(&mut self, message: RouteNetlinkMessage, flags: u16) -> Result<()> {
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        header.sequence_number = self.sequence;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        self.socket.send(&bytes, 0).context("cannot send a netlink request")?;

        let (answer, _) = self.socket.recv_from_full().context("cannot receive a netlink answer")?;
        read_answer(&answer)
    }
}

/// Parses the kernel's answer to a request: an acknowledgment, or an error.
pub(crate) fn read_answer(bytes: &[u8]) -> Result<()> {
    let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes)
        .map_err(|error| anyhow::anyhow!("cannot read a netlink answer: {error}"))?;
    match answer.payload {
        NetlinkPayload::Error(error) => match error.code {
            None => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(code.get().wrapping_neg()).into()),
        },
        other => bail!("unexpected netlink answer of type {}", other.message_type()),
    }
}

fn index(name: &str) -> Result<u32> {
    if_nametoindex(name).with_context(|| format!("there is no interface {name}"))
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}
