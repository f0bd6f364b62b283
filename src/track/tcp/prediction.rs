//! The part of the prediction of a connection's next segment that changes rarely.

use crate::track::capture_point::CapturePoint;

/// The state of the prediction of a connection's next segment.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) enum Prediction {
    /// Unknown since the last segment that was not predicted.
    #[default]
    Unknown,
    /// Not in this state of the connection.
    Impossible,
    /// Nothing was captured of the connection.
    Begins,
    /// Nothing was captured but the client's SYN, which was predicted.
    SynSent,
    /// The same, and the SYN-ACK.
    SynReceived,
    /// The connection is open and healthy; where it was captured.
    Ready(Option<CapturePoint>),
    /// It was so until the FIN of a side, or both; no FIN came with data.
    Closing(Option<CapturePoint>),
    /// Predictions are switched off.
    Off,
}

impl Prediction {
    /// The prediction for a connection that begins; `reused`: on the ports of another one.
    pub(in crate::track) fn new(off: bool, reused: bool) -> Self {
        match (off, reused) {
            (true, _) => Self::Off,
            (false, true) => Self::Unknown,
            (false, false) => Self::Begins,
        }
    }

    /// The state of the connection has changed.
    #[inline]
    pub(super) fn forget(&mut self) {
        if !matches!(self, Self::Off) {
            *self = Self::Unknown;
        }
    }
}
