//! The capture filter of a session.

use crate::model::Protocol;

/// What belongs to a session on these ports, in libpcap's language.
///
/// More than the port: ICMP errors have no port of their own, and neither have later fragments. What of these is
/// somebody else's is told apart by whoever reads the packets.
pub fn session_filter(protocol: Protocol, ports: &[u16]) -> String {
    let ports: Vec<_> = ports.iter().map(|port| format!("{} port {port}", protocol.name())).collect();
    format!("{} or icmp or icmp6 or (ip[6:2] & 0x1fff != 0) or (ip6[6] = 44)", ports.join(" or "))
}

#[cfg(test)]
mod tests {
    use pcap::{Capture, Linktype};

    use super::*;

    #[test]
    fn libpcap_takes_the_filter_on_every_link_type_of_a_session() -> Result<(), pcap::Error> {
        for link in [Linktype(1), Linktype(0), Linktype(276)] {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                Capture::dead(link)?.compile(&session_filter(protocol, &[6542, 6543]), true)?;
            }
        }
        Ok(())
    }
}
