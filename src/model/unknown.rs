//! The header fields that the source of a frame does not show: a capture shows all, a text only those that were printed.

/// A set of fields whose bytes in the frame are only placeholders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown(u8);

impl Unknown {
    /// Time to live or hop limit, identification and traffic class of the IP header.
    pub const IP: Self = Self(1);
    /// The checksum of TCP, UDP or ICMP.
    pub const CHECKSUM: Self = Self(2);
    /// TCP's sequence number: known relative to another at most.
    pub const SEQ: Self = Self(4);
    /// TCP's acknowledgment number: known relative to another at most.
    pub const ACK: Self = Self(8);
    /// The acknowledgment number of a segment without the ACK flag.
    pub const ACK_FIELD: Self = Self(128);
    /// The window field: the window is known as scaled at most.
    pub const WINDOW: Self = Self(16);
    /// TCP options: those in the frame need not be all.
    pub const OPTIONS: Self = Self(32);
    /// Other frames: some before this one are missing from the source.
    pub const FRAMES: Self = Self(64);

    /// The fields of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns `true` if one of the fields of `other` is in the set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns `true` if every field is known.
    #[inline]
    pub const fn is_nothing(self) -> bool {
        self.0 == 0
    }
}
