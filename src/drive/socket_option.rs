//! Socket options that a program sets before it connects or listens, by name: `nodelay`, `rcvbuf=4096`.

use std::fmt;
use std::io;
use std::str::FromStr;

use socket2::Socket;

use crate::model::Protocol;

/// An option and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// TCP_NODELAY: small segments do not wait for the ACK of the one before (RFC 896).
    NoDelay,
    /// SO_SNDBUF in bytes; Linux doubles it, for its own bookkeeping.
    SendBuffer(u32),
    /// SO_RCVBUF in bytes; Linux doubles it, for its own bookkeeping.
    ReceiveBuffer(u32),
    /// TCP_MAXSEG: the longest segment that the program's host sends and asks for, in bytes (RFC 9293 §3.7.1).
    MaxSegment(u16),
    /// TCP_CONGESTION: the congestion control, by the name that the kernel has for it.
    Congestion(String),
}

/// A socket option that the command line can name.
pub struct SocketOptionName {
    /// The name.
    pub name: &'static str,
    /// Its effect, in a few words.
    pub about: &'static str,
    read: fn(Option<&str>) -> Option<SocketOption>,
}

/// Every option that can be named; congestion control has an option of the command line to itself.
pub const SOCKET_OPTIONS: &[SocketOptionName] = &[
    SocketOptionName {
        name: "nodelay",
        about: "send small segments at once (TCP)",
        read: |value| value.is_none().then_some(SocketOption::NoDelay),
    },
    SocketOptionName {
        name: "sndbuf=BYTES",
        about: "size of the send buffer, doubled by Linux",
        read: |value| Some(SocketOption::SendBuffer(size(value)?)),
    },
    SocketOptionName {
        name: "rcvbuf=BYTES",
        about: "size of the receive buffer, doubled by Linux",
        read: |value| Some(SocketOption::ReceiveBuffer(size(value)?)),
    },
    SocketOptionName {
        name: "mss=BYTES",
        about: "longest segment (TCP)",
        read: |value| Some(SocketOption::MaxSegment(u16::try_from(size(value)?).ok()?)),
    },
];

/// A number of bytes that the kernel's `int` can hold.
fn size(value: Option<&str>) -> Option<u32> {
    value?.parse().ok().filter(|size| (1..=i32::MAX.cast_unsigned()).contains(size))
}

/// A text that names no option, or not with such a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSocketOption(String);

impl fmt::Display for UnknownSocketOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = SOCKET_OPTIONS.iter().map(|option| option.name).collect();
        write!(f, "unknown socket option {:?}: use one of {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownSocketOption {}

impl FromStr for SocketOption {
    type Err = UnknownSocketOption;

    fn from_str(text: &str) -> Result<Self, UnknownSocketOption> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        SOCKET_OPTIONS
            .iter()
            .find(|option| option.name.split('=').next() == Some(name))
            .and_then(|option| (option.read)(value))
            .ok_or_else(|| UnknownSocketOption(text.to_owned()))
    }
}

/// `rcvbuf=4096`
impl fmt::Display for SocketOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDelay => f.write_str("nodelay"),
            Self::SendBuffer(size) => write!(f, "sndbuf={size}"),
            Self::ReceiveBuffer(size) => write!(f, "rcvbuf={size}"),
            Self::MaxSegment(size) => write!(f, "mss={size}"),
            Self::Congestion(name) => write!(f, "congestion control {name}"),
        }
    }
}

impl SocketOption {
    /// `true` if sockets of `protocol` have the option.
    pub fn fits(&self, protocol: Protocol) -> bool {
        protocol == Protocol::Tcp || matches!(self, Self::SendBuffer(_) | Self::ReceiveBuffer(_))
    }

    /// Sets the option. On a listening socket, the accepted ones inherit it.
    pub(super) fn set(&self, socket: &Socket) -> io::Result<()> {
        let set = match self {
            Self::NoDelay => socket.set_tcp_nodelay(true),
            Self::SendBuffer(size) => socket.set_send_buffer_size(*size as usize),
            Self::ReceiveBuffer(size) => socket.set_recv_buffer_size(*size as usize),
            Self::MaxSegment(size) => socket.set_tcp_mss(u32::from(*size)),
            Self::Congestion(name) => socket.set_tcp_congestion(name.as_bytes()),
        };
        set.map_err(|error| {
            io::Error::new(error.kind(), format!("the kernel does not take {self}: {}", self.why(&error)))
        })
    }

    /// The error of setting it, with advice.
    fn why(&self, error: &io::Error) -> String {
        let advice = match self {
            Self::Congestion(_) => {
                "`sysctl net.ipv4.tcp_available_congestion_control` names those that there are, `sysctl \
                 net.ipv4.tcp_allowed_congestion_control` those that can be had on loopback without root; --network lab \
                 takes them all"
            }
            Self::MaxSegment(_) => "Linux takes from 88 to 32767 bytes",
            _ => return error.to_string(),
        };
        format!("{error}; {advice}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_back_as_they_are_written() {
        for text in ["nodelay", "sndbuf=4096", "rcvbuf=1", "mss=536"] {
            assert_eq!(text.parse::<SocketOption>().map(|option| option.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(SOCKET_OPTIONS.len(), 4);
    }

    #[test]
    fn unknown_option_is_explained() {
        for text in ["", "nodelay=1", "rcvbuf", "rcvbuf=0", "rcvbuf=-1", "rcvbuf=9999999999", "mss=65536", "linger=1"] {
            let error = text.parse::<SocketOption>().unwrap_err().to_string();
            assert!(error.contains("nodelay, sndbuf=BYTES"), "{error}");
        }
    }

    #[test]
    fn kernel_refusals_are_reported_with_advice() -> io::Result<()> {
        let socket = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        let refused = |option: SocketOption| option.set(&socket).unwrap_err().to_string();
        assert!(refused(SocketOption::MaxSegment(8)).contains("from 88 to 32767"));
        assert!(refused(SocketOption::Congestion("none".to_owned())).contains("tcp_allowed_congestion_control"));
        for option in
            [SocketOption::NoDelay, SocketOption::SendBuffer(5000), SocketOption::Congestion("reno".to_owned())]
        {
            option.set(&socket)?;
        }
        assert!(socket.tcp_nodelay()? && socket.send_buffer_size()? == 10_000);
        assert_eq!(socket.tcp_congestion()?.get(..4), Some(&b"reno"[..]));
        Ok(())
    }
}
