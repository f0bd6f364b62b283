//! The kernel's socket tables of a host: its listening sockets and open connections.

use std::fs::File;
use std::io::{self, Read, Seek};

/// The state of a listening socket (linux/tcp_states.h).
const LISTEN: u8 = 0x0a;

/// States in which TCP sends nothing more by itself: TIME-WAIT and CLOSE.
const OVER: [u8; 2] = [0x06, 0x07];

/// The tables of a host's network namespace. They stay those of the namespace in which they were opened.
#[derive(Debug)]
pub(super) struct SocketTables {
    tcp: Vec<File>,
    udp: Vec<File>,
    interfaces: File,
    unix: Option<File>,
    /// Ports of the sockets to count; empty for all.
    ports: Vec<u16>,
}

/// The sockets at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sockets {
    /// TCP sockets that listen.
    pub(super) listening: usize,
    /// UDP sockets that are bound and not connected.
    pub(super) bound: usize,
    /// TCP connections that may still exchange segments, and UDP sockets with unread datagrams.
    pub(super) open: usize,
    /// UNIX sockets that listen.
    pub(super) unix: usize,
}

impl Sockets {
    /// The number of sockets that a client can reach.
    pub(super) fn serving(&self) -> usize {
        self.listening + self.bound
    }
}

impl SocketTables {
    /// Opens the tables of the calling thread's namespace, for sockets with one of these ports, or for all if there are
    /// none.
    ///
    /// # Errors
    /// If /proc is not mounted.
    pub(super) fn open(ports: Vec<u16>) -> io::Result<Self> {
        let open = |name: &str| File::open(format!("/proc/thread-self/net/{name}"));
        // a kernel without IPv6 has no tables of it
        let both = |one: &str, other: &str| io::Result::Ok([open(one)?].into_iter().chain(open(other)).collect());
        Ok(Self {
            tcp: both("tcp", "tcp6")?,
            udp: both("udp", "udp6")?,
            interfaces: open("dev")?,
            // on a shared host nothing shows which UNIX sockets are the session's
            unix: open("unix").ok().filter(|_| ports.is_empty()),
            ports,
        })
    }

    /// Reads the tables.
    ///
    /// # Errors
    /// If the system reports an error.
    pub(super) fn read(&mut self) -> io::Result<Sockets> {
        let mut sockets = Sockets::default();
        let ports = &self.ports;
        let counts = |row: &Row| ports.is_empty() || row.ports.iter().any(|port| ports.contains(port));
        for table in &mut self.tcp {
            for row in text(table)?.lines().skip(1).filter_map(Row::parse).filter(counts) {
                sockets.listening += usize::from(row.state == LISTEN);
                sockets.open += usize::from(row.state != LISTEN && !OVER.contains(&row.state));
            }
        }
        for table in &mut self.udp {
            for row in text(table)?.lines().skip(1).filter_map(Row::parse).filter(counts) {
                sockets.bound += usize::from(row.state == OVER[1]);
                sockets.open += usize::from(row.unread > 0);
            }
        }
        if let Some(unix) = &mut self.unix {
            // __SO_ACCEPTCON in the column of flags
            sockets.unix = text(unix)?.lines().filter(|line| line.split(' ').nth(3) == Some("00010000")).count();
        }
        Ok(sockets)
    }

    /// The number of packets that the host's interfaces have sent.
    ///
    /// # Errors
    /// If the system reports an error.
    pub(super) fn sent(&mut self) -> io::Result<u64> {
        let text = text(&mut self.interfaces)?;
        let of_line = |line: &str| line.split_once(':')?.1.split_whitespace().nth(9)?.parse::<u64>().ok();
        Ok(text.lines().filter_map(of_line).sum())
    }
}

fn text(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// A line of the tables of TCP and UDP.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// The socket's own, and its peer's.
    ports: [u16; 2],
    state: u8,
    /// Bytes that the program has not read.
    unread: u64,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        // number, local, remote, state, send queue:receive queue
        let mut columns = line.split_whitespace().skip(1);
        let mut port = || u16::from_str_radix(columns.next()?.rsplit_once(':')?.1, 16).ok();
        let ports = [port()?, port()?];
        let state = u8::from_str_radix(columns.next()?, 16).ok()?;
        let (_, unread) = columns.next()?.split_once(':')?;
        Some(Self { ports, state, unread: u64::from_str_radix(unread, 16).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_state_and_what_is_unread() {
        let line = "   0: 0100007F:3039 00000000:0000 0A 00000000:00000005 00:00000000 00000000  1000        0 4242 1";
        assert_eq!(Row::parse(line), Some(Row { ports: [12345, 0], state: LISTEN, unread: 5 }));
        assert_eq!(Row::parse("  sl  local_address rem_address   st tx_queue rx_queue"), None);
        assert_eq!(Row::parse(""), None);
    }
}
