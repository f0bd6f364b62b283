//! The proof of a cause of a RST.

use std::num::NonZeroU64;

use crate::model::{ClosedBy, Nanos};

/// The frames and numbers that prove a cause; each rule says what they are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResetProof {
    /// The frame that the RST answers.
    pub answers: Option<NonZeroU64>,
    /// The last of several frames that the RST may answer instead.
    pub or_to: Option<NonZeroU64>,
    /// An earlier frame that the cause rests on: the FIN, the RST before, the frame that carried the last data.
    pub before: Option<NonZeroU64>,
    /// A second one.
    pub also: Option<NonZeroU64>,
    /// `true` if the answered segment carries data.
    pub data: bool,
    /// Payload bytes concerned.
    pub bytes: u32,
    /// A relative sequence number.
    pub number: u32,
    /// The number of unanswered segments, or of retransmissions.
    pub count: u16,
    /// A time: of silence, or since a frame.
    pub waited: Option<Nanos>,
    /// TTL of the RST, and of its sender's other packets.
    pub ttl: Option<(u8, u8)>,
    /// IP identification of the RST, and of its sender's last segment.
    pub ip_id: Option<(u16, u16)>,
    /// The number of the traced call that sent it, and how that closed the socket.
    pub call: Option<(u32, ClosedBy)>,
    /// A yes or no that the sentence depends on.
    pub flag: bool,
}
