//! Segments that bring nothing and only ask: window probes (RFC 9293 §3.8.6.1) and keep-alives (RFC 1122 §4.2.3.6).
//!
//! Both look alike: one below the next number, empty or with one byte. A sender whose peer's window is zero asks for the
//! window; one that has nothing to send asks whether the peer is there.

use super::super::endpoint::TcpEndpoint;
use super::super::loss_state::{Asks, ZeroWindowPeriod};
use super::rule::{Family, Rule, Verdict, Words, no_candidates};
use crate::model::thresholds::{IDLE, MIN_RTO, NO_TIMER_WITHIN};
use crate::model::{FindingCode, Segment, SeqNumber, TcpFlags};
use crate::track::capture_point::Measures;
use crate::track::cause::{Cause, CauseEvent};
use crate::track::ledger::Wait;
use crate::track::packet_ref::PacketRef;

/// Rules for segments that only ask.
#[derive(Clone, Copy, Debug)]
pub struct Probes;

/// A segment that may only ask, and the two ends before it changes them.
#[derive(Debug)]
pub struct ProbeCase<'a> {
    pub(in crate::track) packet: &'a PacketRef,
    pub(in crate::track) segment: &'a Segment,
    pub(in crate::track) own: &'a TcpEndpoint,
    pub(in crate::track) peer: &'a TcpEndpoint,
    /// The times between the sender's segments and their ACKs, as captured here.
    pub(in crate::track) measures: Measures,
}

/// The frames that prove a probe; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeProof {
    /// The segment that closed the window.
    pub zero_window: u64,
    /// The window update that had not arrived.
    pub update: u64,
}

/// Consequences of a probe.
#[derive(Clone, Copy)]
pub struct ProbeEffect {
    /// The question.
    pub asks: Asks,
    /// The reason for the time before it, in the time ledger.
    pub waited: Wait,
    /// The sentence of its step.
    pub(crate) sentence: fn(&Words<'_>) -> String,
}

impl Family for Probes {
    type Case<'a> = ProbeCase<'a>;
    type Proof = ProbeProof;
    type Effect = ProbeEffect;
}

/// A segment that only asks.
pub(crate) type ProvenProbe = Verdict<Probes>;

/// Every kind of probe.
pub(crate) static PROBES: &[Rule<Probes>] =
    &[NEW_BYTE, OLD_NUMBER, UNPROMPTED_ACK, UPDATE_UNSEEN, KEEP_ALIVE_BYTE, KEEP_ALIVE];

impl ProbeCase<'_> {
    fn zero_window(&self) -> Option<ZeroWindowPeriod> {
        self.peer.loss.as_ref()?.zero_window
    }

    /// Everything is acknowledged, and the segment starts at the last number that was: a number that brings nothing. A
    /// byte with PSH is data that is retransmitted: no probe sets it.
    fn repeats_last_number(&self) -> bool {
        let Some(next) = self.own.snd_nxt else { return false };
        let probes = self.segment.len == 0 || self.segment.len == 1 && !self.segment.flags.contains(TcpFlags::PSH);
        // one with an older ACK was sent before the last number, and came late
        let current = self.own.ack_sent.is_none_or(|acked| !self.segment.ack.is_before(acked));
        probes && current && self.segment.seq.plus(1) == next && self.peer.ack_sent == Some(next)
    }

    /// A keep-alive timer can have sent it: it needs a pause, and a connection that is not closed on both sides.
    fn may_be_keep_alive(&self) -> bool {
        let last = self.own.newest().into_iter().chain(self.peer.newest()).map(|recent| recent.at);
        let quiet = last.into_iter().all(|at| self.packet.since(at).is_none_or(|since| since >= NO_TIMER_WITHIN));
        let acked = |side: &TcpEndpoint| side.fin.is_some_and(|fin| fin.acked_by.is_some());
        let over = acked(self.own) && acked(self.peer);
        quiet && !over && self.repeats_last_number()
    }

    /// An ACK that nothing prompted: it repeats its sender's last number, ACK and window, and nothing was sent for longer
    /// than the shortest timer.
    fn is_unprompted(&self) -> bool {
        let (own, peer, segment) = (self.own, self.peer, self.segment);
        let at_next = own.snd_nxt == Some(segment.seq) && peer.ack_sent == Some(segment.seq);
        let same_ack = own.ack_sent == Some(segment.ack);
        let same_window = u32::from(segment.window) << own.scale().unwrap_or(0) == own.window;
        let quiet = |at| self.packet.since(at).is_some_and(|since| since >= MIN_RTO);
        segment.len == 0 && at_next && same_ack && same_window && quiet(own.ack_at) && quiet(peer.ack_at)
    }

    /// The peer's FIN came with a window of zero, and this side may still send.
    fn closed_by_fin(&self) -> Option<ProbeProof> {
        let zero = self.peer.window == 0 && self.own.fin.is_none() && !self.peer.expects_nothing_from(self.own);
        let fin = self.peer.fin.filter(|_| zero)?;
        Some(ProbeProof { zero_window: fin.frame, update: 0 })
    }

    fn closed_by(&self) -> Option<ProbeProof> {
        self.zero_window().map(|closed| ProbeProof { zero_window: closed.frame.get(), update: 0 })
    }
}

const PERSIST: Cause = Cause::of(CauseEvent::Timer, "persist");
const KEEP_ALIVE_TIMER: Cause = Cause::of(CauseEvent::Timer, "keep_alive");

/// The byte after the last one, though the window has no room for it: BSD's and Windows's probe.
const NEW_BYTE: Rule<Probes> = Rule {
    code: FindingCode::ZeroWindowProbe,
    label: "zero-window probe",
    rfc: &["RFC 9293 §3.8.6.1"],
    effect: ProbeEffect {
        asks: Asks::Window,
        waited: Wait::Window,
        sentence: |words| {
            format!("{} asks whether the {}'s window has reopened: zero-window probe", words.sender, words.receiver)
        },
    },
    applies: |case| {
        let beyond = case.segment.len == 1 && case.own.snd_nxt == Some(case.segment.seq);
        case.closed_by().filter(|_| beyond)
    },
    cause: |_| PERSIST,
    candidates: no_candidates,
    says: |proof, words| asks_for_window(proof, words, "One byte beyond the window"),
    frames,
};

/// One below the next number: Linux's probe, which any receiver answers with an ACK.
const OLD_NUMBER: Rule<Probes> = Rule {
    applies: |case| case.closed_by().or_else(|| case.closed_by_fin()).filter(|_| case.repeats_last_number()),
    says: |proof, words| asks_for_window(proof, words, "A segment with an already acknowledged sequence number"),
    ..NEW_BYTE
};

/// A bare ACK at the next number, which a receiver may take for nothing but an ACK.
const UNPROMPTED_ACK: Rule<Probes> = Rule {
    applies: |case| case.closed_by().filter(|_| case.is_unprompted()),
    says: |proof, words| {
        let what = asks_for_window(proof, words, "An unsolicited pure ACK");
        format!("{what} It carries no data, so the {} need not answer.", words.receiver)
    },
    ..NEW_BYTE
};

/// The window has reopened, but its update has not reached the prober: it was lost, or is in transit. Where the capture
/// was made at the prober, an update in the capture has arrived.
const UPDATE_UNSEEN: Rule<Probes> = Rule {
    applies: |case| {
        let loss = case.peer.loss.as_ref().filter(|loss| loss.opened_in > 0 && loss.zero_window.is_none())?;
        let nothing_since = case.own.sent.last_data().is_none_or(|data| data.last.0 < loss.opened_in);
        let soon = case.packet.since(loss.opened_at).is_some_and(|since| since < IDLE);
        let unseen = case.measures != Measures::RoundTrip && nothing_since && (loss.probed || soon);
        let proof = ProbeProof { zero_window: 0, update: loss.opened_in };
        (unseen && case.repeats_last_number()).then_some(proof)
    },
    says: |proof, words| {
        format!(
            "The {} still probes a zero window (RFC 9293 §3.8.6.1): the window update in frame {} had not reached it. The update was lost, or is in transit.",
            words.sender, proof.update
        )
    },
    ..NEW_BYTE
};

/// The last byte again (RFC 1122 §4.2.3.6 allows it for old receivers; Windows sends it).
const KEEP_ALIVE_BYTE: Rule<Probes> = Rule {
    applies: |case| (case.segment.len == 1 && case.may_be_keep_alive()).then(ProbeProof::default),
    says: |_, words| {
        format!("Keep-alive: the {} sends its last acknowledged byte again (RFC 1122 §4.2.3.6).", words.sender)
    },
    ..KEEP_ALIVE
};

/// An empty segment, one below the next number.
const KEEP_ALIVE: Rule<Probes> = Rule {
    code: FindingCode::KeepAlive,
    label: "keep-alive",
    rfc: &["RFC 1122 §4.2.3.6"],
    effect: ProbeEffect {
        asks: Asks::Alive,
        waited: Wait::Idle,
        sentence: |words| format!("{} asks whether the {} is still there: keep-alive", words.sender, words.receiver),
    },
    applies: |case| (case.segment.len == 0 && case.may_be_keep_alive()).then(ProbeProof::default),
    cause: |_| KEEP_ALIVE_TIMER,
    candidates: no_candidates,
    says: |_, _| {
        "Keep-alive: empty, one below the next sequence number, with nothing unacknowledged (RFC 1122 §4.2.3.6)."
            .to_owned()
    },
    frames,
};

fn asks_for_window(proof: &ProbeProof, words: &Words<'_>, what: &str) -> String {
    format!(
        "The {}'s window has been zero since frame {}. {what} probes whether it has reopened (persist timer, RFC 9293 §3.8.6.1).",
        words.receiver, proof.zero_window
    )
}

fn frames(proof: &ProbeProof) -> [u64; 6] {
    [proof.zero_window, proof.update, 0, 0, 0, 0]
}

/// The keep-alive that a capture begins with, shown by its answer: the first segment of the peer carried one byte without
/// PSH, and the first ACK reports by DSACK that this byte had arrived before (RFC 2883).
pub(in crate::track) fn shown_by_dsack(segment: &Segment, own: &TcpEndpoint, peer: &TcpEndpoint) -> Option<u64> {
    let first = peer.newest().filter(|newest| newest.len == 1 && !newest.push)?;
    let only = peer.recent_next == 1 && own.recent_next == 0 && peer.isn.is_none();
    let byte = peer.sent.last_data().filter(|sent| sent.frame == first.frame && sent.end == segment.ack)?;
    let reported = *segment.options.sack.as_slice().first()?;
    let same = (SeqNumber(reported.0), SeqNumber(reported.1)) == (byte.seq, byte.end);
    (only && segment.len == 0 && same).then_some(first.frame)
}
