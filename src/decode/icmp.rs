//! ICMP (RFC 792) and ICMPv6 (RFC 4443) errors, for the packet that they quote.

use etherparse::ip_number;

use super::ip::{Ip, Lengths};
use crate::model::{Endpoint, IcmpError, Protocol, Quoted, SeqNumber, Skip};

/// Length of the header before the quotation, the same for every error.
const HEADER: usize = 8;

/// The error that `ip` carries; [`Skip::Icmp`] if it is no error or quotes neither TCP nor UDP.
pub(super) fn read(ip: &Ip<'_>) -> Result<IcmpError, Skip> {
    let [icmp_type, code] = *ip.payload.array()?;
    let version = match (ip.protocol, ip.header.version, icmp_type) {
        // unreachable, source quench, redirect, time exceeded, parameter problem
        (ip_number::ICMP, 4, 3 | 4 | 5 | 11 | 12) => 4,
        // unreachable, too big, time exceeded, parameter problem
        (ip_number::IPV6_ICMP, 6, 1..=4) => 6,
        _ => return Err(Skip::Icmp),
    };
    let quoted = quoted(ip).map_err(|skip| if skip == Skip::Cut { Skip::Cut } else { Skip::Icmp })?;
    Ok(IcmpError { source: ip.source, destination: ip.destination, version, icmp_type, code, quoted })
}

/// The quoted packet's innermost header and as much of its transport as names the conversation.
fn quoted(ip: &Ip<'_>) -> Result<Quoted, Skip> {
    let mut packet = ip.payload.skip(HEADER);
    loop {
        let ip = Ip::read(packet, Lengths::Quoted)?;
        if ip.fragment.is_some_and(|fragment| !fragment.is_first()) {
            return Err(Skip::Icmp);
        }
        let protocol = match ip.protocol {
            ip_number::TCP => Protocol::Tcp,
            ip_number::UDP => Protocol::Udp,
            ip_number::IPV4 | ip_number::IPV6 => {
                packet = ip.payload;
                continue;
            }
            _ => return Err(Skip::Icmp),
        };
        let [s0, s1, d0, d1] = *ip.payload.array()?;
        let seq = ip.payload.skip(4).array().ok().filter(|_| protocol == Protocol::Tcp);
        return Ok(Quoted {
            protocol,
            source: Endpoint::new(ip.source, u16::from_be_bytes([s0, s1])),
            destination: Endpoint::new(ip.destination, u16::from_be_bytes([d0, d1])),
            seq: seq.map(|seq| SeqNumber(u32::from_be_bytes(*seq))),
            ip_id: ip.header.id,
        });
    }
}
