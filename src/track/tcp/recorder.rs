//! Events noted while a connection lasts, for the summary at its end.

use super::ecn::EcnFrames;
use super::fragments::EarlierFragments;
use super::keep_alive::{KeepAlives, Silence};
use super::loss_state::Asks;
use super::rules::probe_answer::Answered;
use super::summary::{AfterFin, PathMtu, TcpSummary, UnansweredRequest, ZeroWindow};
use crate::model::{Checksum, Direction, IpHeader, Nanos, Occurrences, OptTime, OptionKinds, PerDirection, Segment};
use crate::track::facts::{Observations, Probe};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::Retransmission;

/// The rare events of a connection; allocated with the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct RareEvents {
    ignored_resets: PerDirection<Option<[u64; 3]>>,
    challenged: PerDirection<Option<(u64, u64)>>,
    continued_after_reset: PerDirection<Option<u64>>,
    wrong_handshake_ack: Option<u64>,
    /// Each side's last segment that is a TLS alert.
    alerts: PerDirection<u64>,
    /// Each side's last segment with MP_FASTCLOSE that is no RST.
    fast_closes: PerDirection<u64>,
    /// The last segment that came after a silence, and how long that was.
    silence_before: Option<(u64, Nanos)>,
    superseded_by: Option<u64>,
    after_fin: PerDirection<Option<AfterFin>>,
    pub(super) zero_window: PerDirection<ZeroWindow>,
    window_filled: PerDirection<Occurrences>,
    invalid: PerDirection<Occurrences>,
    fragmented: Occurrences,
    foreign_acks: Occurrences,
    refusals: Occurrences,
    earlier_fragments: PerDirection<EarlierFragments>,
    errors: Occurrences,
    retransmissions: PerDirection<Occurrences>,
    idle: Nanos,
    path_mtu: PerDirection<Option<PathMtu>>,
    pub(super) unanswered: Option<UnansweredRequest>,
    pub(super) keep_alives: Option<Box<PerDirection<KeepAlives>>>,
    pub(super) silence: Option<Silence>,
    pub(super) ecn: EcnFrames,
    /// Each side's options by kind, but those that every connection has.
    pub(super) options: PerDirection<OptionKinds>,
}

impl RareEvents {
    /// Moves what was noted into the summary.
    #[cold]
    fn fill(self, summary: &mut TcpSummary) {
        summary.ignored_resets = self.ignored_resets;
        summary.continued_after_reset = self.continued_after_reset;
        summary.wrong_handshake_ack = self.wrong_handshake_ack;
        summary.superseded_by = self.superseded_by;
        summary.after_fin = self.after_fin;
        summary.zero_window = self.zero_window;
        summary.window_filled = self.window_filled;
        summary.invalid = self.invalid;
        summary.foreign_acks = self.foreign_acks;
        summary.refusals = self.refusals;
        summary.fragmented = self.fragmented;
        summary.earlier_fragments = self.earlier_fragments;
        summary.errors = self.errors;
        summary.retransmissions = self.retransmissions;
        summary.idle = self.idle;
        summary.keep_alives = self.keep_alives;
        summary.path_mtu = self.path_mtu;
        summary.unanswered = self.unanswered;
        summary.options = self.options;
    }
}

/// The events recorded during a connection. It is small, since every connection has one.
#[derive(Clone, Debug, Default)]
pub(super) struct SummaryRecorder {
    first_frame: u64,
    last_frame: PerDirection<u64>,
    offloaded: Occurrences,
    rare: Option<Box<RareEvents>>,
}

impl SummaryRecorder {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(super) fn read_ahead(&self) -> u64 {
        self.first_frame ^ self.offloaded.count
    }

    /// Moves what was noted into the summary.
    pub(super) fn fill(&mut self, summary: &mut TcpSummary) {
        summary.first_frame = self.first_frame;
        summary.last_frame = self.last_frame;
        summary.offloaded = std::mem::take(&mut self.offloaded);
        if let Some(rare) = self.rare.take() {
            rare.fill(summary);
        }
    }

    /// Returns `true` if nothing rare was noted.
    pub(super) fn is_plain(&self) -> bool {
        self.rare.is_none()
    }

    /// The rare events noted so far, if any.
    pub(super) fn noted(&self) -> Option<&RareEvents> {
        self.rare.as_deref()
    }

    /// The rare events, for noting one.
    pub(super) fn rare(&mut self) -> &mut RareEvents {
        self.rare.get_or_insert_default()
    }

    /// A RST of this side that ended nothing, and what shows it.
    pub(super) fn see_ignored(&mut self, sender: Direction, frames: [u64; 3]) {
        let rare = self.rare();
        rare.ignored_resets.get_mut(sender).get_or_insert(frames);
        let [reset, since, challenge] = frames;
        if since == 0 && challenge > 0 {
            *rare.challenged.get_mut(sender) = Some((reset, challenge));
        }
    }

    /// The last RST of this side that was challenged, and the challenge ACK.
    pub(super) fn challenged(&self, sender: Direction) -> Option<(u64, u64)> {
        *self.rare.as_ref()?.challenged.get(sender)
    }

    /// A TLS alert.
    #[cold]
    pub(super) fn see_alert(&mut self, packet: &PacketRef) {
        *self.rare().alerts.get_mut(packet.direction) = packet.frame;
    }

    /// Returns `true` if this side's segment in this frame is a TLS alert.
    pub(super) fn is_alert(&self, direction: Direction, frame: u64) -> bool {
        frame > 0 && self.rare.as_ref().is_some_and(|rare| *rare.alerts.get(direction) == frame)
    }

    /// A segment that asks to close the whole MPTCP connection.
    #[cold]
    pub(super) fn see_fast_close(&mut self, packet: &PacketRef) {
        *self.rare().fast_closes.get_mut(packet.direction) = packet.frame;
    }

    /// Returns `true` if this side's segment in this frame asks to close the whole MPTCP connection.
    pub(super) fn asks_fast_close(&self, direction: Direction, frame: u64) -> bool {
        frame > 0 && self.rare.as_ref().is_some_and(|rare| *rare.fast_closes.get(direction) == frame)
    }

    /// Returns the time without any packet before this frame, if it was long.
    pub(super) fn silence_before(&self, frame: u64) -> Option<Nanos> {
        self.rare.as_ref()?.silence_before.filter(|(after, _)| *after == frame).map(|(_, silence)| silence)
    }

    /// New data of a side that had sent a RST.
    pub(super) fn see_went_on(&mut self, packet: &PacketRef) {
        self.rare().continued_after_reset.get_mut(packet.direction).get_or_insert(packet.frame);
    }

    /// A segment that answers the SYN and does not match it.
    pub(super) fn record_wrong_handshake_ack(&mut self, frame: u64) {
        self.rare().wrong_handshake_ack.get_or_insert(frame);
    }

    /// A SYN that begins another stream on the same ports.
    pub(super) fn see_superseded(&mut self, frame: u64) {
        self.rare().superseded_by.get_or_insert(frame);
    }

    /// A segment without data that its receiver does not accept.
    pub(super) fn see_foreign_ack(&mut self, frame: u64) {
        self.rare().foreign_acks.see(frame);
    }

    /// Data after the peer's FIN.
    pub(super) fn see_after_fin(&mut self, packet: &PacketRef, len: u32) {
        let slot = self.rare().after_fin.get_mut(packet.direction);
        let (first, bytes) = slot.map_or((packet.frame, 0), |before| (before.first, before.bytes));
        *slot = Some(AfterFin { first, last: packet.frame, bytes: bytes + u64::from(len), until: packet.at.get() });
    }

    /// Notes a segment that shows nothing rare.
    #[inline]
    pub(super) fn see_plain(&mut self, packet: &PacketRef, checksum: Checksum) {
        if self.first_frame == 0 {
            self.first_frame = packet.frame;
        }
        *self.last_frame.get_mut(packet.direction) = packet.frame;
        if checksum == Checksum::Offloaded {
            self.offloaded.see(packet.frame);
        }
    }

    /// Notes what one segment shows.
    #[inline]
    pub(super) fn follow(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        repeat: Option<&Retransmission>,
        probe: Option<Probe>,
        observations: &Observations,
    ) {
        let (frame, direction) = (packet.frame, packet.direction);
        self.see_plain(packet, segment.checksum);
        if segment.checksum == Checksum::Invalid {
            self.rare().invalid.get_mut(direction).see(frame);
        }
        if !segment.options.other.is_empty() {
            self.rare().options.get_mut(direction).merge(&segment.options.other);
        }
        if let Some(repeat) = repeat.filter(|repeat| !repeat.is_duplicate()) {
            self.rare().retransmissions.get_mut(direction).see(frame);
            if let Some(path) = self.rare().path_mtu.get_mut(direction) {
                path.follow(frame, segment, repeat.cause().detail == "icmp");
            }
        }
        if let Some(probe) = probe {
            self.follow_probe(frame, direction, probe);
        }
        if !observations.is_empty() {
            self.follow_observations(packet, probe, observations);
        }
    }

    /// Notes an ICMP error.
    pub(super) fn see_error(&mut self, frame: u64) {
        self.rare().errors.see(frame);
    }

    /// Notes an ICMP error that says that a packet of the `sender` is longer than a link takes.
    #[cold]
    pub(super) fn see_too_big(&mut self, sender: Direction, frame: u64, mtu: Option<u32>) {
        let path = self.rare().path_mtu.get_mut(sender).get_or_insert_default();
        // what was in flight is reported too, and those errors tell the same
        if path.mtu != mtu || path.error == 0 {
            (path.error, path.mtu) = (frame, mtu);
        }
    }

    /// Notes a packet in fragments.
    pub(super) fn see_fragmented(&mut self, packet: &PacketRef, ip: &IpHeader) {
        let rare = self.rare();
        rare.fragmented.see(packet.frame);
        rare.earlier_fragments.get_mut(packet.direction).see(ip);
    }

    #[cold]
    fn follow_probe(&mut self, frame: u64, direction: Direction, probe: Probe) {
        if probe.asks() == Some(Asks::Window) {
            self.rare().zero_window.get_mut(!direction).probes.see(frame);
        }
        if probe.answers().is_some_and(|(answered, _)| answered == Answered::WindowProbe) {
            self.rare().zero_window.get_mut(direction).answered += 1;
        }
    }

    fn follow_observations(&mut self, packet: &PacketRef, probe: Option<Probe>, observations: &Observations) {
        let rare = self.rare();
        if let Some((_, silence)) = observations.idle {
            rare.silence_before = Some((packet.frame, silence));
        }
        if observations.refuses.is_some() {
            rare.refusals.see(packet.frame);
        }
        let window = rare.zero_window.get_mut(packet.direction);
        if let Some(closed) = observations.zero_window {
            window.closings.see(packet.frame);
            window.how.get_or_insert(closed);
        }
        if let Some((_, blocked)) = observations.window_opened {
            window.opened.see(packet.frame);
            window.opened_by_answer += u64::from(
                probe.and_then(|probe| probe.answers()).is_some_and(|(kind, _)| kind == Answered::WindowProbe),
            );
            window.blocked = window.blocked.plus(blocked);
        }
        if observations.fills_window {
            rare.window_filled.get_mut(packet.direction).see(packet.frame);
        }
        let asks = probe.is_some_and(|probe| probe.is_question());
        if let Some((_, gap)) = observations.idle.filter(|_| !asks) {
            rare.idle = rare.idle.plus(gap);
        }
    }
}

impl SummaryRecorder {
    /// A keep-alive; `last` is the segment before it. Gives its number since anything else was sent, and whether the one
    /// before was answered.
    #[cold]
    pub(super) fn see_keep_alive(&mut self, packet: &PacketRef, last: (u64, OptTime)) -> (u16, bool) {
        let rare = self.rare();
        let began = Silence { since: last, last: 0, asked: PerDirection::default() };
        let silence = match rare.silence.take() {
            Some(silence) if silence.last == last.0 => silence,
            _ => began,
        };
        let silence = rare.silence.insert(Silence { last: packet.frame, ..silence });
        let asked = silence.asked.get_mut(packet.direction);
        let before_answered = std::mem::take(&mut asked.1);
        asked.0 = asked.0.saturating_add(1);
        let kept = rare.keep_alives.get_or_insert_default().get_mut(packet.direction);
        kept.asked.see(packet.frame);
        kept.silence = kept.silence.max(packet.since(silence.since.1).unwrap_or_default());
        (asked.0, before_answered)
    }

    /// The keep-alive of this side that the capture begins with, and its answer.
    #[cold]
    pub(super) fn see_first_keep_alive(&mut self, sender: Direction, frame: u64) {
        let kept = self.rare().keep_alives.get_or_insert_default().get_mut(sender);
        kept.asked.see(frame);
        kept.answered += 1;
    }

    /// The answer to the last keep-alive of the other side; `last` is the segment before it.
    #[cold]
    pub(super) fn see_alive(&mut self, packet: &PacketRef, last: u64) {
        let rare = self.rare();
        rare.keep_alives.get_or_insert_default().get_mut(!packet.direction).answered += 1;
        if let Some(silence) = rare.silence.as_mut().filter(|silence| silence.last == last) {
            silence.last = packet.frame;
            silence.asked.get_mut(!packet.direction).1 = true;
        }
    }

    /// A RST that answers the last keep-alive of the other side.
    #[cold]
    pub(super) fn record_keep_alive_reset(&mut self, packet: &PacketRef) {
        self.rare().keep_alives.get_or_insert_default().get_mut(!packet.direction).reset = Some(packet.frame);
    }

    /// The last segment before the current keep-alive that was no keep-alive, and the time since.
    #[cold]
    pub(super) fn silence(&self, packet: &PacketRef) -> Option<(u64, Nanos)> {
        let (frame, at) = self.noted()?.silence.as_ref()?.since;
        Some((frame, packet.since(at)?))
    }
}
