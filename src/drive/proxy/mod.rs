//! A minimal caching forward proxy between clients and an origin server: it answers from its cache what it has fetched
//! once.
//!
//! HTTP/1.1 GET, one request per connection (`Connection: close`). The proxy connects to its origin only, whatever host
//! a request names.

pub(super) mod http;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use socket2::Socket;

use self::http::Exchange;
use super::client::ClientFault;
use super::fault::Fault;
use super::network::Network;
use super::server::bind_error;
use super::session_context::SessionContext;
use super::signal::Signal;
use super::socket::{bound_socket, new_socket};
use super::stream::WaitLimits;
use super::transcript::Transcript;
use crate::model::{Protocol, Side};

/// The content of the origin's document.
const DOCUMENT: &str = "This is the document that the origin server has.\n";

/// Time limit of each wait of the three for another.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Number of clients that request the document at the same time, after the first two.
const AT_ONCE: u64 = 8;

/// The number of the proxy's connection to its origin, behind those of the clients that it serves.
const TO_ORIGIN: u64 = 2 + AT_ONCE + 1;

/// The proxy and the origin server, bound. The origin is on the client's side, so that in the lab its conversation with
/// the proxy crosses the link too.
#[derive(Debug)]
pub(super) struct Proxy {
    listener: TcpListener,
    address: SocketAddr,
    origin: TcpListener,
    origin_address: SocketAddr,
    /// The clients' sockets, made on the host of their side before the session.
    clients: Vec<Socket>,
    /// The proxy's own socket to the origin: there is one document, so it connects once.
    upstream: Mutex<Option<Socket>>,
}

/// Fetched responses by the target of their request. Requests for a target that is being fetched wait for it.
type Cache = Arc<Mutex<HashMap<String, Arc<OnceLock<Option<Vec<u8>>>>>>>;

impl Proxy {
    /// Binds both.
    pub(super) fn bind(network: &Network, address: SocketAddr) -> Result<Self> {
        let listener = network.on(Side::Server, move || listen(address))?;
        let listener = listener.map_err(|error| bind_error(Protocol::Tcp, address, error))?;
        let beside = SocketAddr::new(network.client_ip(address.ip()), 0);
        let origin = network.on(Side::Client, move || listen(beside))?.context("can't bind the origin server")?;
        let (address, origin_address) = (listener.local_addr()?, origin.local_addr()?);
        let make = move || (0..2 + AT_ONCE).map(|_| new_socket(Protocol::Tcp, address)).collect::<io::Result<Vec<_>>>();
        let clients = network.on(Side::Client, make)?.context("can't make the clients' sockets")?;
        let upstream = network.on(Side::Server, move || new_socket(Protocol::Tcp, origin_address))?;
        let upstream = Mutex::new(Some(upstream.context("can't make the proxy's socket")?));
        Ok(Self { listener, address, origin, origin_address, clients, upstream })
    }

    /// The address of the proxy.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The ports of the proxy and of the origin.
    pub(super) fn ports(&self) -> Vec<u16> {
        vec![self.address.port(), self.origin_address.port()]
    }

    /// Runs a client that requests twice, then several at the same time. Returns the fault of the first that got no
    /// document.
    pub(super) fn run(self, context: &SessionContext) -> Option<ClientFault> {
        let Self { listener, address, origin, origin_address, clients, upstream } = self;
        let mut clients = (1..).zip(clients);
        let cache = Cache::default();
        let finish = match Signal::new() {
            Ok(finish) => finish,
            Err(error) => return Some(failed(address, error.into())),
        };
        let is = |program| context.server.of_program(program, Side::Server);
        let (to_clients, at_origin) = (is("proxy"), is("origin"));
        thread::scope(|scope| {
            scope.spawn(|| serve(&origin, &finish, context, &at_origin, answer_origin));
            scope.spawn(|| {
                serve(&listener, &finish, context, &to_clients, |exchange| {
                    forward(exchange, &cache, &upstream, origin_address, context)
                })
            });
            let ask = |(number, socket): (u64, Socket)| -> Result<(), Fault> {
                let mut client = Exchange::connect(socket, address, number, &context.client, limits(context))?;
                let target = format!("http://{origin_address}/document");
                client.send(
                    format!("GET {target} HTTP/1.1\r\nHost: {origin_address}\r\nConnection: close\r\n\r\n").as_bytes(),
                )?;
                let answer = client.read_to_end()?;
                client.close();
                match answer.ends_with(DOCUMENT.as_bytes()) {
                    true => Ok(()),
                    false => Err(io::Error::other("the answer is not the document").into()),
                }
            };
            let one_by_one = clients.by_ref().take(2).try_for_each(ask);
            let asked = one_by_one.and_then(|()| {
                let ask = &ask;
                thread::scope(|scope| {
                    let clients: Vec<_> = clients.map(|client| scope.spawn(move || ask(client))).collect();
                    let broke = || Fault::Io(io::Error::other("a client's thread broke down"));
                    clients.into_iter().try_for_each(|client| client.join().map_err(|_| broke())?)
                })
            });
            finish.raise();
            asked.err().map(|fault| failed(address, fault))
        })
    }
}

fn failed(server: SocketAddr, fault: Fault) -> ClientFault {
    match fault {
        Fault::Halted => ClientFault::Halted,
        Fault::TimedOut(waited) => ClientFault::NoAnswer { protocol: Protocol::Tcp, server, waited },
        Fault::Io(error) => ClientFault::Failed { what: "the client got no document from", server, error },
    }
}

fn limits(context: &SessionContext) -> WaitLimits<'_> {
    WaitLimits { halt: &context.halt, timeout: Some(TIMEOUT), pace: None }
}

/// Accepts connections until told to finish, each in a thread of its own.
fn serve(
    listener: &TcpListener,
    finish: &Signal,
    context: &SessionContext,
    transcript: &Transcript,
    answer: impl Fn(Exchange<'_>) -> Result<(), Fault> + Sync,
) {
    let answer = &answer;
    thread::scope(|scope| {
        let mut number = 0;
        while super::server::wait_for_client(listener, finish, &context.halt).unwrap_or(false) {
            let Ok((stream, peer)) = listener.accept() else { continue };
            number += 1;
            scope.spawn(move || {
                if let Ok(exchange) = Exchange::accept(stream, peer, number, transcript, limits(context)) {
                    // a client that has closed does not need an answer
                    let _ = answer(exchange);
                }
            });
        }
    });
}

/// The origin server: answers any request with the document.
fn answer_origin(mut exchange: Exchange<'_>) -> Result<(), Fault> {
    exchange.read_request()?;
    exchange.send(&http::response(DOCUMENT))?;
    exchange.close();
    Ok(())
}

/// The proxy: answers from the cache, otherwise from the origin.
fn forward(
    mut exchange: Exchange<'_>,
    cache: &Cache,
    upstream: &Mutex<Option<Socket>>,
    origin: SocketAddr,
    context: &SessionContext,
) -> Result<(), Fault> {
    let target = exchange.read_request()?;
    let place = Arc::clone(cache.lock().unwrap_or_else(PoisonError::into_inner).entry(target.clone()).or_default());
    let fetched = place.get_or_init(|| fetch(&target, upstream, origin, context).ok());
    match fetched {
        Some(answer) => exchange.send(answer)?,
        None => exchange.send(http::BAD_GATEWAY)?,
    }
    exchange.close();
    Ok(())
}

/// Requests a target from the origin, on a connection of the proxy's own.
fn fetch(
    target: &str,
    upstream: &Mutex<Option<Socket>>,
    origin: SocketAddr,
    context: &SessionContext,
) -> Result<Vec<u8>, Fault> {
    let socket = upstream.lock().unwrap_or_else(PoisonError::into_inner).take();
    let socket = socket.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let transcript = context.server.of_program("proxy", Side::Client);
    let mut connection = Exchange::connect(socket, origin, TO_ORIGIN, &transcript, limits(context))?;
    let path = http::path_of(target);
    connection.send(format!("GET {path} HTTP/1.1\r\nHost: {origin}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let answer = connection.read_to_end()?;
    connection.close();
    Ok(answer)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound_socket(Protocol::Tcp, address, &[])?;
    socket.listen(128)?;
    Ok(socket.into())
}
