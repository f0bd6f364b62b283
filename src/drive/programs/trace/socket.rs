//! Sockets of a traced process, inspected through a duplicate of the descriptor, which is made and closed while the
//! process is stopped.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use socket2::{Domain, SockRef, Type};

use crate::model::{Endpoint, Protocol};

/// The kernel's description of a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// The kernel's own number of the socket, which is never reused.
    pub(super) cookie: u64,
    pub(super) protocol: Protocol,
    pub(super) local: Option<Endpoint>,
    pub(super) peer: Option<Endpoint>,
}

/// The effects of closing a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// Bytes received and not read.
    pub(super) unread: u64,
    /// SO_LINGER is set with a zero timeout.
    pub(super) lingers: bool,
}

/// A handle of a process, valid even if its identifier is reused.
#[derive(Debug)]
pub(super) struct Handle(Option<OwnedFd>);

impl Handle {
    #[allow(unsafe_code, reason = "the system call has no safe wrapper")]
    pub(super) fn of(pid: libc::pid_t) -> Self {
        // SAFETY: the call takes numbers, and returns a new descriptor that nothing else owns.
        Self(unsafe { descriptor(libc::syscall(libc::SYS_pidfd_open, pid, 0)) }.ok())
    }

    /// A duplicate of a descriptor of the process; it must be closed before the process continues, or it would keep the
    /// socket open.
    #[allow(unsafe_code, reason = "the system call has no safe wrapper")]
    fn duplicate(&self, fd: i32) -> Option<OwnedFd> {
        let process = self.0.as_ref()?.as_raw_fd();
        // SAFETY: the call takes numbers, and returns a new descriptor that nothing else owns.
        unsafe { descriptor(libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0)) }.ok()
    }

    /// The description of a descriptor's socket, if that is a TCP or UDP socket.
    pub(super) fn facts(&self, fd: i32) -> Option<Facts> {
        let descriptor = self.duplicate(fd)?;
        let socket = SockRef::from(&descriptor);
        let domain = socket.domain().ok()?;
        if domain != Domain::IPV4 && domain != Domain::IPV6 {
            return None;
        }
        let protocol = match socket.r#type().ok()? {
            Type::STREAM => Protocol::Tcp,
            Type::DGRAM => Protocol::Udp,
            _ => return None,
        };
        let endpoint = |address: socket2::SockAddr| {
            let Endpoint { address, port } = address.as_socket()?.into();
            Some(Endpoint::new(address.to_canonical(), port))
        };
        Some(Facts {
            cookie: socket.cookie().ok()?,
            protocol,
            local: socket.local_addr().ok().and_then(endpoint).filter(|local| local.port != 0),
            peer: socket.peer_addr().ok().and_then(endpoint),
        })
    }

    /// The effects of closing the socket.
    #[allow(unsafe_code, reason = "ioctl has no safe wrapper")]
    pub(super) fn closing(&self, fd: i32) -> Option<Closing> {
        let descriptor = self.duplicate(fd)?;
        let mut bytes: libc::c_int = 0;
        // SAFETY: the request writes one int, to `bytes`.
        let result = unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
        let unread = (result == 0).then(|| u64::try_from(bytes).ok()).flatten()?;
        let linger = SockRef::from(&descriptor).linger().ok().flatten();
        Some(Closing { unread, lingers: linger.is_some_and(|timeout| timeout.is_zero()) })
    }
}

/// The descriptor that a system call returned.
///
/// # Safety
/// It must be new, or -1.
#[allow(unsafe_code, reason = "a number becomes a descriptor")]
unsafe fn descriptor(returned: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(returned) {
        // SAFETY: the caller vouches for it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The sockets among the descriptors of a thread's process: the inode of each descriptor that is one.
pub(super) fn sockets_of(tid: libc::pid_t) -> HashMap<i32, String> {
    let entries = fs::read_dir(format!("/proc/{tid}/fd")).into_iter().flatten().flatten();
    let socket = |entry: fs::DirEntry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, inode(&entry.path())?))
    };
    entries.filter_map(socket).collect()
}

/// The inode of a thread's descriptor, if it is a socket.
pub(super) fn socket_at(tid: libc::pid_t, fd: i32) -> Option<String> {
    inode(Path::new(&format!("/proc/{tid}/fd/{fd}")))
}

/// `socket:[1234]`
fn inode(link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?.into_os_string().into_string().ok()?;
    target.starts_with("socket:[").then_some(target)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn socket_table_row_has_endpoints_and_unread_bytes() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        let own = std::process::id().cast_signed();
        let handle = Handle::of(own);
        let facts = handle.facts(server.as_raw_fd()).unwrap();
        assert_eq!(facts.protocol, Protocol::Tcp);
        assert_eq!(facts.peer, Some(client.local_addr()?.into()));
        client.write_all(b"hello")?;
        let closing = handle.closing(server.as_raw_fd()).unwrap();
        assert_eq!((closing.unread, closing.lingers), (5, false));
        SockRef::from(&server).set_linger(Some(std::time::Duration::ZERO))?;
        assert!(handle.closing(server.as_raw_fd()).unwrap().lingers);
        assert_ne!(handle.facts(listener.as_raw_fd()).unwrap().cookie, facts.cookie);
        let file = tempfile::tempfile()?;
        assert!(handle.facts(file.as_raw_fd()).is_none());
        assert!(sockets_of(own).contains_key(&server.as_raw_fd()));
        assert_eq!(socket_at(own, file.as_raw_fd()), None);
        Ok(())
    }
}
