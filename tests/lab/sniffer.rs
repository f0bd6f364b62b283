//! Shared parts of the cases: a lab to begin with, an echo, and a capture at a host.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use echolab::lab::{DeviceKind, Faults, HOST_INTERFACE, Host, Lab, LabOptions, obtain_rights, parse_script};
use echolab::model::PerDirection;
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use nix::libc;
use pcap::{Active, Capture};
use socket2::{Domain, Socket, Type};

/// Time limit of a read.
const HANGS: Duration = Duration::from_secs(300);

/// A perfect wire between TAP devices for root and veth pairs for a user, whatever else they may have: both are tried.
pub(crate) fn options() -> LabOptions {
    let device = if nix::unistd::geteuid().is_root() { DeviceKind::Tap } else { DeviceKind::Veth };
    LabOptions { device: Some(device), ..LabOptions::default() }
}

/// A lab with this script.
pub(crate) fn lab_with(script: &str) -> Lab {
    let mut options = options();
    options.wire.rules = parse_script(script).expect("a script");
    start(&options)
}

/// A lab whose wire is so in both directions.
pub(crate) fn lab_of(faults: Faults) -> Lab {
    let mut options = options();
    options.wire.faults = both(faults);
    start(&options)
}

/// The same faults in both directions.
pub(crate) fn both(faults: Faults) -> PerDirection<Faults> {
    PerDirection { client_to_server: faults, server_to_client: faults }
}

/// The rights, and a lab.
pub(crate) fn start(options: &LabOptions) -> Lab {
    obtain_rights().expect("rights");
    Lab::start(options).expect("a lab")
}

/// A connection between the lab's two hosts: the client's socket and the server's.
pub(crate) fn connect(lab: &Lab) -> (TcpStream, TcpStream) {
    connect_to(lab, lab.server.addresses().ipv4.into())
}

/// A connection to the server's address `ip`.
pub(crate) fn connect_to(lab: &Lab, ip: IpAddr) -> (TcpStream, TcpStream) {
    connect_with(lab, ip, |_| Ok(()))
}

/// A connection whose client sends segments of 100 bytes: the MSS less 12 bytes for timestamps.
pub(crate) fn connect_with_short_segments(lab: &Lab) -> (TcpStream, TcpStream) {
    connect_with(lab, lab.server.addresses().ipv4.into(), |socket| socket.set_tcp_mss(112))
}

fn connect_with(lab: &Lab, ip: IpAddr, set: fn(&Socket) -> std::io::Result<()>) -> (TcpStream, TcpStream) {
    let address = SocketAddr::new(ip, 7);
    let listener = lab.server.run(move || TcpListener::bind(address)).unwrap().expect("a listener");
    let connect = move || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        set(&socket)?;
        socket.connect(&address.into())?;
        std::io::Result::Ok(TcpStream::from(socket))
    };
    let client = lab.client.run(connect).unwrap().expect("a connection");
    let (server, _) = listener.accept().expect("the accepted connection");
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(HANGS)).unwrap();
    }
    (client, server)
}

/// Sends `text` to the server and back, and holds what arrives against it.
pub(crate) fn echo(client: &mut TcpStream, server: &mut TcpStream, text: &[u8]) {
    send(client, server, text);
    send(server, client, text);
}

/// Sends `text` one way, and holds what arrives against it.
pub(crate) fn send(from: &mut TcpStream, to: &mut TcpStream, text: &[u8]) {
    from.write_all(text).expect("sent");
    let mut received = vec![0; text.len()];
    to.read_exact(&mut received).expect("received");
    assert_eq!(received, text);
}

/// A UDP socket of each host, connected to each other: the client's and the server's.
pub(crate) fn datagrams(lab: &Lab) -> (UdpSocket, UdpSocket) {
    let socket = |host: &Host| {
        let ip = host.addresses().ipv4;
        host.run(move || UdpSocket::bind((ip, 7))).unwrap().expect("a socket")
    };
    let (client, server) = (socket(&lab.client), socket(&lab.server));
    client.connect(server.local_addr().unwrap()).unwrap();
    server.connect(client.local_addr().unwrap()).unwrap();
    server.set_read_timeout(Some(HANGS)).unwrap();
    (client, server)
}

/// The first bytes of the datagrams that have arrived, in their order.
pub(crate) fn arrived(socket: &UdpSocket) -> Vec<u8> {
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 65_536];
    std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|_| buffer[0])).collect()
}

/// Number of segments that the kernel has retransmitted on a connection (tcp_info's tcpi_total_retrans).
#[allow(unsafe_code, reason = "TCP_INFO has no safe wrapper")]
pub(crate) fn retransmissions(socket: &TcpStream) -> u32 {
    use std::os::fd::AsRawFd;
    // SAFETY: `tcp_info` is made of integers, for which zero is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the socket is open, and the kernel writes at most `length` bytes to `info`.
    let outcome = unsafe {
        libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut info).cast(), &raw mut length)
    };
    assert_eq!(outcome, 0, "TCP_INFO");
    info.tcpi_total_retrans
}

/// A kernel counter of a host, as `netstat -s` shows it: the table's prefix and the counter's name.
pub(crate) fn counter(host: &Host, table: &'static str, name: &'static str) -> u64 {
    let text = host.run(|| std::fs::read_to_string("/proc/thread-self/net/snmp")).unwrap().unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with(table));
    let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
    let place = names.split(' ').position(|word| word == name).expect("the counter's name");
    values.split(' ').nth(place).expect("its value").parse().expect("a number")
}

/// A capture at a host.
pub(crate) struct Sniffer(Capture<Active>);

/// The captured properties of one frame.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The frame's length.
    pub(crate) length: usize,
    /// `true` if the host whose MAC address ends so sent it.
    pub(crate) sender: u8,
    /// TCP's sequence number, for TCP.
    pub(crate) seq: Option<u32>,
    /// TCP's or UDP's payload.
    pub(crate) payload: Vec<u8>,
    /// `true` if the transport's checksum is valid; `None` for a fragment.
    pub(crate) valid: Option<bool>,
    /// TCP's options.
    pub(crate) options: Vec<u8>,
}

impl Sniffer {
    /// Captures at `host` from now on.
    pub(crate) fn at(host: &Host) -> Self {
        Self::with_room(host, 1500)
    }

    /// Captures at `host`, whose MTU is `mtu`.
    pub(crate) fn with_room(host: &Host, mtu: u16) -> Self {
        let open = move || {
            let capture = Capture::from_device(HOST_INTERFACE)?.immediate_mode(true).snaplen(i32::from(mtu) + 100);
            capture.buffer_size(64 << 20).open()?.setnonblock()
        };
        Self(host.run(open).unwrap().expect("a capture"))
    }

    /// Everything that was captured.
    pub(crate) fn frames(mut self) -> Vec<Seen> {
        let mut frames = Vec::new();
        while let Ok(packet) = self.0.next_packet() {
            assert_eq!(packet.header.len as usize, packet.data.len(), "a cut frame");
            frames.push(Seen::read(packet.data));
        }
        let dropped = self.0.stats().expect("statistics").dropped;
        assert_eq!(dropped, 0, "frames that the capture has lost");
        frames
    }
}

impl Seen {
    fn read(frame: &[u8]) -> Self {
        let sliced = SlicedPacket::from_ethernet(frame).expect("a frame that can be read");
        let mut seen =
            Self { length: frame.len(), sender: frame[11], seq: None, payload: vec![], valid: None, options: vec![] };
        let Some(NetSlice::Ipv4(_) | NetSlice::Ipv6(_)) = sliced.net else { panic!("no IP packet: {frame:02x?}") };
        match &sliced.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let sum = match sliced.net.as_ref().unwrap() {
                    NetSlice::Ipv4(ip) => {
                        let header = ip.header();
                        assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
                        tcp.calc_checksum_ipv4(header.source(), header.destination()).unwrap()
                    }
                    NetSlice::Ipv6(ip) => {
                        tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination()).unwrap()
                    }
                    NetSlice::Arp(_) => panic!("ARP"),
                };
                seen.valid = Some(same(sum, tcp.checksum()));
                seen.seq = Some(tcp.sequence_number());
                seen.payload = tcp.payload().to_vec();
                seen.options = tcp.options().to_vec();
            }
            Some(TransportSlice::Udp(udp)) => {
                let header = udp.to_header();
                let sum = match sliced.net.as_ref().unwrap() {
                    NetSlice::Ipv4(ip) => {
                        let ip = ip.header().to_header();
                        header.calc_checksum_ipv4(&ip, udp.payload()).unwrap()
                    }
                    NetSlice::Ipv6(ip) => header.calc_checksum_ipv6(&ip.header().to_header(), udp.payload()).unwrap(),
                    NetSlice::Arp(_) => panic!("ARP"),
                };
                seen.valid = Some(same(sum, udp.checksum()));
                seen.payload = udp.payload().to_vec();
            }
            _ => {}
        }
        seen
    }
}

/// Returns `true` if two checksums are equal: 0 has two forms in one's complement, and Linux writes the other one.
fn same(one: u16, other: u16) -> bool {
    one % 0xffff == other % 0xffff
}
