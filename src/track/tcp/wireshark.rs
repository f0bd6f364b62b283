//! Wireshark's TCP analysis: its flags, by its published rules, with its errors.
//!
//! One of echolab's two voices: a user finds here what Wireshark shows for the same packet. The rules are those of the
//! Wireshark user's guide, chapter "TCP Analysis"; where echolab knows better it says so in its own findings, made
//! elsewhere from other state. Nothing else in echolab reads these flags to decide anything.

use crate::model::{Direction, Nanos, PerDirection, SeqNumber, TcpFlags, Timestamp};
use crate::track::{Analysis, AnalysisFlag};

/// A later repeat is no answer to duplicate ACKs any more.
const FAST_RETRANSMISSION_WITHIN: Nanos = Nanos::from_millis(20);
/// How late a segment counts as out of order when the handshake's round-trip time is unknown.
const OUT_OF_ORDER_WITHIN: Nanos = Nanos::from_millis(3);
/// How many unacknowledged segments a flow remembers to know repeated bytes.
const REMEMBERED: usize = 64;

const CONTROL: TcpFlags = TcpFlags::SYN.union(TcpFlags::FIN).union(TcpFlags::RST);
const SYN_OR_FIN: TcpFlags = TcpFlags::SYN.union(TcpFlags::FIN);

/// What the rules look at in one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) time: Option<Timestamp>,
    pub(super) direction: Direction,
    pub(super) seq: SeqNumber,
    pub(super) ack: SeqNumber,
    pub(super) flags: TcpFlags,
    pub(super) len: u32,
    pub(super) window: u16,
    /// Shift of the window of the side that receives this segment; `None` where unknown.
    pub(super) peer_shift: Option<u8>,
}

/// What the rules remember of one direction.
#[derive(Clone, Debug, Default)]
struct Flow {
    next_seq: Option<SeqNumber>,
    next_seq_time: Option<Timestamp>,
    to_be_acked: Option<SeqNumber>,
    last_ack: Option<SeqNumber>,
    last_ack_time: Option<Timestamp>,
    window: Option<u16>,
    duplicate_acks: u32,
    last_flags: Analysis,
    /// Ranges seen and not yet acknowledged, oldest first: what tells a repeat from a late segment.
    unacked: Vec<(SeqNumber, SeqNumber)>,
}

/// The state of both directions of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Wireshark {
    flows: PerDirection<Flow>,
    /// From the first SYN to the ACK of the SYN-ACK.
    handshake_rtt: Option<Nanos>,
}

impl Wireshark {
    /// Forgets everything, and keeps the memory for the next connection.
    pub(super) fn clear(&mut self) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let flow = self.flows.get_mut(direction);
            let mut unacked = std::mem::take(&mut flow.unacked);
            unacked.clear();
            *flow = Flow { unacked, ..Flow::default() };
        }
        self.handshake_rtt = None;
    }

    /// Tells the rules how long the handshake took, once it is complete.
    pub(super) fn handshake_took(&mut self, rtt: Nanos) {
        self.handshake_rtt = Some(rtt);
    }

    /// The flags of one segment.
    #[inline]
    pub(super) fn analyse(&mut self, seen: &Seen) -> Analysis {
        let threshold = self.handshake_rtt.filter(|rtt| rtt.0 > 0).unwrap_or(OUT_OF_ORDER_WITHIN);
        let (forward, reverse) = self.flows.both_mut(seen.direction);
        let mut analysis = forward_flags(forward, reverse, seen);
        if acks_unseen(reverse, seen) {
            analysis.insert(AnalysisFlag::AckLostSegment);
        }
        repeat_flags(forward, reverse, seen, threshold, &mut analysis);
        remember(forward, reverse, seen, analysis);
        analysis
    }
}

/// The flags that need only the numbers and windows before.
fn forward_flags(forward: &Flow, reverse: &Flow, seen: &Seen) -> Analysis {
    let mut analysis = Analysis::default();
    let at_next = forward.next_seq == Some(seen.seq);
    if seen.len == 1 && at_next && reverse.window == Some(0) {
        analysis.insert(AnalysisFlag::ZeroWindowProbe);
        return analysis;
    }
    let plain = !seen.flags.intersects(CONTROL);
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
    let repeats_ack = at_next && forward.last_ack == Some(seen.ack);
    if !repeats_ack {
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

/// Whether the segment's last byte is the last one that the receiver's window allows.
fn fills_window(reverse: &Flow, seen: &Seen) -> bool {
    let (Some(ack), Some(window), Some(shift)) = (reverse.last_ack, reverse.window, seen.peer_shift) else {
        return false;
    };
    seen.seq.plus(seen.len) == ack.plus(u32::from(window) << shift)
}

/// Whether the segment acknowledges bytes that the capture has not seen.
fn acks_unseen(reverse: &Flow, seen: &Seen) -> bool {
    seen.flags.contains(TcpFlags::ACK) && reverse.to_be_acked.is_some_and(|seq| seen.ack.is_after(seq))
}

/// Retransmission in its kinds, or out of order: for segments that start before the highest byte.
fn repeat_flags(forward: &Flow, reverse: &Flow, seen: &Seen, threshold: Nanos, analysis: &mut Analysis) {
    let counts = seen.len > 0 || seen.flags.intersects(SYN_OR_FIN);
    let Some(next) = forward.next_seq else { return };
    if !counts || !seen.seq.is_before(next) || analysis.contains(AnalysisFlag::KeepAlive) {
        return;
    }
    let end = seen.seq.plus(seen.len);
    let since = |then: Option<Timestamp>| Some(seen.time?.since(then?));
    if seen.len > 0 && reverse.last_ack.is_some_and(|ack| !end.is_after(ack)) {
        analysis.insert(AnalysisFlag::SpuriousRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    let answers_duplicates = reverse.duplicate_acks >= 2 && reverse.last_ack == Some(seen.seq);
    if answers_duplicates && since(reverse.last_ack_time).is_some_and(|t| t < FAST_RETRANSMISSION_WITHIN) {
        analysis.insert(AnalysisFlag::FastRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    let known = forward.unacked.iter().any(|(from, to)| !from.is_after(seen.seq) && !to.is_before(end) && from != to);
    let late = since(forward.next_seq_time).is_some_and(|t| t < threshold);
    let flag = if late && !known && next != end_with_control(seen) {
        AnalysisFlag::OutOfOrder
    } else {
        AnalysisFlag::Retransmission
    };
    analysis.insert(flag);
}

/// The sequence number after the segment; SYN and FIN count one each.
fn end_with_control(seen: &Seen) -> SeqNumber {
    let control = u32::from(seen.flags.contains(TcpFlags::SYN)) + u32::from(seen.flags.contains(TcpFlags::FIN));
    seen.seq.plus(seen.len).plus(control)
}

/// What the next segments are held against.
fn remember(forward: &mut Flow, reverse: &mut Flow, seen: &Seen, analysis: Analysis) {
    let end = end_with_control(seen);
    let probe = analysis.contains(AnalysisFlag::ZeroWindowProbe);
    let moves = end != seen.seq;
    if forward.next_seq.is_none_or(|next| end.is_after(next)) && !probe {
        forward.next_seq = Some(end);
        forward.next_seq_time = seen.time;
    }
    if forward.to_be_acked.is_none_or(|seq| end.is_after(seq)) {
        forward.to_be_acked = Some(end);
    }
    if moves {
        if forward.unacked.len() >= REMEMBERED {
            forward.unacked.remove(0);
        }
        forward.unacked.push((seen.seq, end));
    }
    if analysis.contains(AnalysisFlag::DuplicateAck) {
        forward.duplicate_acks = forward.duplicate_acks.saturating_add(1);
    } else {
        forward.duplicate_acks = 0;
    }
    if seen.flags.contains(TcpFlags::ACK) {
        if analysis.contains(AnalysisFlag::AckLostSegment) {
            reverse.to_be_acked = Some(seen.ack);
        }
        reverse.unacked.retain(|(_, to)| to.is_after(seen.ack));
        forward.last_ack = Some(seen.ack);
        forward.last_ack_time = seen.time;
    }
    forward.window = Some(seen.window);
    forward.last_flags = analysis;
}
