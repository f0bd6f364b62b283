//! The capture filter of a session.

use std::net::IpAddr;

use crate::model::Protocol;

/// What belongs to a session on these ports of `host`, in libpcap's language.
///
/// More than the port: ICMP errors have no port of their own, and neither have later fragments. What of these is
/// somebody else's is told apart by whoever reads the packets.
pub fn session_filter(protocol: Protocol, host: IpAddr, ports: &[u16]) -> String {
    let ports: Vec<_> = ports.iter().map(|port| format!("{} port {port}", protocol.name())).collect();
    format!("(host {host} and ({})) or icmp or icmp6 or (ip[6:2] & 0x1fff != 0) or (ip6[6] = 44)", ports.join(" or "))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use pcap::{Capture, Linktype};

    use super::*;

    #[test]
    fn libpcap_takes_the_filter_on_every_link_type_of_a_session() -> Result<(), pcap::Error> {
        for link in [Linktype(1), Linktype(0), Linktype(276)] {
            for (protocol, host) in
                [(Protocol::Tcp, Ipv4Addr::LOCALHOST.into()), (Protocol::Udp, Ipv6Addr::LOCALHOST.into())]
            {
                Capture::dead(link)?.compile(&session_filter(protocol, host, &[6542, 6543]), true)?;
            }
        }
        Ok(())
    }
}
