//! The network itself: what the hosts are to each other and to the machine.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use echolab::lab::{DeviceKind, Faults, HOST_INTERFACE, Lab, LabOptions, Sysctl};

use echolab::model::Side;

use crate::sniffer::{Sniffer, arrived, connect, connect_to, datagrams, echo, lab_of, options, send, start};
use crate::{ALL, Case, ROOT};

pub(crate) const CASES: &[Case] = &[
    ("an_echo_takes_the_delay_of_both_directions", ALL, an_echo_takes_the_delay_of_both_directions),
    ("both_ip_versions_reach_the_other_host", ALL, both_ip_versions_reach_the_other_host),
    ("every_checksum_is_valid_and_no_frame_exceeds_the_mtu", ALL, every_checksum_is_valid),
    ("veth_pairs_are_as_true_as_tap_devices", ROOT, veth_pairs_are_as_true_as_tap_devices),
    ("large_datagrams_are_fragmented", ALL, large_datagrams_are_fragmented),
    ("an_idle_lab_is_silent", ALL, an_idle_lab_is_silent),
    ("a_setting_is_one_host_s_alone", ALL, a_setting_is_one_host_s_alone),
    ("a_setting_that_hosts_lack_is_refused", ALL, a_setting_that_hosts_lack_is_refused),
    ("threads_and_panics_of_a_host_behave", ALL, threads_and_panics_of_a_host_behave),
    ("labs_can_follow_each_other_and_live_together", ALL, labs_can_follow_each_other_and_live_together),
];

fn an_echo_takes_the_delay_of_both_directions() {
    let lab = lab_of(Faults { delay: Duration::from_millis(5), ..Faults::default() });
    let before = Instant::now();
    let (mut client, mut server) = connect(&lab);
    let connected = before.elapsed();
    let before = Instant::now();
    echo(&mut client, &mut server, b"Hello, world");
    for took in [connected, before.elapsed()] {
        assert!(took >= Duration::from_millis(10), "{took:?}, less than 10 ms");
    }
}

fn both_ip_versions_reach_the_other_host() {
    let lab = start(&options());
    for (side, name, last) in [(Side::Client, "client", 1), (Side::Server, "server", 2)] {
        let host = lab.host(side);
        assert_eq!((host.name(), host.addresses().mac.to_string()), (name, format!("00:00:5e:00:53:{last:02}")));
    }
    let server = lab.server.addresses();
    for ip in [server.ipv4.into(), server.ipv6.into()] {
        let (mut client, mut server) = connect_to(&lab, ip);
        echo(&mut client, &mut server, b"Hello, world");
        assert_eq!(client.peer_addr().unwrap().ip(), ip);
        assert_ne!(client.local_addr().unwrap().ip(), ip);
    }
    let (client, server) = datagrams(&lab);
    client.send(b"Hello").unwrap();
    assert_eq!(server.recv(&mut [0; 9]).unwrap(), 5);
}

/// Sends a megabyte each way over IPv4 and IPv6 and looks at every frame at both hosts.
fn bulk(options: &LabOptions) {
    let mut lab = start(options);
    let sniffers = [&lab.client, &lab.server].map(|host| Sniffer::with_room(host, options.mtu));
    let text: Vec<u8> = (0..1_000_000_u32).map(|index| (index % 251) as u8).collect();
    let addresses = lab.server.addresses();
    for ip in [addresses.ipv4.into(), addresses.ipv6.into()] {
        let (client, server) = connect_to(&lab, ip);
        for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
            std::thread::scope(|scope| {
                let text = &text;
                scope.spawn(move || std::io::Write::write_all(&mut from, text).unwrap());
                let mut received = vec![0; text.len()];
                std::io::Read::read_exact(&mut to, &mut received).unwrap();
                assert!(received == *text);
            });
        }
    }
    let log = lab.wire.stop().unwrap();
    let mut counts = Vec::new();
    for sniffer in sniffers {
        let frames = sniffer.frames();
        let invalid: Vec<_> = frames.iter().enumerate().filter(|(_, frame)| frame.valid != Some(true)).collect();
        assert!(invalid.is_empty(), "invalid checksums: {invalid:?}");
        let longest = frames.iter().map(|frame| frame.length).max().unwrap();
        assert_eq!(longest, usize::from(options.mtu) + 14, "the longest frame");
        counts.push([1, 2].map(|sender| frames.iter().filter(|frame| frame.sender == sender).count() as u64));
    }
    // a link that has to wait for a processor may miss frames, which TCP retransmits; it counts them
    let [there, back] = [log.totals.client_to_server, log.totals.server_to_client];
    let expected = [[there.sent + there.missed, back.delivered], [there.delivered, back.sent + back.missed]];
    assert_eq!(counts, expected, "frames at both hosts: {there:?} {back:?}");
    assert_eq!([there.delivered, back.delivered], [there.sent, back.sent]);
    assert!(log.events.is_empty(), "{:?}", log.events);
}

fn every_checksum_is_valid() {
    bulk(&options());
    bulk(&LabOptions { mtu: 1280, ..options() });
    bulk(&LabOptions { mtu: 9000, ..options() });
}

fn veth_pairs_are_as_true_as_tap_devices() {
    bulk(&LabOptions { device: Some(DeviceKind::Veth), ..options() });
    bulk(&LabOptions { device: Some(DeviceKind::Tap), ..options() });
}

fn large_datagrams_are_fragmented() {
    let mut lab = start(&options());
    let sniffer = Sniffer::at(&lab.server);
    let (client, server) = datagrams(&lab);
    client.send(&[7; 4000]).unwrap();
    assert_eq!(server.recv(&mut [0; 5000]).unwrap(), 4000);
    lab.wire.stop().unwrap();
    let lengths: Vec<usize> = sniffer.frames().iter().map(|frame| frame.length).collect();
    assert_eq!(lengths, [1514, 1514, 1082]);
}

fn an_idle_lab_is_silent() {
    let mut lab = start(&options());
    let sniffers = [Sniffer::at(&lab.client), Sniffer::at(&lab.server)];
    // router solicitations and multicast listener reports come within the first seconds
    std::thread::sleep(Duration::from_millis(2500));
    let log = lab.wire.stop().unwrap();
    for sniffer in sniffers {
        let frames = sniffer.frames();
        assert!(frames.is_empty(), "{frames:?}");
    }
    assert_eq!(log.totals.client_to_server.sent + log.totals.server_to_client.sent, 0);
}

fn a_setting_is_one_host_s_alone() {
    let file = "/proc/sys/net/ipv4/tcp_sack";
    let before = fs::read_to_string(file).unwrap();
    let mut options = options();
    options.sysctls.client_to_server = vec!["net.ipv4.tcp_sack=0".parse().unwrap()];
    let mut lab = start(&options);
    assert_eq!(lab.client.run(move || fs::read_to_string(file)).unwrap().unwrap().trim(), "0");
    assert_eq!(lab.server.run(move || fs::read_to_string(file)).unwrap().unwrap().trim(), "1");
    assert_eq!(fs::read_to_string(file).unwrap(), before);

    let sniffer = Sniffer::at(&lab.server);
    drop(connect(&lab));
    lab.wire.stop().unwrap();
    let syn = &sniffer.frames()[0];
    // kind 4, length 2: SACK permitted (RFC 2018)
    assert!(!syn.options.windows(2).any(|option| option == [4, 2]), "SACK permitted in {:?}", syn.options);
}

fn a_setting_that_hosts_lack_is_refused() {
    start(&options());
    for (setting, words) in [
        ("net.ipv4.tcp_no_such_thing=1", "a host of the lab has no such setting"),
        ("net.core.netdev_budget=300", "it is the whole system's"),
        ("net.ipv4.tcp_sack=many", "the kernel refuses this value"),
    ] {
        let sysctl: Sysctl = setting.parse().unwrap();
        let mut options = options();
        options.sysctls.server_to_client = vec![sysctl];
        let error = format!("{:#}", Lab::start(&options).expect_err(setting));
        assert!(error.contains(words) && error.contains(setting) && error.contains("server"), "{error}");
    }
    let error = Lab::start(&LabOptions { mtu: 1279, ..options() }).expect_err("an MTU too small");
    assert!(error.to_string().contains("from 1280 to 9000 bytes, not 1279"), "{error}");
}

fn threads_and_panics_of_a_host_behave() {
    let lab = start(&options());
    let ip = lab.client.addresses().ipv4;
    // a thread that a host's work starts is in the host too: only there the address can be bound
    let thread = lab.client.run(move || std::thread::spawn(move || UdpSocket::bind((ip, 9)))).unwrap();
    thread.join().unwrap().expect("an address of the host");
    assert!(UdpSocket::bind((ip, 9)).is_err(), "the machine has the host's address");

    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lab.client.run(|| panic!("as expected"))));
    assert!(panicked.is_err());
    assert_eq!(lab.client.run(|| std::thread::current().name().map(str::to_owned)).unwrap().unwrap(), "client");
    assert!(lab.client.run(|| nix::net::if_::if_nametoindex(HOST_INTERFACE).is_ok()).unwrap());
}

fn labs_can_follow_each_other_and_live_together() {
    let first = start(&options());
    let (mut client, mut server) = connect(&first);
    for _ in 0..10 {
        let other = Lab::start(&options()).unwrap();
        let (mut client, mut server) = connect(&other);
        echo(&mut client, &mut server, b"the same addresses, another network");
    }
    echo(&mut client, &mut server, b"Hello, world");
    send(&mut server, &mut client, b"and more");
    let address = first.client.addresses().ipv4;
    assert!(TcpListener::bind((address, 7)).is_err(), "the machine has the host's address");
    let (_, socket) = datagrams(&first);
    assert!(arrived(&socket).is_empty());
}
