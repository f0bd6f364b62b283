//! Segments that carry a signature (RFC 2385, RFC 5925).

use crate::model::Segment;

/// Returns `true` if a segment has the option of TCP MD5 (RFC 2385) or TCP-AO (RFC 5925).
pub(in crate::track::tcp) fn is_signed(segment: &Segment) -> bool {
    let other = &segment.options.other;
    other.contains(MD5_SIGNATURE) || other.contains(TCP_AO)
}

/// Option kind of the MD5 signature (RFC 2385 §3).
const MD5_SIGNATURE: u8 = 19;

/// Option kind of the authentication option (RFC 5925 §2.2).
const TCP_AO: u8 = 29;
