//! The opening of a connection, and what its two halves tell about where the capture was made.

use std::num::NonZeroU64;

use super::side::Side;
use super::{Moment, TcpPlace};
use crate::model::{Direction, Nanos, PerDirection};
use crate::track::Handshake;
use crate::track::when::When;

/// Below this a handshake is too short to tell its halves apart: both ends are on one host.
const SAME_HOST: Nanos = Nanos(400_000);

/// Where the capture was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// At the client: the SYN-ACK took the time, the ACK followed at once.
    Client,
    /// At the server: the SYN-ACK followed at once, the ACK took the time.
    Server,
    /// On the way: both halves took time.
    Between,
    /// Both ends are so close that it makes no difference.
    SameHost,
}

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) syn: Option<(NonZeroU64, When)>,
    pub(super) syn_ack: Option<(NonZeroU64, When)>,
    pub(super) ack: Option<(NonZeroU64, When)>,
    pub(super) refused: bool,
    pub(super) simultaneous: bool,
    from_client: When,
    from_server: When,
    repeated: bool,
    vantage: Option<Vantage>,
}

impl Progress {
    /// Whether nothing but a SYN or RST can concern it any more.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.ack.is_some() || self.syn.is_none() && self.syn_ack.is_none()
    }

    /// Takes a segment's place in the handshake, if it has one.
    #[inline]
    pub(super) fn follow(&mut self, moment: &Moment, place: TcpPlace, sides: &PerDirection<Side>) {
        match place {
            TcpPlace::Syn => {
                self.repeated |= self.syn.is_some();
                self.syn = moment.place();
            }
            TcpPlace::SimultaneousSyn => self.simultaneous = true,
            TcpPlace::SynAck => {
                self.repeated |= self.syn_ack.is_some();
                self.syn_ack = moment.place();
            }
            TcpPlace::Reset => {
                let peer = sides.get(!moment.direction);
                let own = sides.get(moment.direction);
                self.refused |= self.syn.is_some() && peer.isn.is_some() && own.isn.is_none() && self.ack.is_none();
            }
            _ if self.ack.is_none() && self.syn_ack.is_some() && moment.direction == Direction::ClientToServer => {
                self.ack = moment.place();
                self.finish(moment);
            }
            _ => {}
        }
    }

    fn finish(&mut self, moment: &Moment) {
        let (Some((_, syn)), Some((_, syn_ack))) = (self.syn, self.syn_ack) else { return };
        // Karn: a repeated SYN leaves open which one was answered
        if !self.repeated && !self.simultaneous {
            self.from_client = syn_ack.since(syn).into();
            self.from_server = moment.since(syn_ack).into();
            self.vantage = self.place();
        }
    }

    /// From the SYN to the ACK of the SYN-ACK: one round trip, wherever it was captured.
    pub(super) fn round_trip(&self) -> Option<Nanos> {
        Some(self.from_client.get()?.plus(self.from_server.get()?))
    }

    /// How long `direction`'s sender took to answer in the handshake, as seen here.
    pub(super) fn answer_time(&self, direction: Direction) -> Option<Nanos> {
        match direction {
            Direction::ServerToClient => self.from_client.get(),
            Direction::ClientToServer => self.from_server.get(),
        }
    }

    /// Where the capture was made, as far as the halves of the handshake tell.
    pub(super) fn vantage(&self) -> Option<Vantage> {
        self.vantage
    }

    fn place(&self) -> Option<Vantage> {
        let (client, server) = (self.from_client.get()?.0, self.from_server.get()?.0);
        Some(match (client, server) {
            _ if client.saturating_add(server) < SAME_HOST.0 => Vantage::SameHost,
            _ if server < client / 4 => Vantage::Client,
            _ if client < server / 4 => Vantage::Server,
            _ => Vantage::Between,
        })
    }

    /// Whether the time from this sender's data to its ACK is a round trip here, and not just the receiver's delay.
    pub(super) fn sees_round_trips_of(&self, sender: Direction) -> bool {
        match self.vantage() {
            Some(Vantage::Client) => sender == Direction::ClientToServer,
            Some(Vantage::Server) => sender == Direction::ServerToClient,
            Some(Vantage::Between | Vantage::SameHost) | None => true,
        }
    }

    /// Whether a SYN was seen and the ACK that ends the handshake was not.
    pub(super) fn is_under_way(&self) -> bool {
        self.ack.is_none() && (self.syn.is_some() || self.syn_ack.is_some())
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// How much of it was captured.
    pub(super) fn outcome(&self) -> Handshake {
        match (self.syn, self.syn_ack, self.ack) {
            _ if self.refused => Handshake::Refused,
            (Some(_), Some(_), Some(_)) => Handshake::Complete,
            (None, None, _) => Handshake::Absent,
            _ => Handshake::Partial,
        }
    }
}
