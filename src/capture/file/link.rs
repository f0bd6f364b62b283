//! Link types as files carry them.

use crate::model::LinkType;

/// The link type that a file's number means.
///
/// Files carry `LINKTYPE_` numbers; some programs wrote their system's own number for raw IP instead: 12 on most, 14 on
/// OpenBSD.
pub(super) fn from_file(number: u16) -> LinkType {
    match number {
        12 | 14 => LinkType::RAW,
        other => LinkType(other),
    }
}

/// The most bytes that a frame can have: what libpcap and Wireshark take; a larger length means damage.
pub(super) fn most_captured(link: LinkType) -> u32 {
    const MEBIBYTE: u32 = 1024 * 1024;
    match link.0 {
        // D-Bus; USB with a Linux, USBPcap or Darwin header
        231 | 189 | 220 | 249 | 266 => 128 * MEBIBYTE,
        // Elektrobit's bus logger
        279 => 8 * MEBIBYTE,
        _ => 262_144,
    }
}
