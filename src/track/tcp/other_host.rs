//! Another host that sends in one side's name: a proxy, firewall or load balancer on the path that answers itself.
//!
//! A packet with another TTL than its side's first one may have taken another route. Two hosts show by more: each counts
//! its own IP identifications up, or one answers in less than half the time that the other took in the handshake.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::two_ttls::{FasterAnswer, SameTtl, TwoTtls, follows};
use crate::model::thresholds::COMPARABLE_RTT;
use crate::model::{Direction, IpHeader, Segment, TcpFlags};
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Takes a packet of a side whose packets have two TTLs. Returns whether it may be another host's than the side's first
    /// packet.
    #[cold]
    pub(super) fn take_other_ttl(&mut self, packet: &PacketRef, segment: &Segment, ip: &IpHeader) -> bool {
        let first_ttl = self.clues.ttl(packet.direction);
        // a busy host varies by more than a short handshake takes
        let usual = self.handshake.answer_time(packet.direction).filter(|usual| *usual >= COMPARABLE_RTT);
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        let before = own.newest().map_or(0, |newest| newest.frame);
        let last_ip_id = own.last_ip_id.unwrap_or(0);
        // what was sent last, if this acknowledges all of it, and what it was answered with took no longer
        let asked = peer.sent.last_data().filter(|data| data.acked_by.is_none() && data.end == segment.ack);
        let asked = asked.filter(|data| data.retransmissions == 0 && segment.flags.contains(TcpFlags::ACK));
        let took = asked.and_then(|data| packet.since(data.at));
        let ip_id = ip.id.unwrap_or(0);
        let two = own.loss_mut().two_ttls.get_or_insert_with(|| {
            let one = SameTtl { ttl: first_ttl, first: before, last: before, ip_id: last_ip_id, counts: false };
            Box::new(TwoTtls { one, other: SameTtl { ttl: ip.ttl, ..SameTtl::default() }, ..TwoTtls::default() })
        });
        let (is_other, counter) = match ip.ttl {
            ttl if ttl == two.one.ttl => (false, two.other.ip_id),
            ttl if ttl == two.other.ttl => (true, two.one.ip_id),
            // a third one: routes change, or a traceroute
            _ => return !two.shared,
        };
        two.shared |= follows(counter, ip_id);
        if is_other {
            two.other.see(packet.frame, ip_id);
            let quicker = took.zip(usual).filter(|(took, usual)| took.0 >= 0 && took.0 < usual.0 / 2);
            let quicker = quicker.map(|(time, handshake)| FasterAnswer { frame: packet.frame, time, handshake });
            two.quicker = two.quicker.or(quicker);
        } else {
            two.one.see(packet.frame, ip_id);
        }
        is_other && !two.shared
    }

    /// Returns `true` if packets of this side may be from two hosts: then one's window says nothing about the other's.
    pub(super) fn may_be_two_hosts(&self, direction: Direction) -> bool {
        self.clues.has_two_ttls(direction)
            && self.endpoints.get(direction).loss().two_ttls.as_ref().is_some_and(|two| !two.shared)
    }

    /// The packets of two hosts in the name of this side.
    pub(super) fn two_hosts(&self, direction: Direction) -> Option<TwoTtls> {
        let two = self.endpoints.get(direction).loss().two_ttls.as_deref()?;
        (two.is_two_hosts() && NonZeroU64::new(two.other.first).is_some()).then_some(*two)
    }
}
