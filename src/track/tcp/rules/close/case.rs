//! The family of rules for closes: its case, proof and consequences.

use super::super::rule::{Family, Words};
use crate::model::{Direction, PerDirection};
use crate::track::tcp::summary::Fins;
use crate::track::totals::{ConversationTotals, TcpTotals};

/// Rules for the close of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Closes;

/// A connection at its end.
#[derive(Debug)]
pub struct CloseCase<'a> {
    pub(in crate::track) totals: &'a ConversationTotals,
    pub(in crate::track) tcp: &'a TcpTotals,
}

/// The segments that closed a connection.
#[derive(Clone, Copy, Debug)]
pub struct CloseProof {
    /// The sender of the first FIN or RST.
    pub closed_first: Option<Direction>,
    /// The FINs in the order of the capture, with their senders.
    pub fins: [Option<(Direction, Fins)>; 2],
    /// Each side's first RST that may have ended the connection.
    pub resets: PerDirection<Option<u64>>,
    /// The label of the first RST's cause.
    pub reset_label: Option<&'static str>,
    /// The sender of the first RST and its first data after it, where it continued as if it had sent no RST.
    pub continued_after_reset: Option<(&'static str, u64)>,
    /// The ACK of the SYN-ACK, else the first frame.
    pub began: u64,
    /// The last frame.
    pub last: u64,
    /// The SYN on the same ports that began another stream, or 0.
    pub superseded_by: u64,
    /// Frames of the connection may follow that were not read.
    pub may_go_on: bool,
}

/// Consequences of a close.
#[derive(Clone, Copy)]
pub struct CloseEffect {
    /// It has a finding of its own; a reset and an unanswered handshake are reported elsewhere.
    pub reported: bool,
    /// The side that holds TIME-WAIT.
    pub holds: TimeWait,
    /// The line of the conversation's facts.
    pub(crate) fact: fn(&CloseProof) -> String,
    /// The side that closed first, and the segments.
    pub(crate) first: fn(&CloseProof) -> Reply,
    /// The side that goes to TIME-WAIT.
    pub(crate) time_wait: fn(&CloseProof) -> Reply,
}

/// The side that holds TIME-WAIT (RFC 9293 §3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWait {
    /// Neither, or unknown.
    Nobody,
    /// The side that closed first.
    First,
    /// Both.
    Both,
}

/// The answer to a question, and what the capture does not show of it; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub text: String,
    /// The open part, and why it is unknown.
    pub unknown: String,
    /// The frames that show it; 0 for none.
    pub frames: [u64; 2],
}

impl Reply {
    pub(super) fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self { unknown: why.into(), ..Self::default() }
    }

    /// The same, shown by the segments that closed the connection.
    pub(super) fn shown_by(mut self, proof: &CloseProof) -> Self {
        self.frames = proof.ends();
        self
    }

    pub(super) fn but(mut self, why: impl Into<String>) -> Self {
        self.unknown = why.into();
        self
    }
}

impl Family for Closes {
    type Case<'a> = CloseCase<'a>;
    type Proof = CloseProof;
    type Effect = CloseEffect;
}

impl<'a> CloseCase<'a> {
    /// The proof, where the rule applies.
    pub(super) fn proof(&self, applies: bool) -> Option<CloseProof> {
        applies.then(|| {
            let summary = &self.tcp.summary;
            let [.., ack] = summary.handshake;
            let first_reset = self.tcp.first_reset();
            CloseProof {
                closed_first: self.tcp.closed_first,
                fins: self.fins(),
                resets: summary.resets,
                reset_label: first_reset.and_then(|(_, sender)| *summary.reset_labels.get(sender)),
                continued_after_reset: self.tcp.continued_after_reset(),
                began: ack.unwrap_or(self.totals.first_frame),
                last: self.totals.last_frame,
                superseded_by: summary.rare().superseded_by.unwrap_or(0),
                may_go_on: self.totals.may_go_on(),
            }
        })
    }

    fn fins(&self) -> [Option<(Direction, Fins)>; 2] {
        let fins = &self.tcp.summary.fins;
        let client = fins.client_to_server.map(|fin| (Direction::ClientToServer, fin));
        let server = fins.server_to_client.map(|fin| (Direction::ServerToClient, fin));
        match (client, server) {
            (Some((_, one)), Some((_, other))) if one.frame > other.frame => [server, client],
            (None, _) => [server, None],
            _ => [client, server],
        }
    }

    /// Both FINs, the first of them first.
    pub(super) fn both_fins(&self) -> Option<(&'a Fins, &'a Fins)> {
        let fins = &self.tcp.summary.fins;
        let (client, server) = (fins.client_to_server.as_ref()?, fins.server_to_client.as_ref()?);
        Some(if client.frame > server.frame { (server, client) } else { (client, server) })
    }
}

impl CloseProof {
    /// The sender of the first FIN or RST, and its peer.
    pub(super) fn sides(&self) -> (&'static str, &'static str) {
        let first = self.fins.first().copied().flatten().map(|(side, _)| side).or(self.closed_first);
        first.map_or(("unknown", "unknown"), |side| (side.sender(), side.receiver()))
    }

    /// Frames of the first FIN, and of the second; 0 for none.
    pub(super) fn fin_frames(&self) -> [u64; 2] {
        self.fins.map(|fin| fin.map_or(0, |(_, fin)| fin.frame))
    }

    /// The ACKs of the FINs; 0 for none.
    pub(super) fn fin_acks(&self) -> [u64; 2] {
        self.fins.map(|fin| fin.and_then(|(_, fin)| fin.acked_by).unwrap_or(0))
    }

    /// The second FIN's ACK was captured.
    pub(crate) fn last_fin_is_acked(&self) -> bool {
        let [.., ack] = self.fin_acks();
        ack > 0
    }

    /// Frames of the FINs, else of the RSTs, that closed the connection; 0 for none.
    pub(super) fn ends(&self) -> [u64; 2] {
        let resets = [self.resets.client_to_server, self.resets.server_to_client];
        if resets == [None, None] { self.fin_frames() } else { resets.map(Option::unwrap_or_default) }
    }
}

/// The words for a conversation as a whole: no segment is in question.
pub(super) fn words(side: Option<Direction>) -> Words<'static> {
    let side = side.unwrap_or(Direction::ClientToServer);
    Words { sender: side.sender(), receiver: side.receiver(), ..Words::default() }
}
