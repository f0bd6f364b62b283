//! A question, and what an answer may look at.

use super::answer::Answer;
use super::evidence::Evidence;
use crate::model::Direction;
use crate::track::{ConversationTotals, TcpTotals};

/// A question that labs ask of a trace.
pub struct Question {
    /// Its name in machine output: stays.
    pub id: &'static str,
    /// The text of the question.
    pub text: &'static str,
    /// The conversations that it applies to, and the function that answers it.
    pub topic: Topic,
    /// `true` if each further step may change the answer.
    pub of_all_steps: bool,
}

/// Named by its id: a function has no better form to show.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The conversations that a question applies to, with the function that answers it.
#[derive(Clone, Copy)]
pub enum Topic {
    /// TCP connections.
    Tcp(fn(&Case<'_>, &TcpTotals) -> Answer),
    /// UDP conversations.
    Udp(fn(&Case<'_>) -> Answer),
    /// Both.
    Any(fn(&Case<'_>) -> Answer),
}

/// The known facts about a conversation.
pub struct Case<'a> {
    /// Its totals.
    pub(super) totals: &'a ConversationTotals,
    /// The evidence from its steps.
    pub(super) seen: &'a Evidence,
}

impl Case<'_> {
    /// The side of whose segments none is in the capture, though there is no reason why it should have sent none.
    pub(super) fn not_captured(&self, tcp: &TcpTotals) -> Option<Direction> {
        let none = |side: &Direction| *self.totals.packets.get(*side) == 0 && !tcp.summary.unanswered_syn;
        [Direction::ClientToServer, Direction::ServerToClient].into_iter().find(none)
    }
}
