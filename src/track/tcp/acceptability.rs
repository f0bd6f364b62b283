//! What does not fit: an ACK of anything but the SYN that waits for one, a RST at a number that its receiver does not
//! expect. Neither changes the connection, and it goes on (RFC 9293 §3.5.1, §3.10.7; RFC 5961).

use std::num::NonZeroU64;

use super::endpoint::TcpEndpoint;
use super::{Connection, PacketRef};
use crate::model::{Direction, Segment, SeqNumber, TcpFlags};
use crate::track::facts::Probe;

impl Connection {
    /// Whether the ACK can be of this connection, as far as its opening tells.
    #[inline]
    pub(super) fn may_ack(&self, direction: Direction, segment: &Segment) -> bool {
        let peer = self.sides.get(!direction);
        peer.syn_acked || fits_syn(self.sides.get(direction), peer, segment)
    }

    /// Forgets a RST that ended nothing: bytes sent after it are acknowledged, or it is challenged. Called for a segment
    /// after a RST that is none itself.
    #[cold]
    pub(super) fn goes_on(&mut self, moment: &PacketRef, segment: &Segment, advances: bool, probe: Option<Probe>) {
        let (own, peer) = (self.sides.get(moment.direction), self.sides.get(!moment.direction));
        if own.reset.is_some() && segment.len > 0 && !segment.seq.is_before(own.next_at_reset) {
            self.recorder.see_went_on(moment);
        }
        // whoever has no connection any more acknowledges nothing, and nobody acknowledges what it sends
        let since = peer.newest().map_or(0, |newest| newest.frame);
        let went_on = advances && own.ack_sent.is_some_and(|acked| acked.is_after(peer.next_at_reset));
        for sender in [moment.direction, !moment.direction] {
            let Some(reset) = self.sides.get(sender).reset.map(NonZeroU64::get) else { continue };
            let challenged = probe == Some(Probe::ResetChallenge(reset));
            if went_on || challenged {
                self.sides.get_mut(sender).reset = None;
                let since = if challenged { 0 } else { since };
                self.recorder.see_ignored(sender, [reset, since, moment.frame]);
                self.handshake.goes_on();
            }
        }
        let [client, server] = [Direction::ClientToServer, Direction::ServerToClient].map(|side| {
            let side_state = self.sides.get(side);
            side_state.reset.map(NonZeroU64::get).or(side_state.fin.map(|fin| fin.frame)).map(|frame| (frame, side))
        });
        self.closed_first = client.into_iter().chain(server).min_by_key(|(frame, _)| *frame).map(|(_, side)| side);
    }
}

/// Whether an ACK can answer the peer's SYN, of which no ACK was captured so far: it is none of numbers before it, and a
/// SYN-ACK, or the first segment captured at all, covers nothing that was not sent.
#[cold]
fn fits_syn(own: &TcpEndpoint, peer: &TcpEndpoint, segment: &Segment) -> bool {
    let Some(isn) = peer.isn else { return true };
    let beyond = peer.snd_nxt.is_some_and(|next| segment.ack.is_after(next));
    let first = segment.flags.contains(TcpFlags::SYN) || own.newest().is_none();
    peer.has_asked_with(SeqNumber(segment.ack.0.wrapping_sub(1))) || segment.ack.is_after(isn) && !(beyond && first)
}
