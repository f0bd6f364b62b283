//! Real sessions on real loopback, captured by real libpcap and read by a decoder that is not echolab's own.
//!
//! They need CAP_NET_RAW and fail without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use echolab::capture::{Interface, Source};
use echolab::drive::{Behaviour, Plan, SessionKind, SessionOutcome, Signal, Transform, resolve};
use echolab::explain::{Conversation, Step};
use echolab::model::{CallKind, CaptureInfo, LinkType, PerDirection, Protocol, Side};
use echolab::pipeline;
use echolab::report::{CaptureTotals, Sink};
use echolab::session::{NetworkOptions, Session, SessionOptions, Sources};
use echolab::track::{Close, Handshake};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};

/// Time limit for events that must occur.
const LONG: Duration = Duration::from_secs(300);

/// One captured packet, as far as these tests care.
#[derive(Debug, PartialEq)]
struct Seen {
    from_client: bool,
    flags: &'static str,
    /// TCP's sequence number.
    seq: u32,
    payload: Vec<u8>,
}

/// A session's packets and what else is known of it.
struct Run {
    seen: Vec<Seen>,
    dropped: Option<u64>,
    outcome: SessionOutcome,
}

impl Run {
    fn flags(&self) -> Vec<&'static str> {
        self.seen.iter().map(|packet| packet.flags).collect()
    }

    fn payload(&self, from_client: bool) -> Vec<u8> {
        self.seen
            .iter()
            .filter(|packet| packet.from_client == from_client)
            .flat_map(|packet| packet.payload.clone())
            .collect()
    }

    fn sizes(&self, from_client: bool) -> Vec<usize> {
        let packets = self.seen.iter().filter(|packet| packet.from_client == from_client);
        packets.map(|packet| packet.payload.len()).filter(|size| *size > 0).collect()
    }
}

fn plan(protocol: Protocol, messages: &[&[u8]]) -> Plan {
    Plan {
        protocol,
        messages: messages.iter().map(|message| message.to_vec()).collect(),
        count: 1,
        line: false,
        continuous: false,
        no_wait: false,
        reads: None,
        read_size: 65_536,
        close_first: Side::Client,
    }
}

fn run(plan: Plan, behaviour: Behaviour) -> Run {
    run_at("127.0.0.1", Interface::from_name(None).unwrap(), plan, behaviour)
}

fn run_at(host: &str, interface: Interface, plan: Plan, behaviour: Behaviour) -> Run {
    let server = resolve(host, 0).unwrap();
    let session = Session::open(SessionOptions {
        kind: SessionKind::Echo { plan, behaviour, clients: 1 },
        server,
        network: NetworkOptions::Loopback(interface),
        sockets: PerDirection::default(),
        timeout: LONG,
        log: Arc::new(|_| ()),
        kernel: false,
    })
    .unwrap();
    let port = session.server().port();
    let halt = Signal::new().unwrap();
    let ((seen, dropped), outcome) = session.run(&halt, |mut sources| collect(&mut sources.first, port)).unwrap();
    Run { seen, dropped, outcome }
}

/// The packets of a session, without pure ACKs and retransmissions: how many of them there are is the kernel's to decide.
fn collect(source: &mut dyn Source, port: u16) -> io::Result<(Vec<Seen>, Option<u64>)> {
    let mut seen: Vec<Seen> = Vec::new();
    while let Some(frame) = source.next_frame()? {
        assert_eq!(frame.wire_len as usize, frame.data.len(), "nothing is cut");
        let packet = match frame.link {
            LinkType::ETHERNET => SlicedPacket::from_ethernet(frame.data),
            LinkType::LINUX_SLL2 => SlicedPacket::from_ip(&frame.data[20..]),
            other => panic!("link type {other:?}"),
        };
        let packet = packet.ok().and_then(|packet| read(&packet, port));
        let again = |packet: &Seen| packet.flags != "UDP" && seen.contains(packet);
        seen.extend(packet.filter(|packet| packet.flags != "ACK" && !again(packet)));
    }
    Ok((seen, source.dropped()))
}

fn read(packet: &SlicedPacket<'_>, port: u16) -> Option<Seen> {
    assert!(matches!(packet.net, Some(NetSlice::Ipv4(_) | NetSlice::Ipv6(_))));
    match packet.transport.as_ref()? {
        TransportSlice::Tcp(tcp) if tcp.destination_port() == port || tcp.source_port() == port => {
            let flags = match (tcp.syn(), tcp.fin(), tcp.rst(), tcp.ack()) {
                (true, _, _, false) => "SYN",
                (true, _, _, true) => "SYN-ACK",
                (_, true, _, _) => "FIN",
                (_, _, true, _) => "RST",
                _ if !tcp.payload().is_empty() => "data",
                _ => "ACK",
            };
            let (from_client, seq) = (tcp.destination_port() == port, tcp.sequence_number());
            Some(Seen { from_client, flags, seq, payload: tcp.payload().to_vec() })
        }
        TransportSlice::Udp(udp) if udp.destination_port() == port || udp.source_port() == port => {
            let from_client = udp.destination_port() == port;
            Some(Seen { from_client, flags: "UDP", seq: 0, payload: udp.payload().to_vec() })
        }
        _ => None,
    }
}

/// From the SYN to the last FIN, with nothing dropped and nothing wrong.
fn assert_whole(run: &Run) {
    assert!(run.outcome.tally.fault.is_none(), "{:?}", run.outcome.tally);
    assert!(run.outcome.server_error.is_none());
    assert_eq!(run.dropped, Some(0));
    let flags = run.flags();
    assert_eq!(flags[..2], ["SYN", "SYN-ACK"], "{flags:?}");
    assert_eq!(flags.iter().filter(|flags| **flags == "FIN").count(), 2, "{flags:?}");
    assert_eq!(flags.last(), Some(&"FIN"), "{flags:?}");
    assert!(!flags.contains(&"RST"), "{flags:?}");
}

#[test]
fn a_tcp_echo_is_captured_from_its_first_packet_to_its_last() {
    let run = run(plan(Protocol::Tcp, &[b"Hello, world"]), Behaviour::default());
    assert_whole(&run);
    assert_eq!(run.flags(), ["SYN", "SYN-ACK", "data", "data", "FIN", "FIN"]);
    let from_client: Vec<bool> = run.seen.iter().map(|packet| packet.from_client).collect();
    assert_eq!(from_client, [true, false, true, false, true, false], "the client closes first");
    assert_eq!(run.payload(true), run.payload(false));
}

#[test]
fn two_hundred_tcp_sessions_are_each_complete() {
    for _ in 0..200 {
        let run = run(plan(Protocol::Tcp, &[b"Hello, world"]), Behaviour::default());
        assert_whole(&run);
        assert_eq!(run.sizes(true), [12]);
        assert_eq!(run.sizes(false), [12]);
    }
}

/// Keeps the conversations and counts the steps.
#[derive(Default)]
struct Conversations {
    steps: u64,
    ended: Vec<Conversation>,
}

impl Sink for Conversations {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        self.steps += 1;
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.ended.push(conversation.clone());
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn two_hundred_sessions_are_complete_in_the_report_too() {
    for _ in 0..200 {
        let session = Session::open(SessionOptions {
            kind: SessionKind::Echo {
                plan: plan(Protocol::Tcp, &[b"Hello, world"]),
                behaviour: Behaviour::default(),
                clients: 1,
            },
            server: resolve("127.0.0.1", 0).unwrap(),
            network: NetworkOptions::Loopback(Interface::from_name(None).unwrap()),
            sockets: PerDirection::default(),
            timeout: LONG,
            log: Arc::new(|_| ()),
            kernel: false,
        })
        .unwrap();
        let mut sink = Conversations::default();
        let server = Some(session.server().into());
        let mut options = pipeline::Options { server, ..pipeline::Options::default() };
        let halt = Signal::new().unwrap();
        let (totals, _) =
            session.run(&halt, |mut sources| pipeline::run(&mut sources.first, &mut options, &mut sink)).unwrap();
        assert_eq!((totals.tcp, totals.dropped, &totals.truncated), (totals.frames, Some(0), &None));
        assert_eq!((sink.steps, sink.ended.len()), (totals.frames, 1));
        let tcp = sink.ended[0].totals.tcp.as_ref().unwrap();
        assert_eq!((tcp.handshake, tcp.close), (Handshake::Complete, Close::Fin));
    }
}

#[test]
fn tcp_and_udp_run_over_ipv6_and_by_name_and_on_any() {
    let loopback = Interface::from_name(None).unwrap();
    for (host, interface) in
        [("::1", &loopback), ("localhost", &loopback), ("127.0.0.1", &Interface::Any), ("::1", &Interface::Any)]
    {
        let tcp = run_at(host, interface.clone(), plan(Protocol::Tcp, &[b"one", b"two"]), Behaviour::default());
        assert_whole(&tcp);
        assert_eq!((tcp.sizes(true), tcp.sizes(false)), (vec![3, 3], vec![3, 3]), "{host} on {interface:?}");
        let udp = run_at(host, interface.clone(), plan(Protocol::Udp, &[b"one", b"two"]), Behaviour::default());
        assert_eq!((udp.sizes(true), udp.sizes(false)), (vec![3, 3], vec![3, 3]), "{host} on {interface:?}");
        assert_eq!(udp.dropped, Some(0));
    }
}

#[test]
fn a_server_on_every_address_is_reached() {
    let run =
        run_at("0.0.0.0", Interface::from_name(None).unwrap(), plan(Protocol::Tcp, &[b"hi"]), Behaviour::default());
    assert_whole(&run);
}

#[test]
fn answers_may_be_upper_case_prefixed_and_repeated() {
    let behaviour =
        Behaviour { transform: Transform::Upper, prefix: b"Echo: ".to_vec(), repeat: 3, ..Behaviour::default() };
    let tcp = run(plan(Protocol::Tcp, &[b"ab"]), behaviour.clone());
    assert_whole(&tcp);
    assert_eq!(tcp.payload(false), b"Echo: ABEcho: ABEcho: AB");
    let udp = run(plan(Protocol::Udp, &[b"ab"]), behaviour);
    assert_eq!(udp.sizes(false), [8, 8, 8]);
}

#[test]
fn thirteen_bytes_may_get_thirteen_thousand() {
    let run = run(plan(Protocol::Tcp, &[b"HELLO MASTER\n"]), Behaviour { repeat: 1000, ..Behaviour::default() });
    assert_whole(&run);
    assert_eq!(run.outcome.tally.received, 13_000);
    assert_eq!(run.payload(false).len(), 13_000);
}

#[test]
fn a_slow_reader_of_five_bytes_answers_in_pieces() {
    let behaviour = Behaviour { read_size: 5, read_delay: Duration::from_millis(5), ..Behaviour::default() };
    let run = run(plan(Protocol::Tcp, &[b"01234567890123456789"]), behaviour);
    assert_whole(&run);
    // how many segments they become is the kernel's to decide
    assert_eq!(run.payload(false), b"01234567890123456789");
    let of_server = run.outcome.calls.iter().filter(|call| call.side == Side::Server);
    let sent: Vec<u64> =
        of_server.filter(|call| matches!(call.kind, CallKind::Send(_))).filter_map(|call| call.kind.bytes()).collect();
    assert_eq!(sent, [5, 5, 5, 5]);
}

#[test]
fn a_client_that_reads_too_little_causes_a_reset() {
    let plan = Plan { reads: Some(1), read_size: 5, ..plan(Protocol::Tcp, &[b"01234567890123456789"]) };
    let run = run(plan, Behaviour::default());
    assert!(run.outcome.tally.fault.is_none());
    assert_eq!(run.outcome.tally.received, 5);
    assert!(run.flags().contains(&"RST"), "{:?}", run.flags());
}

#[test]
fn the_server_may_close_first() {
    let plan = Plan { close_first: Side::Server, ..plan(Protocol::Tcp, &[b"one", b"two"]) };
    let run = run(plan, Behaviour::default());
    assert_whole(&run);
    let first = run.seen.iter().find(|packet| packet.flags == "FIN").unwrap();
    assert!(!first.from_client);
}

#[test]
fn bytes_may_go_one_by_one_or_all_at_once() {
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let one = Plan { continuous: true, line: true, ..plan(protocol, &[b"LIFE"]) };
        let one = run(one, Behaviour::default());
        assert_eq!((one.sizes(true), one.sizes(false)), (vec![1; 5], vec![1; 5]));
        assert_eq!(one.payload(false), b"LIFE\n");
        let all = run(Plan { no_wait: true, count: 10, ..plan(protocol, &[b"ab"]) }, Behaviour::default());
        assert!(all.outcome.tally.fault.is_none());
        assert_eq!((all.payload(true).len(), all.payload(false).len()), (20, 20));
    }
}

#[test]
fn more_than_the_buffers_hold_flows_in_both_directions() {
    let message = vec![b'x'; 20_000_000];
    let run = run(plan(Protocol::Tcp, &[&message]), Behaviour { prefix: b"> ".to_vec(), ..Behaviour::default() });
    assert!(run.outcome.tally.fault.is_none(), "{:?}", run.outcome.tally.fault);
    assert!(run.outcome.tally.received > 20_000_000, "each piece has its prefix");
}

#[test]
fn the_largest_datagrams_come_back_with_their_fragments() {
    let loopback = Interface::from_name(None).unwrap();
    for (host, size) in [("127.0.0.1", 65_507), ("::1", 65_527)] {
        let message = vec![b'x'; size];
        let run = run_at(host, loopback.clone(), plan(Protocol::Udp, &[&message]), Behaviour::default());
        assert!(run.outcome.tally.fault.is_none(), "{:?}", run.outcome.tally.fault);
        assert_eq!(run.outcome.tally.received, size as u64);
        assert_eq!(run.dropped, Some(0));
    }
}

#[test]
fn missing_answer_is_reported_as_a_timeout() {
    // an answer longer than any datagram can't be sent
    let behaviour = Behaviour { prefix: vec![b'x'; 65_507], ..Behaviour::default() };
    let server = resolve("127.0.0.1", 0).unwrap();
    let session = Session::open(SessionOptions {
        kind: SessionKind::Echo { plan: plan(Protocol::Udp, &[b"hello"]), behaviour, clients: 1 },
        server,
        network: NetworkOptions::Loopback(Interface::from_name(None).unwrap()),
        sockets: PerDirection::default(),
        timeout: Duration::from_millis(50),
        log: Arc::new(|_| ()),
        kernel: false,
    })
    .unwrap();
    let port = session.server().port();
    let ((seen, _), outcome) =
        session.run(&Signal::new().unwrap(), |mut sources| collect(&mut sources.first, port)).unwrap();
    assert_eq!(seen.len(), 1, "the request is captured all the same");
    let fault = outcome.tally.fault.unwrap().to_string();
    assert!(fault.contains("no answer from 127.0.0.1") && fault.contains("within 50ms"), "{fault}");
}

#[test]
fn a_halted_session_ends_in_order() {
    let behaviour = Behaviour { read_delay: Duration::from_secs(60), ..Behaviour::default() };
    let session = Session::open(SessionOptions {
        kind: SessionKind::Echo { plan: plan(Protocol::Tcp, &[b"hello"]), behaviour, clients: 1 },
        server: resolve("127.0.0.1", 0).unwrap(),
        network: NetworkOptions::Loopback(Interface::from_name(None).unwrap()),
        sockets: PerDirection::default(),
        timeout: Duration::from_secs(60),
        log: Arc::new(|_| ()),
        kernel: false,
    })
    .unwrap();
    let port = session.server().port();
    let halt = Signal::new().unwrap();
    let ((flags, dropped), outcome) = session
        .run(&halt, |Sources { first: mut source, .. }| {
            let mut flags = Vec::new();
            while let Some(frame) = source.next_frame()? {
                let seen = read(&SlicedPacket::from_ethernet(frame.data).unwrap(), port);
                flags.extend(seen.map(|seen| seen.flags));
                if flags.last() == Some(&"data") {
                    halt.raise();
                }
            }
            Ok((flags, source.dropped()))
        })
        .unwrap();
    assert_eq!(flags[..2], ["SYN", "SYN-ACK"], "{flags:?}");
    // the server had not read: its close is a reset
    assert!(flags.contains(&"FIN") || flags.contains(&"RST"), "{flags:?}");
    assert_eq!(dropped, Some(0));
    assert!(outcome.tally.fault.is_some());
}

#[test]
fn the_transcript_says_what_the_programs_did() {
    let run = run(plan(Protocol::Tcp, &[b"hello"]), Behaviour::default());
    let of = |side| -> Vec<CallKind> {
        run.outcome.calls.iter().filter(|call| call.side == side).map(|call| call.kind.clone()).collect()
    };
    use CallKind::{Accept, Close, Connect, EndOfStream, Receive, Send, Shutdown};
    assert_eq!(of(Side::Client), [Connect, Send(5), Receive(5), Shutdown, EndOfStream, Close]);
    assert_eq!(of(Side::Server), [Accept, Receive(5), Send(5), EndOfStream, Close]);
    assert!(run.outcome.calls.is_sorted_by_key(|call| call.time));
}
