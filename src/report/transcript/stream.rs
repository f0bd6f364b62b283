//! One conversation as calls see it: which of its frames are a call's.
//!
//! Of bytes that were sent more than once, a send became every copy, while only one of them brought the bytes to their
//! receiver. Which one depends on where the capture was made; where it can't be told, each that may have is named.

use crate::explain::Step;
use crate::model::FindingCode;
use crate::model::{Call, CallKind, Checksum, Direction, Endpoint, Protocol, TcpFlags, Timestamp};
use crate::track::{Body, CapturePoint, SegmentRole, StreamId};

/// The frames of a conversation.
#[derive(Debug)]
pub(in crate::report) struct Stream {
    pub(in crate::report) id: StreamId,
    pub(in crate::report) client: Endpoint,
    pub(in crate::report) server: Endpoint,
    pub(in crate::report) start: Option<Timestamp>,
    /// The capture point, once it is known.
    pub(in crate::report) capture_point: Option<CapturePoint>,
    pub(in crate::report) frames: Vec<StreamFrame>,
}

/// The progress of one side of a conversation: bytes (TCP) or datagrams (UDP).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    sent: u64,
    received: u64,
    closed: bool,
}

/// The properties of a frame that calls are matched with.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct StreamFrame {
    pub(in crate::report) frame: u64,
    pub(in crate::report) time: Option<Timestamp>,
    pub(in crate::report) direction: Direction,
    pub(in crate::report) kind: FrameKind,
    /// Place of its first payload byte in the stream.
    pub(in crate::report) from: u64,
    pub(in crate::report) len: u64,
    pub(in crate::report) fin: bool,
    /// It has an ACK number: a RST with one was sent by a call, or answers a segment without one.
    pub(in crate::report) ack: bool,
    /// It is known not to have delivered its data: it was lost or corrupted, or its bytes had arrived before.
    pub(in crate::report) idle: bool,
    /// A finding of it that advice asks for.
    pub(in crate::report) shows: Option<FindingCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum FrameKind {
    Opening,
    HandshakeAck,
    Plain,
    /// A reset, or an ICMP error.
    Refusal,
}

/// Findings that advice asks for.
const SHOWN: [FindingCode; 3] = [FindingCode::Refused, FindingCode::PortUnreachable, FindingCode::NagleWait];

impl StreamFrame {
    /// Returns `true` for a RST or an ICMP error.
    pub(in crate::report) fn is_refusal(&self) -> bool {
        self.kind == FrameKind::Refusal
    }

    pub(super) fn of(step: &Step<'_>) -> Self {
        let event = &step.event;
        let (kind, from, len, fin, ack, again) = match &event.body {
            Body::Tcp(facts) => {
                let kind = match facts.role {
                    SegmentRole::Syn
                    | SegmentRole::SimultaneousSyn { .. }
                    | SegmentRole::SynAck
                    | SegmentRole::AnotherSynAck { .. } => FrameKind::Opening,
                    SegmentRole::HandshakeAck => FrameKind::HandshakeAck,
                    SegmentRole::Reset => FrameKind::Refusal,
                    _ => FrameKind::Plain,
                };
                // a SYN's data begin after it, as those of the segment behind it
                let syn = facts.flags.contains(TcpFlags::SYN);
                let from = if syn { 0 } else { facts.seq.wrapping_sub(1) };
                let again = facts.retransmission.is_some_and(|repeat| !repeat.may_arrive_first());
                (kind, from, facts.len, facts.flags.contains(TcpFlags::FIN), facts.ack.is_some(), again)
            }
            Body::Udp(facts) => (FrameKind::Plain, 0, facts.len, false, false, false),
            Body::Icmp(_) => (FrameKind::Refusal, 0, 0, false, false, false),
        };
        let strayed = [FindingCode::WireDropped, FindingCode::WireCorrupted];
        let lost = step.findings.iter().any(|finding| strayed.contains(&finding.code));
        Self {
            frame: event.frame,
            time: event.time,
            direction: event.direction,
            kind,
            from: u64::from(from),
            len: u64::from(len),
            fin,
            ack,
            idle: again || lost || event.checksum() == Some(Checksum::Invalid),
            shows: step.findings.iter().map(|finding| finding.code).find(|code| SHOWN.contains(code)),
        }
    }

    /// The places of its payload and of its FIN, which has the place behind.
    fn range(&self) -> (u64, u64) {
        (self.from, self.from + self.len + u64::from(self.fin))
    }
}

impl Stream {
    /// Takes the next frame; its ACK may tell that an earlier one had brought nothing new.
    pub(super) fn push(&mut self, step: &Step<'_>) {
        if let Some(again) = step.event.tcp().and_then(|facts| facts.observations.needless()) {
            let known = self.frames.binary_search_by_key(&again, |seen| seen.frame);
            if let Some(seen) = known.ok().and_then(|place| self.frames.get_mut(place)) {
                seen.idle = true;
            }
        }
        self.frames.push(StreamFrame::of(step));
    }

    /// The frames of a call.
    pub(super) fn of(&self, call: &Call, own: Direction, progress: &mut Progress) -> Vec<StreamFrame> {
        let pick =
            |wanted: &dyn Fn(&StreamFrame) -> bool| self.frames.iter().copied().filter(wanted).collect::<Vec<_>>();
        let asked = call.trace.and_then(|trace| trace.asked);
        match &call.kind {
            CallKind::Open(_)
            | CallKind::SetOption(_)
            | CallKind::Bind
            | CallKind::Listen
            | CallKind::ShutdownReceive
            | CallKind::CloseCopy
            | CallKind::Waiting(_) => Vec::new(),
            CallKind::Connect | CallKind::Connecting => {
                pick(&|seen| matches!(seen.kind, FrameKind::Opening | FrameKind::HandshakeAck))
            }
            CallKind::Accept => pick(&|seen| seen.kind == FrameKind::HandshakeAck),
            CallKind::Send(bytes) => self.frames_of_send(own, &mut progress.sent, *bytes),
            CallKind::Receive(bytes) => {
                self.frames_of_receive(!own, &mut progress.received, (*bytes, asked), call.time)
            }
            CallKind::Peek(bytes) => {
                self.frames_of_receive(!own, &mut progress.received.clone(), (*bytes, asked), call.time)
            }
            CallKind::EndOfStream => {
                let fin = self.frames.iter().find(|seen| seen.direction == !own && seen.fin);
                fin.map_or_else(Vec::new, |fin| self.delivering(!own, (fin.range().1 - 1, fin.range().1), call.time))
            }
            CallKind::Shutdown => {
                progress.closed = true;
                pick(&|seen| seen.direction == own && seen.fin)
            }
            CallKind::Close | CallKind::Exit | CallKind::Killed => {
                let closed = std::mem::replace(&mut progress.closed, true);
                let aborts = |seen: &StreamFrame| seen.kind == FrameKind::Refusal && self.id.protocol == Protocol::Tcp;
                pick(&|seen| seen.direction == own && (seen.fin && !closed || aborts(seen)))
            }
            CallKind::Failed { .. } => pick(&|seen| {
                seen.kind == FrameKind::Refusal
                    && seen.direction == !own
                    && seen.time.is_none_or(|time| time <= call.time)
            }),
        }
    }

    /// The RST that a call sent which closed the socket, among the frames of this call: the first after it with an ACK
    /// number. A kernel that answers a segment for a closed socket takes the RST's number from that, and gives none.
    pub(super) fn reset_by(&self, call: &Call, frames: &[u64]) -> Option<u64> {
        let sent = |seen: &&StreamFrame| {
            seen.kind == FrameKind::Refusal
                && seen.ack
                && seen.time.is_some_and(|time| time >= call.time)
                && frames.contains(&seen.frame)
        };
        self.frames.iter().find(sent).map(|seen| seen.frame)
    }

    /// The frames of this direction that may carry data.
    fn sent(&self, direction: Direction) -> impl Iterator<Item = StreamFrame> + '_ {
        self.frames.iter().copied().filter(move |seen| seen.direction == direction && seen.kind != FrameKind::Refusal)
    }

    /// The frames that the next bytes sent became, each copy of them.
    fn frames_of_send(&self, direction: Direction, progress: &mut u64, bytes: u64) -> Vec<StreamFrame> {
        match self.id.protocol {
            Protocol::Tcp => {
                let (from, to) = (*progress, *progress + bytes);
                *progress = to;
                self.sent(direction).filter(|seen| overlap((seen.from, seen.from + seen.len), (from, to))).collect()
            }
            Protocol::Udp => next_datagram(self.sent(direction), progress, |len| len == bytes),
        }
    }

    /// The frames that brought the next bytes received, by the time at which they were; a datagram is cut to the bytes that
    /// were asked for.
    fn frames_of_receive(
        &self,
        direction: Direction,
        progress: &mut u64,
        (bytes, asked): (u64, Option<u64>),
        by: Timestamp,
    ) -> Vec<StreamFrame> {
        match self.id.protocol {
            Protocol::Tcp => {
                let wanted = (*progress, *progress + bytes);
                *progress = wanted.1;
                self.delivering(direction, wanted, by)
            }
            Protocol::Udp => {
                let fits = |len| len == bytes || asked == Some(bytes) && len > bytes;
                let mut found = next_datagram(self.sent(direction), progress, fits);
                found.retain(|seen| seen.time.is_none_or(|time| time <= by));
                found
            }
        }
    }

    /// The copies of these bytes that their receiver took. What came later than the call did not bring them. Of copies
    /// captured where they arrived it is the first; of those captured where they were sent too, on one host, it is the
    /// last before the ACK that covers them: had an earlier one arrived, it would have been acknowledged. Captured at the
    /// other host, only what the link did can tell.
    fn delivering(&self, direction: Direction, wanted: (u64, u64), by: Timestamp) -> Vec<StreamFrame> {
        let may =
            |seen: &StreamFrame| overlap(seen.range(), wanted) && !seen.idle && seen.time.is_none_or(|time| time <= by);
        let mut copies: Vec<StreamFrame> = self.sent(direction).filter(may).collect();
        let mut missing = vec![wanted];
        match (self.capture_point, direction) {
            (Some(CapturePoint::SameHost), _) => {
                copies.reverse();
                copies.retain(|seen| take(&mut missing, seen.range()));
                copies.reverse();
            }
            (Some(CapturePoint::Client), Direction::ServerToClient)
            | (Some(CapturePoint::Server), Direction::ClientToServer) => {
                copies.retain(|seen| take(&mut missing, seen.range()));
            }
            _ => {}
        }
        copies
    }
}

fn overlap(one: (u64, u64), other: (u64, u64)) -> bool {
    one.0.max(other.0) < one.1.min(other.1)
}

/// Takes what `piece` has of the ranges that are `missing`; whether it has any.
fn take(missing: &mut Vec<(u64, u64)>, piece: (u64, u64)) -> bool {
    let taken = missing.iter().any(|range| overlap(*range, piece));
    if taken {
        let rest = |&(from, to): &(u64, u64)| [(from, to.min(piece.0)), (from.max(piece.1), to)];
        *missing = missing.iter().flat_map(rest).filter(|(from, to)| from < to).collect();
    }
    taken
}

/// The next datagram whose length fits: those that were lost on their way are passed over by their length.
fn next_datagram(
    sent: impl Iterator<Item = StreamFrame>,
    progress: &mut u64,
    fits: impl Fn(u64) -> bool,
) -> Vec<StreamFrame> {
    let so_far = usize::try_from(*progress).unwrap_or(usize::MAX);
    let found = sent.enumerate().skip(so_far).find(|(_, seen)| fits(seen.len));
    *progress = found.map_or(*progress, |(index, _)| index as u64 + 1);
    found.into_iter().map(|(_, seen)| seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Direction = Direction::ClientToServer;

    /// A segment of the client's with these bytes, captured in this frame and second.
    fn seen(frame: u64, from: u64, len: u64) -> StreamFrame {
        let time = Some(Timestamp::new(i64::try_from(frame).unwrap(), 0));
        StreamFrame {
            frame,
            time,
            direction: C,
            kind: FrameKind::Plain,
            from,
            len,
            fin: false,
            ack: true,
            idle: false,
            shows: None,
        }
    }

    /// The frames that brought bytes 0 to 20 by this second.
    fn delivered(capture_point: CapturePoint, frames: &[StreamFrame], by: i64) -> Vec<u64> {
        let client = Endpoint::new([127, 0, 0, 1], 51_234);
        let id = StreamId { protocol: Protocol::Tcp, number: 0 };
        let stream = Stream {
            id,
            client,
            server: client,
            start: None,
            capture_point: Some(capture_point),
            frames: frames.to_vec(),
        };
        stream.delivering(C, (0, 20), Timestamp::new(by, 0)).iter().map(|seen| seen.frame).collect()
    }

    #[test]
    fn probe_without_data_delivers_nothing() {
        let frames = [seen(4, 0, 20), seen(5, 10, 0)];
        assert_eq!(delivered(CapturePoint::SameHost, &frames, 9), [4]);
    }

    #[test]
    fn last_copy_is_taken_on_one_host_and_the_first_at_the_receiver() {
        let copies = [seen(4, 0, 10), seen(5, 10, 10), seen(6, 0, 10), seen(7, 0, 10)];
        assert_eq!(delivered(CapturePoint::SameHost, &copies, 9), [5, 7]);
        assert_eq!(delivered(CapturePoint::SameHost, &copies, 6), [5, 6]);
        assert_eq!(delivered(CapturePoint::Server, &copies, 9), [4, 5]);
        // at their sender each that may have arrived
        assert_eq!(delivered(CapturePoint::Client, &copies, 9), [4, 5, 6, 7]);
    }

    #[test]
    fn lost_or_late_segments_delivered_nothing() {
        let lost = StreamFrame { idle: true, ..seen(4, 0, 20) };
        for capture_point in [CapturePoint::Client, CapturePoint::Server, CapturePoint::SameHost] {
            assert_eq!(delivered(capture_point, &[lost, seen(5, 0, 20), seen(8, 0, 20)], 7), [5]);
        }
    }

    #[test]
    fn partial_copy_leaves_the_other_bytes_to_later_segments() {
        let frames = [seen(4, 0, 20), seen(5, 5, 10)];
        assert_eq!(delivered(CapturePoint::SameHost, &frames, 9), [4, 5]);
        assert_eq!(delivered(CapturePoint::Server, &frames, 9), [4]);
    }
}
