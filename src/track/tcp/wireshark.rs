//! Wireshark's TCP analysis: its flags, by its published rules, with its errors.
//!
//! One of echolab's two voices: a user finds here what Wireshark shows for the same packet. The rules are those of the
//! Wireshark user's guide, chapter "TCP Analysis"; where echolab knows better it says so in its own findings, made
//! elsewhere from other state. Nothing else in echolab reads these flags to decide anything.

use super::CONTROL;
use crate::model::{Direction, Nanos, PerDirection, SeqNumber, TcpFlags};
use crate::track::when::When;
use crate::track::{Analysis, AnalysisFlag};

/// A later repeat is no answer to duplicate ACKs any more.
const FAST_RETRANSMISSION_WITHIN: Nanos = Nanos::from_millis(20);
/// How late a segment counts as out of order when the handshake's round-trip time is unknown.
const OUT_OF_ORDER_WITHIN: Nanos = Nanos::from_millis(3);
/// Segments with these do not say how far their sender has come.
const NOT_IN_ORDER: [AnalysisFlag; 3] =
    [AnalysisFlag::LostSegment, AnalysisFlag::Retransmission, AnalysisFlag::OutOfOrder];

const SYN_OR_FIN: TcpFlags = TcpFlags::SYN.union(TcpFlags::FIN);

/// What the rules look at in one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) at: When,
    pub(super) direction: Direction,
    pub(super) seq: SeqNumber,
    pub(super) ack: SeqNumber,
    pub(super) flags: TcpFlags,
    pub(super) len: u32,
    pub(super) window: u16,
    /// Shift of the window of the side that receives this segment; `None` where unknown.
    pub(super) peer_shift: Option<u8>,
    /// The acknowledgment number is the peer's initial sequence number itself: relative 0.
    pub(super) ack_is_base: bool,
    /// A SYN-ACK whose sequence number is not the one before.
    pub(super) new_isn: bool,
}

/// What the rules remember of one direction.
#[derive(Clone, Debug, Default)]
struct Flow {
    next_seq: Option<SeqNumber>,
    next_seq_time: When,
    /// Where the first hole begins that is not filled: an ACK beyond it acknowledges what the capture lacks.
    hole: Option<SeqNumber>,
    /// An ACK beyond everything was seen; the next ones are not flagged again.
    overtaken: bool,
    last_ack: Option<SeqNumber>,
    last_ack_time: When,
    window: Option<u16>,
    duplicate_acks: u32,
    last_flags: Analysis,
}

/// The state of both directions of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Wireshark {
    flows: PerDirection<Flow>,
    /// When the last SYN was sent, and whether a SYN-ACK was seen.
    syn: When,
    syn_ack: bool,
    /// From the last SYN to the first segment after the SYN-ACK.
    handshake_rtt: Option<Nanos>,
}

impl Wireshark {
    /// Reads a field of each half; see [`super::Connection::warm`].
    #[inline]
    pub(super) fn warm(&self) -> u64 {
        let (client, server) = (&self.flows.client_to_server, &self.flows.server_to_client);
        u64::from(client.duplicate_acks) ^ u64::from(server.duplicate_acks)
    }

    /// The flags of one segment.
    #[inline]
    pub(super) fn analyse(&mut self, seen: &Seen) -> Analysis {
        self.time_handshake(seen);
        let threshold = self.handshake_rtt.filter(|rtt| rtt.0 > 0).unwrap_or(OUT_OF_ORDER_WITHIN);
        let (forward, reverse) = self.flows.both_mut(seen.direction);
        let mut analysis = forward_flags(forward, reverse, seen);
        if acks_unseen(reverse, seen) {
            analysis.insert(AnalysisFlag::AckLostSegment);
        }
        repeat_flags(forward, reverse, seen, threshold, &mut analysis);
        remember(forward, seen, analysis);
        analysis
    }
}

impl Wireshark {
    /// Measures the handshake, once.
    fn time_handshake(&mut self, seen: &Seen) {
        if self.handshake_rtt.is_some() {
            return;
        }
        if seen.flags.is_syn_only() {
            self.syn = seen.at;
        } else if seen.flags.contains(TcpFlags::SYN) {
            self.syn_ack = true;
        } else if self.syn_ack && seen.flags.contains(TcpFlags::ACK) {
            self.handshake_rtt = seen.at.since(self.syn);
        }
    }
}

/// The flags that need only the numbers and windows before.
fn forward_flags(forward: &Flow, reverse: &Flow, seen: &Seen) -> Analysis {
    let mut analysis = Analysis::default();
    if seen.new_isn {
        analysis.insert(AnalysisFlag::ReusedPorts);
    }
    let at_next = forward.next_seq == Some(seen.seq);
    // a side whose first segment acknowledges nothing counts as one that had sent this before
    let first = forward.next_seq.is_none() && seen.ack_is_base;
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
    let repeats_ack = at_next && forward.last_ack == Some(seen.ack) || first;
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
fn acks_unseen(reverse: &mut Flow, seen: &Seen) -> bool {
    if !seen.flags.contains(TcpFlags::ACK) {
        return false;
    }
    if reverse.hole.take_if(|hole| seen.ack.is_after(*hole)).is_some() {
        return true;
    }
    let beyond = reverse.next_seq.is_some_and(|next| seen.ack.is_after(next));
    beyond && !std::mem::replace(&mut reverse.overtaken, true)
}

/// Retransmission in its kinds, or out of order: for segments that start before the highest byte.
fn repeat_flags(forward: &Flow, reverse: &Flow, seen: &Seen, threshold: Nanos, analysis: &mut Analysis) {
    let counts = seen.len > 0 || seen.flags.intersects(SYN_OR_FIN);
    let Some(next) = forward.next_seq else { return };
    if !counts || analysis.contains(AnalysisFlag::KeepAlive) {
        return;
    }
    let end = seen.seq.plus(seen.len);
    let since = |then: When| seen.at.since(then);
    if seen.len > 0 && reverse.last_ack.is_some_and(|ack| !end.is_after(ack)) {
        analysis.insert(AnalysisFlag::SpuriousRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    if !seen.seq.is_before(next) {
        return;
    }
    let answers_duplicates = reverse.duplicate_acks >= 2 && reverse.last_ack == Some(seen.seq);
    if answers_duplicates && since(reverse.last_ack_time).is_some_and(|t| t < FAST_RETRANSMISSION_WITHIN) {
        analysis.insert(AnalysisFlag::FastRetransmission);
        analysis.insert(AnalysisFlag::Retransmission);
        return;
    }
    let late = since(forward.next_seq_time).is_some_and(|t| t < threshold);
    let flag =
        if late && next != end_with_control(seen) { AnalysisFlag::OutOfOrder } else { AnalysisFlag::Retransmission };
    analysis.insert(flag);
}

/// The sequence number after the segment; SYN and FIN count one each.
fn end_with_control(seen: &Seen) -> SeqNumber {
    let control = u32::from(seen.flags.contains(TcpFlags::SYN)) + u32::from(seen.flags.contains(TcpFlags::FIN));
    seen.seq.plus(seen.len).plus(control)
}

/// What the next segments are held against.
fn remember(forward: &mut Flow, seen: &Seen, analysis: Analysis) {
    let end = end_with_control(seen);
    let probe = analysis.contains(AnalysisFlag::ZeroWindowProbe);
    if forward.hole == Some(seen.seq) && end != seen.seq {
        forward.hole = None;
    }
    if forward.next_seq.is_none_or(|next| end.is_after(next)) && !probe {
        if forward.next_seq != Some(seen.seq) && NOT_IN_ORDER.iter().any(|flag| analysis.contains(*flag)) {
            forward.hole = forward.hole.or(forward.next_seq);
        }
        forward.next_seq = Some(end);
        forward.next_seq_time = seen.at;
    }
    let same_window = forward.window == Some(seen.window);
    let plain = !seen.flags.intersects(CONTROL);
    if forward.last_ack == Some(seen.ack) && same_window && plain {
        forward.duplicate_acks = forward.duplicate_acks.saturating_add(1);
    } else {
        forward.duplicate_acks = 0;
    }
    if seen.flags.contains(TcpFlags::ACK) {
        forward.last_ack = Some(seen.ack);
        forward.last_ack_time = seen.at;
    }
    forward.window = Some(seen.window);
    forward.last_flags = analysis;
}
