//! Effects of scripts and random faults on real connections.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use echolab::lab::{Cause, Effect, Faults, Lab, LabOptions, LinkLog, PacketKind, Percent, Rate};
use echolab::model::Direction;

use crate::sniffer::{
    Seen, Sniffer, arrived, both, connect, connect_with_short_segments, counter, datagrams, echo, lab_of, lab_with,
    options, retransmissions, send, start,
};
use crate::{ALL, Case};

pub(crate) const CASES: &[Case] = &[
    ("dropped_data_is_sent_again", ALL, dropped_data_is_sent_again),
    ("dropped_twice_is_retransmitted_twice", ALL, dropped_twice_is_retransmitted_twice),
    ("a_dropped_reply_is_the_server_s_to_repeat", ALL, a_dropped_reply_is_the_server_s_to_repeat),
    ("a_dropped_syn_or_syn_ack_is_retransmitted", ALL, a_dropped_syn_or_syn_ack_is_retransmitted),
    ("a_dropped_fin_is_sent_again", ALL, a_dropped_fin_is_sent_again),
    ("swapped_data_arrives_in_the_other_order", ALL, swapped_data_arrives_in_the_other_order),
    ("duplicated_data_arrives_twice", ALL, duplicated_data_arrives_twice),
    ("corrupted_data_is_dropped_by_the_receiver", ALL, corrupted_data_is_dropped_by_the_receiver),
    ("a_delayed_packet_is_overtaken", ALL, a_delayed_packet_is_overtaken),
    ("a_cut_wire_lets_nothing_through", ALL, a_cut_wire_lets_nothing_through),
    ("a_seed_repeats_its_accidents", ALL, a_seed_repeats_its_accidents),
    ("every_chance_happens_to_every_packet_at_100_percent", ALL, every_chance_at_100_percent),
    ("a_rate_slows_a_burst_down", ALL, a_rate_slows_a_burst_down),
    ("faults_and_rules_can_change_on_the_way", ALL, faults_and_rules_can_change_on_the_way),
];

/// The events, briefly: direction's sender, kind, number, whether it was sent before, and the event.
fn events(log: &LinkLog) -> Vec<(&'static str, PacketKind, u32, bool, Effect)> {
    log.events
        .iter()
        .map(|event| {
            assert_eq!(event.cause, Cause::Rule(0));
            (event.frame.direction.sender(), event.frame.kind, event.frame.number, event.frame.again, event.what)
        })
        .collect()
}

/// Runs an echo under a script; gives the retransmissions of both ends and the log. On a busy machine an ACK may come so
/// late that a kernel retransmits once more.
fn echo_under(script: &str) -> (u32, u32, LinkLog) {
    let mut lab = lab_with(script);
    let (mut client, mut server) = connect(&lab);
    echo(&mut client, &mut server, b"Hello, world");
    let counts = (retransmissions(&client), retransmissions(&server));
    (counts.0, counts.1, lab.wire.stop().unwrap())
}

fn dropped_data_is_sent_again() {
    let (client, server, log) = echo_under("drop data 1 of client");
    assert!(client >= 1, "{client} {server}");
    assert_eq!(events(&log), [("client", PacketKind::Data, 1, false, Effect::Dropped)]);
    // SYN, ACK, data: the third frame of the client
    assert_eq!(log.events[0].frame.index, 3);
    assert_eq!(log.events[0].frame.length, 14 + 20 + 32 + 12);
    let totals = log.totals.client_to_server;
    assert_eq!((totals.dropped, totals.sent - totals.delivered), (1, 1));
}

fn dropped_twice_is_retransmitted_twice() {
    let (client, server, log) = echo_under("drop data 1 twice");
    assert!(client >= 2, "{client} {server}");
    let expected = [false, true].map(|again| ("client", PacketKind::Data, 1, again, Effect::Dropped));
    assert_eq!(events(&log), expected);
}

fn a_dropped_reply_is_the_server_s_to_repeat() {
    let (client, server, log) = echo_under("drop data 1 of server");
    assert!(server >= 1, "{client} {server}");
    assert_eq!(events(&log), [("server", PacketKind::Data, 1, false, Effect::Dropped)]);
}

fn a_dropped_syn_or_syn_ack_is_retransmitted() {
    for (script, sender, kind) in
        [("drop syn", "client", PacketKind::Syn), ("drop syn-ack", "server", PacketKind::SynAck)]
    {
        let (_, _, log) = echo_under(script);
        assert_eq!(events(&log), [(sender, kind, 1, false, Effect::Dropped)]);
    }
}

fn a_dropped_fin_is_sent_again() {
    let mut lab = lab_with("drop fin of server");
    let (mut client, server) = connect(&lab);
    let sniffer = Sniffer::at(&lab.client);
    drop(server);
    // the end of the stream comes with the retransmitted FIN
    assert_eq!(std::io::Read::read(&mut client, &mut [0; 1]).unwrap(), 0);
    let log = lab.wire.stop().unwrap();
    assert_eq!(events(&log), [("server", PacketKind::Fin, 1, false, Effect::Dropped)]);
    let totals = log.totals.server_to_client;
    assert_eq!((totals.dropped, totals.sent - totals.delivered), (1, 1));
    assert_eq!(sniffer.frames().first().map(|frame| frame.sender), Some(2), "the first frame after the handshake");
}

/// Sends five segments of a hundred bytes to the server under a script, all by one call, so that no scheduler comes between
/// them; gives what the server's interface saw of them.
fn five_segments_under(script: &str) -> (Lab, Vec<Seen>, LinkLog) {
    let mut lab = lab_with(script);
    lab.wire.set_faults(&both(Faults { delay: Duration::from_millis(5), ..Faults::default() }));
    let sniffer = Sniffer::at(&lab.server);
    let (mut client, mut server) = connect_with_short_segments(&lab);
    let text: Vec<u8> = b"ABCDE".iter().flat_map(|letter| [*letter; 100]).collect();
    std::io::Write::write_all(&mut client, &text).unwrap();
    let mut received = [0; 500];
    std::io::Read::read_exact(&mut server, &mut received).unwrap();
    assert_eq!(received.chunks(100).map(|chunk| chunk[0]).collect::<Vec<_>>(), b"ABCDE", "TCP's order");
    drop((client, server));
    let log = lab.wire.stop().unwrap();
    let frames = sniffer.frames().into_iter().filter(|frame| frame.sender == 1 && !frame.payload.is_empty()).collect();
    (lab, frames, log)
}

/// The first byte of each segment. On a busy machine TCP may probe with the last one again.
fn letters(frames: &[Seen]) -> Vec<u8> {
    frames.iter().map(|frame| frame.payload[0]).collect()
}

fn swapped_data_arrives_in_the_other_order() {
    let (_, frames, log) = five_segments_under("swap data 3 4");
    assert!(letters(&frames).starts_with(b"ABDCE"), "{frames:?}");
    assert!(frames[2].seq > frames[3].seq);
    assert_eq!(events(&log), [("client", PacketKind::Data, 3, false, Effect::Reordered)]);
    assert_eq!(log.totals.client_to_server.reordered, 1);
}

fn duplicated_data_arrives_twice() {
    let (_, frames, log) = five_segments_under("duplicate data 2 of client");
    assert!(letters(&frames).starts_with(b"ABBCDE"), "{frames:?}");
    assert_eq!(events(&log), [("client", PacketKind::Data, 2, false, Effect::Duplicated)]);
    assert_eq!(log.totals.client_to_server.delivered, log.totals.client_to_server.sent + 1);
}

fn corrupted_data_is_dropped_by_the_receiver() {
    let (lab, frames, log) = five_segments_under("corrupt data 2 of client");
    let damaged: Vec<&Seen> = frames.iter().filter(|frame| frame.valid == Some(false)).collect();
    assert_eq!(damaged.len(), 1);
    assert_eq!(damaged[0].payload.iter().filter(|byte| **byte != b'B').count(), 1, "one byte is changed");
    assert_eq!(counter(&lab.server, "Tcp:", "InCsumErrors"), 1);
    assert!(matches!(
        events(&log)[..],
        [("client", PacketKind::Data, 2, false, Effect::Corrupted { offset: 66..166 })]
    ));
    assert!(frames.iter().any(|frame| frame.payload[0] == b'B' && frame.valid == Some(true)), "sent again whole");
}

fn a_delayed_packet_is_overtaken() {
    let (_, frames, log) = five_segments_under("delay data 2 of client by 30ms");
    assert!(letters(&frames).starts_with(b"ACDE") && letters(&frames)[4..].contains(&b'B'), "{frames:?}");
    let expected = Effect::Delayed(Duration::from_millis(30));
    assert_eq!(events(&log), [("client", PacketKind::Data, 2, false, expected)]);
}

fn a_cut_wire_lets_nothing_through() {
    let mut lab = lab_of(Faults { loss: Percent::ALL, ..Faults::default() });
    let server = Sniffer::at(&lab.server);
    let address = SocketAddr::from((lab.server.addresses().ipv4, 7));
    let attempt = lab.client.run(move || TcpStream::connect_timeout(&address, Duration::from_millis(300))).unwrap();
    assert_eq!(attempt.expect_err("no connection").kind(), std::io::ErrorKind::TimedOut);
    let log = lab.wire.stop().unwrap();
    assert!(server.frames().is_empty());
    let totals = log.totals.client_to_server;
    assert!(totals.sent > 0 && totals.dropped == totals.sent && totals.delivered == 0, "{totals:?}");
    assert_eq!((log.events[0].what, log.events[0].cause), (Effect::Dropped, Cause::Chance));
    assert_eq!(log.events[0].frame.direction, Direction::ClientToServer);
}

fn a_seed_repeats_its_accidents() {
    let run = |seed: u64| {
        let mut options = options();
        let some = Percent::new(20.0).unwrap();
        options.wire.faults = both(Faults { loss: some, duplicate: some, reorder: some, ..Faults::default() });
        options.wire.seed = Some(seed);
        let mut lab = start_again(&options);
        assert_eq!(lab.wire.seed(), seed);
        let (client, server) = datagrams(&lab);
        for number in 0..100_u8 {
            client.send(&[number]).unwrap();
        }
        let log = lab.wire.stop().unwrap();
        assert!(log.totals.client_to_server.reordered > 0, "none was overtaken");
        let mut arrived = arrived(&server);
        // which of them arrive is chance's alone; whether one that waits is overtaken, the scheduler's, too
        arrived.sort_unstable();
        arrived
    };
    echolab::lab::obtain_rights().unwrap();
    let first = run(1);
    assert_eq!(run(1), first);
    assert_ne!(run(2), first);
    assert!((60..140).contains(&first.len()), "{} of 100 arrived", first.len());
}

/// Holds the order in which datagrams arrived against the log: what was overtaken comes behind the next one that arrived.
/// A packet that no other overtakes within 100 ms is delayed instead.
fn in_the_order_of(log: &LinkLog, arrived: &[u8]) {
    let place = |number: u64| arrived.iter().position(|other| u64::from(*other) + 1 == number);
    for event in log.events.iter().filter(|event| event.what == Effect::Reordered) {
        let overtaken = place(event.frame.index);
        assert!(
            arrived.iter().take(overtaken.unwrap()).any(|other| u64::from(*other) + 1 > event.frame.index),
            "{event:?}"
        );
    }
}

fn start_again(options: &LabOptions) -> Lab {
    Lab::start(options).expect("a lab")
}

fn every_chance_at_100_percent() {
    echolab::lab::obtain_rights().unwrap();
    let run = |faults: Faults| {
        let mut options = options();
        options.wire.faults.client_to_server = faults;
        let mut lab = start_again(&options);
        let (client, server) = datagrams(&lab);
        (0..6_u8).for_each(|number| assert_eq!(client.send(&[number]).unwrap(), 1));
        let log = lab.wire.stop().unwrap();
        (arrived(&server), log, counter(&lab.server, "Udp:", "InCsumErrors"))
    };
    let (numbers, log, _) = run(Faults { duplicate: Percent::ALL, ..Faults::default() });
    assert_eq!(numbers, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    let totals = log.totals.client_to_server;
    assert_eq!((totals.sent, totals.duplicated, totals.delivered), (6, 6, 12));
    let (numbers, log, _) = run(Faults { reorder: Percent::ALL, ..Faults::default() });
    in_the_order_of(&log, &numbers);
    let totals = log.totals.client_to_server;
    let delayed = log.events.iter().filter(|event| matches!(event.what, Effect::Delayed(_))).count();
    assert!(totals.delivered == 6 && (delayed > 0 || numbers == [1, 0, 3, 2, 5, 4]), "{numbers:?} {log:?}");
    let (numbers, log, damaged) = run(Faults { corrupt: Percent::ALL, ..Faults::default() });
    assert_eq!((numbers, damaged), (vec![], 6));
    let totals = log.totals.client_to_server;
    assert_eq!((totals.corrupted, totals.delivered), (6, 6));
}

fn a_rate_slows_a_burst_down() {
    let rate = Rate::new(1_000_000);
    let mut lab = lab_of(Faults { rate, ..Faults::default() });
    let (client, server) = datagrams(&lab);
    let before = Instant::now();
    (0..20_u8).for_each(|number| assert_eq!(client.send(&[number; 958]).unwrap(), 958));
    (0..20).for_each(|_| assert_eq!(server.recv(&mut [0; 1000]).unwrap(), 958));
    // 1,000 bytes with their headers take 8 ms
    let took = before.elapsed().as_millis();
    assert!(took >= 160, "{took} ms, less than 160");
    // a thousand full frames wait at most
    (0..3000).for_each(|_| assert_eq!(client.send(&[0; 1472]).unwrap(), 1472));
    let log = lab.wire.stop().unwrap();
    assert!(log.events.iter().any(|event| event.cause == Cause::QueueFull && event.what == Effect::Dropped));
    assert!(log.events.iter().any(|event| event.cause == Cause::Undeliverable), "the wire was stopped before its time");
    let totals = log.totals.client_to_server;
    assert_eq!((totals.sent + totals.missed, totals.delivered + totals.dropped), (3020, totals.sent));
}

fn faults_and_rules_can_change_on_the_way() {
    let mut lab = start(&options());
    let (mut client, mut server) = connect(&lab);
    echo(&mut client, &mut server, b"as it should be");
    lab.wire.add_rules(&echolab::lab::parse_script("drop data 2 of client").unwrap());
    send(&mut client, &mut server, b"lost once");
    assert!(retransmissions(&client) >= 1);
    lab.wire.set_faults(&both(Faults { loss: Percent::ALL, ..Faults::default() }));
    std::io::Write::write_all(&mut client, b"lost for now").unwrap();
    while lab.wire.log().totals.client_to_server.dropped < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    lab.wire.set_faults(&both(Faults::default()));
    let mut text = [0; 12];
    std::io::Read::read_exact(&mut server, &mut text).unwrap();
    assert_eq!(&text, b"lost for now");
    lab.wire.stop().unwrap();
}
