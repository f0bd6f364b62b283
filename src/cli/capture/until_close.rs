//! `--until-close`: ends a capture when the first connection that it shows from its SYN on is closed.

use std::collections::HashMap;
use std::io;

use crate::drive::Signal;
use crate::explain::{Phase, Step};
use crate::model::{Direction, PerDirection, Protocol, TcpFlags};
use crate::report::{ForwardSink, Sink};
use crate::track::StreamId;

/// Most connections watched at once; later ones are not waited for.
const MAX_CONNECTIONS: usize = 65_536;

/// Passes everything on, and raises a signal at the first close.
pub(super) struct UntilClose<'a> {
    sink: &'a mut dyn Sink,
    /// Raised at the close; `None` where nothing waits for it.
    over: Option<Signal>,
    open: HashMap<StreamId, PerDirection<Fin>>,
    closed: bool,
}

/// The progress of one side's close.
#[derive(Clone, Copy, Default)]
struct Fin {
    /// The sequence number behind its FIN.
    end: Option<u32>,
    acked: bool,
}

impl<'a> UntilClose<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink, over: Option<Signal>) -> Self {
        Self { sink, over, open: HashMap::new(), closed: false }
    }

    /// Returns `true` if a connection that was captured from its SYN on was closed.
    pub(super) fn has_closed(&self) -> bool {
        self.closed
    }

    /// Returns `true` if this step closes a connection that was captured from its start.
    fn closes(&mut self, step: &Step<'_>) -> bool {
        let event = &step.event;
        if event.stream.protocol != Protocol::Tcp {
            return false;
        }
        let Some(facts) = event.tcp() else { return false };
        let is_first = event.number == 1 && facts.flags.contains(TcpFlags::SYN) && facts.ack.is_none();
        if is_first && self.open.len() < MAX_CONNECTIONS {
            self.open.insert(event.stream, PerDirection::default());
        }
        let Some(fins) = self.open.get_mut(&event.stream) else { return false };
        if step.phase == Phase::Aborted {
            return true;
        }
        let own = fins.get_mut(event.direction);
        if facts.flags.contains(TcpFlags::FIN) && own.end.is_none() {
            own.end = Some(facts.seq_raw.wrapping_add(facts.len).wrapping_add(1));
        }
        let other = fins.get_mut(!event.direction);
        let covers = |end: u32| facts.ack.is_some() && facts.ack_raw.wrapping_sub(end).cast_signed() >= 0;
        other.acked |= other.end.is_some_and(covers);
        [Direction::ClientToServer, Direction::ServerToClient].iter().all(|way| fins.get(*way).acked)
    }
}

impl<'a> ForwardSink for UntilClose<'a> {
    type Inner = dyn Sink + 'a;

    const SEES_ALL: bool = true;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        if !self.closed && self.over.is_some() && self.closes(step) {
            self.closed = true;
            self.over.iter().for_each(Signal::raise);
        }
        if Sink::wants_steps(self.inner()) { self.inner_mut().step(step) } else { Ok(()) }
    }
}
