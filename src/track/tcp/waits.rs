//! The waits of a TCP connection: each interval between two segments is attributed to its cause.
//!
//! The segment that ends a wait shows its reason: data that answers the peer ends a wait for the network and then for
//! its sender's program; data that leaves right after an ACK, following a full segment, ends a wait for that ACK. A
//! bare ACK ends no wait by itself: the time up to it stays open until the next segment shows what the wait was for.
//!
//! The time of the path beyond the capture is known from the handshake and from the quickest ACK of each side. At the
//! client that is the round trip for the server's segments and nothing for its own, at the server the other way round,
//! and on one host nothing for either: no other knowledge of the capture point is needed.

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::time_ledger::OpenAck;
use crate::model::thresholds::{AT_ONCE, COMPARABLE_RTT, DELAYED_ACK, MAX_DELAYED_ACK, MIN_MTU_SEGMENT, MIN_RTO};
use crate::model::{Direction, Nanos, OptTime, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::cause::{Candidates, Cause, CauseEvent};
use crate::track::event::TcpFacts;
use crate::track::facts::SegmentRole;
use crate::track::ledger::{OpenLedger, Wait};
use crate::track::packet_ref::PacketRef;

/// An ACK that comes in less than this fraction of the handshake's time comes from a nearer host.
const NEARER: i64 = 8;

/// The conclusion from a segment about the wait before it.
#[derive(Clone, Copy, Debug)]
enum WaitEvidence {
    /// Nothing: the wait goes on.
    Nothing,
    /// The wait was for this.
    Wait(Wait),
    /// The same, from the data before on: a bare ACK between was a part of it.
    WholeWait(Wait),
    /// An ACK of data that is being repaired.
    RepairAck,
    /// A bare ACK of new data, or a window update: the next segment shows who waited for it.
    Ack,
    /// New data, a FIN, or the close of a whole MPTCP connection.
    Data,
    /// A RST that the program of its sender caused.
    Abort,
    /// A RST in answer to the newest segment, which may be one that its receiver does not accept.
    Answer,
}

impl Connection {
    /// Attributes the time since the segment before. Called when all of its facts are known.
    #[inline]
    pub(super) fn account(&mut self, packet: &PacketRef, segment: &Segment, copied: bool, facts: &TcpFacts) {
        let sender = packet.direction;
        let shows = match self.shows(sender, segment, copied, facts) {
            WaitEvidence::Data | WaitEvidence::Ack | WaitEvidence::Wait(Wait::Network)
                if self.skips_packets(packet) =>
            {
                WaitEvidence::Wait(Wait::Unknown)
            }
            shows => shows,
        };
        if matches!(shows, WaitEvidence::Nothing) {
            self.time.apart = packet.at.get().filter(|_| facts.unacceptable.is_some());
            return;
        }
        if let Some(at) = packet.at.get() {
            let place = (at, packet.frame);
            match shows {
                WaitEvidence::Ack => {
                    let seen = &facts.observations;
                    self.keep_open(sender, place, (seen.window_opened.is_some(), seen.delayed_ack.is_some()));
                }
                WaitEvidence::Data => self.attribute_data(sender, place, segment, facts.observations.idle.is_some()),
                WaitEvidence::Wait(wait) => {
                    self.close_ack();
                    self.time.ledger.attribute(wait, at, packet.frame);
                }
                WaitEvidence::RepairAck => {
                    self.close_ack();
                    self.attribute_repair(sender, place);
                }
                WaitEvidence::WholeWait(wait) => {
                    self.time.open_ack = None;
                    self.time.ledger.attribute(wait, at, packet.frame);
                }
                WaitEvidence::Abort => self.attribute_abort(sender, place),
                WaitEvidence::Answer => self.attribute_answer(place),
                WaitEvidence::Nothing => {}
            }
        }
        self.time.apart = None;
        let again = facts.retransmission.is_some_and(|again| again.is_retransmitted());
        let own = self.endpoints.get(sender);
        if again {
            *self.time.recovers.get_mut(sender) = own.snd_nxt;
        }
        let repaired = |until: SeqNumber| peer_has(own, until);
        if self.time.recovers.get(!sender).is_some_and(repaired) {
            *self.time.recovers.get_mut(!sender) = None;
        }
        self.note_flow(sender, segment);
    }

    /// The same for a segment that was predicted.
    #[inline]
    pub(super) fn account_predicted(&mut self, packet: &PacketRef, segment: &Segment, role: SegmentRole) {
        if let Some(at) = packet.at.get() {
            let place = (at, packet.frame);
            match role {
                _ if self.skips_packets(packet) => {
                    self.close_ack();
                    self.time.ledger.attribute(Wait::Unknown, at, packet.frame);
                }
                SegmentRole::Ack => self.keep_open(packet.direction, place, (false, false)),
                SegmentRole::Data | SegmentRole::Fin { .. } => {
                    self.attribute_data(packet.direction, place, segment, false);
                }
                _ => {
                    self.close_ack();
                    self.time.ledger.attribute(Wait::Network, at, packet.frame);
                }
            }
        }
        self.note_flow(packet.direction, segment);
    }

    /// Notes which side has something in flight or is blocked, with the current segment.
    #[inline]
    fn note_flow(&mut self, sender: Direction, segment: &Segment) {
        let (own, peer) = (self.endpoints.get(sender), self.endpoints.get(!sender));
        let (in_flight, peers_in_flight) = (is_in_flight(own, peer), is_in_flight(peer, own));
        let time = &mut self.time;
        time.last = Some(sender);
        *time.in_flight.get_mut(sender) = in_flight;
        *time.in_flight.get_mut(!sender) = peers_in_flight;
        if segment.len > 0 || segment.flags.contains(TcpFlags::FIN) {
            time.turn = Some(sender);
        }
        if segment.len > 0 {
            let full = is_full(own, peer, segment);
            *time.full.get_mut(sender) = full;
            *time.more.get_mut(sender) = full && !segment.flags.contains(TcpFlags::PSH);
            *time.blocked.get_mut(sender) = is_blocked(own, peer, in_flight);
        }
        if segment.flags.contains(TcpFlags::ACK) {
            *time.blocked.get_mut(!sender) = is_blocked(peer, own, peers_in_flight);
        }
    }

    /// The ledger of a connection whose last frame came at `end`; it moves out.
    pub(in crate::track) fn ledger(&mut self, end: OptTime) -> OpenLedger {
        if end.get().is_some() {
            self.close_ack();
        }
        std::mem::take(&mut self.time.ledger)
    }

    /// An ICMP error: an answer of the network.
    pub(super) fn account_error(&mut self, packet: &PacketRef) {
        if let Some(at) = packet.at.get().filter(|_| self.time.open_ack.is_none()) {
            self.time.ledger.attribute(Wait::Network, at, packet.frame);
        }
    }

    #[inline]
    fn shows(&self, sender: Direction, segment: &Segment, copied: bool, facts: &TcpFacts) -> WaitEvidence {
        let seen = &facts.observations;
        let not_sent = facts.unacceptable.is_some_and(|(rule, _)| !rule.effect.was_sent);
        if copied || not_sent {
            return WaitEvidence::Nothing;
        }
        if seen.capture_gap.is_some() {
            return WaitEvidence::Wait(Wait::Unknown);
        }
        if let Some(again) = facts.retransmission {
            return match () {
                () if again.is_duplicate() => WaitEvidence::Nothing,
                () if again.is_late() => WaitEvidence::Wait(Wait::Network),
                () => WaitEvidence::Wait(of_cause(&again.cause(), &again.candidates(), sender)),
            };
        }
        if let Some(reset) = &facts.reset {
            let wait = of_cause(&reset.cause(), &reset.candidates(), sender);
            return match wait {
                Wait::Unknown if seen.idle.is_some() && !self.time.is_any_in_flight() => WaitEvidence::Wait(Wait::Idle),
                Wait::ClientApplication | Wait::ServerApplication => WaitEvidence::Abort,
                Wait::Network => WaitEvidence::Answer,
                wait => WaitEvidence::Wait(wait),
            };
        }
        if let Some(probe) = facts.probe {
            return WaitEvidence::Wait(probe.waited());
        }
        if let Some(wait) = &seen.wait {
            return WaitEvidence::WholeWait(wait.rule.effect);
        }
        if seen.probe_with_new_data.is_some() {
            return WaitEvidence::Wait(Wait::Timeout);
        }
        let in_recovery = |side: Direction| self.time.recovers.get(side).is_some();
        if segment.len > 0 || segment.flags.contains(TcpFlags::FIN) || segment.options.other.has_fastclose() {
            return match () {
                // without the peer's ACKs the end of the repair does not show
                () if in_recovery(sender) && self.endpoints.get(!sender).ack_sent.is_none() => {
                    WaitEvidence::Wait(Wait::Unknown)
                }
                () if in_recovery(sender) => WaitEvidence::Wait(Wait::Recovery),
                // an ACK let it go
                () if seen.limited_transmit.is_some() => WaitEvidence::WholeWait(Wait::Congestion),
                () => WaitEvidence::Data,
            };
        }
        match facts.role {
            SegmentRole::Ack if in_recovery(!sender) => WaitEvidence::RepairAck,
            // a gap was reported: the next segment shows what comes of it
            SegmentRole::Ack if !segment.options.sack.is_empty() => WaitEvidence::Ack,
            SegmentRole::Ack if seen.window_opened.is_some() => WaitEvidence::Ack,
            SegmentRole::Ack if facts.acked.is_some() || *self.time.blocked.get(!sender) => WaitEvidence::Ack,
            SegmentRole::Ack | SegmentRole::Odd => WaitEvidence::Nothing,
            _ => WaitEvidence::Wait(Wait::Network),
        }
    }

    /// Leaves the time up to a bare ACK open.
    #[inline]
    fn keep_open(&mut self, sender: Direction, (at, frame): (Nanos, u64), (reopens, delayed): (bool, bool)) {
        let window = *self.time.blocked.get(!sender);
        let before = self.time.open_ack.filter(|open| open.sender == sender);
        if before.is_none() {
            self.close_ack();
        }
        let was = |holds: fn(&OpenAck) -> bool| before.as_ref().is_some_and(holds);
        self.time.open_ack = Some(OpenAck {
            sender,
            at,
            frame,
            window: window || was(|open| open.window),
            reopens: reopens || was(|open| open.reopens),
            delayed: delayed || was(|open| open.delayed),
        });
    }

    /// An ACK during recovery: what the path and a delayed ACK do not explain is unknown.
    fn attribute_repair(&mut self, sender: Direction, (at, frame): (Nanos, u64)) {
        let path = self.path_beyond(sender).unwrap_or_default();
        let usual = path.plus(MAX_DELAYED_ACK);
        let ledger = &mut self.time.ledger;
        match ledger.open(at) > usual {
            true => ledger.split((Wait::Recovery, path), Wait::Unknown, at, frame),
            false => ledger.attribute(Wait::Recovery, at, frame),
        }
    }

    /// No data shows who waited for the ACK: the network carried it, and a timer may have delayed it.
    fn close_ack(&mut self) {
        let Some(open) = self.time.open_ack.take() else { return };
        let path = self.path_beyond(open.sender);
        let late = path.map(|path| self.time.ledger.open(open.at).minus(path));
        let ledger = &mut self.time.ledger;
        match () {
            () if open.reopens => ledger.attribute(Wait::Window, open.at, open.frame),
            () if open.delayed || late.is_some_and(|late| (DELAYED_ACK..=MAX_DELAYED_ACK).contains(&late)) => {
                ledger.split((Wait::Network, path.unwrap_or_default()), Wait::DelayedAck, open.at, open.frame);
            }
            () => ledger.attribute(Wait::Network, open.at, open.frame),
        }
    }

    /// A RST of the program of `sender`, which is as far as its answer in the handshake.
    #[cold]
    fn attribute_abort(&mut self, sender: Direction, (at, frame): (Nanos, u64)) {
        self.close_ack();
        match self.path_to_program(sender) {
            Some(path) => self.time.ledger.split((Wait::Network, path), of_program(sender), at, frame),
            None => self.time.ledger.attribute(Wait::Unknown, at, frame),
        }
    }

    /// A RST in answer to a segment that ended no wait itself: only the time since that one is the answer's.
    #[cold]
    fn attribute_answer(&mut self, (at, frame): (Nanos, u64)) {
        self.close_ack();
        let before = self.time.apart.map_or(Nanos(0), |apart| self.time.ledger.open(apart));
        self.time.ledger.split((Wait::Unknown, before), Wait::Network, at, frame);
    }

    /// New data or a FIN, `idle` after a silence: it ends a wait for its sender's program, unless an ACK released it.
    fn attribute_data(&mut self, sender: Direction, (at, frame): (Nanos, u64), segment: &Segment, idle: bool) {
        let program = of_program(sender);
        let open = self.time.open_ack.take();
        let path = self.path_to_program(sender);
        if idle && !self.is_asked(sender) {
            self.time.open_ack = open;
            self.close_ack();
            let wait = match () {
                () if *self.time.blocked.get(sender) => Wait::Window,
                // who waits for an ACK is not idle
                () if self.time.is_any_in_flight() => Wait::Unknown,
                () => Wait::Idle,
            };
            return self.time.ledger.attribute(wait, at, frame);
        }
        let full = *self.time.full.get(sender);
        let is_streaming = full && open.is_some() && segment.len > 0;
        let pending = is_streaming.then(|| self.waits_with_more(sender, at)).flatten();
        if segment.len > 0 && *self.time.more.get(sender) && self.may_hide_a_loss(sender, at) {
            // either its program paused, or the next segment was lost before the capture and this retransmits it
            return self.time.ledger.attribute(Wait::Unknown, at, frame);
        }
        let ledger = &mut self.time.ledger;
        if let Some(open) = open.filter(|open| open.sender != sender) {
            let since = at.minus(open.at).0;
            let reaction = path.unwrap_or_default().0.saturating_mul(5) / 4;
            let released = since <= reaction.saturating_add(AT_ONCE.0) && segment.len > 0;
            let wait = match () {
                () if released && open.window => Wait::Window,
                () if released && full && open.delayed => Wait::DelayedAck,
                () if released && full => Wait::Congestion,
                () => pending.unwrap_or(program),
            };
            return ledger.attribute(wait, at, frame);
        }
        // its stream goes on: what it waits for is no answer
        let streams = full && *self.time.in_flight.get(sender) || *self.time.more.get(sender);
        match (self.time.last, path) {
            _ if streams && segment.len > 0 => ledger.attribute(Wait::Congestion, at, frame),
            (Some(last), _) if last == sender && open.is_none() => ledger.attribute(program, at, frame),
            (_, Some(path)) => ledger.split((Wait::Network, path), program, at, frame),
            (_, None) => ledger.attribute(Wait::Unknown, at, frame),
        }
    }

    /// IP identifications show that a packet of the segment's sender was not captured in a wait that is longer than the path:
    /// it may have been lost before the capture, and the segment be its retransmission.
    #[inline]
    fn skips_packets(&self, packet: &PacketRef) -> bool {
        let sender = packet.direction;
        self.endpoints.get(sender).ip_id_steps.has_skipped()
            && packet.at.get().is_some_and(|at| self.is_longer(sender, at))
    }

    /// The wait takes longer than the path to `sender` and back, and the capture was not made there.
    #[cold]
    fn is_longer(&self, sender: Direction, at: Nanos) -> bool {
        let wait = self.time.ledger.open(at);
        // the handshake's time shows no path where it is this wait
        let path = self.path_beyond(sender).filter(|path| *path != wait).unwrap_or_default();
        let longest = Nanos(path.0.saturating_mul(5) / 4).plus(AT_ONCE);
        wait > longest && !self.is_captured_at(sender)
    }

    /// The wait of a sender whose last segment was full, and which the peer has not answered: it had more, and the rest waits
    /// for its congestion window or pacing, unless it is known to wait for no ACK. Without the handshake a large segment
    /// may not be full, which leaves its program.
    fn waits_with_more(&self, sender: Direction, at: Nanos) -> Option<Wait> {
        let is_full = *self.time.more.get(sender) || self.endpoints.get(!sender).mss.is_some();
        let streams = self.time.turn == Some(sender) && self.time.ledger.open(at) < MIN_RTO;
        let waits = streams && (*self.time.in_flight.get(sender) || !self.is_captured_at(sender));
        waits.then_some(if is_full { Wait::Congestion } else { Wait::Unknown })
    }

    /// The wait is as long as a retransmission timer's, and the capture was not made at the sender, so that a segment which was
    /// lost before is not in it.
    fn may_hide_a_loss(&self, sender: Direction, at: Nanos) -> bool {
        self.time.ledger.open(at) >= MIN_RTO && !self.is_captured_at(sender)
    }

    /// The capture was made at `side`, so that it holds all that this side sent.
    fn is_captured_at(&self, side: Direction) -> bool {
        Measures::of(self.capture_point_evidence().capture_point, side) == Measures::RoundTrip
    }

    /// The peer sent data, or its FIN, and this side has not answered yet: its program has something to do.
    fn is_asked(&self, sender: Direction) -> bool {
        sender == Direction::ServerToClient && self.time.turn == Some(Direction::ClientToServer)
    }

    /// Returns the time from the capture to the program of `side` and back. If ACKs come far sooner than the
    /// handshake's answer, a host on the path (a NAT or proxy) sends them, and the program is as far as that answer.
    fn path_to_program(&self, side: Direction) -> Option<Nanos> {
        let path = self.path_beyond(side)?;
        let opening = self.handshake.answer_time(side).unwrap_or(path);
        let nearer = opening >= COMPARABLE_RTT && path.0 < opening.0 / NEARER;
        Some(if nearer { opening } else { path })
    }

    /// Returns the time from the capture to `side` and back; `None` if the capture does not show it.
    fn path_beyond(&self, side: Direction) -> Option<Nanos> {
        let quickest = self.endpoints.get(side).quickest_answer(self.handshake.answer_time(side));
        quickest.map(|path| path.max(Nanos(0)))
    }
}

/// Returns `true` if a side has acknowledged everything up to a number.
#[inline]
fn peer_has(side: &TcpEndpoint, until: SeqNumber) -> bool {
    side.ack_sent.is_some_and(|acked| !acked.is_before(until))
}

/// A full segment: its sender may have more. Without the MSS, one that is as large as any path allows.
#[inline]
fn is_full(own: &TcpEndpoint, peer: &TcpEndpoint, segment: &Segment) -> bool {
    if peer.mss.is_some() { own.is_full(peer, segment) } else { segment.len > MIN_MTU_SEGMENT }
}

/// Returns `true` if the peer has not acknowledged all that a side sent.
#[inline]
fn is_in_flight(own: &TcpEndpoint, peer: &TcpEndpoint) -> bool {
    let (Some(next), Some(acked)) = (own.snd_nxt, peer.ack_sent) else { return false };
    acked.is_before(next)
}

/// Returns `true` if the receiver's window has no room for another segment of `own`: a full one, or half of a window
/// that is smaller than two (RFC 9293 §3.8.6.2.1). `in_flight`: the peer has not acknowledged all that `own` sent.
#[inline]
fn is_blocked(own: &TcpEndpoint, peer: &TcpEndpoint, in_flight: bool) -> bool {
    let (Some(end), Some(next)) = (peer.window_end, own.snd_nxt) else { return false };
    if peer.window == 0 && peer.ack_sent.is_none_or(|acked| acked == end) {
        return true;
    }
    if !in_flight {
        return false;
    }
    let full = peer.mss.map_or(1, |mss| own.mss.map_or(mss, |own| own.min(mss)));
    let needed = u32::from(full).min(peer.window / 2);
    let room = end.0.wrapping_sub(next.0).cast_signed();
    i64::from(room) < i64::from(needed)
}

/// The program of a side.
fn of_program(side: Direction) -> Wait {
    match side {
        Direction::ClientToServer => Wait::ClientApplication,
        Direction::ServerToClient => Wait::ServerApplication,
    }
}

/// Returns the kind of wait that the cause of a segment ended; `candidates` if several causes are possible.
#[cold]
fn of_cause(cause: &Cause, candidates: &Candidates, sender: Direction) -> Wait {
    let of = |cause: &Cause| match (cause.event, cause.detail) {
        (CauseEvent::Timer, "persist") => Wait::Window,
        (CauseEvent::Timer, "keep_alive" | "idle") => Wait::Idle,
        (CauseEvent::Timer, "delayed_ack") => Wait::DelayedAck,
        (CauseEvent::Timer, _) => Wait::Timeout,
        (CauseEvent::Segment, "window_update") => Wait::Window,
        (CauseEvent::Segment, "reset" | "icmp" | "challenge_ack" | "syn_ack") => Wait::Network,
        (CauseEvent::Segment, _) => Wait::Recovery,
        (CauseEvent::Call, _) => of_program(sender),
        (CauseEvent::Network, _) => Wait::Network,
        (CauseEvent::Capture | CauseEvent::Unknown, _) => Wait::Unknown,
    };
    let mut all = candidates.iter().map(of);
    let Some(first) = all.next() else { return of(cause) };
    if all.all(|other| other == first) { first } else { Wait::Unknown }
}
