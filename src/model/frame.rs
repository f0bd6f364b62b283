//! One record of a capture.

use super::{LinkType, Timestamp, Unknown};

/// What was captured at one moment, before anybody asks what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number of the packet record in its capture, from 1.
    pub number: u64,
    /// When it was captured; `None` where the file keeps no time (pcapng simple packet blocks).
    pub time: Option<Timestamp>,
    /// How the first bytes are to be read.
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
