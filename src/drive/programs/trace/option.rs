//! Names of the socket options that affect the traffic.

/// Options of a whole number: their level, number and name.
const OPTIONS: &[(i32, i32, &str)] = &[
    (libc::SOL_SOCKET, libc::SO_REUSEADDR, "SO_REUSEADDR"),
    (libc::SOL_SOCKET, libc::SO_REUSEPORT, "SO_REUSEPORT"),
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE, "SO_KEEPALIVE"),
    (libc::SOL_SOCKET, libc::SO_BROADCAST, "SO_BROADCAST"),
    (libc::SOL_SOCKET, libc::SO_RCVBUF, "SO_RCVBUF"),
    (libc::SOL_SOCKET, libc::SO_SNDBUF, "SO_SNDBUF"),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY, "TCP_NODELAY"),
    (libc::IPPROTO_TCP, libc::TCP_CORK, "TCP_CORK"),
    (libc::IPPROTO_TCP, libc::TCP_MAXSEG, "TCP_MAXSEG"),
    (libc::IPPROTO_TCP, libc::TCP_QUICKACK, "TCP_QUICKACK"),
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, "TCP_KEEPIDLE"),
    (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, "TCP_KEEPINTVL"),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"),
    (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, "IPV6_V6ONLY"),
];

/// `SO_REUSEADDR to 1`; `read` gives the whole number at an offset of the value. `None` for options that are not shown.
pub(super) fn set(level: i32, number: i32, read: impl Fn(u64) -> Option<i32>) -> Option<String> {
    if (level, number) == (libc::SOL_SOCKET, libc::SO_LINGER) {
        return Some(match read(0)? {
            0 => "SO_LINGER off".to_owned(),
            _ => format!("SO_LINGER to {} s", read(4)?),
        });
    }
    let (.., name) = OPTIONS.iter().find(|(of, known, _)| (*of, *known) == (level, number))?;
    Some(format!("{name} to {}", read(0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_their_names_and_values() {
        let value = |offset: u64| Some(if offset == 0 { 1 } else { 0 });
        assert_eq!(set(libc::SOL_SOCKET, libc::SO_REUSEADDR, value).as_deref(), Some("SO_REUSEADDR to 1"));
        assert_eq!(set(libc::SOL_SOCKET, libc::SO_LINGER, value).as_deref(), Some("SO_LINGER to 0 s"));
        assert_eq!(set(libc::SOL_SOCKET, libc::SO_LINGER, |_| Some(0)).as_deref(), Some("SO_LINGER off"));
        assert_eq!(set(libc::SOL_SOCKET, 9_999, value), None);
    }
}
