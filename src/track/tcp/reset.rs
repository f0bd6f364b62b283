//! What a reset answers, and what it costs.

use crate::model::thresholds::{NO_TIMER_WITHIN, PROGRAM_AT_ONCE, PROGRAM_HAS_READ};
use std::num::{NonZeroU8, NonZeroU64};

use super::endpoint::{Recent, TcpEndpoint};
use super::icmp::quoted_frame;
use super::probe::Asks;
use super::scoreboard::SentSegment;
use super::{Connection, PacketRef};
use crate::model::OptTime;
use crate::model::{Direction, IcmpError, IpHeader, Segment, SeqNumber, TcpFlags};
use crate::track::reset::Reset;

impl Connection {
    /// Why this side sends a RST, as far as the capture shows it; called before the RST itself is remembered.
    pub(super) fn explain_reset(&self, moment: &PacketRef, segment: &Segment, ip: &IpHeader) -> Reset {
        let ttl = ip.ttl;
        let first = self.sides.get(moment.direction).ttl;
        let cause = self.cause_of_reset(moment, segment, ip);
        let Some(first) = first.map(NonZeroU8::get).filter(|first| *first != ttl) else { return cause };
        // what a program does, or its host knows, is no cause if the packet is not its host's
        match cause {
            Reset::Unread { .. }
            | Reset::Unreached { .. }
            | Reset::AfterAnswer { .. }
            | Reset::Abort
            | Reset::AbortAtOnce(_)
            | Reset::Unknown => Reset::OtherTtl { ttl, first, answers: None },
            Reset::Stale(answers) | Reset::HalfOpen(answers) => {
                Reset::OtherTtl { ttl, first, answers: NonZeroU64::new(answers) }
            }
            cause => cause,
        }
    }

    fn cause_of_reset(&self, moment: &PacketRef, segment: &Segment, ip: &IpHeader) -> Reset {
        let own = self.sides.get(moment.direction);
        let peer = self.sides.get(!moment.direction);
        let with_ack = segment.flags.contains(TcpFlags::ACK);
        let syn = peer.newest().filter(|newest| newest.syn && !peer.syn_with_ack && own.newest().is_none());
        if let Some(syn) = syn.filter(|_| !with_ack) {
            return Reset::NoAck(peer.last_syn().unwrap_or(syn.frame));
        }
        if own.isn.is_none()
            && peer.isn.is_some()
            && !peer.syn_with_ack
            && own.snd_nxt.is_none_or(|next| next == segment.seq)
            && with_ack
        {
            // of a SYN that was doubled on its way each one may be answered; an identification tells
            let same = peer.syn_count == 1 || ip.id.is_some_and(|id| id != 0 && own.last_ip_id == Some(id));
            let copy = copy_of(own, peer, moment, self.last, Some(segment.ack)).filter(|_| same);
            return copy.map_or_else(|| refused(own, peer), Reset::Copy);
        }
        // RFC 9293 §3.10.7.1: a RST for a segment with ACK takes its sequence number from that ACK
        let answered = (!with_ack).then(|| peer.recent_with_ack(segment.seq)).flatten();
        // RFC 9293 §3.10.7.3: who waits for the ACK of its SYN refuses any other
        let waits = !own.syn_acked && own.isn.is_some_and(|isn| isn.plus(1) != segment.seq);
        if let Some(answered) = answered.filter(|_| waits) {
            return Reset::BadAck(answered.frame);
        }
        if let Some(gave_up) = gave_up(own, peer, with_ack, answered) {
            return gave_up;
        }
        let lost = peer.snd_nxt.zip(own.ack_sent).map_or(0, |(next, acked)| next.distance(acked).max(0).unsigned_abs());
        let gone = own.fin.is_some() || own.reset.is_some();
        // a RST with ACK answers nothing, as a rule: the program ended the connection; unless data came that it never took
        if let Some(copy) = copy_of(own, peer, moment, self.last, with_ack.then_some(segment.ack)) {
            return Reset::Copy(copy);
        }
        // who has acknowledged a segment in order does not answer it with RST later, while its socket is open
        let settled = |answered: &Recent| {
            let acked = |sent: &SentSegment| sent.frame == answered.frame && sent.acked_by.is_some();
            !gone && answered.len > 0 && peer.sent.iter().any(acked)
        };
        if answered.is_none_or(settled)
            && let Some(unacceptable) = self.unacceptable(moment, segment)
        {
            return unacceptable;
        }
        if gone && (!with_ack || lost > 0 || own.reset.is_some()) {
            return after_close(own, peer, answered, lost);
        }
        let answered = answered.filter(|_| !gone);
        let before = peer.reset.map(NonZeroU64::get);
        if let Some((answered, reset)) = answered.zip(before).filter(|(answered, reset)| answered.frame > *reset) {
            return Reset::AfterReset { answers: answered.frame, reset };
        }
        match answered {
            Some(answered) if answered.syn && own.isn.is_some_and(|isn| isn.plus(1) == segment.seq) => {
                return Reset::Unwanted(answered.frame);
            }
            Some(answered) if answered.syn || own.snd_nxt != Some(segment.seq) => return Reset::Stale(answered.frame),
            Some(answered) => {
                let challenge = answered.frame;
                let meant = self.recorder.challenged(moment.direction).filter(|(_, ack)| *ack == challenge);
                return meant.map_or(Reset::HalfOpen(challenge), |(reset, _)| Reset::Confirmed { reset, challenge });
            }
            None if !with_ack => return Reset::Unknown,
            None => {}
        }
        if peer.newest().is_none() {
            // nothing of the peer's was captured: what it sent can't be known
            return Reset::Unknown;
        }
        let unacked = peer.snd_nxt.map_or(0, |next| next.distance(segment.ack).max(0).unsigned_abs());
        match peer.unread_bytes.max(unacked) {
            0 => Reset::Abort,
            bytes => {
                let answer = peer.sent.last_data().filter(|sent| sent.len <= bytes);
                let last = answer.and_then(|sent| NonZeroU64::new(sent.frame));
                match answer {
                    Some(answer) if answer.len == bytes && self.at_once(moment, answer) => {
                        Reset::AbortAtOnce(answer.frame)
                    }
                    _ if unacked == 0 && self.is_answered(moment, bytes) => Reset::AfterAnswer { bytes, last },
                    _ if unacked >= bytes => Reset::Unreached { bytes, last },
                    _ => Reset::Unread { bytes, last },
                }
            }
        }
    }
}

impl Connection {
    /// An ICMP error to the sender of the segment that it quotes; the newest frame that carried that.
    pub(in crate::track) fn take_error(&mut self, moment: &PacketRef, error: &IcmpError) -> Option<u64> {
        self.recorder.see_error(moment.frame);
        // the sender's own kernel may give up on an address after seconds
        if error.source != error.quoted.source.address {
            self.clues.note_error(moment.direction, moment.since(self.last.1));
        }
        let sender = self.sides.get_mut(!moment.direction);
        if error.is_route_missing() {
            sender.loss_mut().unreachable = moment.place();
        }
        if error.is_too_big() {
            sender.loss_mut().too_big = moment.place();
        }
        quoted_frame(sender, &error.quoted)
    }

    /// Whether so many bytes are an answer, which a client need not answer in its turn: no more than it asked with, or all
    /// there long ago.
    fn is_answered(&self, moment: &PacketRef, bytes: u32) -> bool {
        let (client, server) = (&self.sides.client_to_server, &self.sides.server_to_client);
        let asked = client.sent.last_data().filter(|_| moment.direction == Direction::ClientToServer);
        let long_ago = moment.since(server.last_data).is_some_and(|since| since >= PROGRAM_HAS_READ);
        asked.is_some_and(|request| bytes <= request.len || long_ago)
    }

    /// Whether the client resets the connection as soon as this short answer has come, of one segment: what woke its program
    /// was most likely that it read it.
    fn at_once(&self, moment: &PacketRef, answer: &SentSegment) -> bool {
        // a longer answer may take more than one read
        let asked = self.sides.client_to_server.sent.last_data().is_some_and(|request| answer.len <= request.len);
        let took = moment.since(answer.at);
        let network = self.handshake.answer_time(moment.direction).unwrap_or_default();
        let soon = took.is_some_and(|took| took.minus(network) < PROGRAM_AT_ONCE);
        moment.direction == Direction::ClientToServer && asked && answer.acked_by.is_some() && soon
    }
}

impl Reset {
    /// The same, where the server's answer had begun to follow the request and had not come to so many bytes of it.
    pub(in crate::track) fn with_left_over(self, direction: Direction, left_over: impl FnOnce() -> u32) -> Self {
        if self != Self::Abort || direction == Direction::ClientToServer {
            return self;
        }
        match left_over() {
            0 => self,
            bytes => Self::Unread { bytes, last: None },
        }
    }
}

/// A RST that refuses the SYN: one for each that was sent. Whoever refuses sends nothing else.
fn refused(own: &TcpEndpoint, peer: &TcpEndpoint) -> Reset {
    let syn = peer.last_syn().unwrap_or_default();
    match own.newest().filter(|before| before.frame > syn && own.recent_next >= u32::from(peer.syns_sent())) {
        Some(before) => {
            let again = |frame: &NonZeroU64| peer.loss().repeats.iter().any(|again| again.frame == frame.get());
            let copy = peer.syn.map(|(frame, _)| frame).filter(|frame| peer.syn_copies > 0 && !again(frame));
            Reset::RefusedAgain { before: before.frame, copy }
        }
        None => Reset::Refused(syn),
    }
}

/// A connection that its sender gave up: bytes sent again and again without an ACK, or a probe without an answer.
fn gave_up(own: &TcpEndpoint, peer: &TcpEndpoint, with_ack: bool, answered: Option<&Recent>) -> Option<Reset> {
    let heard = peer.newest().map_or(0, |newest| newest.frame);
    if let Some((probe, asks)) =
        own.loss().probe.filter(|(probe, asks)| with_ack && probe.get() > heard && *asks != Asks::Reset)
    {
        return Some(Reset::Silence { probe: probe.get(), window: asks == Asks::Window });
    }
    let sent = own.sent.iter().find(|sent| sent.acked_by.is_none())?;
    // a socket that was closed answers with RST too, though its FIN may just have come again
    let least = if own.fin.is_some() { 3 } else { 1 };
    if sent.repeats < least || own.reset.is_some() {
        return None;
    }
    let silent = if with_ack { heard < sent.last.0 } else { answered.is_some_and(|frame| frame.frame > sent.last.0) };
    let answers = answered.and_then(|answered| NonZeroU64::new(answered.frame));
    silent.then_some(Reset::GaveUp { first: sent.frame, last: sent.last.0, repeats: sent.repeats, answers })
}

/// The RST that this one with the same `ack` is a copy of: right behind it, and nothing came from the peer that it could
/// answer.
fn copy_of(
    own: &TcpEndpoint,
    peer: &TcpEndpoint,
    moment: &PacketRef,
    last: (u64, OptTime),
    ack: Option<SeqNumber>,
) -> Option<u64> {
    let newest = own.newest().filter(|newest| newest.frame == last.0 && newest.ack == ack && own.reset.is_some())?;
    let soon = moment.since(last.1).is_some_and(|since| since < NO_TIMER_WITHIN);
    let answered = peer.sent.iter().filter(|sent| sent.acked_by.is_none()).count();
    (soon && answered <= 1).then_some(newest.frame)
}

/// What came for a socket that was closed already; `lost` sequence numbers of the peer's are not acknowledged.
fn after_close(own: &TcpEndpoint, peer: &TcpEndpoint, answered: Option<&Recent>, lost: u32) -> Reset {
    let Some(answered) = answered.or(peer.newest()) else { return Reset::Unknown };
    // nobody answers an ACK of everything when data came after it
    let newest = peer.newest().filter(|newest| answered.len == 0 && newest.len > 0 && newest.frame > answered.frame);
    let answered = newest.unwrap_or(answered);
    if lost == 0 {
        // what was sent before everything was acknowledged has arrived: only a copy of it can be answered now
        let acked = peer.fin.and_then(|fin| fin.acked_by).map(NonZeroU64::get);
        if acked.is_some_and(|acked| answered.frame < acked) {
            return Reset::LateCopy { arrived: None, acked };
        }
        if answered.len > 0 {
            return Reset::LateCopy { arrived: Some(answered.frame), acked };
        }
    }
    // what came since its last segment; if nothing did, whatever it never acknowledged
    let since = own.newest().map_or(0, |newest| newest.frame);
    let since = if answered.frame > since { since } else { 0 };
    let open = |frame: u64| peer.sent.iter().any(|sent| sent.acked_by.is_none() && sent.frame <= frame);
    let may_be = |recent: &&Recent| recent.frame > since && recent.ack == answered.ack && open(recent.frame);
    let or_from = peer.recent.iter().filter(may_be).map(|recent| recent.frame).min();
    let or_from = or_from.filter(|first| *first < answered.frame);
    let data = answered.len > 0 || or_from.is_some() && peer.recent.iter().filter(may_be).any(|recent| recent.len > 0);
    let fin = u32::from(peer.fin.is_some_and(|fin| Some(fin.end) == peer.snd_nxt && lost > 0));
    Reset::AfterClose {
        answers: answered.frame,
        or_from: or_from.and_then(NonZeroU64::new),
        bytes: if data { lost.saturating_sub(fin).max(answered.len) } else { 0 },
    }
}
