//! Resolves a host that the user names to the address for a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, ensure};

/// The address of `host`: an IP address (`[::1]` may have its brackets) or a name, for which the first address from the
/// system is used.
///
/// # Errors
/// If the name has no address, or a link-local address names no interface.
pub fn resolve(host: &str, port: u16) -> Result<SocketAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        ensure!(
            !matches!(address, IpAddr::V6(ip) if ip.is_unicast_link_local()),
            "{address} is a link-local address, and every interface may have it: say which, as in {address}%eth0"
        );
        return Ok(SocketAddr::new(address, port));
    }
    (bare, port)
        .to_socket_addrs()
        .with_context(|| format!("`{host}` is neither an IP address nor a name that this host can look up"))?
        .next()
        .with_context(|| format!("the name `{host}` has no address"))
}

/// The address at which a client reaches a server bound to `address`: loopback, for a server bound to every address.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let mut reachable = address;
    reachable.set_ip(ip);
    reachable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_brackets_and_names_are_taken() -> Result<()> {
        assert_eq!(resolve("::1", 1)?.to_string(), "[::1]:1");
        assert_eq!(resolve("[::1]", 1)?.to_string(), "[::1]:1");
        assert!(resolve("localhost", 7)?.ip().is_loopback());
        assert_eq!(resolve("fe80::1%1", 7)?.to_string(), "[fe80::1%1]:7");
        let error = resolve("fe80::1", 7).err().context("refused")?;
        assert!(error.to_string().ends_with("say which, as in fe80::1%eth0"), "{error}");
        let error = resolve("no such host", 7).err().context("refused")?;
        assert!(format!("{error:#}").contains("`no such host` is neither"));
        Ok(())
    }

    #[test]
    fn a_server_on_every_address_is_reached_on_loopback() -> Result<()> {
        assert_eq!(reachable(resolve("0.0.0.0", 9)?).to_string(), "127.0.0.1:9");
        assert_eq!(reachable(resolve("::", 9)?).to_string(), "[::1]:9");
        assert_eq!(reachable(resolve("192.0.2.1", 9)?).to_string(), "192.0.2.1:9");
        Ok(())
    }
}
