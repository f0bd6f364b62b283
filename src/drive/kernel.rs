//! The kernels' state of a session's connections: `TCP_INFO` of both ends, for the caller of either.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Endpoint, KernelView, Nanos, PerDirection, Side};

mod raw {
    //! A socket option for which no crate has a method.
    use nix::{getsockopt_impl, libc, sockopt_impl};

    sockopt_impl!(
        /// The kernel's state of a TCP connection.
        TcpInfo,
        GetOnly,
        libc::IPPROTO_TCP,
        libc::TCP_INFO,
        libc::tcp_info
    );
}

/// An end of a connection: its own endpoint and the peer's.
type Ends = (Endpoint, Endpoint);

/// The connections whose state can be read. Clones share the same connections.
#[derive(Clone, Debug, Default)]
pub struct KernelWatch(Arc<Mutex<HashMap<Ends, RawFd>>>);

/// Registration of a connection whose state can be read; must be dropped before the socket.
#[derive(Debug)]
pub(super) struct Watched {
    watch: KernelWatch,
    ends: Ends,
}

impl KernelWatch {
    fn sockets(&self) -> MutexGuard<'_, HashMap<Ends, RawFd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the connection.
    pub(super) fn add(&self, socket: BorrowedFd<'_>, ends: Ends) -> Watched {
        self.sockets().insert(ends, socket.as_raw_fd());
        Watched { watch: self.clone(), ends }
    }

    /// Both kernels' state of the connection of `side` with these ends.
    pub(super) fn views(&self, side: Side, ends: Ends) -> PerDirection<Option<KernelView>> {
        // no socket can be closed while the lock is held: its owner unregisters it before
        let sockets = self.sockets();
        let view = |ends: &Ends| sockets.get(ends).copied().and_then(view_of);
        let (own, other) = (view(&ends), view(&(ends.1, ends.0)));
        match side {
            Side::Client => PerDirection { client_to_server: own, server_to_client: other },
            Side::Server => PerDirection { client_to_server: other, server_to_client: own },
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watch.sockets().remove(&self.ends);
    }
}

fn view_of(socket: RawFd) -> Option<KernelView> {
    #[allow(unsafe_code, reason = "a socket that another thread owns is only a number here")]
    // SAFETY: the caller holds the lock without which no registered descriptor is closed.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let info = nix::sys::socket::getsockopt(&socket, raw::TcpInfo).ok()?;
    let micros = |count: u32| Nanos(i64::from(count) * 1_000);
    Some(KernelView {
        state: STATES.get(usize::from(info.tcpi_state)).copied().unwrap_or("UNKNOWN"),
        cwnd: info.tcpi_snd_cwnd,
        rtt: micros(info.tcpi_rtt),
        rto: micros(info.tcpi_rto),
        unacked: info.tcpi_unacked,
        retransmits: info.tcpi_total_retrans,
    })
}

/// The states by their numbers in linux/tcp_states.h.
const STATES: [&str; 13] = [
    "UNKNOWN",
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "CLOSE",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "SYN-RECV",
];

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn both_endpoints_can_be_watched_until_closed() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        let (one, other) = (Endpoint::from(client.local_addr()?), Endpoint::from(server.local_addr()?));
        let watch = KernelWatch::default();
        let first = watch.add(client.as_fd(), (one, other));
        let second = watch.add(server.as_fd(), (other, one));
        for (side, ends) in [(Side::Client, (one, other)), (Side::Server, (other, one))] {
            let views = watch.views(side, ends);
            for view in [views.client_to_server, views.server_to_client] {
                assert!(view.is_some_and(|view| view.state == "ESTAB" && view.cwnd >= 1 && view.retransmits == 0));
            }
        }
        drop(second);
        let views = watch.views(Side::Client, (one, other));
        assert!(views.client_to_server.is_some() && views.server_to_client.is_none());
        drop(first);
        assert_eq!(watch.views(Side::Client, (one, other)), PerDirection::default());
        Ok(())
    }
}
