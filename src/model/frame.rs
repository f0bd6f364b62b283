//! One record of a capture.

use super::{LinkType, Timestamp, Unknown};

/// A captured frame, before it is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number of the packet record in its capture, from 1.
    pub number: u64,
    /// The time of capture; `None` where the file keeps no time (pcapng simple packet blocks).
    pub time: Option<Timestamp>,
    /// The format of the first bytes.
    pub link: LinkType,
    /// Index of the interface within its pcapng section; 0 elsewhere.
    pub interface: u32,
    /// Length on the wire in bytes; more than `data` holds where the capture was cut.
    pub wire_len: u32,
    /// The fields that `data` holds only placeholders for.
    pub unknown: Unknown,
    /// The captured bytes.
    pub data: &'a [u8],
}
