//! `echolab serve` and `echolab connect` as programs of their own, on real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use socket2::{Domain, Socket, Type};

/// After so long something counts as hanging.
const HANGS: Duration = Duration::from_secs(300);

fn echolab(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("echolab"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

/// A server at work, killed when the test fails.
struct Server {
    child: Child,
    stderr: BufReader<ChildStderr>,
    port: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = echolab(&[&["serve", "--port", "0"], arguments].concat()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("; Ctrl-C stops") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the server does not start");
        }
        let address = line.split(';').next().unwrap();
        let port = address.rsplit(':').next().unwrap().to_owned();
        Self { child, stderr, port }
    }

    /// Runs a client with this input to its end.
    fn client(&self, arguments: &[&str], input: &[u8]) -> Output {
        connect(&[&["--port", &self.port], arguments].concat(), input)
    }

    /// Waits until the server has said this.
    fn says(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "the server has ended without {words:?}");
        }
    }

    /// Sends a signal; gives the exit status and what the server said.
    fn stop(mut self, signal: Signal) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(arguments: &[&str], input: &[u8]) -> Output {
    // a test that is not about waiting waits for as long as a busy machine needs
    let patient: &[&str] = if arguments.contains(&"--timeout") { &[] } else { &["--timeout", "5m"] };
    let mut child = echolab(&[&["connect"], arguments, patient].concat()).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // a client that leaves early reads no further
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn assert_ends(output: &Output, code: i32, stdout: &str) {
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(code), stdout), "{}", text(&output.stderr));
}

#[test]
fn lines_from_a_pipe_are_echoed_until_quit() {
    for proto in ["tcp", "udp"] {
        let server = Server::start(&["--proto", proto]);
        let output = server.client(&["--proto", proto], b"HELLO MASTER\nWELCOME BACK\nquit\nnot sent\n");
        assert_ends(&output, 0, "HELLO MASTER\nWELCOME BACK\n");
        let output = server.client(&["--proto", proto], b"no newline at the end");
        assert_ends(&output, 0, "no newline at the end");
    }
}

#[test]
fn the_protocol_may_be_written_in_any_case() {
    let server = Server::start(&["-t", "UDP"]);
    assert_ends(&server.client(&["-t", "Udp"], b"hi\n"), 0, "hi\n");
}

#[test]
fn every_server_behaviour_reaches_the_client() {
    let server = Server::start(&["--transform", "upper", "--prefix", "Echo: ", "--repeat", "2", "--read-delay", "5ms"]);
    assert_ends(&server.client(&[], b"ab"), 0, "Echo: ABEcho: AB");
    let server = Server::start(&["--read-size", "3", "--prefix", "-"]);
    assert_ends(&server.client(&[], b"abcdef"), 0, "-abc-def");
}

#[test]
fn continuous_mode_without_a_terminal_sends_byte_by_byte() {
    let server = Server::start(&["--proto", "udp", "--prefix", "."]);
    assert_ends(&server.client(&["--proto", "udp", "-c"], b"LIFE"), 0, ".L.I.F.E");
}

#[test]
fn binary_data_larger_than_every_buffer_comes_back_whole() {
    let server = Server::start(&[]);
    let input: Vec<u8> = (0..20_000_000_u32).map(|index| (index % 251) as u8).collect();
    let output = server.client(&[], &input);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout == input, "{} of {} bytes came back", output.stdout.len(), input.len());
}

#[test]
fn ipv6_and_host_names_work() {
    let server = Server::start(&["--ip", "::1"]);
    assert_ends(&server.client(&["--ip", "::1"], b"six\n"), 0, "six\n");
    let server = Server::start(&["--bind", "localhost"]);
    assert_ends(&server.client(&["--ip", "localhost"], b"name\n"), 0, "name\n");
}

#[test]
fn many_tcp_clients_are_served_at_once() {
    let server = Server::start(&[]);
    let mut clients: Vec<_> =
        (0..20).map(|_| TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("{number:02}").as_bytes()).unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate().rev() {
        let mut answer = [0; 2];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(text(&answer), format!("{number:02}"));
    }
    let (code, said) = server.stop(Signal::SIGINT);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("closed: 2 bytes in, 2 bytes out (stopped)").count(), 20, "{said}");
    assert!(said.ends_with("echolab: stopped\n"), "{said}");
    let mut rest = Vec::new();
    assert_eq!(clients.pop().unwrap().read_to_end(&mut rest).unwrap(), 0, "closed in order");
}

#[test]
fn connections_above_the_limit_are_rejected() {
    let server = Server::start(&["--max-connections", "1"]);
    let address = format!("127.0.0.1:{}", server.port);
    let mut first = TcpStream::connect(&address).unwrap();
    first.write_all(b"x").unwrap();
    first.read_exact(&mut [0]).unwrap();
    let mut second = TcpStream::connect(&address).unwrap();
    assert_eq!(second.read(&mut [0]).unwrap_or(0), 0);
    first.write_all(b"y").unwrap();
    first.read_exact(&mut [0]).unwrap();
    let (_, said) = server.stop(Signal::SIGTERM);
    assert!(said.contains("turned away: 1 are open already"), "{said}");
}

#[test]
fn clients_that_do_not_read_take_no_memory_for_repeated_answers() {
    const CLIENTS: u64 = 40;
    let server = Server::start(&["--repeat", "1000"]);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap();
        client.write_all(&[7; 1200]).unwrap();
        // the first byte of 1.2 MB: the server is sending
        client.read_exact(&mut [0]).unwrap();
        clients.push(client);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap().trim();
    let kib: u64 = anonymous.strip_suffix(" kB").unwrap().parse().unwrap();
    assert!(kib < CLIENTS * 250, "{kib} KiB for {CLIENTS} connections");
}

#[test]
fn connection_flood_does_not_flood_the_log() {
    const FLOOD: u64 = 3000;
    let began = std::time::Instant::now();
    let server = Server::start(&["--max-connections", "1"]);
    let address = format!("127.0.0.1:{}", server.port);
    let mut first = TcpStream::connect(&address).unwrap();
    first.write_all(b"x").unwrap();
    first.read_exact(&mut [0]).unwrap();
    for _ in 0..FLOOD {
        // turned away
        assert_eq!(TcpStream::connect(&address).unwrap().read(&mut [0]).unwrap_or(0), 0);
    }
    let (code, said) = server.stop(Signal::SIGTERM);
    assert_eq!(code, Some(0));
    let shown = said.matches("turned away: 1 are open already").count() as u64;
    let counted = said
        .lines()
        .filter_map(|line| line.split(" connections turned away").next()?.rsplit(' ').next()?.parse::<u64>().ok());
    assert_eq!(shown + counted.sum::<u64>(), FLOOD, "every one is shown or counted: {said}");
    // a slow machine takes more seconds, and has more lines
    assert!(shown <= 100 * (began.elapsed().as_secs() + 2), "{shown} lines");
}

#[test]
fn a_silent_connection_is_closed() {
    let server = Server::start(&["--idle-timeout", "50ms"]);
    let mut client = TcpStream::connect(format!("127.0.0.1:{}", server.port)).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    let (_, said) = server.stop(Signal::SIGTERM);
    assert!(said.contains("(nothing happened for 50.0 ms)"), "{said}");
}

#[test]
fn server_of_root_runs_as_nobody_without_capabilities() {
    assert!(nix::unistd::geteuid().is_root(), "this test needs root");
    let server = Server::start(&[]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    for line in ["Uid:\t65534\t65534\t65534\t65534", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"] {
        assert!(status.contains(line), "{line:?} is not in {status}");
    }
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
}

#[test]
fn sigterm_stops_a_server_as_ctrl_c_does() {
    for proto in ["tcp", "udp"] {
        let (code, said) = Server::start(&["-t", proto]).stop(Signal::SIGTERM);
        assert_eq!((code, said.as_str()), (Some(0), "echolab: stopped\n"));
    }
}

#[test]
fn a_port_in_use_and_a_foreign_address_are_errors() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = echolab(&["serve", "--port", &port]).output().unwrap();
    assert_ends(&output, 2, "");
    let said = text(&output.stderr);
    assert!(said.contains(&format!("TCP port {port} of 127.0.0.1 is in use")) && said.contains("--port"), "{said}");

    let output = echolab(&["serve", "-t", "udp", "--ip", "192.0.2.1", "--port", "0"]).output().unwrap();
    assert_ends(&output, 2, "");
    assert!(text(&output.stderr).contains("192.0.2.1 is not an address of this host"));

    let output = echolab(&["connect", "--ip", "no such host"]).output().unwrap();
    assert_ends(&output, 2, "");
    assert!(text(&output.stderr).contains("is neither an IP address nor a name"));
}

#[test]
fn closed_port_refuses_over_tcp_and_udp() {
    // a socket that has the port and does not listen, so that no other program takes the port meanwhile
    let idle = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    idle.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = idle.local_addr().unwrap().as_socket().unwrap().port().to_string();
    let output = connect(&["--port", &port], b"hi\n");
    assert_ends(&output, 2, "");
    let said = text(&output.stderr);
    assert!(said.contains(&format!("no program listens on TCP port {port}")) && said.contains("RST"), "{said}");

    // a socket that takes datagrams of one peer only, which is another
    let idle = UdpSocket::bind("127.0.0.1:0").unwrap();
    idle.connect("127.0.0.2:9").unwrap();
    let port = idle.local_addr().unwrap().port().to_string();
    let output = connect(&["-t", "udp", "--port", &port], b"hi\n");
    assert_ends(&output, 2, "");
    let said = text(&output.stderr);
    assert!(said.contains("ICMP port unreachable"), "{said}");
}

#[test]
fn missing_answer_is_reported_after_the_timeout() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let output = connect(&["-t", "udp", "--port", &port, "--timeout", "50ms"], b"hi\n");
    assert_ends(&output, 1, "");
    assert!(text(&output.stderr).contains("no answer from 127.0.0.1"), "{}", text(&output.stderr));

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let output = connect(&["--port", &port, "--timeout", "50ms"], b"hi\n");
    assert_ends(&output, 1, "");
    assert!(text(&output.stderr).contains("though the connection stands"), "{}", text(&output.stderr));
}

/// A server that sends without end, from the first byte that it reads.
fn talk_to_one_who_does_not_stop(protocol: &str, input: &[u8]) -> Output {
    let ip = "127.0.0.1:0";
    let (port, server) = if protocol == "tcp" {
        let listener = TcpListener::bind(ip).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0]).unwrap();
            while stream.write_all(b"more ").is_ok() {}
        };
        (port, std::thread::spawn(server))
    } else {
        let socket = UdpSocket::bind(ip).unwrap();
        let port = socket.local_addr().unwrap().port();
        let server = move || {
            let (_, peer) = socket.recv_from(&mut [0; 64]).unwrap();
            socket.connect(peer).unwrap();
            while socket.send(b"more ").is_ok() {}
        };
        (port, std::thread::spawn(server))
    };
    let port = port.to_string();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "60"]).arg(cargo_bin!("echolab")).args(["connect", "-t", protocol, "--port", &port]);
    command.args(["--timeout", "200ms"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    output
}

#[test]
fn a_server_that_does_not_stop_keeps_no_client() {
    let output = talk_to_one_who_does_not_stop("tcp", b"hi\n");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the server did not close within 200ms") && said.contains("3 bytes were sent"), "{said}");
    assert!(output.stdout.starts_with(b"more more"));
    let output = talk_to_one_who_does_not_stop("udp", b"hi\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

/// A server that answers `answer` to the first bytes that come and closes, while the input is not at its end.
fn leave_after(input: &[u8], answer: &[u8]) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut child = echolab(&["connect", "--port", &port]).stdin(Stdio::piped()).spawn().unwrap();
    let mut keep_open = child.stdin.take().unwrap();
    keep_open.write_all(input).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    if !input.is_empty() {
        stream.read_exact(&mut vec![0; input.len()]).unwrap();
    }
    stream.write_all(answer).unwrap();
    drop(stream);
    child.wait_with_output().unwrap()
}

#[test]
fn server_close_before_the_end_of_input_is_reported() {
    let output = leave_after(b"", b"");
    assert_ends(&output, 1, "");
    assert!(text(&output.stderr).contains("connection; the input was not at its end"), "{}", text(&output.stderr));
    let output = leave_after(b"abc\n", b"ab");
    assert_ends(&output, 1, "ab");
    assert!(text(&output.stderr).contains("; 2 bytes came back for the 4 that were sent; the input was not"));
}

#[test]
fn server_close_ends_an_interactive_client() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let terminal = nix::pty::openpty(None, None).unwrap();
    let child = echolab(&["connect", "--port", &port]).stdin(Stdio::from(terminal.slave)).spawn().unwrap();
    listener.accept().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_ends(&output, 0, "");
    assert!(text(&output.stderr).ends_with("the server closed the connection\n"), "{}", text(&output.stderr));
}

#[test]
fn answer_shorter_than_the_input_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let reader = std::thread::spawn(move || listener.accept().unwrap().0.read_to_end(&mut Vec::new()).unwrap());
    let output = connect(&["--port", &port], b"unheard\n");
    assert_eq!(reader.join().unwrap(), 8);
    assert_ends(&output, 1, "");
    assert!(text(&output.stderr).contains("0 bytes came back for the 8 that were sent"), "{}", text(&output.stderr));
}

#[test]
fn failed_connect_and_send_are_reported() {
    let output = connect(&["--port", "0"], b"");
    assert_ends(&output, 2, "");
    assert!(text(&output.stderr).contains("--port 0 is not a port to connect to"), "{}", text(&output.stderr));
    let server = Server::start(&["-t", "udp"]);
    let output = server.client(&["-t", "udp"], &[b'x'; 70_000]);
    assert_ends(&output, 2, "");
    assert!(text(&output.stderr).contains("a line of 70000 bytes"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("at most 65507 bytes"), "{}", text(&output.stderr));
}

#[test]
fn signal_ends_a_connection_cleanly() {
    let server = Server::start(&[]);
    let mut child = echolab(&["connect", "--port", &server.port]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"x\n").unwrap();
    // the echo shows that the client is at work
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let keep_open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(keep_open);
}

#[test]
fn the_udp_server_answers_nothing_from_its_own_port_or_a_system_port() {
    let server = Server::start(&["-t", "udp"]);
    let port: u16 = server.port.parse().unwrap();
    // another address of this host, the same port: what another echo server would be
    let twin = UdpSocket::bind(("127.0.0.2", port)).unwrap();
    twin.send_to(b"ping", ("127.0.0.1", port)).unwrap();
    let ordinary = UdpSocket::bind("127.0.0.1:0").unwrap();
    ordinary.set_read_timeout(Some(HANGS)).unwrap();
    ordinary.send_to(b"pong", ("127.0.0.1", port)).unwrap();
    let mut answer = [0; 8];
    assert_eq!(ordinary.recv(&mut answer).unwrap(), 4);
    // the server is done with the first datagram when it answers the second
    twin.set_nonblocking(true).unwrap();
    assert!(twin.recv(&mut answer).is_err());
    let (_, said) = server.stop(Signal::SIGTERM);
    assert!(said.contains("not answered: it comes from the server's own port"), "{said}");
}

#[test]
fn the_udp_server_stops_answering_a_source_that_never_pauses() {
    let mut server = Server::start(&["-t", "udp", "--repeat", "1000"]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(("127.0.0.1", server.port.parse::<u16>().unwrap())).unwrap();
    client.set_read_timeout(Some(HANGS)).unwrap();
    client.send(&[b'x'; 10_000]).unwrap();
    let mut first = [0; 10_000];
    assert_eq!(client.recv(&mut first).unwrap(), 10_000);
    server.says("its source has had all the answers that it may have");
    server.stop(Signal::SIGTERM);
}

#[test]
fn two_udp_servers_do_not_loop_forever() {
    let (one, mut other) = (Server::start(&["-t", "udp"]), Server::start(&["-t", "udp"]));
    let [from, to]: [u16; 2] = [&one, &other].map(|server| server.port.parse().unwrap());
    // an empty datagram in the name of the one, without a checksum: source, destination, length
    let forged = [from, to, 8, 0].map(u16::to_be_bytes).concat();
    let raw = Socket::new(Domain::IPV4, Type::RAW, Some(socket2::Protocol::UDP))
        .expect("forging a datagram needs CAP_NET_RAW");
    raw.send_to(&forged, &SocketAddr::from(([127, 0, 0, 1], to)).into()).unwrap();
    let mut line = String::new();
    other.stderr.read_line(&mut line).unwrap();
    assert!(line.contains("not answered: its source has had all the answers"), "{line}");
    for server in [one, other] {
        assert_eq!(server.stop(Signal::SIGTERM), (Some(0), "echolab: stopped\n".to_owned()));
    }
}

#[test]
fn udp_server_outside_loopback_warns() {
    let mut server = Server::start(&["--ip", "127.0.0.1", "-t", "udp"]);
    let mut said = String::new();
    kill(Pid::from_raw(server.child.id().cast_signed()), Signal::SIGTERM).unwrap();
    server.stderr.read_to_string(&mut said).unwrap();
    assert!(!said.contains("warning"), "{said}");

    let mut child = echolab(&["serve", "-t", "udp", "--ip", "0.0.0.0", "--port", "0"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("warning: 0.0.0.0:") && line.contains("can be reached from other hosts"), "{line}");
}

#[test]
fn v_is_the_version() {
    for command in ["serve", "connect"] {
        let output = echolab(&[command, "-v"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn keys_of_a_terminal_are_sent_at_once_and_the_terminal_is_restored() {
    let server = Server::start(&["--transform", "upper"]);
    for leave in [b"\x03", b"\x04"] {
        let terminal = nix::pty::openpty(None, None).unwrap();
        let before = nix::sys::termios::tcgetattr(&terminal.slave).unwrap();
        let of_terminal = || Stdio::from(terminal.slave.try_clone().unwrap());
        let mut child = echolab(&["connect", "-c", "--port", &server.port])
            .stdin(of_terminal())
            .stdout(of_terminal())
            .spawn()
            .unwrap();
        // the greeting comes before raw mode: typing earlier is what a person may do, too
        let mut greeting = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut greeting).unwrap();
        assert!(greeting.contains("Ctrl-C or Ctrl-D ends the session"), "{greeting}");
        let mut keyboard = std::fs::File::from(terminal.master.as_fd().try_clone_to_owned().unwrap());
        wait_for_raw_mode(&terminal.slave, &before);
        keyboard.write_all(b"a").unwrap();
        let mut echo = [0; 1];
        keyboard.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"A", "the server's echo, without a Return");
        keyboard.write_all(leave).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(nix::sys::termios::tcgetattr(&terminal.slave).unwrap(), before, "the terminal is as it was");
    }
}

/// Until then the terminal's line discipline would keep what is typed.
fn wait_for_raw_mode(terminal: impl AsFd, before: &nix::sys::termios::Termios) {
    let deadline = std::time::Instant::now() + HANGS;
    while nix::sys::termios::tcgetattr(&terminal).unwrap() == *before {
        assert!(std::time::Instant::now() < deadline, "no raw mode");
        std::thread::yield_now();
    }
}

#[test]
fn each_datagram_is_logged_with_verbose() {
    for verbose in [true, false] {
        let arguments: &[&str] = if verbose { &["--proto", "udp", "--verbose"] } else { &["--proto", "udp"] };
        let server = Server::start(arguments);
        assert_ends(&server.client(&["--proto", "udp"], b"HELLO\n"), 0, "HELLO\n");
        let (code, said) = server.stop(Signal::SIGINT);
        assert_eq!(code, Some(0));
        assert_eq!(said.contains(": 6 bytes in, 6 bytes out"), verbose, "{said}");
    }
}

#[test]
fn serve_and_connect_write_captures_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for proto in ["tcp", "udp"] {
        let (served, talked) = (place(&format!("served-{proto}")), place(&format!("{proto}.pcap")));
        let server = Server::start(&["--proto", proto, "--report", &served]);
        assert_ends(&server.client(&["--proto", proto, "--write", &talked], b"HELLO\n"), 0, "HELLO\n");
        let (code, said) = server.stop(Signal::SIGINT);
        assert_eq!(code, Some(0), "{said}");
        for capture in [talked, format!("{served}/capture.pcapng")] {
            let output = echolab(&["analyze", &capture, "--format", "jsonl"]).output().unwrap();
            let records = text(&output.stdout);
            assert!(records.contains("\"echo\":{") && records.contains("\"matched\":1"), "{capture}: {records}");
        }
        let report = std::fs::read_to_string(format!("{served}/report.md")).unwrap();
        assert!(report.contains("HELLO") && report.contains("echolab serve"), "{report}");
    }
}
