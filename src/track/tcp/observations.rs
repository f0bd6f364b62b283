//! Facts that a segment shows besides its own numbers: zero windows, waiting, silence.

use std::num::NonZeroU64;

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::loss_state::ZeroWindowPeriod;
use super::rules::waiting::{ProvenWait, WAITING, WaitingCase};
use super::rules::window::{ProvenRefusal, ProvenZeroWindow, REFUSED, RefusedCase, ZERO_WINDOW, ZeroWindowCase};
use super::segment::SentSegment;
use crate::model::thresholds::IDLE;
use crate::model::{IpHeader, OptTime, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::{CapturePoint, Measures};
use crate::track::facts::{Acked, Observations, SynData};
use crate::track::packet_ref::PacketRef;
use crate::track::retransmission::Retransmission;

/// From here on a window may be an unscaled one that was multiplied in error.
const SUSPECT_WINDOW: u32 = 1 << 24;
/// Few hosts fill so much of the window field when they scale: an unscaled window of 64 kB does.
const SUSPECT_FIELD: u32 = 0x8000;

impl TcpEndpoint {
    /// Payload bytes of a full segment that it sends with the options of this one, which take their room from the data
    /// (RFC 6691 §2); `None` where the SYNs were not captured.
    #[inline]
    pub(super) fn full_segment(&self, peer: &Self, segment: &Segment) -> Option<u32> {
        let options = u32::from(segment.header_len.saturating_sub(20));
        let mss = u32::from(self.mss?.min(peer.mss?));
        Some(mss.saturating_sub(options)).filter(|full| *full > 0)
    }

    /// By how many bytes the right edge of its window moves back (RFC 9293 §3.8.6); less than a step of the scale is
    /// rounded.
    #[cold]
    pub(super) fn shrinks(&self, window: u32, acked: Option<&Acked>, ack: SeqNumber) -> u32 {
        let Some(shift) = self.scale().filter(|_| self.ack_sent == Some(ack)) else { return 0 };
        // behind the capture point a box may have removed the option from the SYN: then nothing is scaled
        if self.window >= SUSPECT_WINDOW && self.window >> shift >= SUSPECT_FIELD {
            return 0;
        }
        let (forward, first) =
            acked.map_or((0, false), |acked| (acked.bytes.saturating_add(u32::from(acked.fin)), acked.syn));
        let back = self.window.saturating_sub(window).saturating_sub(forward);
        if first || back < (1 << shift).max(2) { 0 } else { back }
    }

    /// Returns `true` if it may scale a window that falls to this value, although its SYN-ACK lacks the option that the
    /// SYN offered: a middlebox may have removed the option.
    #[cold]
    pub(super) fn may_scale(&self, peer: &Self, window: u32) -> bool {
        self.syn_with_ack && self.shift.is_none() && peer.shift.is_some() && window <= self.window / 2
    }
}

impl Connection {
    /// Fills in the rarer hints; called when the segment's bytes and ACK are taken, before it is remembered.
    pub(super) fn observe(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        repeat: Option<&Retransmission>,
        observations: &mut Observations,
    ) {
        observations.fills_window = self.fills_window(packet, segment);
        if self.takes_window(packet, segment, repeat, observations) {
            self.observe_window(packet, segment, observations);
        }
        let on_syn = segment.flags.contains(TcpFlags::SYN);
        if on_syn && segment.flags.contains(TcpFlags::ACK) {
            observations.syn_data = syn_data(self.endpoints.get(!packet.direction));
        }
        if let Some((bytes, _)) = observations.capture_gap.filter(|(bytes, _)| *bytes > 1) {
            // uncaptured bytes may be unread, and their arrival time is unknown; a single one may have been a FIN
            let peer = self.endpoints.get_mut(!packet.direction);
            peer.unread_bytes = peer.unread_bytes.saturating_add(bytes);
            peer.last_data = OptTime::UNKNOWN;
        }
        if ip.fragments > 1 {
            self.recorder.see_fragmented(packet, ip);
        }
        if segment.len > 0 && repeat.is_none() {
            self.observe_wait(packet, segment, observations);
            self.note_held_back(packet, segment, observations);
            self.note_frto(packet, segment, observations);
        }
        if segment.flags.contains(TcpFlags::FIN)
            && let Some(repeat) = repeat
        {
            observations.refused = self.refusal(packet, segment, repeat);
        }
        let new = repeat.map_or(segment.len, |repeat| repeat.brings(segment.len));
        if new > 0 && self.is_ending() {
            self.note_half_close(packet, segment, new);
        }
        if repeat.is_none() && !on_syn {
            self.observe_idle(packet, segment, observations);
        }
    }

    /// Returns `true` if the receiver uses the segment's window (RFC 9293 §3.10.7.4). It ignores the window of a
    /// segment that is corrupted, a duplicate or older than another; a RST has none.
    #[inline]
    pub(super) fn takes_window(
        &self,
        packet: &PacketRef,
        segment: &Segment,
        repeat: Option<&Retransmission>,
        observations: &Observations,
    ) -> bool {
        let stale = |repeat: &Retransmission| !repeat.is_retransmitted();
        let old = observations.older_ack.is_some() || repeat.is_some_and(stale);
        !old && !segment.flags.contains(TcpFlags::RST) && self.reached(packet.direction, segment)
    }

    /// A FIN that is retransmitted because its receiver has no room for it.
    #[cold]
    fn refusal(&self, packet: &PacketRef, segment: &Segment, repeat: &Retransmission) -> Option<ProvenRefusal> {
        let before = repeat.proof.last.map(NonZeroU64::get).or(repeat.proof.original)?;
        let answer_time = self.handshake.answer_time(packet.direction);
        let peer = self.endpoints.get(!packet.direction);
        ProvenRefusal::first(REFUSED, &RefusedCase { packet, segment, peer, before, answer_time })
    }

    /// Notes a window of zero, or one that reopens.
    fn observe_window(&mut self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let (own, peer) = self.endpoints.both_mut(packet.direction);
        if segment.window > 0 || own.expects_nothing_from(peer) {
            let Some(loss) = own.loss.as_mut() else { return };
            let Some(closed) = loss.zero_window.take().filter(|_| segment.window > 0) else { return };
            (loss.opened_in, loss.opened_at, loss.probed) = (packet.frame, packet.at, closed.probed);
            observations.window_opened = Some((closed.frame.get(), packet.since(closed.at).unwrap_or_default()));
            return;
        }
        let last = (packet.frame, packet.at);
        if let Some(closed) = own.loss.as_mut().and_then(|loss| loss.zero_window.as_mut()) {
            closed.last = last;
        } else if !segment.flags.contains(TcpFlags::FIN) {
            observations.zero_window = ProvenZeroWindow::first(ZERO_WINDOW, &ZeroWindowCase { segment, own, peer });
            let period = |(frame, at)| ZeroWindowPeriod { frame, at, last, reset: None, probed: false };
            own.loss_mut().zero_window = packet.place().map(period);
        }
    }

    /// Returns `true` if data fills the receiver's window to the last byte.
    #[inline]
    pub(super) fn fills_window(&self, packet: &PacketRef, segment: &Segment) -> bool {
        let peer = self.endpoints.get(!packet.direction);
        let edge = peer.scale().and(peer.ack_sent).filter(|_| peer.window > 0).map(|ack| ack.plus(peer.window));
        segment.len > 0 && edge == Some(segment.seq.plus(segment.len))
    }

    /// Notes why new data of less than a full segment waited in its sender's kernel, if it did.
    fn observe_wait(&mut self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let point = || self.capture_point_evidence().capture_point;
        let Some(case) = self.waiting_case(packet, segment, (observations.fills_window, point)) else { return };
        observations.wait = ProvenWait::first(WAITING, &case);
        let off = case.shows_no_nagle();
        self.endpoints.get_mut(packet.direction).nagle_off |= off;
    }

    /// Returns `true` if a segment that did not wait shows that its sender does not use Nagle's algorithm.
    #[inline]
    pub(super) fn shows_no_nagle(&self, packet: &PacketRef, segment: &Segment) -> bool {
        self.waiting_case(packet, segment, (false, || None)).is_some_and(|case| case.shows_no_nagle())
    }

    /// New data that is less than a full segment, for the rules of waiting; `None` where it is full or the first.
    #[inline]
    fn waiting_case<'a>(
        &'a self,
        packet: &'a PacketRef,
        segment: &'a Segment,
        (fills_window, point): (bool, impl Fn() -> Option<CapturePoint>),
    ) -> Option<WaitingCase<'a>> {
        let (own, peer) = (self.endpoints.get(packet.direction), self.endpoints.get(!packet.direction));
        let full = own.full_segment(peer, segment).filter(|full| !segment.len.is_multiple_of(*full))?;
        let before = own.newest_data()?;
        let point = point();
        let measures = Measures::of(point, packet.direction);
        Some(WaitingCase {
            packet,
            segment,
            own,
            peer,
            before,
            full,
            answer_time: self.handshake.answer_time(packet.direction),
            measures,
            at_receiver: measures == Measures::Delay || point == Some(CapturePoint::SameHost),
            fills_window,
        })
    }

    /// Notes a silence. After a probe, its sender's timers decide when it sends next, and the probes themselves report
    /// the silence.
    fn observe_idle(&self, packet: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let (frame, at) = self.last;
        let probes =
            || self.endpoints.get(packet.direction).loss().probe.is_some_and(|(probe, _)| probe.get() == frame);
        if segment.flags.contains(TcpFlags::RST) && probes() {
            return;
        }
        if let Some(gap) = packet.since(at).filter(|gap| *gap >= IDLE) {
            observations.idle = Some((frame, gap));
        }
    }

    /// Data after the peer's FIN, `new` bytes of it for the first time: what does not acknowledge the FIN may have crossed it.
    fn note_half_close(&mut self, packet: &PacketRef, segment: &Segment, new: u32) {
        let fin = self.endpoints.get(!packet.direction).fin.as_ref();
        if fin.is_some_and(|fin| segment.flags.contains(TcpFlags::ACK) && !segment.ack.is_before(fin.end)) {
            self.recorder.see_after_fin(packet, new);
        }
    }
}

/// The data that a side's first SYN carried, if nothing but SYNs has carried them.
fn syn_data(side: &TcpEndpoint) -> Option<SynData> {
    let (last, _) = side.syn?;
    let on_syn = |sent: &&SentSegment| Some(sent.seq) == side.isn && sent.len > 0 && sent.last.0 <= last.get();
    let syn = side.sent.iter().find(on_syn)?;
    Some(SynData {
        frame: NonZeroU64::new(syn.frame)?,
        bytes: syn.len,
        cookie: side.fast_open,
        again: side.syns_sent() > 1,
    })
}
