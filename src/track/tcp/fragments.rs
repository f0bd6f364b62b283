//! Fragments of packets that came before the last one.

use crate::model::IpHeader;

/// Fragments that came before the one that completed their packet: their frames are no steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EarlierFragments {
    /// The number of fragments.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
}

impl EarlierFragments {
    /// Counts those of one packet.
    pub(in crate::track) fn see(&mut self, ip: &IpHeader) {
        if ip.earlier_bytes > 0 {
            self.frames += u64::from(ip.fragments.saturating_sub(1));
            self.bytes += u64::from(ip.earlier_bytes);
        }
    }
}
