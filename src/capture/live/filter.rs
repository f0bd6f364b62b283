//! The capture filter of a session.

use std::net::IpAddr;

use crate::model::Protocol;

/// What belongs to a session on these ports of `host`, in libpcap's language.
///
/// More than the port: ICMP errors have no port of their own, and neither have later fragments, which only UDP has. What
/// of these is somebody else's is told apart by whoever reads the packets.
pub fn session_filter(protocol: Protocol, host: IpAddr, ports: &[u16]) -> String {
    let mut kinds: Vec<_> = ports.iter().map(|port| format!("{} port {port}", protocol.name())).collect();
    let (icmp, fragments) = match host {
        IpAddr::V4(_) => ("icmp", "(ip[6:2] & 0x1fff != 0)"),
        IpAddr::V6(_) => ("icmp6", "(ip6[6] = 44)"),
    };
    kinds.push(icmp.to_owned());
    if protocol == Protocol::Udp {
        kinds.push(fragments.to_owned());
    }
    format!("host {host} and ({})", kinds.join(" or "))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use pcap::{Capture, Linktype};

    use super::*;

    #[test]
    fn libpcap_takes_the_filter_on_every_link_type_of_a_session() -> Result<(), pcap::Error> {
        for link in [Linktype(1), Linktype(0), Linktype(276)] {
            for host in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
                for protocol in [Protocol::Tcp, Protocol::Udp] {
                    Capture::dead(link)?.compile(&session_filter(protocol, host, &[6542, 6543]), true)?;
                }
            }
        }
        Ok(())
    }
}
