//! The lab: a client and a server as two separate hosts, joined by a link with configurable faults.
//!
//! Both hosts are network namespaces within this process, so that nothing of the machine is used or changed: each has
//! one Ethernet interface, an IPv4 and an IPv6 address, its own ports and kernel settings. Their neighbour tables are
//! filled in beforehand, so that a capture holds the session alone, without ARP and neighbour discovery. All checksums
//! are valid and no segment is longer than the MSS, as between real machines. When the process ends, all of it is
//! removed: nothing has a name outside the process. (If the process is killed, the kernel keeps the namespaces for up
//! to two minutes while it tries to close the open connections.)
//!
//! Root is not needed where unprivileged users may create namespaces: [`obtain_rights`] reports it.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use std::net::{TcpListener, TcpStream};
//!
//! use echolab::lab::{self, Lab, LabOptions};
//!
//! # fn main() -> anyhow::Result<()> {
//! lab::obtain_rights()?; // before the first thread
//! let mut options = LabOptions::default();
//! options.wire.rules = lab::parse_script("drop data 1 of client")?;
//! let mut lab = Lab::start(&options)?;
//!
//! let address = lab.server.addresses().ipv4;
//! let listener = lab.server.run(move || TcpListener::bind((address, 7)))??;
//! let mut client = lab.client.run(move || TcpStream::connect((address, 7)))??;
//! let (mut server, _) = listener.accept()?;
//! client.write_all(b"Hello, world")?; // lost once, then retransmitted by TCP
//! server.read_exact(&mut [0; 12])?;
//!
//! let log = lab.wire.stop()?;
//! assert_eq!(log.totals.client_to_server.dropped, 1);
//! # Ok(())
//! # }
//! ```

mod device;
mod host;
mod link;
mod namespace;
pub(crate) mod netlink;
mod offload;
mod rights;
mod single;
mod sysctl;

use std::path::Path;

use anyhow::{Result, bail};

pub use self::device::DeviceKind;
pub use self::host::{Addresses, HOST_INTERFACE, Host, MacAddress};
pub use self::link::{
    Action, Cause, Delivered, Effect, EmulatedLink, Faults, LinkEvent, LinkFrame, LinkLog, LinkOptions, LinkTotals,
    PacketKind, Percent, QuantityError, Rate, Rule, RuleError, Times, UnknownKind, emulate, parse_script,
};
pub use self::namespace::Pending;
pub use self::rights::{Obstacle, Rights, may_share_host, obtain_rights};
pub use self::single::SingleHost;
pub use self::sysctl::{Sysctl, SysctlError};

use self::device::LinkEnd;
use self::namespace::Namespace;
use crate::model::{Direction, PerDirection, Side};

/// The MTUs that a lab can have, in bytes: from IPv6's minimum (RFC 8200 §5) to the usual jumbo frame.
pub const MTU_RANGE: std::ops::RangeInclusive<u16> = 1280..=9000;

/// The configuration of a lab.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The longest IP packet in bytes, within [`MTU_RANGE`].
    pub mtu: u16,
    /// Kernel settings of each host, by the direction that it sends in.
    pub sysctls: PerDirection<Vec<Sysctl>>,
    /// The behaviour of the link.
    pub wire: LinkOptions,
    /// The kind of the hosts' devices; `None` for the [available](DeviceKind::available) one.
    pub device: Option<DeviceKind>,
}

/// A link without faults, with Ethernet's usual MTU of 1500 bytes.
impl Default for LabOptions {
    fn default() -> Self {
        Self { mtu: 1500, sysctls: PerDirection::default(), wire: LinkOptions::default(), device: None }
    }
}

/// Two hosts and the link between them.
#[derive(Debug)]
pub struct Lab {
    // dropped first: it uses the hosts' devices
    /// The link.
    pub wire: EmulatedLink,
    /// The host of the client, 192.0.2.1.
    pub client: Host,
    /// The host of the server, 192.0.2.2.
    pub server: Host,
    device: DeviceKind,
}

impl Lab {
    /// Builds a lab. [`obtain_rights`] must have been called.
    ///
    /// # Errors
    /// An MTU out of range, a setting that a host does not have, or any error that prevents the process from creating
    /// networks.
    pub fn start(options: &LabOptions) -> Result<Self> {
        if !MTU_RANGE.contains(&options.mtu) {
            bail!("the lab's MTU must be from {} to {} bytes, not {}", MTU_RANGE.start(), MTU_RANGE.end(), options.mtu);
        }
        let device = options.device.unwrap_or_else(DeviceKind::available);
        let hosts = PerDirection {
            client_to_server: Namespace::new(Direction::ClientToServer.sender())?,
            server_to_client: Namespace::new(Direction::ServerToClient.sender())?,
        };
        let ends = match device {
            DeviceKind::Tap => join_by_tap(&hosts, options)?,
            DeviceKind::Veth => join_by_veth(&hosts, options)?,
        };
        let wire = EmulatedLink::start(ends, options.mtu, &options.wire)?;
        let client = Host::new(hosts.client_to_server, Direction::ClientToServer);
        let server = Host::new(hosts.server_to_client, Direction::ServerToClient);
        Ok(Self { wire, client, server, device })
    }

    /// The host of `side`.
    pub fn host(&self, side: Side) -> &Host {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// Drops the capabilities of the lab's threads: capabilities belong to each thread, so that a program that drops
    /// its own has not dropped these. From then on no capture can be opened in a host, no setting changed and no port
    /// below 1024 bound; open ones continue to work. A program that changes its user must call this first: the C
    /// library aborts if only some of its threads may change it.
    ///
    /// # Errors
    /// If the system refuses, for which no reason is known.
    pub fn give_up_capabilities(&self) -> Result<()> {
        self.wire.give_up_capabilities()?;
        self.client.run(namespace::give_up_capabilities)??;
        self.server.run(namespace::give_up_capabilities)?
    }

    /// The kind of the hosts' devices.
    pub fn device(&self) -> DeviceKind {
        self.device
    }
}

/// Creates a TAP device in each host and configures it, both at the same time.
fn join_by_tap(hosts: &PerDirection<Namespace>, options: &LabOptions) -> Result<PerDirection<LinkEnd>> {
    let make = |side: Direction| {
        let (mtu, sysctls) = (options.mtu, options.sysctls.get(side).clone());
        hosts.get(side).submit(move || -> Result<LinkEnd> {
            let end = device::make_tap()?;
            host::set_up(side, mtu, &sysctls)?;
            Ok(end)
        })
    };
    let (client, server) = (make(Direction::ClientToServer), make(Direction::ServerToClient));
    Ok(PerDirection { client_to_server: client.wait()??, server_to_client: server.wait()?? })
}

/// Joins each host by a veth pair to a third namespace, and configures it. The link's ends keep the third one alive.
fn join_by_veth(hosts: &PerDirection<Namespace>, options: &LabOptions) -> Result<PerDirection<LinkEnd>> {
    let far = Namespace::new("wire")?;
    let make = |side: Direction| -> Result<LinkEnd> {
        let handle = far.handle()?;
        hosts.get(side).run(move || device::make_veth(handle, side.sender()))??;
        // the far end is raised first, so that the host's interface is ready as soon as it is raised
        let end = device::open_veth(&far, side.sender(), options.mtu)?;
        let (mtu, sysctls) = (options.mtu, options.sysctls.get(side).clone());
        hosts.get(side).run(move || host::set_up(side, mtu, &sysctls))??;
        far.run(move || offload::settle_carrier(side.sender()))??;
        Ok(end)
    };
    Ok(PerDirection {
        client_to_server: make(Direction::ClientToServer)?,
        server_to_client: make(Direction::ServerToClient)?,
    })
}

/// `true` if the kernel has IPv6.
fn has_ipv6() -> bool {
    Path::new("/proc/net/if_inet6").exists()
}
