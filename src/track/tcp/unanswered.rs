//! Requests that got no answer before the connection was closed, and data that got no ACK.

use super::connection::Connection;
use super::endpoint::TcpEndpoint;
use super::rules::reset::family::{Ends, ResetFamily};
use super::rules::rule::Verdict;
use super::summary::{Unacked, UnansweredRequest};
use crate::model::thresholds::{IDLE, SLOW_RESPONSE};
use crate::model::{Direction, OptTime, Segment, TcpFlags};
use crate::track::packet_ref::PacketRef;

impl Connection {
    /// Notes a request that the current FIN or RST leaves unanswered; called before that segment is noted itself.
    ///
    /// Data that gets no answer need not be a request: a protocol may be one-way. It is taken for one where the server
    /// has answered before, or where it acknowledged one burst of data and closed without a byte, or the client waited
    /// long after one burst before it closed.
    #[cold]
    pub(super) fn note_unanswered(
        &mut self,
        packet: &PacketRef,
        segment: &Segment,
        reset: Option<Verdict<ResetFamily>>,
        again: bool,
    ) {
        let ends = segment.flags.intersects(TcpFlags::FIN.union(TcpFlags::RST)) && !again;
        let void = reset.is_some_and(|reset| reset.rule.effect.ends != Ends::Connection);
        let (client, server) = (&self.endpoints.client_to_server, &self.endpoints.server_to_client);
        let first = [client, server].iter().all(|side| side.fin.is_none() && side.reset.is_none());
        if !ends || void || !first || client.unread_bytes == 0 {
            return;
        }
        let by_server = packet.direction == Direction::ServerToClient;
        // its number shows whether the server had sent anything that is not in the capture
        let nothing_unseen = !by_server || segment.seq.plus(segment.len) == server.end_of_data();
        let with_data = segment.len > 0 && segment.flags.contains(TcpFlags::FIN);
        let Some(request) = client.sent.last_data().filter(|_| nothing_unseen && !with_data) else { return };
        let Some((acked_by, waited)) = request.acked_by.zip(packet.since(request.last.1)) else { return };
        let answered_before = server.isn.is_some_and(|isn| server.end_of_data().is_after(isn.plus(1)));
        let by_reset = segment.flags.contains(TcpFlags::RST);
        let answers_probe = by_reset && self.probe_answered_by_reset(packet).is_some();
        if answers_probe || by_reset && acked_by.get() == packet.frame {
            // it answers a segment, perhaps in the server's name, and is no close by the server's program
            return;
        }
        let is_request = match (answered_before, by_server) {
            (true, true) => waited >= SLOW_RESPONSE,
            (true, false) => waited >= IDLE,
            (false, true) => client.sent_one_burst(),
            // the client's own ACK shows that nothing of the server is missing in the capture
            (false, false) => {
                let heard_nothing = server.isn.is_some_and(|isn| segment.ack == isn.plus(1));
                waited >= IDLE && !by_reset && heard_nothing && client.sent_one_burst()
            }
        };
        if is_request {
            let unanswered = UnansweredRequest {
                request: request.frame,
                bytes: client.unread_bytes,
                acked_by,
                closed_in: packet.frame,
                closed_by: packet.direction,
                reset: by_reset,
                waited,
                answered_before,
            };
            self.recorder.events().unanswered.get_or_insert(unanswered);
        }
    }

    /// Returns `true` if the server answered a client that had sent its FIN and still received.
    #[cold]
    pub(super) fn answered_after_close(&self, request: &UnansweredRequest) -> bool {
        let by_client = request.closed_by == Direction::ClientToServer && !request.reset;
        let data = self.endpoints.server_to_client.sent.last_data();
        by_client && data.is_some_and(|data| data.frame > request.closed_in)
    }
}

impl TcpEndpoint {
    /// The number after its last data that was captured.
    fn end_of_data(&self) -> crate::model::SeqNumber {
        let end = self.sent.last_data().map(|sent| sent.end).or(self.isn.map(|isn| isn.plus(1)));
        end.or(self.snd_nxt).unwrap_or_default()
    }

    /// Returns `true` if all its data was sent at once, as one request is; `false` if that is no longer remembered.
    fn sent_one_burst(&self) -> bool {
        let mut data = self.sent.iter().filter(|sent| sent.len > 0);
        let Some(first) = data.next() else { return false };
        let whole = self.isn.is_some_and(|isn| first.seq == isn.plus(1));
        whole && self.sent.last_data().and_then(|last| last.at.since(first.at)).is_some_and(|took| took < SLOW_RESPONSE)
    }

    /// Its data and FIN that no ACK of the peer covers and none of the peer's last SACK blocks reports, when the
    /// conversation ends at `end`.
    pub(super) fn unacked(&self, peer: &Self, end: OptTime) -> Unacked {
        let Some((next, ack)) = self.snd_nxt.zip(peer.ack_sent) else { return Unacked::default() };
        let outstanding = next.distance(ack).max(0).unsigned_abs();
        if outstanding == 0 {
            return Unacked::default();
        }
        let fin = self.fin.is_some_and(|fin| fin.acked_by.is_none() && fin.end.is_after(ack));
        let syn = self.isn == Some(ack);
        let counted = peer.sacked_bytes(ack, next).saturating_add(u32::from(fin)).saturating_add(u32::from(syn));
        let first = self.sent.iter().find(|sent| sent.end.is_after(ack));
        Unacked {
            bytes: outstanding.saturating_sub(counted),
            fin,
            retransmissions: first.map_or(0, |sent| sent.retransmissions),
            tried: first.and_then(|sent| sent.last.1.since(sent.at)).unwrap_or_default(),
            waited: first.and_then(|sent| end.since(sent.last.1)).unwrap_or_default(),
            frames: first.map_or((0, 0), |sent| (sent.frame, sent.last.0)),
        }
    }
}
