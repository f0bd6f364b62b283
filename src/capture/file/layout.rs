//! The length of record headers in pcap files of modified programs, which share their magic number with others.
//!
//! Red Hat's patches of 1999 put 8 bytes more (interface, protocol, packet type) or 12 into each record, under
//! Kuznetzov's magic number or, early on, the usual one; some Nokia devices put 4. Only the records themselves tell: with
//! the right length, header follows header, all near in time; with a wrong one, the second is nonsense.

use super::pcap::Records;

/// The usual record header.
pub(super) const STANDARD: usize = 16;
/// With Kuznetzov's interface, protocol and packet type.
pub(super) const MODIFIED: usize = 24;

/// Records looked at.
const SAMPLE: u32 = 4;
/// Seconds that the records looked at may lie apart.
const NEAR: u32 = 366 * 24 * 60 * 60;

/// The length of record headers in a file whose records start with `bytes`.
///
/// The length that the magic number means wins unless its records are nonsense and another's are not, so that a damaged
/// file stays what it says it is. Nothing is read on for it: a capture that is being written is not held up.
#[cold]
pub(super) fn settle(records: &Records, bytes: &[u8], modified: bool) -> usize {
    let others: &[usize] = if modified {
        &[28]
    } else if records.per_second == 1_000_000 {
        &[MODIFIED, 20]
    } else {
        &[]
    };
    if sensible(records, bytes, records.header) != Some(false) {
        return records.header;
    }
    others.iter().copied().find(|&header| sensible(records, bytes, header) == Some(true)).unwrap_or(records.header)
}

/// Returns `true` if records with headers of `header` bytes are plausible; `None` where too few bytes are available.
fn sensible(records: &Records, bytes: &[u8], header: usize) -> Option<bool> {
    let mut rest = bytes;
    let mut first = None;
    for seen in 0..SAMPLE {
        if rest.is_empty() {
            return Some(true);
        }
        if rest.len() < STANDARD {
            return (seen > 1).then_some(true);
        }
        let head = records.read_header(rest);
        let far = first.is_some_and(|first| head.seconds.abs_diff(first) > NEAR);
        if head.captured > records.max || head.captured > head.wire_len || head.fraction >= records.per_second || far {
            return Some(false);
        }
        first = first.or(Some(head.seconds));
        match rest.get(header + head.captured as usize..) {
            Some(after) => rest = after,
            None => return (seen > 0).then_some(true),
        }
    }
    Some(true)
}
