//! The close of a connection (RFC 9293 §3.6): the last segments of both sides, and the side that holds TIME-WAIT.
//!
//! [`CLOSES`] is asked once, when the connection's last frame is read. A reset comes first: it ends the connection
//! whatever the FINs before it say. Then two FINs, one FIN, and last the connections without any, where the order is that
//! of what excludes a close at all. `AFTER_CLOSE` is asked for each direction, and is about segments after a FIN or RST.

mod after;
mod case;
mod fins;
mod open;
mod reset;
#[cfg(test)]
mod tests;

pub(crate) use after::after;
pub use case::{CloseEffect, CloseProof, Closes, Reply, TimeWait};

use super::rule::{Rule, Verdict};
use crate::model::FindingSink;
use crate::track::totals::{ConversationTotals, TcpTotals};
use case::CloseCase;

/// Every way in which a connection is closed, or is not.
pub(crate) static CLOSES: &[Rule<Closes>] = &[
    reset::REFUSED,
    reset::BEFORE_OPEN,
    reset::RESET,
    fins::SIMULTANEOUS,
    fins::THREE_SEGMENTS,
    fins::FOUR_SEGMENTS,
    fins::ONE_SIDE_NOT_READ,
    fins::ONE_SIDE,
    open::SYN_NOT_READ_ON,
    open::NEVER_OPENED,
    open::SUPERSEDED,
    open::NOT_READ_TO_END,
    open::RESETS_IGNORED,
    open::AT_END,
];

/// The close of a connection.
pub(crate) fn of(totals: &ConversationTotals, tcp: &TcpTotals) -> Option<Verdict<Closes>> {
    Verdict::first(CLOSES, &CloseCase { totals, tcp })
}

/// Gives the finding about the close to `found`, where the close has one.
pub(crate) fn report(totals: &ConversationTotals, tcp: &TcpTotals, found: &mut impl FindingSink) {
    if let Some(close) = of(totals, tcp).filter(|close| close.rule.effect.reported) {
        close.report(&case::words(close.proof.closed_first), found);
    }
}
