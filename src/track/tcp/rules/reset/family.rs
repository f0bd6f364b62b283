//! The family of rules for RSTs, and the consequences of a RST.

use super::super::rule::{Family, Words};
use super::case::ResetCase;
use super::proof::ResetProof;

/// The causes of a RST.
#[derive(Clone, Copy, Debug)]
pub struct ResetFamily;

impl Family for ResetFamily {
    type Case<'a> = ResetCase<'a>;
    type Proof = ResetProof;
    type Effect = ResetEffect;
}

/// The effect of a RST on the connection.
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
    /// The effect on the connection.
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
    pub(super) const fn ends(sentence: fn(&ResetProof, &Words<'_>) -> String) -> Self {
        Self { ends: Ends::Connection, has_connection: true, half_open: false, by_host: true, sentence }
    }

    /// A RST that changes nothing or something else.
    pub(super) const fn of(ends: Ends, sentence: fn(&ResetProof, &Words<'_>) -> String) -> Self {
        Self { ends, ..Self::ends(sentence) }
    }

    /// Returns `true` if the RST's own sequence number is one of the connection.
    pub fn is_numbered(&self) -> bool {
        self.ends != Ends::Attempt
    }

    /// Returns `true` if the connection is unchanged after it.
    pub fn is_ignored(&self) -> bool {
        matches!(self.ends, Ends::Nothing | Ends::Unconfirmed)
    }
}
