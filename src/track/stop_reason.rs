//! Captures that end, or are left, before their time: what is not in them may still come.

/// The reason why a capture, or the reading of it, ended early.
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
    /// Returns `true` if the capture may continue beyond the part that was read.
    pub fn may_go_on(self) -> bool {
        self != Self::Session
    }
}
