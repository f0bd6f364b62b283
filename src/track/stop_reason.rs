//! Captures that end, or are left, before their time: what is not in them may still come.

use super::totals::{Close, ConversationTotals, TcpTotals};

/// What ended a capture, or the reading of it, before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A session of echolab's own was stopped: its programs then closed what was open.
    Session,
    /// The reading was stopped.
    Reading,
    /// A live capture was ended: by Ctrl-C, its time, or the close of a conversation.
    CaptureEnd,
    /// No more frames than these were asked for.
    Count(u64),
    /// The capture breaks off.
    Break,
}

impl StopReason {
    /// Whether the capture may go on behind what is known of it.
    pub fn may_go_on(self) -> bool {
        self != Self::Session
    }
}

impl ConversationTotals {
    /// Whether frames of it may follow that were not read, so that nothing can be concluded from what is not there.
    pub fn may_go_on(&self) -> bool {
        self.early.is_some_and(StopReason::may_go_on) && !self.tcp.as_ref().is_some_and(TcpTotals::is_over)
    }
}

impl TcpTotals {
    /// Whether the connection is closed on both sides, or was reset.
    fn is_over(&self) -> bool {
        let fins = [self.story.fins.client_to_server, self.story.fins.server_to_client];
        self.close == Close::Rst || fins.iter().all(|fin| fin.is_some_and(|fin| fin.acked_by.is_some()))
    }
}
