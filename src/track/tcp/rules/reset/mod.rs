//! The causes of a RST.
//!
//! The order of [`RESET`] is the argument: the proof by traced calls, refusals, then segments that end nothing, then
//! answers to a segment of a connection that its receiver no longer has, then another sender, then the program's own
//! close.

mod abort;
mod called;
pub(in crate::track) mod case;
mod closed;
mod corrupted;
mod duplicate;
pub(in crate::track) mod family;
mod foreign;
mod gave_up;
mod gone;
mod idle;
mod mptcp;
mod over;
pub(in crate::track) mod proof;
mod reason;
mod refused;
mod syn;
mod tls;
mod unacceptable;
mod unknown;
mod unread;
mod words;

pub(crate) use case::ResetCase;

pub(in crate::track) use case::OtherConversations;
pub(in crate::track) use mptcp::MP_FASTCLOSE;
pub(in crate::track) use tls::{ALERT as TLS_ALERT, is_alert};
pub(in crate::track::tcp) use unacceptable::UNCONFIRMED;

use super::rule::{Rule, Verdict, first};
use family::ResetFamily;

/// Every cause of a RST that is known here, the first that applies wins.
pub(crate) static RESET: &[Rule<ResetFamily>] = &[
    corrupted::CORRUPTED,
    called::LINGER,
    called::UNREAD,
    syn::NO_ACK,
    syn::WRONG_ACK,
    duplicate::REFUSAL,
    refused::AGAIN,
    refused::USED_PORTS,
    refused::LISTENING,
    refused::ECN,
    refused::CLOSED_PORT,
    syn::BAD_ACK_OF_SYN_ACK,
    syn::BAD_ACK,
    syn::REPEATED,
    duplicate::SAME,
    over::ENDED,
    unacceptable::AT_FIN,
    unacceptable::ONE_PAST,
    unacceptable::IN_WINDOW,
    unacceptable::REFUSES_ACCEPTED_SYN,
    unacceptable::OUTSIDE,
    over::LATER,
    gave_up::PROBE,
    gave_up::DATA,
    mptcp::FAST_CLOSE,
    mptcp::ANSWERS_FAST_CLOSE,
    mptcp::RESET_OPTION,
    reason::TEXT,
    gone::AFTER_PEER_RST,
    gone::CONFIRMED,
    closed::LATE_COPY,
    closed::AFTER_CLOSE,
    closed::AFTER_FOREIGN,
    closed::AFTER_FIN,
    closed::AFTER_RST,
    syn::WRONG_ECHO,
    syn::UNWANTED,
    foreign::ANSWERS,
    gone::STALE,
    gone::KEEP_ALIVE,
    gone::HALF_OPEN,
    over::BOTH_RESET,
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

/// Returns the reason why this RST was sent.
pub(in crate::track) fn judge(case: &ResetCase<'_>) -> Option<Verdict<ResetFamily>> {
    first(RESET, case).map(|(rule, proof)| Verdict { rule, proof })
}

#[cfg(test)]
mod tests;
