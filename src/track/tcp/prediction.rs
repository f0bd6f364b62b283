//! The part of the prediction of a connection's next segment that changes rarely.

use crate::track::capture_point::CapturePoint;

/// Whether a connection's next segment can be predicted.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::track) enum Prediction {
    /// Unknown since the last segment that was not predicted.
    #[default]
    Unknown,
    /// Not in this state of the connection.
    Impossible,
    /// The connection is open and healthy; where it was captured.
    Ready(Option<CapturePoint>),
    /// Predictions are switched off.
    Off,
}

impl Prediction {
    /// The prediction for a connection that begins.
    pub(in crate::track) fn new(off: bool) -> Self {
        if off { Self::Off } else { Self::Unknown }
    }

    /// The state of the connection has changed.
    #[inline]
    pub(super) fn forget(&mut self) {
        if !matches!(self, Self::Off) {
            *self = Self::Unknown;
        }
    }
}
