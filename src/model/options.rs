//! TCP options (RFC 9293 §3.2), read once and small enough to copy.

/// The timestamps option (RFC 7323 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpTimestamps {
    /// TSval: the sender's clock.
    pub value: u32,
    /// TSecr: the peer's clock, echoed.
    pub echo_reply: u32,
}

/// The blocks of a SACK option (RFC 2018 §3), at most four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    blocks: [(u32, u32); 4],
    count: u8,
}

impl SackBlocks {
    /// Adds a block of raw sequence numbers `[left, right)`; a fifth is dropped, since no header holds five.
    pub fn push(&mut self, left: u32, right: u32) {
        if let Some(slot) = self.blocks.get_mut(usize::from(self.count)) {
            *slot = (left, right);
            self.count += 1;
        }
    }

    /// The blocks as `(left, right)`, raw, in the order of the header; a DSACK (RFC 2883) comes first.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        self.blocks.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The options of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size in bytes.
    pub mss: Option<u16>,
    /// Window scale as sent: the shift (RFC 7323 §2).
    pub window_scale: Option<u8>,
    /// SACK-permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<TcpTimestamps>,
    /// Selective acknowledgments.
    pub sack: SackBlocks,
    /// TCP Fast Open (RFC 7413 §4.1.1), also under the number of its experiment: bytes of cookie; 0 asks for one.
    pub fast_open: Option<u8>,
    /// MPTCP (RFC 8684): the first option of kind 30.
    pub mptcp: Option<MptcpOption>,
    /// Kinds of all other options but end-of-list and no-operation, by number, one bit each.
    pub other: OptionKinds,
}

/// The part of an MPTCP option (RFC 8684 §3) that tells what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MptcpOption {
    /// Its subtype: 7 is MP_FASTCLOSE, 8 MP_TCPRST.
    pub subtype: u8,
    /// The byte after subtype and flags: of MP_TCPRST the reason; 0 where there is none.
    pub reason: u8,
}

/// A set of option kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionKinds([u64; 4]);

impl OptionKinds {
    /// Adds `kind`.
    pub fn insert(&mut self, kind: u8) {
        if let Some(word) = self.0.get_mut(usize::from(kind / 64)) {
            *word |= 1 << (kind % 64);
        }
    }

    /// Whether `kind` is in the set.
    pub fn contains(&self, kind: u8) -> bool {
        self.0.get(usize::from(kind / 64)).is_some_and(|word| word >> (kind % 64) & 1 == 1)
    }

    /// The kinds in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|kind| self.contains(*kind))
    }
}
