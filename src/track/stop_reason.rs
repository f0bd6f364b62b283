//! Captures that end, or are left, before their time: what is not in them may still come.

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
