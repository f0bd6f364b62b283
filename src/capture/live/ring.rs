//! The size of the ring that the kernel fills: by what is to be captured, since making and freeing it takes time.

/// libpcap's blocks, which the kernel fills one after the other and hands over when they are full or 2 ms old.
const BLOCK_BYTES: u64 = 256 << 10;

/// A ring of this size holds half a second of packets that come one by one, and 48 MiB of those that are large.
const MAX_BLOCKS: u64 = 256;

/// Blocks for packets that come one by one: enough for a quarter of a second in which the capture's thread does not run.
const MAX_FOR_PACKETS: u64 = 128;

/// Room for a few packets of others.
const MIN_BLOCKS: u64 = 16;

/// Bytes of large frames that a block holds at least: three of loopback's largest, which are a little longer than 64 KiB.
const LARGE_FRAMES: u64 = 3 * 65_549;

/// The size of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ring {
    blocks: u64,
}

impl Ring {
    /// The largest, for any traffic.
    pub(crate) const LARGEST: Self = Self { blocks: MAX_BLOCKS };

    /// Room for so many packets with so many bytes of payload in all, even if the capture's thread does not run before
    /// their end, each packet is in a block of its own, and half of the room for bytes stays empty; for more of them as much
    /// room as is sensible.
    pub(crate) fn for_traffic(packets: u64, bytes: u64) -> Self {
        let blocks = packets.saturating_add(2).min(MAX_FOR_PACKETS).max(bytes.div_ceil(LARGE_FRAMES / 2));
        Self { blocks: blocks.clamp(MIN_BLOCKS, MAX_BLOCKS) }
    }

    /// As large as was asked for, in mebibytes; at least 1 MiB, at most 2,047, since libpcap counts the bytes in 31 bits.
    pub(crate) fn of_mebibytes(size: u32) -> Self {
        Self { blocks: u64::from(size.clamp(1, Self::MAX_MEBIBYTES)) * 4 }
    }

    /// The most that libpcap can be asked for, in mebibytes.
    pub(crate) const MAX_MEBIBYTES: u32 = 2047;

    /// The size to request from libpcap, in bytes.
    pub(super) fn bytes(self) -> i32 {
        i32::try_from(self.blocks * BLOCK_BYTES).unwrap_or(i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_as_large_as_its_traffic_needs() {
        assert_eq!(Ring::for_traffic(0, 0).bytes(), 4 << 20);
        assert_eq!(Ring::for_traffic(14, 24).bytes(), 4 << 20);
        assert_eq!(Ring::for_traffic(30, 24).bytes(), 8 << 20);
        assert_eq!(Ring::for_traffic(1_000_000, 24).bytes(), 32 << 20);
        assert_eq!(Ring::for_traffic(10, 200_000_000), Ring::LARGEST);
        assert_eq!(Ring::for_traffic(u64::MAX, u64::MAX), Ring::LARGEST);
        assert_eq!(Ring::LARGEST.bytes(), 64 << 20);
        assert_eq!(Ring::of_mebibytes(64), Ring::LARGEST);
        assert_eq!(Ring::of_mebibytes(u32::MAX).bytes(), 2047 << 20);
    }
}
