//! The state of a conversation that only TCP or only UDP needs.

use super::capture_point::{CapturePoint, CapturePointObserver};
use super::tcp::connection::Connection;
use super::udp::Exchange;
use crate::echo::{Chunk, Echo, EchoMatcher, MemoryBudget};
use crate::model::{Direction, Endpoint, Segment, TcpFlags};

/// The state that only one of the protocols needs.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Tcp(Box<TcpKind>),
    Udp(Box<Exchange>),
}

impl Kind {
    /// The same for a conversation of these ends, with the place of the capture where it is known.
    pub(super) fn captured_at(mut self, capture_point: Option<CapturePoint>, ends: (Endpoint, Endpoint)) -> Self {
        let clues = CapturePointObserver::new(capture_point, ends);
        match &mut self {
            Self::Tcp(tcp) => tcp.connection.clues = clues,
            Self::Udp(exchange) => exchange.begin(clues, ends),
        }
        self
    }
}

/// A connection and what its streams echo.
#[derive(Clone, Debug, Default)]
pub(super) struct TcpKind {
    pub(super) connection: Connection,
    pub(super) echo_matcher: EchoMatcher,
}

impl TcpKind {
    /// Compares a segment's payload, as far as it was captured, with what went the other way; `late` if it was taken
    /// for lost. Returns what it echoes.
    pub(super) fn compare(
        &mut self,
        frame: u64,
        direction: Direction,
        segment: &Segment,
        payload: &[u8],
        (late, budget): (bool, &MemoryBudget),
    ) -> Option<Echo> {
        let part = Chunk {
            frame,
            offset: self.connection.offset(direction, segment),
            payload,
            push: segment.flags.contains(TcpFlags::PSH),
            cut: (payload.len() as u64) < u64::from(segment.len),
        };
        if (late || self.echo_matcher.lacks_any()) && self.echo_matcher.is_past(direction, part.offset) {
            self.echo_matcher.captured_late(direction, &part, late);
            return None;
        }
        // what its ACK covers was there before it
        self.skip_lost(frame, !direction);
        let echo = match direction {
            Direction::ClientToServer => {
                self.echo_matcher.request(&part, budget);
                None
            }
            Direction::ServerToClient => self.echo_matcher.answer(&part, budget),
        };
        Echo::merge(echo, self.skip_lost(frame, direction))
    }

    /// Continues after bytes of this direction that the peer has and the capture lacks.
    #[inline]
    pub(super) fn skip_lost(&mut self, frame: u64, direction: Direction) -> Option<Echo> {
        let acked = self.connection.acked_of(direction)?;
        if self.echo_matcher.lacks(direction, acked) { self.skip_up_to(frame, direction, acked) } else { None }
    }

    #[cold]
    fn skip_up_to(&mut self, frame: u64, direction: Direction, acked: u32) -> Option<Echo> {
        let acked = acked.wrapping_sub(u32::from(self.connection.covers_fin(direction)));
        self.echo_matcher.skip(frame, direction, acked)
    }

    /// The connection has ended: what late packets do not need goes, its memory to the `next` connection.
    pub(super) fn retire(&mut self, next: &mut Self) {
        self.echo_matcher.settle();
        self.connection.recycle_into(&mut next.connection);
    }

    /// Empties the state for another connection, which keeps memory that it will need.
    pub(super) fn clear(&mut self) {
        let mut next = Self::default();
        self.echo_matcher.recycle_into(&mut next.echo_matcher);
        self.connection.rtt.recycle_into(&mut next.connection.rtt);
        self.connection.response_times.recycle_into(&mut next.connection.response_times);
        *self = next;
    }
}
