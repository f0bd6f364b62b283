//! The filters of live captures.

use std::net::IpAddr;

use crate::model::Protocol;

/// The filter for a session on these ports of `host`, as a libpcap expression.
///
/// More than the port: ICMP errors have no port of their own, and neither have later fragments, which only UDP has. What
/// of these belongs to other programs is decided by the reader of the packets.
pub(crate) fn session_filter(protocol: Protocol, host: IpAddr, ports: &[u16]) -> String {
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

/// ICMP and ICMPv6 errors, which quote the packet that they are about.
const ICMP_ERRORS: &str = "(icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 5 or icmp[0] = 11 or icmp[0] = 12)) or \
                           (icmp6 and ip6[40] < 128)";

/// Later fragments, which have no ports.
const LATER_FRAGMENTS: &str = "(ip[6:2] & 0x1fff != 0) or (ip6[6] = 44)";

/// The filter of a live capture, as a libpcap expression: traffic with one of `ports`, of one of `hosts`, that passes
/// `filter`, as far as each is asked for; `None` if none is. The second string is the same for messages.
///
/// ICMP errors come too, whatever is asked for: they may be about that traffic, and which are is for the reader to tell.
/// So do later fragments where ports are asked for. Both stand first: `vlan` in a filter shifts what stands behind it.
pub(super) fn capture_filter(ports: &[u16], hosts: &[String], filter: Option<&str>) -> Option<(String, String)> {
    let (mut whole, mut asked) = (Vec::new(), Vec::new());
    if !ports.is_empty() {
        let named = ports.iter().map(|port| format!("port {port}")).collect::<Vec<_>>().join(" or ");
        whole.push(format!("{LATER_FRAGMENTS} or {named}"));
        asked.push(named);
    }
    if !hosts.is_empty() {
        let named = hosts.iter().map(|host| format!("host {host}")).collect::<Vec<_>>().join(" or ");
        whole.push(named.clone());
        asked.push(named);
    }
    if let Some(filter) = filter.filter(|filter| !filter.trim().is_empty()) {
        whole.push(filter.to_owned());
        asked.push(filter.to_owned());
    }
    let both = |parts: &[String]| parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" and ");
    let told = if let [only] = asked.as_slice() { only.clone() } else { both(&asked) };
    (!whole.is_empty()).then(|| (format!("{ICMP_ERRORS} or ({})", both(&whole)), told))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use pcap::{Capture, Linktype};

    use super::*;

    #[test]
    fn libpcap_takes_every_filter_of_a_live_capture() -> Result<(), pcap::Error> {
        let host = ["10.0.0.1".to_owned(), "::1".to_owned()];
        assert_eq!(capture_filter(&[], &[], None), None);
        assert_eq!(capture_filter(&[], &[], Some(" ")), None);
        let told = capture_filter(&[7, 8], &[], Some("tcp")).map(|(_, asked)| asked);
        assert_eq!(told.as_deref(), Some("(port 7 or port 8) and (tcp)"));
        assert_eq!(capture_filter(&[7], &[], None).map(|(_, asked)| asked).as_deref(), Some("port 7"));
        let filters = [
            capture_filter(&[7], &[], None),
            capture_filter(&[7, 8], &host, Some("tcp or net 192.0.2.0/24")),
            capture_filter(&[], &host, None),
            capture_filter(&[], &[], Some("udp")),
        ];
        for link in [Linktype(1), Linktype(276)] {
            for (whole, asked) in filters.iter().flatten() {
                Capture::dead(link)?.compile(whole, true)?;
                Capture::dead(link)?.compile(asked, true)?;
            }
        }
        Ok(())
    }

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
