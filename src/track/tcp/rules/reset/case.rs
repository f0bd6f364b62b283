//! A RST, and the state that it meets.

use std::num::NonZeroU64;

use super::proof::ResetProof;
use crate::echo::EchoMatcher;
use crate::model::thresholds::{ANSWERED_WITHIN, COMPARABLE_RTT};
use crate::model::{
    ClosingCall, ClosingCalls, Direction, IpHeader, Nanos, OptTime, Segment, SeqNumber, TcpFlags, Timestamp,
};
use crate::track::hosts::{HostFacts, Hosts};
use crate::track::packet_ref::PacketRef;
use crate::track::tcp::connection::Connection;
use crate::track::tcp::endpoint::{Recent, TcpEndpoint};
use crate::track::tcp::fin::Fin;
use crate::track::tcp::handshake::HandshakeObserver;
use crate::track::tcp::previous::PreviousEnd;
use crate::track::tcp::recorder::SummaryRecorder;
use crate::track::tcp::segment::SentSegment;

/// The facts from outside the connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::track) struct OtherConversations<'a> {
    pub(in crate::track) hosts: &'a Hosts,
    pub(in crate::track) echo: &'a EchoMatcher,
    /// Traced calls that became RSTs.
    pub(in crate::track) closing: &'a ClosingCalls,
    /// The capture time of the segment; `None` if its frame has none.
    pub(in crate::track) time: Option<Timestamp>,
}

/// A RST and what its sender and receiver had sent before it.
#[derive(Debug)]
pub struct ResetCase<'a> {
    pub(super) packet: PacketRef,
    pub(super) segment: &'a Segment,
    pub(super) ip: &'a IpHeader,
    /// The side that sends the RST.
    pub(super) own: &'a TcpEndpoint,
    pub(super) peer: &'a TcpEndpoint,
    /// The last segment of either side, and when it was captured.
    pub(super) last: (u64, OptTime),
    pub(super) handshake: &'a HandshakeObserver,
    pub(super) recorder: &'a SummaryRecorder,
    others: &'a OtherConversations<'a>,
    pub(super) with_ack: bool,
    /// The SYN asks for ECN (RFC 3168 §6.1.1, RFC 9768 §3.1.1).
    pub(super) ecn_setup: bool,
    /// The connection that used the ports before, which the capture does not show closed: its stream and last frame.
    pub(super) previous: Option<(u32, u64)>,
    /// Its segments have come since, so the SYN opened nothing.
    resumed: bool,
    /// Segments of this sender came with valid checksums, so a wrong one means a corrupted segment.
    pub(super) checksums_tell: bool,
    /// Without ACK a RST takes its number from the ACK of the segment that it answers (RFC 9293 §3.10.7.1): that segment.
    pub(super) answered: Option<Recent>,
}

/// Segments of the peer that a closed socket has not answered so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) count: u16,
    /// `true` if one of them carries data.
    pub(super) data: bool,
}

impl<'a> ResetCase<'a> {
    pub(in crate::track::tcp) fn new(
        connection: &'a Connection,
        packet: &PacketRef,
        segment: &'a Segment,
        ip: &'a IpHeader,
        others: &'a OtherConversations<'a>,
    ) -> Self {
        let with_ack = segment.flags.contains(TcpFlags::ACK);
        let mut case = Self {
            packet: *packet,
            segment,
            ip,
            own: connection.endpoints.get(packet.direction),
            peer: connection.endpoints.get(!packet.direction),
            last: connection.last,
            handshake: &connection.handshake,
            recorder: &connection.recorder,
            others,
            with_ack,
            ecn_setup: connection.ecn.is_offered(),
            resumed: connection.previous.as_ref().is_some_and(|previous| previous.continues),
            previous: connection
                .previous
                .as_ref()
                .filter(|previous| previous.end == PreviousEnd::Open)
                .map(|previous| (previous.stream, previous.last_frame)),
            checksums_tell: connection.clues.has_valid(packet.direction),
            answered: None,
        };
        let answered = (!with_ack).then(|| case.peer.recent_with_ack(segment.seq)).flatten();
        case.answered = answered.filter(|answered| case.is_in_time(answered.at)).copied();
        case
    }

    /// The time that an answer of this side takes, as seen here.
    pub(super) fn path(&self) -> Option<Nanos> {
        self.handshake.answer_time(self.packet.direction).or(self.peer.estimator.smoothed())
    }

    /// Returns `true` if the RST can be a kernel's answer to a packet captured at `then`: not sooner than the path
    /// allows, and not long after that. A kernel answers at once.
    pub(super) fn can_answer(&self, then: OptTime) -> bool {
        self.is_in_time(then) && self.packet.since(then).is_none_or(|age| !self.is_too_soon(age))
    }

    /// Returns `true` if an answer of this side, or of a host on the path, to a packet captured at `then` can be this
    /// late.
    fn is_in_time(&self, then: OptTime) -> bool {
        let path = self.path().unwrap_or_default();
        self.packet.since(then).is_none_or(|age| age <= path.plus(path).plus(ANSWERED_WITHIN))
    }

    /// Returns `true` if the path takes far longer than `age`.
    pub(super) fn is_too_soon(&self, age: Nanos) -> bool {
        self.path().is_some_and(|path| path >= COMPARABLE_RTT && age.0 < path.0 / 2)
    }

    /// Bytes of sequence space that the peer sent and this side never acknowledged before the RST.
    pub(super) fn lost(&self) -> u32 {
        self.peer.snd_nxt.zip(self.own.ack_sent).map_or(0, |(next, acked)| next.distance(acked).max(0).unsigned_abs())
    }

    /// Those of them that no RST before has reported as lost.
    pub(super) fn newly_lost(&self) -> u32 {
        let reported = self.own.loss().resets.reported.zip(self.peer.snd_nxt);
        let since = reported.map(|(reported, next)| next.distance(reported).max(0).unsigned_abs());
        since.map_or(self.lost(), |since| since.min(self.lost()))
    }

    /// The same with what the RST itself acknowledges.
    pub(super) fn unacked(&self) -> u32 {
        let numbers = self.peer.snd_nxt.map_or(0, |next| next.distance(self.segment.ack).max(0).unsigned_abs());
        // SYN and FIN are no bytes
        let syn = self.peer.isn.is_some_and(|isn| !self.segment.ack.is_after(isn));
        let fin =
            self.peer.fin.is_some_and(|fin| Some(fin.end) == self.peer.snd_nxt && self.segment.ack.is_before(fin.end));
        numbers.saturating_sub(u32::from(syn) + u32::from(fin))
    }

    /// Returns `true` if this side had closed its socket or reset the connection.
    pub(super) fn is_gone(&self) -> bool {
        self.own.fin.is_some() || self.own.reset.is_some()
    }

    /// Returns `true` if this side can have closed or reset before the segment arrived. A segment captured a round trip
    /// before the FIN had arrived before the FIN was sent.
    pub(super) fn can_meet_closed(&self, answered: Recent) -> bool {
        let path = self.path().unwrap_or_default();
        let early = |fin: Fin| fin.at.since(answered.at).is_some_and(|before| before.0 > path.0 / 4 * 3);
        self.own.reset.is_some() || self.own.fin.is_some_and(|fin| !early(fin))
    }

    /// The frames that acknowledged both FINs, the later one last.
    pub(super) fn over(&self) -> Option<(u64, u64)> {
        let acked = |side: &TcpEndpoint| side.fin.and_then(|fin| fin.acked_by).map(NonZeroU64::get);
        let (own, peer) = (acked(self.own)?, acked(self.peer)?);
        Some((own.min(peer), own.max(peer)))
    }

    /// The SYN that waits for an answer of this side, which has sent none of its own.
    pub(super) fn refused_syn(&self) -> Option<u64> {
        self.answered_syn().filter(|_| self.acks_syn())
    }

    /// The same, whatever number the RST acknowledges.
    pub(super) fn answered_syn(&self) -> Option<u64> {
        let Self { own, peer, segment, .. } = self;
        let refuses = self.with_ack
            && own.isn.is_none()
            && peer.isn.is_some()
            && !(peer.syn_with_ack || self.resumed)
            && own.snd_nxt.is_none_or(|next| next == segment.seq);
        refuses.then(|| peer.last_syn().or(peer.syn.map(|(syn, _)| syn.get()))).flatten()
    }

    /// Returns `true` if its ACK number covers a SYN of the peer, and nothing that the peer has not sent.
    pub(super) fn acks_syn(&self) -> bool {
        let (peer, ack) = (self.peer, self.segment.ack);
        let within =
            peer.isn.is_some_and(|isn| ack.is_after(isn)) && peer.snd_nxt.is_none_or(|next| !ack.is_after(next));
        within || peer.has_asked_with(SeqNumber(ack.0.wrapping_sub(1)))
    }

    /// Returns the time since the frame of another conversation was captured.
    pub(super) fn time_since(&self, then: Option<Timestamp>) -> Option<Nanos> {
        Some(self.others.time?.since(then?))
    }

    /// Returns `true` if it answers the only segment captured, so that nothing shows a connection.
    pub(super) fn is_answer_to_first(&self) -> bool {
        let bare = self.peer.newest().is_some_and(|first| first.len == 0);
        bare && self.peer.recent_next == 1 && self.own.newest().is_none() && self.peer.isn.is_none()
    }

    /// The facts from other conversations about the port that sends the RST.
    pub(super) fn host(&self) -> HostFacts {
        self.others.hosts.of(self.segment.source)
    }

    /// The traced call that became this RST.
    pub(super) fn closing_call(&self) -> Option<ClosingCall> {
        self.others.closing.get(&self.packet.frame).copied()
    }

    /// Bytes of the client's request that the server's echo has not come to, where it had begun.
    pub(super) fn unechoed_request(&self) -> u32 {
        match self.packet.direction {
            Direction::ServerToClient => self.others.echo.unechoed_request(),
            Direction::ClientToServer => 0,
        }
    }

    /// Returns `true` if data of the peer may be unread although this side has answered: no echo shows that all of it
    /// was read.
    pub(super) fn may_be_unread(&self) -> bool {
        let echoed = self.packet.direction == Direction::ServerToClient && self.others.echo.gave_all_back();
        self.peer.sent.last_data().is_some() && !echoed
    }

    /// Returns `true` if its ACK number covers data of the peer.
    pub(super) fn acks_data(&self) -> bool {
        self.with_ack && self.peer.isn.is_some_and(|isn| self.segment.ack.is_after(isn.plus(1)))
    }

    /// Segments of the peer that came for a socket that was closed, and that no RST has answered.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        let resets = &self.own.loss().resets;
        let rest = resets.rest.filter(|rest| rest.count > 0 && self.can_answer(rest.at));
        let open = |sent: &&SentSegment| sent.acked_by.is_none();
        let open = self.peer.sent.iter().filter(open).map(|sent| (sent.last.0, sent.last.1, sent.len));
        let open = open.chain(resets.open.iter().copied()).chain(self.acks_in_flight());
        let open = open.filter(|(frame, ..)| *frame > resets.answered);
        let mut waiting: Option<Waiting> = None;
        for (frame, _, len) in open.filter(|(frame, at, _)| self.can_answer(*at) && self.fits_number(*frame)) {
            let data = len > 0;
            let so_far = waiting.unwrap_or(Waiting { first: frame, last: frame, count: 0, data });
            waiting = Some(Waiting {
                first: so_far.first.min(frame),
                last: so_far.last.max(frame),
                count: so_far.count.saturating_add(1),
                data: so_far.data || data,
            });
        }
        let Some(rest) = rest else { return waiting };
        // they are taken to have arrived in order, so one that is left is the last
        let first = if rest.count == 1 { rest.frames.1 } else { rest.frames.0 };
        let before = waiting.unwrap_or(Waiting { first, last: 0, count: 0, data: true });
        let count = before.count.saturating_add(rest.count);
        Some(Waiting { last: rest.frames.1.max(before.last), count, ..before })
    }

    /// Returns `true` if the RST's number can come from the segment in this frame: without ACK it is the segment's ACK
    /// number (RFC 9293 §3.10.7.1). Also `true` if that number is no longer remembered.
    fn fits_number(&self, frame: u64) -> bool {
        let acked = self.peer.recent.iter().find(|recent| recent.frame == frame).and_then(Recent::ack);
        self.with_ack || acked.is_none_or(|ack| ack == self.segment.seq)
    }

    /// ACKs without data of the peer that arrived after this side's RST had ended the connection, but left before that RST
    /// was captured: they take no place in the sequence space, and a closed socket answers them all the same.
    fn acks_in_flight(&self) -> impl Iterator<Item = (u64, OptTime, u32)> + '_ {
        let ended_at = self.own.reset.map_or(OptTime::UNKNOWN, |_| self.own.loss().resets.ended_at);
        let path = self.path().unwrap_or_default().0;
        let in_flight = move |recent: &&Recent| {
            let bare = recent.len == 0 && !recent.syn && !recent.fin && !recent.copy;
            let answered = recent.ack() == Some(self.segment.seq) && !self.with_ack;
            // what left a round trip before the RST came had arrived before that was sent
            let late = ended_at.since(recent.at).is_some_and(|before| before.0 >= 0 && before.0 < path / 4 * 3);
            recent.frame > 0 && bare && answered && late
        };
        self.peer.recent.iter().filter(in_flight).map(|recent| (recent.frame, recent.at, 0))
    }

    /// The RST of the same side with the same numbers right before this one.
    pub(super) fn same_before(&self) -> Option<(u64, Nanos)> {
        let before = &self.own.loss().resets;
        let same = before.frame == self.last.0
            && before.seq == self.segment.seq
            && before.ack == self.with_ack.then_some(self.segment.ack);
        Some((before.frame, self.packet.since(before.at)?)).filter(|(frame, _)| same && *frame > 0)
    }

    /// Returns the time without any packet before the RST.
    pub(super) fn silence(&self) -> Option<Nanos> {
        self.packet.since(self.last.1)
    }

    /// The last data segment of the peer.
    pub(super) fn last_data(&self) -> Option<NonZeroU64> {
        self.peer.sent.last_data().and_then(|sent| NonZeroU64::new(sent.frame))
    }

    /// A number of this side as it is shown.
    pub(super) fn relative(&self, number: SeqNumber) -> u32 {
        number.relative_to(self.own.seq_base.unwrap_or_default())
    }

    /// The proof that it answers a segment.
    pub(super) fn answers(&self, frame: u64) -> ResetProof {
        ResetProof { answers: NonZeroU64::new(frame), ..ResetProof::default() }
    }
}
