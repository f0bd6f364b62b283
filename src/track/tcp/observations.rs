//! What else a segment shows, besides its own numbers: windows that shut and open, waiting, silence.

use crate::model::thresholds::{AT_ONCE, IDLE};
use std::num::NonZeroU64;

use super::endpoint::{TcpEndpoint, ZeroWindowPeriod};
use super::scoreboard::SentSegment;
use super::{CONTROL, Connection, PacketRef};
use crate::model::OptTime;
use crate::model::{IpHeader, Nanos, Segment, SeqNumber, TcpFlags};
use crate::track::facts::{Acked, Observations, SynData};
use crate::track::retransmission::Retransmission;

impl TcpEndpoint {
    /// By how many bytes the right edge of its window moves back (RFC 9293 §3.8.6); less than a step of the scale is
    /// rounded.
    #[cold]
    pub(super) fn shrinks(&self, window: u32, acked: Option<&Acked>, ack: SeqNumber) -> u32 {
        let Some(shift) = self.scale().filter(|_| self.ack_sent == Some(ack)) else { return 0 };
        let (forward, first) =
            acked.map_or((0, false), |acked| (acked.bytes.saturating_add(u32::from(acked.fin)), acked.syn));
        let back = self.window.saturating_sub(window).saturating_sub(forward);
        if first || back < (1 << shift).max(2) { 0 } else { back }
    }
}

impl Connection {
    /// Fills in the rarer hints; called when the segment's bytes and ACK are taken, before it is remembered.
    pub(super) fn hint(
        &mut self,
        moment: &PacketRef,
        segment: &Segment,
        ip: &IpHeader,
        repeat: Option<&Retransmission>,
        observations: &mut Observations,
    ) {
        let plain = !segment.flags.intersects(CONTROL);
        if plain {
            self.hint_window(moment, segment, observations);
        }
        let on_syn = segment.flags.contains(TcpFlags::SYN);
        if on_syn && segment.flags.contains(TcpFlags::ACK) {
            observations.syn_data = syn_data(self.sides.get(!moment.direction));
        }
        if let Some((bytes, _)) = observations.capture_gap.filter(|(bytes, _)| *bytes > 1) {
            // what was not captured may be unread, and nobody knows when it came; one alone may have been a FIN
            let peer = self.sides.get_mut(!moment.direction);
            peer.unread_bytes = peer.unread_bytes.saturating_add(bytes);
            peer.last_data = OptTime::UNKNOWN;
        }
        if ip.fragments > 1 {
            self.recorder.see_fragmented(moment, ip);
        }
        if segment.len > 0 && repeat.is_none() {
            self.hint_nagle(moment, segment, observations);
        }
        let new = repeat.map_or(segment.len, |repeat| repeat.brings(segment.len));
        if new > 0 && self.is_ending() {
            self.note_half_close(moment, segment, new);
        }
        if repeat.is_none() && plain {
            self.hint_idle(moment, observations);
        }
    }

    fn hint_window(&mut self, moment: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let (own, peer) = self.sides.both_mut(moment.direction);
        if segment.window == 0 {
            let shut = &mut own.loss_mut().zero_window;
            observations.window_shut = shut.is_none();
            let last = (moment.frame, moment.at);
            match shut {
                Some(shut) => shut.last = last,
                None => *shut = moment.place().map(|(frame, at)| ZeroWindowPeriod { frame, at, last, reset: None }),
            }
        } else if let Some(loss) = &mut own.loss
            && let Some(shut) = loss.zero_window.take()
        {
            loss.opened_in = moment.frame;
            observations.window_opened = Some((shut.frame.get(), moment.since(shut.at).unwrap_or_default()));
        }
        let scale_known = peer.scale().is_some();
        if segment.len > 0
            && scale_known
            && let Some(ack) = peer.ack_sent
        {
            observations.fills_window = segment.seq.plus(segment.len) == ack.plus(peer.window) && peer.window > 0;
        }
    }

    /// A small segment that leaves right after the ACK of the small one before, with nothing else to wake its sender.
    fn hint_nagle(&mut self, moment: &PacketRef, segment: &Segment, observations: &mut Observations) {
        let (own, peer) = self.sides.both_mut(moment.direction);
        let Some(newest) = peer.newest().filter(|newest| newest.len == 0 && newest.ack.is_some()) else { return };
        let Some(before) = own.newest_data().filter(|before| !before.fills_window) else { return };
        let woken_by_ack = newest.frame > before.frame;
        // options take their room from the data (RFC 6691 §2), in the segment before as in this one
        let options = u32::from(segment.header_len.saturating_sub(20));
        let mss = own.mss.zip(peer.mss).map(|(own, peer)| u32::from(own.min(peer)).saturating_sub(options));
        let small = mss.is_some_and(|mss| segment.len < mss);
        let was_small = mss.is_none_or(|mss| before.len < mss);
        let all_acked = peer.ack_sent == Some(segment.seq) && peer.ack_frame == newest.frame && peer.newest_advanced();
        // what waited for room in the window did not wait for the ACK
        let had_room = peer.loss().opened_in != newest.frame;
        // after a loss the congestion window holds back what Nagle's algorithm would (RFC 5681 §3.1)
        let in_trouble = own.loss().repeats.last().is_some_and(|again| again.frame == before.frame);
        if !woken_by_ack || !small || !was_small || !all_acked || !had_room || in_trouble {
            return;
        }
        let at_once = moment.since(peer.ack_at).is_some_and(|since| since < AT_ONCE);
        let waited = moment.since(own.last_data);
        // on a path without delay nothing can be told: the program may simply have sent at that moment
        let worth = Nanos(2 * AT_ONCE.0 / 3);
        if let Some(waited) = waited.filter(|waited| at_once && *waited > worth) {
            observations.nagle = Some((newest.frame, waited));
            let delayed = peer.delayed_ack.is_some_and(|ack| ack.get() == newest.frame);
            observations.nagle_against = NonZeroU64::new(before.frame).filter(|_| delayed);
        }
    }

    fn hint_idle(&mut self, moment: &PacketRef, observations: &mut Observations) {
        let (frame, at) = self.last;
        if let Some(gap) = moment.since(at).filter(|gap| *gap >= IDLE) {
            observations.idle = Some((frame, gap));
        }
    }

    /// Data after the peer's FIN, `new` bytes of it for the first time: what does not acknowledge the FIN may have crossed it.
    fn note_half_close(&mut self, moment: &PacketRef, segment: &Segment, new: u32) {
        let fin = self.sides.get(!moment.direction).fin.as_ref();
        if fin.is_some_and(|fin| segment.flags.contains(TcpFlags::ACK) && !segment.ack.is_before(fin.end)) {
            self.recorder.see_after_fin(moment, new);
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
