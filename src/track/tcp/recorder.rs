//! Events noted while a connection lasts, for the summary at its end.

use super::ecn::EcnFrames;
use super::keep_alive::Silence;
use super::loss_state::Asks;
use super::rules::probe_answer::Answered;
use super::summary::{AfterFin, RareEvents, TcpSummary};
use crate::model::{Checksum, Direction, IpHeader, Nanos, Occurrences, OptTime, PerDirection, Segment};
use crate::track::facts::{Observations, Probe};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::Retransmission;

/// The rare events of a connection, and what is remembered between them; allocated with the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct RareState {
    /// The events that the summary shows.
    pub(super) events: RareEvents,
    challenged: PerDirection<Option<(u64, u64)>>,
    /// Each side's last segment that is a TLS alert.
    alerts: PerDirection<u64>,
    /// Each side's last segment with MP_FASTCLOSE that is no RST.
    fast_closes: PerDirection<u64>,
    pub(super) silence: Option<Silence>,
    pub(super) ecn: EcnFrames,
}

/// The events recorded during a connection. It is small, since every connection has one.
#[derive(Clone, Debug, Default)]
pub(super) struct SummaryRecorder {
    first_frame: u64,
    last_frame: PerDirection<u64>,
    offloaded: Occurrences,
    /// The last segment that came after a silence, and how long that was; frame 0 for none. It stands here since many
    /// connections are idle now and then, and have nothing rare beside it.
    silence_before: (u64, Nanos),
    /// A segment showed more than its bytes and its ACK.
    unusual: bool,
    rare: Option<Box<RareState>>,
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
        summary.rare = self.rare.take().map(|rare| Box::new(rare.events));
    }

    /// Returns `true` if nothing rare was noted, and no silence either.
    pub(super) fn is_plain(&self) -> bool {
        self.rare.is_none() && !self.unusual
    }

    /// The rare events noted so far, if any.
    pub(super) fn noted(&self) -> Option<&RareState> {
        self.rare.as_deref()
    }

    /// The rare events, for noting one.
    pub(super) fn rare(&mut self) -> &mut RareState {
        self.rare.get_or_insert_default()
    }

    /// Those that the summary shows, for noting one.
    pub(super) fn events(&mut self) -> &mut RareEvents {
        &mut self.rare().events
    }

    /// A RST of this side that ended nothing, and what shows it.
    pub(super) fn see_ignored(&mut self, sender: Direction, frames: [u64; 3]) {
        let rare = self.rare();
        rare.events.ignored_resets.get_mut(sender).get_or_insert(frames);
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
        let (after, silence) = self.silence_before;
        (frame > 0 && after == frame).then_some(silence)
    }

    /// New data of a side that had sent a RST.
    pub(super) fn see_went_on(&mut self, packet: &PacketRef) {
        self.events().continued_after_reset.get_mut(packet.direction).get_or_insert(packet.frame);
    }

    /// A segment that answers the SYN and does not match it.
    pub(super) fn record_wrong_handshake_ack(&mut self, frame: u64) {
        self.events().wrong_handshake_ack.get_or_insert(frame);
    }

    /// A SYN that begins another stream on the same ports.
    pub(super) fn see_superseded(&mut self, frame: u64) {
        self.events().superseded_by.get_or_insert(frame);
    }

    /// A segment without data that its receiver does not accept.
    pub(super) fn see_foreign_ack(&mut self, frame: u64) {
        self.events().foreign_acks.see(frame);
    }

    /// Data after the peer's FIN.
    pub(super) fn see_after_fin(&mut self, packet: &PacketRef, len: u32) {
        let slot = self.events().after_fin.get_mut(packet.direction);
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
            self.events().invalid.get_mut(direction).see(frame);
        }
        if !segment.options.other.is_empty() {
            self.events().options.get_mut(direction).merge(&segment.options.other);
        }
        if let Some(repeat) = repeat.filter(|repeat| !repeat.is_duplicate()) {
            self.events().retransmissions.get_mut(direction).see(frame);
            if let Some(path) = self.events().path_mtu.get_mut(direction) {
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
        self.events().errors.see(frame);
    }

    /// Notes an ICMP error that says that a packet of the `sender` is longer than a link takes.
    #[cold]
    pub(super) fn see_too_big(&mut self, sender: Direction, frame: u64, mtu: Option<u32>) {
        let path = self.events().path_mtu.get_mut(sender).get_or_insert_default();
        // what was in flight is reported too, and those errors tell the same
        if path.mtu != mtu || path.error == 0 {
            (path.error, path.mtu) = (frame, mtu);
        }
    }

    /// Notes a packet in fragments.
    pub(super) fn see_fragmented(&mut self, packet: &PacketRef, ip: &IpHeader) {
        let rare = self.rare();
        rare.events.fragmented.see(packet.frame);
        rare.events.earlier_fragments.get_mut(packet.direction).see(ip);
    }

    #[cold]
    fn follow_probe(&mut self, frame: u64, direction: Direction, probe: Probe) {
        if probe.asks() == Some(Asks::Window) {
            self.events().zero_window.get_mut(!direction).probes.see(frame);
        }
        if probe.answers().is_some_and(|(answered, _)| answered == Answered::WindowProbe) {
            self.events().zero_window.get_mut(direction).answered += 1;
        }
    }

    fn follow_observations(&mut self, packet: &PacketRef, probe: Option<Probe>, observations: &Observations) {
        self.unusual = true;
        let (frame, sender) = (packet.frame, packet.direction);
        if let Some((_, silence)) = observations.idle {
            self.silence_before = (frame, silence);
        }
        if observations.refuses.is_some() {
            self.events().refusals.see(frame);
        }
        if let Some(closed) = observations.zero_window {
            let window = self.events().zero_window.get_mut(sender);
            window.closings.see(frame);
            window.how.get_or_insert(closed);
        }
        if let Some((_, blocked)) = observations.window_opened {
            let answers = probe.and_then(|probe| probe.answers());
            let window = self.events().zero_window.get_mut(sender);
            window.opened.see(frame);
            window.opened_by_answer += u64::from(answers.is_some_and(|(kind, _)| kind == Answered::WindowProbe));
            window.blocked = window.blocked.plus(blocked);
        }
        if observations.fills_window {
            self.events().window_filled.get_mut(sender).see(frame);
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
        let kept = rare.events.keep_alives.get_or_insert_default().get_mut(packet.direction);
        kept.asked.see(packet.frame);
        kept.silence = kept.silence.max(packet.since(silence.since.1).unwrap_or_default());
        (asked.0, before_answered)
    }

    /// The keep-alive of this side that the capture begins with, and its answer.
    #[cold]
    pub(super) fn see_first_keep_alive(&mut self, sender: Direction, frame: u64) {
        let kept = self.events().keep_alives.get_or_insert_default().get_mut(sender);
        kept.asked.see(frame);
        kept.answered += 1;
    }

    /// The answer to the last keep-alive of the other side; `last` is the segment before it.
    #[cold]
    pub(super) fn see_alive(&mut self, packet: &PacketRef, last: u64) {
        let rare = self.rare();
        rare.events.keep_alives.get_or_insert_default().get_mut(!packet.direction).answered += 1;
        if let Some(silence) = rare.silence.as_mut().filter(|silence| silence.last == last) {
            silence.last = packet.frame;
            silence.asked.get_mut(!packet.direction).1 = true;
        }
    }

    /// A RST that answers the last keep-alive of the other side.
    #[cold]
    pub(super) fn record_keep_alive_reset(&mut self, packet: &PacketRef) {
        self.events().keep_alives.get_or_insert_default().get_mut(!packet.direction).reset = Some(packet.frame);
    }

    /// The last segment before the current keep-alive that was no keep-alive, and the time since.
    #[cold]
    pub(super) fn silence(&self, packet: &PacketRef) -> Option<(u64, Nanos)> {
        let (frame, at) = self.noted()?.silence.as_ref()?.since;
        Some((frame, packet.since(at)?))
    }
}
