//! Copies that the capture made: a mirror port that copies both directions, or a capture on several interfaces, VLANs or
//! both sides of a router, holds each packet twice.
//!
//! A single copy may be the network's: then it arrived twice, and belongs to the analysis. Where nearly every packet has a
//! copy, in both directions, it is the capture's, and the copies are kept out of every analysis.

use crate::model::thresholds::{DUPLICATE_WITHIN, NO_TIMER_WITHIN};
use crate::model::{Flow, FlowKey, Frame, Nanos, Occurrences, Packet, Timestamp, Transport};

/// Sets of the table; a power of two.
const SETS: usize = 256;
/// Packets in a set, the last ones.
const WAYS: usize = 4;
/// The number of copies that show that the capture holds packets twice, if no packet of either direction lacks one.
const ENOUGH: u32 = 3;
/// The number of packets of a direction that may lack a copy so far, since it comes a little later.
const OUTSTANDING: u32 = 1;
/// Counts are halved here, so that they follow the capture.
const RECENT: u32 = 4_096;

/// A packet that may have a copy.
#[derive(Clone, Copy, Debug, Default)]
struct Remembered {
    frame: u64,
    time: Option<Timestamp>,
    ttl: u8,
    copied: bool,
}

/// A set, and where the next packet of it goes. The identities stand together, since nearly every packet is only compared
/// with them.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Set {
    identities: [u64; WAYS],
    next: u8,
    packets: [Remembered; WAYS],
}

/// Packets of one direction, by the order of addresses.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    originals: u32,
    copies: u32,
}

/// The evidence that the capture holds packets twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorSummary {
    /// Packets that were captured again, and the first frames of these copies.
    pub copies: Occurrences,
    /// Copies whose TTL or hop limit differs from their packet's: they passed a router in between.
    pub routed: u64,
    /// The longest time from a packet to its copy.
    pub after: Nanos,
}

/// The last packets of the capture, and how many of them came twice.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    sets: Vec<Set>,
    counts: [Count; 2],
    /// `true` while copies are attributed to the capture.
    active: bool,
    ever: bool,
    summary: MirrorSummary,
}

impl Mirror {
    /// Takes a packet. Returns the frame that it is the capture's copy of, where it is.
    #[inline]
    pub(super) fn see(&mut self, frame: &Frame<'_>, packet: &Packet<'_>) -> Option<u64> {
        if self.sets.is_empty() {
            self.sets = vec![Set::default(); SETS];
        }
        let (identity, marked) = identity(packet);
        let set = self.sets.get_mut(identity as usize % SETS)?;
        let direction = usize::from(packet.headers.flow.upward);
        let known = set.identities.iter().position(|known| *known == identity);
        let place = known.and_then(|place| set.packets.get_mut(place)).filter(|before| before.frame > 0);
        if let Some(before) = place {
            let after = frame.time.zip(before.time).map(|(now, then)| now.since(then));
            let within = if marked == CopyEvidence::ById { DUPLICATE_WITHIN } else { NO_TIMER_WITHIN };
            let soon = after.is_none_or(|after| after.0.unsigned_abs() < within.0.unsigned_abs());
            // without an identification an equal packet may be another one: after a pair of them, it is
            if soon && (marked == CopyEvidence::ById || !before.copied) && ttl_fits(before.ttl, packet.headers.ip.ttl) {
                let copy_of = before.frame;
                let routed = before.ttl != packet.headers.ip.ttl;
                // a third copy is no second packet that came twice
                let counts = !std::mem::replace(&mut before.copied, true) && marked != CopyEvidence::Not;
                return self.copied(frame.number, copy_of, marked, (direction, counts), (after, routed));
            }
            *before = Remembered::of(frame, packet);
        } else {
            let next = usize::from(set.next) % WAYS;
            set.next = set.next.wrapping_add(1);
            if let Some((known, place)) = set.identities.get_mut(next).zip(set.packets.get_mut(next)) {
                *known = identity;
                *place = Remembered::of(frame, packet);
            }
        }
        if marked != CopyEvidence::Not {
            self.original(direction);
        }
        None
    }

    fn original(&mut self, direction: usize) {
        let Some(count) = self.counts.get_mut(direction) else { return };
        count.originals += 1;
        if count.originals >= RECENT {
            count.originals /= 2;
            count.copies /= 2;
        }
        if self.active && self.counts.iter().any(|count| count.originals > 2 * count.copies + 16) {
            self.active = false;
        }
    }

    #[cold]
    fn copied(
        &mut self,
        frame: u64,
        copy_of: u64,
        marked: CopyEvidence,
        (direction, counts): (usize, bool),
        (after, routed): (Option<Nanos>, bool),
    ) -> Option<u64> {
        // the SYN and the SYN-ACK have a copy each, or as much on either side: so does this
        let so_far = self.counts.iter().all(|count| count.copies > 0 && count.copies == count.originals);
        if marked == CopyEvidence::Not && !self.active && !so_far {
            // equal, but nothing shows that it is the same packet
            return None;
        }
        self.active |= marked == CopyEvidence::Not;
        if let Some(count) = self.counts.get_mut(direction).filter(|_| counts) {
            count.copies += 1;
        }
        self.summary.copies.see(frame);
        self.summary.routed += u64::from(routed);
        self.summary.after = self.summary.after.max(after.unwrap_or_default());
        let copies: u32 = self.counts.iter().map(|count| count.copies).sum();
        let each = self.counts.iter().all(|count| count.originals <= count.copies + OUTSTANDING);
        self.active |= copies >= ENOUGH && each;
        self.ever |= self.active;
        self.active.then_some(copy_of)
    }

    /// The evidence that the capture holds packets twice, if it does.
    pub(super) fn summary(&self) -> Option<MirrorSummary> {
        self.ever.then(|| self.summary.clone())
    }
}

impl Remembered {
    fn of(frame: &Frame<'_>, packet: &Packet<'_>) -> Self {
        Self { frame: frame.number, time: frame.time, ttl: packet.headers.ip.ttl, copied: false }
    }
}

/// The evidence that two equal packets are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CopyEvidence {
    /// The same IP identification.
    ById,
    /// The same sequence numbers with bytes: nothing retransmits so soon.
    BySequence,
    /// Nothing: a host may send two packets like this.
    Not,
}

/// A copy beyond a router has a lower TTL, and may be captured first.
fn ttl_fits(one: u8, other: u8) -> bool {
    one.abs_diff(other) <= 2
}

/// A number that only the same packet has, and what makes it so.
#[inline]
fn identity(packet: &Packet<'_>) -> (u64, CopyEvidence) {
    let ip_id = packet.headers.ip.id.unwrap_or(0);
    let Flow { key, upward } = &packet.headers.flow;
    let mut hash = Hash(u64::from(ip_id) | u64::from(*upward) << 16);
    match key {
        FlowKey::V4(key) => key.words().into_iter().for_each(|word| hash.add(word)),
        FlowKey::V6(key) => key.words().into_iter().for_each(|word| hash.add(word)),
    }
    let numbered = match &packet.headers.transport {
        Transport::Segment(tcp) => {
            hash.add(u64::from(tcp.seq.0) << 32 | u64::from(tcp.ack.0));
            hash.add(u64::from(tcp.flags.bits()) << 48 | u64::from(tcp.window) << 32 | u64::from(tcp.len));
            if let Some(stamps) = tcp.options.timestamps {
                hash.add(u64::from(stamps.value) << 32 | u64::from(stamps.echo_reply));
            }
            for (left, right) in tcp.options.sack.as_slice() {
                hash.add(u64::from(*left) << 32 | u64::from(*right));
            }
            tcp.len > 0 || tcp.flags.contains(crate::model::TcpFlags::SYN)
        }
        Transport::Datagram(udp) => {
            hash.add(u64::from(udp.length) << 16 | u64::from(udp.len));
            false
        }
        Transport::IcmpError(error) => {
            hash.add(u64::from(error.icmp_type) << 8 | u64::from(error.code) | 1 << 63);
            hash.add(
                u64::from(error.quoted.seq.map_or(0, |seq| seq.0)) | u64::from(error.quoted.ip_id.unwrap_or(0)) << 32,
            );
            false
        }
    };
    if let Some(first) = packet.payload.first_chunk::<8>() {
        hash.add(u64::from_le_bytes(*first));
    }
    if let Some(last) = packet.payload.last_chunk::<8>() {
        hash.add(u64::from_le_bytes(*last));
    }
    if packet.payload.len() < 8 {
        packet.payload.iter().for_each(|byte| hash.add(u64::from(*byte)));
    }
    let marked = match (ip_id, numbered) {
        (0, true) => CopyEvidence::BySequence,
        (0, false) => CopyEvidence::Not,
        _ => CopyEvidence::ById,
    };
    (hash.0 ^ hash.0 >> 29, marked)
}

/// Mixes words quickly. A forged collision gains nothing.
struct Hash(u64);

impl Hash {
    #[inline(always)]
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
