//! Sides whose packets the capture lacks, though the peer acknowledges their bytes.

use crate::model::Occurrences;

/// A side of which the capture holds no packet, but whose bytes the peer acknowledges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnseenSide {
    /// ACKs of new bytes of it.
    pub acks: Occurrences,
    /// The last of these.
    pub last: u64,
    /// The bytes; a FIN counts as one.
    pub bytes: u64,
}
