//! The order in which packets were sent, by timestamps and IP identifications.

use std::num::NonZeroU64;

use super::endpoint::TcpEndpoint;
use super::rules::retransmission::GapFill;
use super::scoreboard::CLOSELY;
use super::segment::RetransmittedSegment;
use crate::model::{Nanos, OptTime};
use crate::track::retransmission_proof::{FirstCopy, PacketIds, RetransmissionProof, View};

/// The number of last segments that decide whether IP identifications count up.
const COUNTED: usize = 16;

/// Bytes that were skipped when frame `shown_by` was captured. Where the segment carries others that were captured
/// before, only `part` bytes of it were skipped: such a segment was sent after those that it overlaps, unless a header
/// field shows that it is older.
pub(super) fn gap_fill(
    again: &RetransmittedSegment,
    shown_by: u64,
    part: Option<u32>,
    sender: &TcpEndpoint,
    view: View,
) -> (GapFill, RetransmissionProof) {
    let carried = part.and_then(|_| sender.sent.overlapping(again));
    let marks = carried.map_or_else(|| sender.sent.marks_from(again.end), |sent| (sent.ip_id, sent.timestamp));
    let compared = compare(again, marks);
    let shown_at = sender.sent.iter().find(|sent| sent.frame == shown_by).map_or(OptTime::UNKNOWN, |sent| sent.at);
    let proof = RetransmissionProof {
        through: carried.and_then(|sent| NonZeroU64::new(sent.frame)),
        first_copy: match part {
            Some(skipped) => FirstCopy::Partly(skipped),
            None if sender.loss().gaps.was_sent_earlier(again.packet_end) => FirstCopy::NotKnown,
            None => FirstCopy::NotCaptured,
        },
        marks: compared.map(|(_, marks)| marks).unwrap_or_default(),
        view,
        ..RetransmissionProof::default()
    };
    let sent_later = sent_later(again, marks.1);
    (GapFill { shown_by: (shown_by, shown_at), partly: part.is_some(), compared, sent_later }, proof)
}

/// The least time between the sending of a segment and of one with the timestamp `before`: a timestamp clock ticks every
/// millisecond at most (RFC 7323 §5.4). One that ticks faster would have run longer than the conversation lasts.
fn sent_later(again: &RetransmittedSegment, before: Option<u32>) -> Option<Nanos> {
    let ticks = again.timestamp?.wrapping_sub(before?).cast_signed();
    let least = Nanos::from_millis(i64::from(ticks));
    Some(least).filter(|least| least.0 > 0 && again.at.get().is_some_and(|since| *least <= since))
}

impl TcpEndpoint {
    /// Returns `true` if its IP identifications are those of a counter, up to `id`: three or more of its last packets
    /// have close values, and none has a distant one. Random ones do not.
    #[cold]
    pub(super) fn ids_count_up(&self, id: Option<u16>) -> bool {
        let Some(id) = id.filter(|id| *id != 0) else { return false };
        let sent = self.sent.iter().rev().filter(|sent| !sent.part).take(COUNTED).filter_map(|sent| sent.ip_id);
        let retransmissions = self.loss().retransmissions.iter().filter_map(|again| again.ip_id);
        let (mut near, mut far) = (0, 0);
        for other in sent.chain(retransmissions).filter(|other| *other != id) {
            let distance = id.wrapping_sub(other).cast_signed().unsigned_abs();
            *(if distance < CLOSELY { &mut near } else { &mut far }) += 1;
        }
        near >= 3 && far == 0
    }
}

/// Returns how much later than the other it was sent (negative: earlier), and the header field that shows it.
/// Timestamps come first, since they are one clock; then IP identifications that count up closely.
pub(super) fn compare(
    again: &RetransmittedSegment,
    (id, stamp): (Option<u16>, Option<u32>),
) -> Option<(i32, PacketIds)> {
    if let (Some(own), Some(other)) = (again.timestamp, stamp)
        && own != other
    {
        let marks = PacketIds { timestamp: true, ip_id: false };
        return Some((own.wrapping_sub(other).cast_signed(), marks));
    }
    match (again.ip_id, id) {
        (Some(own), Some(other)) if own != 0 && other != 0 && own != other => {
            let distance = own.wrapping_sub(other).cast_signed();
            // identifications that jump are random or shared by many flows, and tell nothing
            let marks = PacketIds { ip_id: true, timestamp: false };
            (distance.unsigned_abs() < CLOSELY).then_some((i32::from(distance), marks))
        }
        _ => None,
    }
}
