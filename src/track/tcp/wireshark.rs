//! Wireshark's TCP analysis: its flags, by its published rules, with its errors.
//!
//! One of echolab's two voices: a user finds here what Wireshark shows for the same packet. The rules are those of the
//! Wireshark user's guide, chapter "TCP Analysis"; where echolab knows better it says so in its own findings, made
//! elsewhere from other state. Nothing else in echolab reads these flags to decide anything.

use crate::model::thresholds::{WIRESHARK_FAST_RETRANSMISSION, WIRESHARK_OUT_OF_ORDER};
use crate::model::{Direction, Nanos, OptTime, PerDirection, Segment, SeqNumber, TcpFlags};
use crate::track::packet_ref::PacketRef;
use crate::track::{Analysis, AnalysisFlag};

/// Instead of a count of duplicate ACKs: the peer has acknowledged more than this side was seen to send. What the peer
/// then sends again passes for a fast retransmission, as after two duplicates.
const OVERTAKEN: u32 = u32::MAX;

const SYN_OR_FIN: TcpFlags = TcpFlags::SYN.union(TcpFlags::FIN);

/// The fields of one segment that the rules use.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentView {
    pub(super) at: OptTime,
    pub(super) direction: Direction,
    pub(super) seq: SeqNumber,
    pub(super) ack: SeqNumber,
    pub(super) flags: TcpFlags,
    pub(super) len: u32,
    pub(super) window: u16,
    /// The window scale shift to apply; `None` if unknown.
    pub(super) shift: Option<u8>,
    /// A SYN-ACK whose sequence number is not the one before.
    pub(super) new_isn: bool,
}

impl SegmentView {
    /// The view of a segment: how far its window is to be shifted, and whether it is a SYN-ACK with a new number.
    #[inline]
    pub(super) fn new(packet: &PacketRef, segment: &Segment, shift: Option<u8>, new_isn: bool) -> Self {
        let (at, direction) = (packet.at, packet.direction);
        let Segment { seq, ack, flags, len, window, .. } = *segment;
        Self { at, direction, seq, ack, flags, len, window, shift, new_isn }
    }
}

/// The state of one direction that the rules use.
#[derive(Clone, Debug, Default)]
struct Flow {
    next_seq: Option<SeqNumber>,
    next_seq_time: OptTime,
    /// The begin of the first gap, until a segment starts there: an ACK beyond acknowledges what the capture lacks.
    gap: Option<SeqNumber>,
    /// The acknowledgment field of the last segment, whether or not its ACK flag was set. 0 is none, there as here.
    last_ack: SeqNumber,
    last_ack_time: OptTime,
    window: Option<u16>,
    shift: Option<u8>,
    /// Segments flagged as duplicate ACKs since the ACK changed, or [`OVERTAKEN`].
    duplicate_acks: u32,
    last_flags: Analysis,
}

/// The state of both directions of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Wireshark {
    flows: PerDirection<Flow>,
    /// The time of the last SYN.
    syn: OptTime,
    /// From the last SYN to the first later segment with an ACK, of either side; never zero.
    handshake_rtt: OptTime,
}

impl Wireshark {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        let sequence = self.flows.client_to_server.last_ack.0 ^ self.flows.server_to_client.last_ack.0;
        u64::from(sequence) ^ u64::from(self.handshake_rtt == OptTime::UNKNOWN)
    }

    /// The flags of one segment.
    #[inline]
    pub(super) fn analyse(&mut self, seen: &SegmentView) -> Analysis {
        let threshold = self.handshake_rtt.get().unwrap_or(WIRESHARK_OUT_OF_ORDER);
        let (forward, reverse) = self.flows.both_mut(seen.direction);
        if seen.flags.is_syn_only() {
            // a retransmitted SYN: what came after the first gap is forgotten
            forward.next_seq = forward.gap.take().or(forward.next_seq);
        }
        let mut analysis = forward_flags(forward, reverse, seen);
        if acks_unseen(reverse, seen) {
            analysis.insert(AnalysisFlag::AckLostSegment);
        }
        repeat_flags(forward, reverse, seen, threshold, &mut analysis);
        remember(forward, seen, analysis);
        self.time_handshake(seen);
        analysis
    }
}

impl Wireshark {
    /// Returns `true` if a segment with no TCP flags except ACK, PSH and FIN certainly gets no analysis flag: it starts
    /// where the one before ended, and acknowledges nothing that was not captured. Many others get none either.
    #[inline]
    pub(super) fn has_no_flags(&self, seen: &SegmentView) -> bool {
        let (forward, reverse) = (self.flows.get(seen.direction), self.flows.get(!seen.direction));
        let end = seen.seq.plus(seen.len);
        let in_order = forward.next_seq == Some(seen.seq) && forward.gap.is_none() && end.0 != 0;
        let acks_seen = reverse.next_seq.is_some_and(|next| !seen.ack.is_after(next)) && reverse.gap.is_none();
        let open = seen.window != 0 && reverse.window != Some(0);
        let advances = match seen.len {
            0 => forward.last_ack != seen.ack || seen.flags.contains(TcpFlags::FIN),
            _ => (reverse.last_ack.0 == 0 || end.is_after(reverse.last_ack)) && !fills_window(reverse, seen),
        };
        in_order && acks_seen && open && advances
    }

    /// Takes a segment that has no flags.
    #[inline]
    pub(super) fn follow_without_flags(&mut self, seen: &SegmentView) {
        remember(self.flows.get_mut(seen.direction), seen, Analysis::default());
        self.time_handshake(seen);
    }

    /// Measures the handshake, once.
    fn time_handshake(&mut self, seen: &SegmentView) {
        if self.handshake_rtt != OptTime::UNKNOWN {
            return;
        }
        if seen.flags.is_syn_only() {
            self.syn = seen.at;
        } else if seen.flags.contains(TcpFlags::ACK) && !seen.flags.contains(TcpFlags::SYN) {
            self.handshake_rtt = seen.at.since(self.syn).filter(|rtt| rtt.0 != 0).into();
        }
    }
}

/// The flags that need only the numbers and windows before.
fn forward_flags(forward: &Flow, reverse: &Flow, seen: &SegmentView) -> Analysis {
    let mut analysis = Analysis::default();
    if seen.new_isn {
        analysis.insert(AnalysisFlag::ReusedPorts);
    }
    // bare 0 stands for "none yet" there: a side whose first segment has both numbers 0 repeats itself
    let at_next = forward.next_seq.unwrap_or_default() == seen.seq;
    if seen.len == 1 && at_next && reverse.window == Some(0) {
        analysis.insert(AnalysisFlag::ZeroWindowProbe);
        return analysis;
    }
    let plain = !seen.flags.intersects(TcpFlags::CONTROL);
    if plain && seen.window == 0 {
        analysis.insert(AnalysisFlag::ZeroWindow);
    }
    if let Some(next) = forward.next_seq {
        if seen.seq.is_after(next) && !seen.flags.contains(TcpFlags::RST) {
            analysis.insert(AnalysisFlag::LostSegment);
        }
        if plain && seen.len <= 1 && seen.seq.plus(1) == next {
            analysis.insert(AnalysisFlag::KeepAlive);
        }
    }
    if !plain {
        return analysis;
    }
    if seen.len > 0 {
        if fills_window(reverse, seen) {
            analysis.insert(AnalysisFlag::WindowFull);
        }
        return analysis;
    }
    if !at_next || forward.last_ack != seen.ack {
        return analysis;
    }
    let same_window = forward.window == Some(seen.window);
    if seen.window != 0 && !same_window {
        analysis.insert(AnalysisFlag::WindowUpdate);
    } else if seen.window != 0 && reverse.last_flags.contains(AnalysisFlag::KeepAlive) {
        analysis.insert(AnalysisFlag::KeepAliveAck);
    } else if seen.window == 0 && same_window && reverse.last_flags.contains(AnalysisFlag::ZeroWindowProbe) {
        analysis.insert(AnalysisFlag::ZeroWindowProbeAck);
    } else if seen.window != 0 {
        analysis.insert(AnalysisFlag::DuplicateAck);
    }
    analysis
}

/// Returns `true` if the segment's last byte is the last one that the receiver's window allows.
fn fills_window(reverse: &Flow, seen: &SegmentView) -> bool {
    let (Some(window), Some(shift)) = (reverse.window, reverse.shift) else { return false };
    seen.seq.plus(seen.len) == reverse.last_ack.plus(u32::from(window) << shift)
}

/// Returns `true` if the segment acknowledges bytes that are not in the capture. Reported once per gap; beyond the last
/// byte, once while the other side's own ACK stays the same, and never after a duplicate ACK of that side.
fn acks_unseen(reverse: &mut Flow, seen: &SegmentView) -> bool {
    if !seen.flags.contains(TcpFlags::ACK) {
        return false;
    }
    if reverse.gap.take_if(|gap| seen.ack.is_after(*gap)).is_some() {
        return true;
    }
    if !reverse.next_seq.is_some_and(|next| seen.ack.is_after(next)) {
        return false;
    }
    let first = reverse.duplicate_acks == 0;
    reverse.duplicate_acks = OVERTAKEN;
    first
}

/// Retransmission in its kinds, or out of order: for segments that start before the highest byte.
fn repeat_flags(forward: &Flow, reverse: &Flow, seen: &SegmentView, threshold: Nanos, analysis: &mut Analysis) {
    let counts = seen.len > 0 || seen.flags.intersects(SYN_OR_FIN);
    if !counts || analysis.contains(AnalysisFlag::KeepAlive) {
        return;
    }
    let end = seen.seq.plus(seen.len);
    // as unsigned numbers: where time goes backwards it is very late, and such a handshake allows any time; frames
    // without a time are all of the same one
    let within = |then: OptTime, limit: Nanos| {
        let since = seen.at.since(then).is_some_and(|since| since.0.cast_unsigned() < limit.0.cast_unsigned());
        since || seen.at == then
    };
    if seen.len > 0 && reverse.last_ack.0 != 0 && !end.is_after(reverse.last_ack) {
        analysis.insert(AnalysisFlag::SpuriousRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    let Some(next) = forward.next_seq.filter(|next| seen.seq.is_before(*next)) else { return };
    // the last byte again with more behind it: a zero-window probe that was not accepted, says the guide; its length
    // and the window are not looked at, and a later repeat counts as one too
    if seen.len > 1 && seen.seq.plus(1) == next {
        return;
    }
    let answers_duplicates = reverse.duplicate_acks >= 2 && reverse.last_ack == seen.seq;
    if answers_duplicates && within(reverse.last_ack_time, WIRESHARK_FAST_RETRANSMISSION) {
        analysis.insert(AnalysisFlag::FastRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    let soon = within(forward.next_seq_time, threshold);
    let flag =
        if soon && next != end_with_control(seen) { AnalysisFlag::OutOfOrder } else { AnalysisFlag::Retransmission };
    analysis.insert(flag);
}

/// The sequence number after the segment; a SYN or FIN counts one, both together not two.
fn end_with_control(seen: &SegmentView) -> SeqNumber {
    seen.seq.plus(seen.len).plus(u32::from(seen.flags.intersects(SYN_OR_FIN)))
}

/// Remembers the state with which the next segments are compared.
#[inline]
fn remember(forward: &mut Flow, seen: &SegmentView, analysis: Analysis) {
    let end = end_with_control(seen);
    let probe = analysis.contains(AnalysisFlag::ZeroWindowProbe);
    let fills = forward.gap.take_if(|gap| *gap == seen.seq).is_some();
    if forward.next_seq.is_none_or(|next| end.is_after(next)) && !probe {
        if !fills && forward.next_seq != Some(seen.seq) {
            forward.gap = forward.gap.or(forward.next_seq);
        }
        forward.next_seq = Some(end).filter(|end| end.0 != 0);
        forward.next_seq_time = seen.at;
    }
    if forward.last_ack != seen.ack {
        forward.duplicate_acks = 0;
    }
    if analysis.contains(AnalysisFlag::DuplicateAck) {
        // after OVERTAKEN this is the first
        forward.duplicate_acks = forward.duplicate_acks % OVERTAKEN + 1;
    }
    forward.last_ack = seen.ack;
    forward.last_ack_time = seen.at;
    forward.window = Some(seen.window);
    forward.shift = seen.shift;
    forward.last_flags = analysis;
}
