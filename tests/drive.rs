//! Client and server on real sockets, without a capture: what goes wrong, and how they end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use echolab::drive::{
    Action, Behaviour, BoundServer, Client, ClientFault, Ending, ServerOptions, Signal, Tally, Transcript, Until,
    resolve,
};
use echolab::model::{Protocol, Side};
use socket2::{Domain, SockRef, Socket, Type};

/// Longer than anything takes that must come.
const LONG: Duration = Duration::from_secs(300);
/// Time that a client waits for an answer that never comes.
const SHORT: Duration = Duration::from_millis(100);

fn client(protocol: Protocol, server: SocketAddr, timeout: Duration) -> Client {
    Client {
        number: 1,
        protocol,
        server,
        timeout: Some(timeout),
        linger: None,
        transcript: Transcript::new(Side::Client),
        halt: Signal::new().unwrap(),
    }
}

fn exchange(bytes: &[u8], answer: u64) -> Action {
    Action::Exchange { bytes: Arc::from(bytes), answer, read_size: 100 }
}

fn reads(count: u64) -> Action {
    Action::Receive { until: Until::Reads(count), read_size: 100 }
}

/// Plays these actions against a server that does with each connection what `serve` says.
fn against(serve: impl FnOnce(TcpStream) + Send + 'static, actions: Vec<Action>) -> Tally {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    let tally = client(Protocol::Tcp, address, LONG).run(actions);
    server.join().unwrap();
    tally
}

fn bound(protocol: Protocol, behaviour: &Behaviour) -> BoundServer {
    BoundServer::bind(protocol, resolve("127.0.0.1", 0).unwrap(), behaviour.backlog, &[]).unwrap()
}

#[test]
fn missing_listener_is_distinguished_from_other_failures() {
    // a socket that has the port and does not listen, so that no other program takes the port meanwhile
    let idle = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    idle.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = idle.local_addr().unwrap().as_socket().unwrap();
    let tally = client(Protocol::Tcp, address, LONG).run([Action::Connect]);
    assert!(matches!(tally.fault, Some(ClientFault::Refused { protocol: Protocol::Tcp, .. })), "{tally:?}");
    // a socket that takes datagrams of one peer only, which is another
    let idle = UdpSocket::bind("127.0.0.1:0").unwrap();
    idle.connect("127.0.0.2:9").unwrap();
    let send = Action::Send(Arc::from(*b"x"));
    let tally = client(Protocol::Udp, idle.local_addr().unwrap(), LONG).run([Action::Connect, send, reads(1)]);
    assert!(matches!(tally.fault, Some(ClientFault::Refused { protocol: Protocol::Udp, .. })), "{tally:?}");
    assert_eq!((tally.sent, tally.received), (1, 0));
}

#[test]
fn full_backlog_prevents_the_connection() {
    let behaviour = Behaviour { backlog: 0, ..Behaviour::default() };
    let server = bound(Protocol::Tcp, &behaviour);
    // how many a queue holds is the kernel's to decide; nobody accepts, so it stays full
    let connect = || TcpStream::connect_timeout(&server.address(), SHORT).ok();
    let waiting: Vec<_> = std::iter::from_fn(connect).collect();
    let tally = client(Protocol::Tcp, server.address(), SHORT).run([Action::Connect]);
    assert!(matches!(tally.fault, Some(ClientFault::NoConnection { .. })), "{tally:?} {waiting:?}");
}

#[test]
fn early_close_is_distinguished_from_a_reset() {
    let close = |mut stream: TcpStream| {
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"abc").unwrap();
    };
    let tally = against(close, vec![Action::Connect, exchange(b"hello", 5)]);
    assert!(matches!(tally.fault, Some(ClientFault::ClosedEarly { expected: 5, received: 3 })), "{tally:?}");

    let reset = |mut stream: TcpStream| {
        stream.read_exact(&mut [0; 5]).unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    };
    let tally = against(reset, vec![Action::Connect, exchange(b"hello", 5)]);
    assert!(matches!(tally.fault, Some(ClientFault::Reset(_))), "{tally:?}");
}

#[test]
fn server_that_does_not_read_is_distinguished_from_one_that_does_not_answer() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let deaf = move |stream: TcpStream| {
        let _ = wait.recv();
        drop(stream);
    };
    let much = vec![b'x'; 50_000_000];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || deaf(listener.accept().unwrap().0));
    let tally = client(Protocol::Tcp, address, SHORT).run([Action::Connect, Action::Send(Arc::from(much))]);
    drop(done);
    server.join().unwrap();
    assert!(matches!(tally.fault, Some(ClientFault::NotTaken { .. })), "{:?}", tally.fault);

    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let send = Action::Send(Arc::from(*b"x"));
    let tally = client(Protocol::Udp, silent.local_addr().unwrap(), SHORT).run([Action::Connect, send, reads(1)]);
    assert!(matches!(tally.fault, Some(ClientFault::NoAnswer { .. })), "{tally:?}");
}

#[test]
fn a_halt_ends_a_client_and_a_server_that_wait() {
    let halt = Signal::new().unwrap();
    let behaviour = Behaviour { read_delay: Duration::from_secs(600), ..Behaviour::default() };
    let server = bound(Protocol::Tcp, &behaviour);
    let mut client = client(Protocol::Tcp, server.address(), LONG);
    client.halt = halt.clone();
    let server = server.start(ServerOptions::new(behaviour, halt.clone())).unwrap();
    let client = thread::spawn(move || client.run([Action::Connect, exchange(b"hello", 5)]));
    halt.raise();
    assert!(matches!(client.join().unwrap().fault, Some(ClientFault::Halted)));
    server.wait().unwrap();
}

#[test]
fn finishing_server_serves_accepted_clients() {
    let server = bound(Protocol::Tcp, &Behaviour::default());
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"hello").unwrap();
    let server = server.start(ServerOptions::new(Behaviour::default(), Signal::new().unwrap())).unwrap();
    let finished = thread::spawn(move || server.finish(LONG));
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello");
    drop(stream);
    assert_eq!(finished.join().unwrap().unwrap(), Ending::Done);

    let server = bound(Protocol::Udp, &Behaviour::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for datagram in ["one", "two"] {
        socket.send_to(datagram.as_bytes(), server.address()).unwrap();
    }
    server.start(ServerOptions::new(Behaviour::default(), Signal::new().unwrap())).unwrap().finish(LONG).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 10];
    let lengths: Vec<_> = (0..2).map(|_| socket.recv(&mut buffer).unwrap()).collect();
    assert_eq!(lengths, [3, 3]);
}

#[test]
fn half_closed_connection_still_gets_its_answer() {
    let server = bound(Protocol::Tcp, &Behaviour::default());
    let address = server.address();
    let server = server.start(ServerOptions::new(Behaviour::default(), Signal::new().unwrap())).unwrap();
    let end = Action::Receive { until: Until::End, read_size: 2 };
    let send = Action::Send(Arc::from(*b"hello"));
    let tally = client(Protocol::Tcp, address, LONG).run([Action::Connect, send, Action::Shutdown, end, Action::Close]);
    assert!(tally.fault.is_none(), "{tally:?}");
    assert_eq!((tally.sent, tally.received), (5, 5));
    assert_eq!(server.finish(LONG).unwrap(), Ending::Done);
}

#[test]
fn finishing_server_waits_for_a_bounded_time() {
    let slow = Behaviour { read_delay: Duration::from_secs(600), ..Behaviour::default() };
    for behaviour in [Behaviour::default(), slow.clone()] {
        let server = bound(Protocol::Tcp, &behaviour);
        let mut silent = TcpStream::connect(server.address()).unwrap();
        silent.write_all(b"hello").unwrap();
        let options = ServerOptions { idle_timeout: None, ..ServerOptions::new(behaviour, Signal::new().unwrap()) };
        assert_eq!(server.start(options).unwrap().finish(SHORT).unwrap(), Ending::GivenUp);
    }
    let server = bound(Protocol::Udp, &slow);
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"hello", server.address()).unwrap();
    let server = server.start(ServerOptions::new(slow, Signal::new().unwrap())).unwrap();
    assert_eq!(server.finish(SHORT).unwrap(), Ending::GivenUp);
}
