//! One end of a TCP connection, as far as the capture shows it.

use std::num::{NonZeroU8, NonZeroU64};

use super::fin::Fin;
use super::ip_id_steps::IpIdSteps;
use super::loss_state::{LossState, NONE};
use super::scoreboard::Scoreboard;
use super::segment::{RetransmittedSegment, SentSegment};
use super::signature::is_signed;
use crate::model::thresholds::{DELAYED_ACK, DUPLICATE_WITHIN};
use crate::model::{IpHeader, Nanos, OptTime, Segment, SeqNumber, TcpFlags};
use crate::track::packet_ref::PacketRef;
use crate::track::rtt::Estimator;

/// A shift above this counts as this (RFC 7323 §2.3).
const LARGEST_SHIFT: u8 = 14;
/// The number of a side's last segments that are remembered with their ACK numbers, to decide what a RST answers.
const RECENT: usize = 4;
/// Timestamps of one connection are no further apart than this within a few seconds: their clocks tick at most every 1 ms
/// (RFC 7323 §5.4).
const SOON_AFTER: u32 = 10_000;

/// A segment as a reset refers to it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) struct Recent {
    pub(super) frame: u64,
    pub(super) at: OptTime,
    /// The ACK number; it means something only where `has_ack` is set. An `Option` would take four bytes more.
    pub(super) ack_number: SeqNumber,
    pub(super) len: u32,
    pub(super) has_ack: bool,
    pub(super) syn: bool,
    pub(super) fin: bool,
    /// It carries as much data as the MSS allows, so more may follow it.
    pub(super) full: bool,
    /// It carries nothing, and is the same packet as the one before.
    pub(super) copy: bool,
    /// It filled the receiver's window: what comes next waits for that.
    pub(super) fills_window: bool,
    /// PSH: its sender had no more then.
    pub(super) push: bool,
}

impl Recent {
    /// The ACK number, if it has one.
    pub(super) fn ack(&self) -> Option<SeqNumber> {
        self.has_ack.then_some(self.ack_number)
    }
}

/// A SYN or SYN-ACK that is in the capture again.
#[derive(Clone, Copy, Debug)]
pub(super) struct RepeatedSyn {
    /// The time since the one before.
    pub(super) after: Option<Nanos>,
    /// The first one; of a duplicate, its packet.
    pub(super) first: u64,
    /// The one before, where that is another.
    pub(super) last: Option<NonZeroU64>,
    /// The number of this retransmission; 0 for a duplicate packet.
    pub(super) nth: u16,
    /// Its IP identification differs from that of the one before.
    pub(super) other_id: bool,
}

/// The state of one side of a connection. "Its" numbers are those that it sends.
///
/// The fields that every segment touches stand first, in the order of the declaration, so that they share cache lines.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(in crate::track) struct TcpEndpoint {
    /// The base of relative sequence numbers.
    pub(super) seq_base: Option<SeqNumber>,
    /// The end of the highest segment captured.
    pub(super) snd_nxt: Option<SeqNumber>,
    /// The highest ACK number that it sent, and the frame and time of its last segment with one.
    pub(super) ack_sent: Option<SeqNumber>,
    pub(super) ack_frame: u64,
    pub(super) ack_at: OptTime,
    /// Its window in bytes as far as known.
    pub(super) window: u32,
    /// Data bytes that it sent since the peer last sent data: what the peer's program may not have read.
    pub(super) unread_bytes: u32,
    pub(super) shift: Option<u8>,
    /// `true` if its windows are not scaled, since one of the two SYNs lacked the option (RFC 7323 §2.2).
    pub(super) unscaled: bool,
    pub(super) syn_acked: bool,
    /// TTL or hop limit of its newest packet that is no RST.
    pub(super) ttl: Option<NonZeroU8>,
    /// Its SYN has the option of TCP MD5 (RFC 2385) or TCP-AO (RFC 5925).
    pub(super) signed: bool,
    /// The end of the largest window that it has advertised, where its scale is known.
    pub(super) window_end: Option<SeqNumber>,
    /// The time of its last data.
    pub(super) last_data: OptTime,
    /// Its last segment that acknowledged anything new.
    pub(super) advanced: (u64, OptTime),
    pub(super) reset: Option<NonZeroU64>,
    /// Made with the first.
    pub(super) loss: Option<Box<LossState>>,
    /// The IP identification of its first packet, and `true` if another one was captured: a constant one proves
    /// nothing.
    pub(super) first_ip_id: Option<u16>,
    pub(super) ip_ids_vary: bool,
    /// The IP identification of its last packet.
    pub(super) last_ip_id: Option<u16>,
    pub(super) ip_id_steps: IpIdSteps,
    pub(super) recent_next: u32,
    pub(super) recent: [Recent; RECENT],
    pub(super) sent: Scoreboard,
    pub(super) fin: Option<Fin>,
    pub(super) estimator: Estimator,
    /// The quickest ACK of the peer's data that it sent.
    pub(super) quickest_ack: OptTime,
    /// Its last ACK that waited for a timer.
    pub(super) delayed_ack: Option<NonZeroU64>,
    /// The timestamps of its last segment with an ACK, and of the one before.
    pub(super) ack_stamp: Option<u32>,
    pub(super) stamp_before: Option<u32>,
    /// It sent a small segment while another was unacknowledged: Nagle's algorithm is off (TCP_NODELAY).
    pub(super) nagle_off: bool,
    /// Its initial sequence number, from its SYN.
    pub(super) isn: Option<SeqNumber>,
    /// Its SYN or SYN-ACK's frame and time (the last one sent), and how many there were.
    pub(super) syn: Option<(NonZeroU64, OptTime)>,
    pub(super) syn_count: u16,
    /// The number of those that were copies of the one before.
    pub(super) syn_copies: u16,
    pub(super) syn_with_ack: bool,
    /// Its SYN-ACKs had several initial sequence numbers.
    pub(super) several_isns: bool,
    /// The value of `snd_nxt` at the first RST of either side.
    pub(super) next_at_reset: SeqNumber,
    /// TSval and frame of its newest segment in order (RFC 7323 §4.3).
    pub(super) newest_timestamp: Option<(u32, NonZeroU64)>,
    pub(super) mss: Option<u16>,
    pub(super) sack_permitted: bool,
    pub(super) timestamps: bool,
    /// The option of TCP Fast Open on its SYN (RFC 7413): bytes of cookie, 0 asks for one.
    pub(super) fast_open: Option<u8>,
}

impl TcpEndpoint {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        let recent = self.recent.iter().fold(self.ack_frame ^ self.advanced.0, |read, recent| read ^ recent.frame);
        let small = u32::from(self.syn_count) ^ u32::from(self.sack_permitted) ^ self.recent_next;
        recent ^ self.sent.read_ahead() ^ u64::from(small) ^ u64::from(self.estimator.smoothed().is_some())
    }

    /// Learns the options of its first SYN, except the window scale.
    pub(super) fn learn_options(&mut self, segment: &Segment) {
        if segment.flags.contains(TcpFlags::SYN) && self.isn.is_none() {
            self.mss = segment.options.mss;
            self.sack_permitted = segment.options.sack_permitted;
            self.timestamps = segment.options.timestamps.is_some();
            self.signed = is_signed(segment);
            self.fast_open = segment.options.fast_open;
        }
    }

    /// The window scale: it counts from the next segment on. An option is taken on any segment, as Wireshark does; a
    /// SYN without it ends scaling both ways, unless its sender had offered it before (and leaves it out when it tries
    /// again), and a SYN-ACK cannot agree to what the SYN did not offer. Where the capture cut the options of a SYN, the scale is
    /// unknown.
    #[inline]
    pub(super) fn learn_scale(&mut self, peer: &mut Self, segment: &Segment) {
        let syn = segment.flags.contains(TcpFlags::SYN);
        let not_offered = syn && segment.flags.contains(TcpFlags::ACK) && peer.unscaled;
        if let Some(shift) = segment.options.window_scale {
            self.shift = Some(shift.min(LARGEST_SHIFT));
            self.unscaled = not_offered;
        } else if syn && self.scale().is_none() && !segment.options.cut || not_offered {
            self.unscaled = true;
            peer.unscaled = true;
        }
    }

    /// Returns `true` if a segment holds as much data as the peer's MSS allows, or may do so because the MSS is
    /// unknown.
    #[inline]
    pub(super) fn is_full(&self, peer: &Self, segment: &Segment) -> bool {
        // options take their room from the data (RFC 6691 §2)
        let options = u32::from(segment.header_len.saturating_sub(20));
        let mss = peer.mss.map(|mss| u32::from(self.mss.map_or(mss, |own| own.min(mss))).saturating_sub(options));
        mss.is_none_or(|mss| segment.len >= mss)
    }

    /// Takes the window that a segment advertises, where its scale is known.
    #[inline]
    pub(super) fn advertise(&mut self, segment: &Segment, window: Option<u32>) {
        let Some(window) = window.filter(|_| segment.flags.contains(TcpFlags::ACK)) else { return };
        let end = segment.ack.plus(window);
        if self.window_end.is_none_or(|before| end.is_after(before)) {
            self.window_end = Some(end);
        }
    }

    /// Takes the timestamp of a segment, if it is newer than those before.
    #[inline]
    pub(super) fn learn_timestamp(&mut self, frame: u64, segment: &Segment) {
        let Some(stamps) = segment.options.timestamps else { return };
        let newer = |(newest, _)| stamps.value.wrapping_sub(newest).cast_signed() > 0;
        if !segment.flags.contains(TcpFlags::RST) && self.newest_timestamp.is_none_or(newer) {
            self.newest_timestamp = NonZeroU64::new(frame).map(|frame| (stamps.value, frame));
        }
    }

    /// Returns `true` if a segment has the sequence number that comes next, and acknowledges nothing new.
    #[inline]
    pub(super) fn repeats_numbers(&self, segment: &Segment) -> bool {
        self.snd_nxt == Some(segment.seq) && self.ack_sent == Some(segment.ack)
    }

    /// Returns `true` if the timestamp of a segment is not older than earlier ones, or if it has none (RFC 7323 §5.3).
    #[inline]
    pub(super) fn is_newer(&self, segment: &Segment) -> bool {
        match (segment.options.timestamps, self.newest_timestamp) {
            (Some(stamps), Some((newest, _))) => stamps.value.wrapping_sub(newest).cast_signed() >= 0,
            _ => true,
        }
    }

    /// Returns `true` if a timestamp shows that it sent the segment, and soon after its newest one: no other connection has
    /// a timestamp so near (RFC 7323 §5.4).
    #[cold]
    pub(super) fn is_soon_after(&self, segment: &Segment) -> bool {
        let stamps = segment.options.timestamps.zip(self.newest_timestamp);
        stamps.is_some_and(|(stamps, (newest, _))| stamps.value.wrapping_sub(newest) < SOON_AFTER)
    }

    /// Notes data that it sends for the first time: an answer to what the peer has sent before.
    #[inline]
    pub(super) fn note_new_data(&mut self, peer: &mut Self, packet: &PacketRef, segment: &Segment) {
        self.last_data = packet.at;
        self.unread_bytes = self.unread_bytes.saturating_add(segment.len);
        peer.unread_bytes = 0;
    }

    /// The shift of its windows: `None` where unknown.
    #[inline]
    pub(super) fn scale(&self) -> Option<u8> {
        if self.unscaled { Some(0) } else { self.shift }
    }

    /// Remembers a segment for the resets that may answer it.
    pub(super) fn remember(&mut self, recent: Recent) {
        if let Some(slot) = self.recent.get_mut(self.recent_next as usize % RECENT) {
            *slot = recent;
        }
        self.recent_next = self.recent_next.wrapping_add(1);
    }

    /// The newest remembered segment whose ACK number is `ack`.
    pub(super) fn recent_with_ack(&self, ack: SeqNumber) -> Option<&Recent> {
        self.recent
            .iter()
            .filter(|recent| recent.frame > 0 && recent.ack() == Some(ack))
            .max_by_key(|recent| recent.frame)
    }

    /// The newest remembered segment.
    #[inline]
    pub(super) fn newest(&self) -> Option<&Recent> {
        let newest = self.recent.get(self.recent_next.wrapping_sub(1) as usize % RECENT)?;
        (newest.frame > 0).then_some(newest)
    }

    /// The newest remembered segment with data.
    #[inline]
    pub(super) fn newest_data(&self) -> Option<&Recent> {
        let backwards = (1..=RECENT as u32).map(|back| self.recent_next.wrapping_sub(back) as usize % RECENT);
        backwards.filter_map(|place| self.recent.get(place)).find(|recent| recent.len > 0)
    }

    /// Takes a TTL that its packet before did not have. The TTL of a SYN-ACK is ignored if others follow: a middlebox
    /// may have sent it.
    #[cold]
    pub(super) fn learn_ttl(&mut self, ttl: u8) {
        let before = std::mem::replace(&mut self.ttl, NonZeroU8::new(ttl));
        if let Some(before) = before.filter(|_| self.newest().is_some_and(|newest| !newest.syn)) {
            let ttls = &mut self.loss_mut().ttls;
            if !ttls.contains(&before.get()) {
                ttls.rotate_right(1);
                if let Some(first) = ttls.first_mut() {
                    *first = before.get();
                }
            }
        }
    }

    /// Notes whether its IP identifications distinguish packets, and whether one is missing before this packet.
    #[inline]
    pub(super) fn learn_packet_ids(&mut self, ip: &IpHeader) {
        // a receiver's kernel merges packets into one of more than the MSS, and their identifications are gone
        let merged = self.newest().zip(self.mss).is_some_and(|(newest, mss)| newest.len > u32::from(mss));
        self.ip_id_steps.take(self.last_ip_id.filter(|_| !merged), ip.id);
        if let Some(id) = ip.id {
            self.ip_ids_vary |= *self.first_ip_id.get_or_insert(id) != id;
        }
    }

    /// Takes a SYN or SYN-ACK; one that is in the capture again gives what it repeats.
    /// In a simultaneous open the SYN-ACK repeats the SYN's number, and is no retransmission (RFC 9293 §3.5).
    pub(super) fn take_syn(&mut self, sent: SentSegment, with_ack: bool, asked: bool) -> Option<RepeatedSyn> {
        let before = std::mem::replace(&mut self.syn, NonZeroU64::new(sent.frame).map(|frame| (frame, sent.at)));
        self.syn_count = self.syn_count.saturating_add(1);
        if self.isn == Some(sent.seq) && self.snd_nxt.is_none_or(|next| sent.end.is_after(next)) {
            self.snd_nxt = Some(sent.end);
        }
        let first_ack = with_ack && !std::mem::replace(&mut self.syn_with_ack, with_ack);
        let Some((frame, at)) = before else {
            self.sent.push(sent);
            return None;
        };
        let again = RetransmittedSegment::whole(&sent);
        if first_ack {
            self.remember_repeat(again);
            return None;
        }
        let repeated = self.loss().retransmissions.iter().rev().find(|other| other.seq == sent.seq).copied();
        let original = self.sent.carrying(sent.seq);
        let last = repeated.or(original.as_deref().map(RetransmittedSegment::whole));
        let (last_frame, last_at) = last.map_or((frame.get(), at), |last| (last.frame, last.at));
        let after = sent.at.since(last_at);
        let soon = after.is_none_or(|after| after < DUPLICATE_WITHIN);
        // an identification tells more than that the peer's SYN came twice, by which it may be answered twice; 0 tells none
        let tells = sent.ip_id.is_some_and(|id| id != 0);
        let same = last.is_some_and(|last| last.ip_id == sent.ip_id && last.timestamp == sent.timestamp);
        let other_id =
            tells && last.is_some_and(|last| last.ip_id.is_some_and(|id| id != 0) && last.ip_id != sent.ip_id);
        if same && soon && (!asked || tells) {
            self.syn_copies = self.syn_copies.saturating_add(1);
            return Some(RepeatedSyn { after, first: last_frame, last: None, nth: 0, other_id });
        }
        let nth = self.asked_before(sent.seq);
        let original = self.sent.carrying(sent.seq);
        let first = original.as_deref().map(|original| original.frame).or(last.and_then(|last| last.first));
        let first = first.unwrap_or(last_frame);
        // without the data of the first, its bytes are not retransmitted
        if let Some(original) = original.filter(|original| original.len == 0 || sent.len > 0) {
            original.retransmissions = original.retransmissions.saturating_add(1);
        }
        self.remember_repeat(RetransmittedSegment { first: Some(first), ..again });
        let last = NonZeroU64::new(last_frame).filter(|last| last.get() != first);
        Some(RepeatedSyn { after, first, last, nth, other_id })
    }

    /// The number of times it sent its SYN, without copies.
    pub(super) fn syns_sent(&self) -> u16 {
        self.syn_count.saturating_sub(self.syn_copies).max(1)
    }

    /// The frame of its last SYN that is no copy.
    pub(super) fn last_syn(&self) -> Option<u64> {
        let again = self
            .loss()
            .retransmissions
            .iter()
            .rev()
            .find(|other| Some(other.seq) == self.seq_base)
            .map(|other| other.frame);
        let first = || self.sent.iter().find(|sent| Some(sent.seq) == self.seq_base).map(|sent| sent.frame);
        again.or_else(first).or(self.syn.map(|(frame, _)| frame.get()))
    }

    /// The quickest answer of its kernel: in the `handshake`, or an ACK of data since then.
    #[inline]
    pub(super) fn quickest_answer(&self, handshake: Option<Nanos>) -> Option<Nanos> {
        match (handshake, self.quickest_ack.get()) {
            (Some(handshake), Some(ack)) => Some(handshake.min(ack)),
            (known, None) | (None, known) => known,
        }
    }

    /// Returns how much longer than usual an ACK took that was captured `delay` after the data, if that is a delayed
    /// ACK. `usual` is the time of the same path in the handshake; the quickest ACK since then may have taken less.
    pub(super) fn holds_ack(&mut self, delay: Nanos, usual: Option<Nanos>) -> Option<Nanos> {
        let usual = self.quickest_answer(usual);
        self.quickest_ack = Some(self.quickest_ack.get().map_or(delay, |quickest| quickest.min(delay))).into();
        usual.map(|usual| delay.minus(usual)).filter(|held| *held >= DELAYED_ACK)
    }
}

impl TcpEndpoint {
    /// Its rare state so far.
    #[inline]
    pub(in crate::track) fn loss(&self) -> &LossState {
        self.loss.as_deref().unwrap_or(&NONE)
    }

    /// Of its peer's data above `ack`, up to `end`, the bytes that its last SACK blocks report as received.
    pub(super) fn sacked_bytes(&self, ack: SeqNumber, end: SeqNumber) -> u32 {
        let blocks = self.loss().sack_blocks.iter().flatten();
        blocks
            .filter(|(left, right)| !left.is_before(ack) && right.is_after(*left) && !right.is_after(end))
            .map(|(left, right)| right.relative_to(*left))
            .fold(0, u32::saturating_add)
    }

    /// The same, to be noted.
    pub(super) fn loss_mut(&mut self) -> &mut LossState {
        self.loss.get_or_insert_default()
    }
}
