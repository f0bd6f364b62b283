//! Why a side sends a RST.
//!
//! The order of [`RESET`] is the argument: refusals first, then segments that end nothing, then answers to a segment that
//! came for a connection which its receiver no longer has, then another sender, then the program's own close.

mod abort;
mod case;
mod closed;
mod duplicate;
mod foreign;
mod gave_up;
mod gone;
mod idle;
mod mptcp;
mod over;
mod reason;
mod refused;
mod syn;
mod tls;
mod unacceptable;
mod unknown;
mod unread;

use std::num::NonZeroU64;

pub(in crate::track) use case::Elsewhere;
pub use case::ResetCase;
pub(in crate::track) use mptcp::MP_FASTCLOSE;
pub(in crate::track) use tls::{ALERT as TLS_ALERT, is_alert};

use super::{Family, Rule, Verdict, Words, first};
use crate::model::{FindingCode, Nanos};
use crate::track::cause::{Cause, CauseEvent};

/// The causes of a RST.
#[derive(Clone, Copy, Debug)]
pub struct ResetFamily;

impl Family for ResetFamily {
    type Case<'a> = ResetCase<'a>;
    type Proof = ResetProof;
    type Effect = ResetEffect;
}

/// The frames and numbers that prove a cause; each rule says what they are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetProof {
    /// The frame that the RST answers.
    pub answers: Option<NonZeroU64>,
    /// Where it may answer a later one as well: the last of these.
    pub or_to: Option<NonZeroU64>,
    /// An earlier frame that the cause rests on: the FIN, the RST before, the frame that carried the last data.
    pub before: Option<NonZeroU64>,
    /// A second one.
    pub also: Option<NonZeroU64>,
    /// Payload bytes concerned.
    pub bytes: u32,
    /// A relative sequence number.
    pub number: u32,
    /// How often.
    pub count: u16,
    /// A time: of silence, or since a frame.
    pub waited: Option<Nanos>,
    /// TTL of the RST, and of its sender's other packets.
    pub ttl: Option<(u8, u8)>,
    /// IP identification of the RST, and of its sender's last segment.
    pub ip_id: Option<(u16, u16)>,
    /// A yes or no that the sentence depends on.
    pub flag: bool,
}

/// What a RST changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// It ends the connection.
    Connection,
    /// It refuses the connection: a closed port has no connection, and no numbers of its own.
    Attempt,
    /// Its receiver ignores it.
    Nothing,
    /// Its receiver asks with a challenge ACK whether it was meant (RFC 5961 §3.2).
    Unconfirmed,
    /// The connection had ended before.
    Over,
}

/// Consequences of a RST.
#[derive(Clone, Copy)]
pub struct ResetEffect {
    /// What it changes.
    pub ends: Ends,
    /// Its sender has the connection up to this RST; else it answers for one that it does not know.
    pub has_connection: bool,
    /// Its sender had lost the connection before, without a FIN or RST that the capture shows.
    pub half_open: bool,
    /// It was sent by the host whose address it bears, as far as the capture shows.
    pub by_host: bool,
    /// The sentence of its step.
    pub(crate) sentence: fn(&ResetProof, &Words<'_>) -> String,
}

impl ResetEffect {
    /// A RST that ends the connection of the host that sent it.
    const fn ends(sentence: fn(&ResetProof, &Words<'_>) -> String) -> Self {
        Self { ends: Ends::Connection, has_connection: true, half_open: false, by_host: true, sentence }
    }

    /// A RST that changes nothing or something else.
    const fn of(ends: Ends, sentence: fn(&ResetProof, &Words<'_>) -> String) -> Self {
        Self { ends, ..Self::ends(sentence) }
    }

    /// Whether the RST's own sequence number is one of the connection.
    pub fn is_numbered(&self) -> bool {
        self.ends != Ends::Attempt
    }

    /// Whether the connection is the same after it.
    pub fn is_ignored(&self) -> bool {
        matches!(self.ends, Ends::Nothing | Ends::Unconfirmed)
    }
}

/// Every cause of a RST that is known here, the first that applies wins.
pub(crate) static RESET: &[Rule<ResetFamily>] = &[
    syn::NO_ACK,
    duplicate::REFUSAL,
    refused::AGAIN,
    refused::LISTENING,
    refused::ECN,
    refused::CLOSED_PORT,
    syn::BAD_ACK,
    syn::REPEATED,
    duplicate::SAME,
    unacceptable::AT_FIN,
    unacceptable::ONE_PAST,
    unacceptable::IN_WINDOW,
    unacceptable::OUTSIDE,
    over::LATER,
    gave_up::PROBE,
    gave_up::DATA,
    mptcp::FAST_CLOSE,
    mptcp::ANSWERS_FAST_CLOSE,
    mptcp::RESET_OPTION,
    reason::TEXT,
    closed::LATE_COPY,
    closed::AFTER_FOREIGN,
    closed::AFTER_FIN,
    closed::AFTER_RST,
    gone::AFTER_PEER_RST,
    syn::UNWANTED,
    gone::CONFIRMED,
    foreign::ANSWERS,
    gone::STALE,
    gone::KEEP_ALIVE,
    gone::HALF_OPEN,
    foreign::ON_ITS_OWN,
    unknown::ONE_WAY,
    unread::NOT_ARRIVED,
    idle::SILENCE,
    unknown::NO_ACK_NO_QUESTION,
    tls::CLOSE_NOTIFY,
    unread::AFTER_OWN_FIN,
    abort::AT_ONCE,
    abort::AFTER_ANSWER,
    unread::UNREAD,
    abort::NOT_ACCEPTED,
    abort::ABORT,
];

/// Why this RST was sent.
pub(in crate::track) fn judge(case: &ResetCase<'_>) -> Option<Verdict<ResetFamily>> {
    first(RESET, case).map(|(rule, proof)| Verdict { rule, proof })
}

/// A rule whose cause is the arrival of the segment that the RST answers.
const fn answering(
    code: FindingCode,
    label: &'static str,
    rfc: &'static [&'static str],
    effect: ResetEffect,
    applies: for<'a, 'b> fn(&'b ResetCase<'a>) -> Option<ResetProof>,
    says: fn(&ResetProof, &Words<'_>) -> String,
) -> Rule<ResetFamily> {
    Rule { code, label, rfc, effect, applies, cause: arrival, candidates: super::no_candidates, says, frames }
}

fn arrival(proof: &ResetProof) -> Cause {
    Cause::arrival(proof.answers, "reset")
}

fn unknown_cause(_: &ResetProof) -> Cause {
    Cause::UNKNOWN
}

fn close_call(_: &ResetProof) -> Cause {
    CLOSE
}

/// The frames of a proof.
fn frames(proof: &ResetProof) -> [u64; 6] {
    let [a, b, c, d] = [proof.before, proof.also, proof.answers, proof.or_to].map(number);
    [a, b, c, d, 0, 0]
}

fn number(frame: Option<NonZeroU64>) -> u64 {
    frame.map_or(0, NonZeroU64::get)
}

/// A program closes its socket, or its host does so when the program ends.
const CLOSE: Cause = Cause::of(CauseEvent::Call, "close");
const EXIT: Cause = Cause::of(CauseEvent::Call, "exit");
/// A timer for idle connections.
const IDLE_TIMER: Cause = Cause::of(CauseEvent::Timer, "idle");
/// Another host sent the RST with its sender's address.
const FORGED: Cause = Cause::of(CauseEvent::Network, "forged");

/// `1 byte`, `12 bytes`.
fn bytes(count: u32) -> String {
    crate::model::counted(u64::from(count), "byte")
}

/// `Frame 15`, `One of frames 12 to 15`.
fn one_of(proof: &ResetProof) -> String {
    match (number(proof.answers), number(proof.or_to)) {
        (first, last) if last > first && proof.count == 2 => format!("frame {first} or {last}"),
        (first, last) if last > first => format!("one of frames {first} to {last}"),
        (first, _) => format!("frame {first}"),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
