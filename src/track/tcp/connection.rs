//! The state of a connection: both endpoints, and the parts that its segments change.

use super::ecn::EcnState;
use super::endpoint::TcpEndpoint;
use super::handshake::HandshakeObserver;
use super::loss_state::{OPEN_AT_END, OpenRest};
use super::prediction::Prediction;
use super::previous::PreviousConnection;
use super::recorder::SummaryRecorder;
use super::time_ledger::TimeLedger;
use super::wireshark::Wireshark;
use crate::model::{Checksum, Direction, OptTime, PerDirection, Segment, TcpFlags};
use crate::track::analysis::{AnalysisCounts, AnalysisFlag};
use crate::track::capture_point::{CapturePointEvidence, CapturePointObserver};
use crate::track::facts::Life;
use crate::track::packet_ref::PacketRef;
use crate::track::rtt::Distribution;

/// The state of a connection.
#[derive(Clone, Debug, Default)]
pub(in crate::track) struct Connection {
    pub(super) endpoints: PerDirection<TcpEndpoint>,
    pub(super) wireshark: Wireshark,
    pub(super) handshake: HandshakeObserver,
    pub(super) ecn: EcnState,
    /// The state of the prediction of the next segment.
    pub(in crate::track) prediction: Prediction,
    /// The connection that used the ports before.
    pub(in crate::track) previous: Option<Box<PreviousConnection>>,
    pub(in crate::track) clues: CapturePointObserver,
    /// Made with the first flag.
    pub(super) counts: Option<Box<AnalysisCounts>>,
    pub(in crate::track) rtt: Distribution,
    /// From a request of the client to the server's answer.
    pub(in crate::track) response_times: Distribution,
    pub(super) recorder: SummaryRecorder,
    pub(super) time: TimeLedger,
    /// The sender of the first FIN or RST.
    pub(super) closed_first: Option<Direction>,
    /// The state of the connection.
    pub(super) life: Life,
    /// The last segment of either side, and when it was captured.
    pub(super) last: (u64, OptTime),
    /// The capture lacks frames of this connection, as its numbers show: no number proves much then.
    pub(super) lacks_frames: bool,
    /// The current segment is a SYN-ACK with another sequence number than the one before.
    pub(super) new_isn: bool,
    /// Relative numbers need not count from the initial sequence numbers: a SYN-ACK with another one came.
    pub(super) renumbered: bool,
    /// The current segment may be from another host than the first one of its side.
    pub(super) is_other_host: bool,
}

impl Connection {
    /// Reads a part of every cache line of it, which means nothing: see `Tracker::expect`.
    #[inline]
    pub(in crate::track) fn read_ahead(&self) -> u64 {
        let sides = self.endpoints.client_to_server.read_ahead() ^ self.endpoints.server_to_client.read_ahead();
        let waits = self.time.ledger.read_ahead() ^ u64::from(self.time.in_flight.client_to_server);
        let times = self.rtt.read_ahead() ^ self.response_times.read_ahead() ^ self.handshake.read_ahead();
        sides ^ waits ^ times ^ self.wireshark.read_ahead() ^ self.recorder.read_ahead() ^ self.last.0
    }

    /// Hands the memory of an ended connection to the next one. Its sent segments are forgotten with it, except where
    /// bytes were retransmitted: more retransmissions may follow, and the first copy proves them.
    pub(in crate::track) fn recycle_into(&mut self, next: &mut Self) {
        if !self.recorder.is_plain() {
            return;
        }
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let (own, peer) = self.endpoints.both_mut(direction);
            if own.sent.in_flight() > 0 {
                let resets = &mut peer.loss_mut().resets;
                // more may come after the end, each of which is handed over by itself
                resets.open.retain(|(frame, ..)| *frame > resets.answered);
                for sent in own.sent.iter().filter(|sent| sent.acked_by.is_none()) {
                    if resets.rest.is_none() && resets.open.len() < OPEN_AT_END {
                        resets.open.push((sent.last.0, sent.last.1, sent.len));
                        continue;
                    }
                    let before = resets.rest.map_or((sent.last.0, 0), |rest| (rest.frames.0, rest.count));
                    resets.rest = Some(OpenRest {
                        frames: (before.0, sent.last.0),
                        at: sent.last.1,
                        count: before.1.saturating_add(1),
                    });
                }
            }
            own.sent.clear();
            std::mem::swap(&mut own.sent, &mut next.endpoints.get_mut(direction).sent);
        }
    }

    /// Returns `true` if a SYN with this sequence number cannot belong to this connection: the ports are used again.
    pub(in crate::track) fn is_another(&self, direction: Direction, segment: &Segment) -> bool {
        segment.flags.is_syn_only() && self.endpoints.get(direction).seq_base.is_some_and(|base| base != segment.seq)
    }

    /// Counts a flag that the connection's beginning shows.
    pub(in crate::track) fn count(&mut self, flag: AnalysisFlag) {
        self.counts.get_or_insert_default().add_one(flag);
    }

    /// The stream-relative offset of a segment's first payload byte.
    pub(in crate::track) fn offset(&self, direction: Direction, segment: &Segment) -> u32 {
        let base = self.begin_of(direction).unwrap_or(segment.seq);
        let syn = u32::from(segment.flags.contains(TcpFlags::SYN));
        segment.seq.plus(syn).relative_to(base.plus(1))
    }

    /// The offset in this direction's stream up to which the peer has acknowledged it; a FIN counts as a byte.
    #[inline]
    pub(in crate::track) fn acked_of(&self, direction: Direction) -> Option<u32> {
        let acked = self.endpoints.get(!direction).ack_sent?;
        Some(acked.relative_to(self.begin_of(direction)?.plus(1)))
    }

    /// Notes that the current segment is a TLS alert.
    #[cold]
    pub(in crate::track) fn see_alert(&mut self, packet: &PacketRef) {
        self.recorder.see_alert(packet);
    }

    /// Notes that the current segment asks to close the whole MPTCP connection.
    #[cold]
    pub(in crate::track) fn see_fast_close(&mut self, packet: &PacketRef) {
        self.recorder.see_fast_close(packet);
    }

    /// Returns the place where the capture was made, as far as it is known, and the evidence.
    pub(in crate::track) fn capture_point_evidence(&self) -> CapturePointEvidence {
        self.clues.evidence(self.handshake.times())
    }

    /// Returns `true` if the segment can have reached its program. A corrupted segment never did, as far as its
    /// sender's checksums can be relied on.
    #[inline]
    pub(in crate::track) fn reached(&self, direction: Direction, segment: &Segment) -> bool {
        segment.checksum != Checksum::Invalid || self.endpoints.get(direction).sent.is_mostly_damaged()
    }
}
