//! Fragments that wait for the rest of their packet (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! A capture may hold the first fragments of millions of packets that are never completed, so the number that waits is
//! bounded; the one that has waited longest is given up for a new one. No time limit: a capture's clock may be missing
//! or wrong.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber, ip_number};

use super::ip::Ip;
use crate::model::{EarlierFrames, Frame, Skip};

/// Maximum number of incomplete packets; each takes up to 64 KiB.
const MAX_PENDING: usize = 1024;

/// The position of a fragment in its packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    /// The identification that all fragments of the packet share.
    pub(super) id: u32,
    /// The offset of its payload.
    pub(super) offset: IpFragOffset,
    /// The More Fragments flag (RFC 791 §3.1).
    pub(super) more: bool,
}

impl Fragment {
    /// Returns `true` for the first fragment, which holds the transport header.
    pub(super) fn is_first(&self) -> bool {
        self.offset.value() == 0
    }

    /// Returns `true` if the fragment is a step by itself: the capture cut it, so that no frame can complete the
    /// packet, but its UDP header gives all fields, including the length of the whole datagram.
    pub(super) fn stands_alone(&self, ip: &Ip<'_>) -> bool {
        self.is_first() && ip.payload.is_cut() && ip.protocol == ip_number::UDP
    }
}

/// The identity of the packet that a fragment belongs to (RFC 791 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    /// IPv4's protocol; IPv6's fragments need not agree on it.
    protocol: Option<IpNumber>,
    vlan: Option<u16>,
}

/// A packet that lacks fragments.
#[derive(Debug)]
struct Pending {
    buffer: IpDefragBuf,
    /// The protocol that the first fragment names; the latest fragment's until the first has come.
    protocol: IpNumber,
    /// Fragments that brought something new.
    fragments: u16,
    /// Frames that brought a fragment, repeated ones too.
    frames: u64,
    /// The last frame that brought something new, and how long it was.
    newest: (u64, u32),
    /// The frames before that which did.
    earlier: EarlierFrames,
    /// Their bytes on the wire.
    earlier_bytes: u32,
    /// Its place in the order of age.
    born: u64,
}

/// A reassembled packet.
#[derive(Debug)]
pub(super) struct ReassembledPacket {
    /// Its payload.
    pub(super) data: Vec<u8>,
    /// The protocol of the payload.
    pub(super) protocol: IpNumber,
    /// Of how many fragments it was made.
    pub(super) fragments: u16,
    /// The frames that brought those before the last.
    pub(super) earlier: EarlierFrames,
    /// Their bytes on the wire.
    pub(super) earlier_bytes: u32,
}

/// The packets that wait for fragments.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    pending: HashMap<Key, Pending>,
    /// The keys of `pending`, oldest first.
    ages: BTreeMap<u64, Key>,
    next_born: u64,
    incomplete: u64,
}

impl Reassembly {
    /// Adds the `fragment` in `ip`, captured in `vlan` in this frame; the whole packet if it was the last one missing.
    ///
    /// # Errors
    /// [`Skip::Fragment`] if the packet is not complete with it.
    #[cold]
    pub(super) fn add(
        &mut self,
        ip: &Ip<'_>,
        fragment: Fragment,
        vlan: Option<u16>,
        frame: &Frame<'_>,
    ) -> Result<ReassembledPacket, Skip> {
        self.incomplete += 1;
        let protocol = (ip.header.version == 4).then_some(ip.protocol);
        let key = Key {
            source: ip.addresses.source(),
            destination: ip.addresses.destination(),
            id: fragment.id,
            protocol,
            vlan,
        };
        if ip.payload.is_cut() {
            return Err(Skip::Fragment);
        }
        if !self.insert(key, ip, fragment, frame) {
            // it contradicts what is there, so the identification is in use again: the old packet is lost
            self.forget(&key);
            self.insert(key, ip, fragment, frame);
        }
        let complete = self.pending.get(&key).is_some_and(|pending| pending.buffer.is_complete());
        let whole = if complete { self.forget(&key) } else { None };
        let whole = whole.ok_or(Skip::Fragment)?;
        self.incomplete = self.incomplete.saturating_sub(whole.frames);
        let Pending { buffer, protocol, fragments, earlier, earlier_bytes, .. } = whole;
        Ok(ReassembledPacket { data: buffer.take_bufs().0, protocol, fragments, earlier, earlier_bytes })
    }

    /// Number of frames with fragments of packets that are not complete.
    pub(super) fn incomplete(&self) -> u64 {
        self.incomplete
    }

    /// Puts a fragment in its place; `false` if it does not fit what is there.
    fn insert(&mut self, key: Key, ip: &Ip<'_>, fragment: Fragment, frame: &Frame<'_>) -> bool {
        let pending = self.pending_mut(key);
        let known = holds(&pending.buffer, fragment.offset, ip.payload.len);
        if pending.buffer.add(fragment.offset, fragment.more, ip.payload.data).is_err() {
            return false;
        }
        pending.frames += 1;
        if !known {
            let (newest, bytes) = std::mem::replace(&mut pending.newest, (frame.number, frame.wire_len));
            if pending.fragments > 0 {
                pending.earlier = pending.earlier.later(frame.number.saturating_sub(newest));
                pending.earlier_bytes = pending.earlier_bytes.saturating_add(bytes);
            }
            pending.fragments = pending.fragments.saturating_add(1);
        }
        if fragment.is_first() || !holds(&pending.buffer, IpFragOffset::ZERO, 1) {
            pending.protocol = ip.protocol;
        }
        true
    }

    fn pending_mut(&mut self, key: Key) -> &mut Pending {
        if self.pending.len() >= MAX_PENDING
            && !self.pending.contains_key(&key)
            && let Some((_, oldest)) = self.ages.pop_first()
        {
            self.pending.remove(&oldest);
        }
        self.pending.entry(key).or_insert_with(|| {
            let born = self.next_born;
            self.next_born += 1;
            self.ages.insert(born, key);
            let buffer = IpDefragBuf::new(IpNumber::default(), Vec::new(), Vec::new());
            Pending {
                buffer,
                protocol: IpNumber::default(),
                fragments: 0,
                frames: 0,
                newest: (0, 0),
                earlier: EarlierFrames::default(),
                earlier_bytes: 0,
                born,
            }
        })
    }

    fn forget(&mut self, key: &Key) -> Option<Pending> {
        let pending = self.pending.remove(key)?;
        self.ages.remove(&pending.born);
        Some(pending)
    }
}

/// Returns `true` if `buffer` holds all `len` bytes from `offset` on.
fn holds(buffer: &IpDefragBuf, offset: IpFragOffset, len: usize) -> bool {
    let start = usize::from(offset.byte_offset());
    let (first, end) = (start, start.saturating_add(len));
    buffer.sections().iter().any(|range| usize::from(range.start) <= first && end <= usize::from(range.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, samples};
    use crate::model::{Checksum, Frame, LinkType};

    fn payload() -> Vec<u8> {
        (0..2048).map(|at| (at * 7) as u8).collect()
    }

    /// Decodes raw IP packets that must all be fragments but the last, which completes `payload` of `fragments`.
    fn completes(decoder: &mut Decoder, packets: &[&Vec<u8>], fragments: u16) {
        let (last, rest) = packets.split_last().unwrap();
        for packet in rest {
            assert_eq!(waits(decoder, packet), Some(Skip::Fragment));
        }
        let packet = decoder.decode(&samples::frame(LinkType::RAW, last)).unwrap();
        assert_eq!(packet.headers.ip.fragments, fragments);
        let datagram = samples::datagram(packet);
        assert_eq!((datagram.len, datagram.checksum), (2048, Checksum::Valid));
        assert_eq!(packet.payload, payload());
    }

    fn waits(decoder: &mut Decoder, packet: &[u8]) -> Option<Skip> {
        decoder.decode(&samples::frame(LinkType::RAW, packet)).err()
    }

    #[test]
    fn last_missing_fragment_completes_the_packet_in_any_order() {
        for f in [
            samples::fragments4(&samples::udp4(&payload()), 7, &[8, 1600]),
            samples::fragments6(&samples::udp6(&payload()), 7, &[800, 1600]),
        ] {
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
                let mut decoder = Decoder::new();
                completes(&mut decoder, &order.map(|at| &f[at]), 3);
                assert_eq!(decoder.incomplete_fragments(), 0);
            }
        }
    }

    #[test]
    fn repeated_and_overlapping_fragments_are_handled() {
        let f = samples::fragments4(&samples::udp4(&payload()), 7, &[800, 1600]);
        let overlapping = &samples::fragments4(&samples::udp4(&payload()), 7, &[400, 1600])[1];
        let mut decoder = Decoder::new();
        completes(&mut decoder, &[&f[0], &f[0], overlapping, &f[0], &f[2]], 3);
        assert_eq!(decoder.incomplete_fragments(), 0);
        // one that comes after its packet was completed waits for nothing
        assert_eq!(waits(&mut decoder, &f[1]), Some(Skip::Fragment));
        assert_eq!(decoder.incomplete_fragments(), 1);
    }

    #[test]
    fn reused_ip_id_discards_the_old_fragments() {
        let long = samples::fragments4(&samples::udp4(&[1; 4000]), 7, &[800, 1600]);
        let f = samples::fragments4(&samples::udp4(&payload()), 7, &[800, 1600]);
        let mut decoder = Decoder::new();
        assert_eq!(waits(&mut decoder, &long[2]), Some(Skip::Fragment));
        completes(&mut decoder, &[&f[2], &f[1], &f[0]], 3);
        assert_eq!(decoder.incomplete_fragments(), 1);
    }

    #[test]
    fn packets_of_other_protocols_or_vlans_do_not_mix() {
        let udp = samples::fragments4(&samples::udp4(&payload()), 7, &[800]);
        let tcp = samples::fragments4(&samples::tcp4(&payload()), 7, &[800]);
        let mut decoder = Decoder::new();
        assert_eq!(waits(&mut decoder, &tcp[0]), Some(Skip::Fragment));
        assert_eq!(waits(&mut decoder, &udp[1]), Some(Skip::Fragment));
        let tagged = [&[0; 12][..], &[0x81, 0, 0, 5, 8, 0], &udp[0]].concat();
        assert_eq!(decoder.decode(&samples::frame(LinkType::ETHERNET, &tagged)).err(), Some(Skip::Fragment));
        assert_eq!(decoder.incomplete_fragments(), 3);
        completes(&mut decoder, &[&udp[0]], 2);
        assert_eq!(decoder.incomplete_fragments(), 2);
    }

    #[test]
    fn truncated_fragments_complete_nothing() {
        let f = samples::fragments4(&samples::tcp4(&payload()), 7, &[800, 1600]);
        let mut decoder = Decoder::new();
        let cut = Frame { wire_len: f[1].len() as u32, ..samples::frame(LinkType::RAW, &f[1][..100]) };
        assert_eq!(waits(&mut decoder, &f[0]), Some(Skip::Fragment));
        assert_eq!(decoder.decode(&cut).err(), Some(Skip::Fragment));
        assert_eq!(waits(&mut decoder, &f[2]), Some(Skip::Fragment));
        assert_eq!(decoder.incomplete_fragments(), 3);
    }

    #[test]
    fn truncated_first_fragment_is_decoded_alone() {
        let f = samples::fragments4(&samples::udp4(&payload()), 7, &[800, 1600]);
        let mut decoder = Decoder::new();
        let cut = Frame { wire_len: f[0].len() as u32, ..samples::frame(LinkType::RAW, &f[0][..100]) };
        let packet = decoder.decode(&cut).unwrap();
        let datagram = samples::datagram(packet);
        assert_eq!((datagram.len, packet.payload.len()), (2048, 72));
        assert_eq!(datagram.checksum, Checksum::Unverifiable);
        assert_eq!(waits(&mut decoder, &f[1]), Some(Skip::Fragment));
        assert_eq!(waits(&mut decoder, &f[2]), Some(Skip::Fragment));
        assert_eq!(decoder.incomplete_fragments(), 2);
    }

    #[test]
    fn fragmented_tunnels_and_fragments_in_tunnels_are_reassembled() {
        let f = samples::fragments4(&samples::udp4(&payload()), 7, &[800, 1600]);
        let inside = f.iter().map(|packet| samples::ipv6(ip_number::IPV4, packet)).collect::<Vec<_>>();
        completes(&mut Decoder::new(), &inside.iter().collect::<Vec<_>>(), 3);

        let outside = samples::fragments4(&samples::ipv4(ip_number::IPV4, &samples::udp4(&payload())), 7, &[800]);
        completes(&mut Decoder::new(), &outside.iter().collect::<Vec<_>>(), 1);

        let mut decoder = Decoder::new();
        assert_eq!(waits(&mut decoder, &inside[0]), Some(Skip::Fragment));
        assert_eq!(waits(&mut decoder, &inside[2]), Some(Skip::Fragment));
        let both = samples::fragments6(&inside[1], 9, &[400]);
        let both = both.iter().map(|packet| samples::ipv4(ip_number::IPV6, packet)).collect::<Vec<_>>();
        assert_eq!(both.len(), 2);
        completes(&mut decoder, &both.iter().collect::<Vec<_>>(), 3);
        assert_eq!(decoder.incomplete_fragments(), 0);
    }

    #[test]
    fn pending_fragments_are_bounded_and_the_oldest_is_dropped() {
        let mut decoder = Decoder::new();
        let packets = |id| samples::fragments4(&samples::udp4(&payload()), id, &[800]);
        for id in 0..3000 {
            assert_eq!(waits(&mut decoder, &packets(id)[0]), Some(Skip::Fragment));
        }
        assert_eq!(decoder.fragments.pending.len(), MAX_PENDING);
        assert_eq!(decoder.fragments.ages.len(), MAX_PENDING);
        completes(&mut decoder, &[&packets(2999)[1]], 2);
        assert_eq!(waits(&mut decoder, &packets(0)[1]), Some(Skip::Fragment));
        assert_eq!(decoder.incomplete_fragments(), 3000);
    }
}
