//! Socket options that scenarios use, and the filters with which the kernel drops received segments.

use std::io;
use std::time::Duration;

use socket2::{Domain, SockFilter, Socket, TcpKeepalive, Type};

use super::step::{Setting, SocketLoss};
use crate::model::Protocol;

/// The mark (`SO_MARK`) of packets to be dropped.
const MARK: u32 = 0x6563_686f;

mod raw {
    //! Two options that no crate has a method for.
    use nix::{libc, setsockopt_impl, sockopt_impl};

    sockopt_impl!(
        /// UDP without a checksum.
        NoCheck,
        SetOnly,
        libc::SOL_SOCKET,
        libc::SO_NO_CHECK,
        bool
    );
    sockopt_impl!(
        /// The number of retransmissions of a SYN.
        SynCount,
        SetOnly,
        libc::IPPROTO_TCP,
        libc::TCP_SYNCNT,
        libc::c_int
    );
}

pub(super) fn set(socket: &Socket, setting: Setting) -> io::Result<()> {
    match setting {
        Setting::NoDelay => socket.set_tcp_nodelay(true),
        Setting::QuickAck(quick) => socket.set_tcp_quickack(quick),
        Setting::ReceiveBuffer(bytes) => socket.set_recv_buffer_size(bytes),
        Setting::Mss(bytes) => socket.set_tcp_mss(bytes),
        Setting::KeepAlive(time) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time).with_interval(time)),
        Setting::UserTimeout(time) => socket.set_tcp_user_timeout(Some(time)),
        Setting::SynRetries(count) => {
            Ok(nix::sys::socket::setsockopt(socket, raw::SynCount, &libc::c_int::try_from(count).unwrap_or(1))?)
        }
        Setting::LingerZero => socket.set_linger(Some(Duration::ZERO)),
        Setting::NoChecksum => Ok(nix::sys::socket::setsockopt(socket, raw::NoCheck, &true)?),
        Setting::Marked(marked) => socket.set_mark(if marked { MARK } else { 0 }),
        Setting::ReuseAddress => socket.set_reuse_address(true),
    }
}

/// Makes the kernel drop packets before `socket` receives them. A capture still shows them: the loss is genuine, and
/// the sender has to recover from it.
pub(super) fn lose(socket: &Socket, loses: SocketLoss) -> io::Result<()> {
    match loses {
        SocketLoss::Nothing => socket.detach_filter(),
        SocketLoss::All => socket.attach_filter(&[DROP]),
        SocketLoss::Marked => socket.attach_filter(&[
            // the packet's mark; where it is ours, the next instruction
            SockFilter::new(LOAD_WORD, 0, 0, SKF_AD_MARK),
            SockFilter::new(JUMP_EQUAL, 0, 1, MARK),
            DROP,
            KEEP,
        ]),
        SocketLoss::PureAcks => socket.attach_filter(&[
            // RST, SYN, FIN and ACK of the flags (RFC 9293 §3.1): ACK alone?
            SockFilter::new(LOAD_BYTE, 0, 0, 13),
            SockFilter::new(AND, 0, 0, 0x17),
            SockFilter::new(JUMP_EQUAL, 0, 6, 0x10),
            // the header's length: the upper half of this byte, in words of four bytes
            SockFilter::new(LOAD_BYTE, 0, 0, 12),
            SockFilter::new(SHIFT_RIGHT, 0, 0, 2),
            SockFilter::new(AND, 0, 0, 0x3c),
            SockFilter::new(TO_X, 0, 0, 0),
            SockFilter::new(LOAD_LENGTH, 0, 0, 0),
            SockFilter::new(JUMP_EQUAL_X, 1, 0, 0),
            KEEP,
            DROP,
        ]),
    }
}

/// `true` if this process may make sockets of `protocol` lose packets. Kernels require different rights for that, so it
/// is tried.
pub fn may_lose(protocol: Protocol) -> bool {
    let try_it = || {
        let kind = if protocol == Protocol::Tcp { Type::STREAM } else { Type::DGRAM };
        let socket = Socket::new(Domain::IPV4, kind, None)?;
        socket.attach_filter(&[KEEP])?;
        socket.set_mark(MARK)
    };
    !matches!(try_it(), Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
}

const KEEP: SockFilter = SockFilter::new(RETURN, 0, 0, u32::MAX);
const DROP: SockFilter = SockFilter::new(RETURN, 0, 0, 0);

/// `SKF_AD_OFF + SKF_AD_MARK` of linux/filter.h.
const SKF_AD_MARK: u32 = (-0x1000_i32 + 20).cast_unsigned();

// The instructions of linux/bpf_common.h that are needed here.
const LOAD_WORD: u16 = 0x20;
const LOAD_BYTE: u16 = 0x30;
const LOAD_LENGTH: u16 = 0x80;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_EQUAL_X: u16 = 0x1d;
const AND: u16 = 0x54;
const SHIFT_RIGHT: u16 = 0x74;
const TO_X: u16 = 0x07;
const RETURN: u16 = 0x06;
