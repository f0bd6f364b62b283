//! From a conversation and its steps to a ladder.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::position::{self, OneWayDelay};
use super::state::{EndpointState, SegmentEffect};
use super::trail::{Entry, Trail};
use super::{Arrow, ArrowKind, Band, Ladder, Lifeline, Row, delivery, notes, work};
use crate::explain::{Conversation, Phase, Step};
use crate::model::{Direction, PerDirection, Protocol, SeqNumber, TcpFlags};
use crate::report::{View, conversation_title};
use crate::track::State;
use crate::track::{ConversationTotals, Ends, Handshake, Life};

/// Two sides' first FIN or SYN can only have crossed when they are this near to each other.
const CROSSING: usize = 8;

impl Ladder {
    /// Lays a conversation out.
    pub(crate) fn of(conversation: &Conversation, trail: &Trail, view: &View) -> Self {
        let totals = &conversation.totals;
        let entries = trail.rows();
        let deliveries = delivery::of(entries.iter().filter_map(Entry::step));
        let mut rows: Vec<Row> = entries.iter().enumerate().map(|(index, entry)| row(entry, index, view)).collect();
        for arrow in rows.iter_mut().filter_map(Row::arrow_mut) {
            arrow.delivery = deliveries.get(&arrow.frame).copied().unwrap_or_default();
        }
        let moved = segment_effects(&entries);
        let one_way = OneWayDelay::of(totals);
        let mut in_order = true;
        if let Some(one_way) = one_way {
            let travels: Vec<_> = rows.iter().map(|row| row.arrow().map(|arrow| arrow.direction)).collect();
            let delivers_first = delivers_first(&rows);
            in_order = position::slant(&mut rows, one_way, |first, second| {
                let acks = || {
                    let (sent, answer) = (moved.get(first)?.as_ref()?, moved.get(second)?.as_ref()?);
                    let across = *travels.get(first)? == travels.get(second)?.map(|direction| !direction);
                    let delivers_first = *delivers_first.get(first)?;
                    Some(across && delivers_first && sent.next != sent.seq && answer.covers(Some(sent.next)))
                };
                acks().unwrap_or_default()
            });
        }
        cross(&mut rows, &moved);
        let mut ladder = Self {
            stream: totals.stream,
            title: conversation_title(totals, view),
            lifelines: lifelines(totals, &entries),
            bands: bands(&rows),
            rows,
            slant: notes::slant(totals, one_way, in_order),
            notes: Vec::new(),
        };
        if totals.stream.protocol == Protocol::Tcp {
            ladder.infer_states(&moved);
        }
        ladder.notes = notes::of(&ladder, trail);
        ladder
    }

    /// Runs both ends through the events in the order of their places on the lifelines.
    fn infer_states(&mut self, moved: &[Option<SegmentEffect>]) {
        let mut events = Vec::new();
        for (row, arrow) in self.rows.iter().enumerate().filter_map(|(row, item)| Some((row, item.arrow()?))) {
            let Some(segment) = moved.get(row).copied().flatten() else { continue };
            events.push((arrow.from, row, arrow.direction, EndpointEvent::Sent, segment));
            let end = if arrow.delivery.arrives() { EndpointEvent::Received } else { EndpointEvent::Missed };
            events.push((arrow.to, row, !arrow.direction, end, segment));
        }
        events.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1)));
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let lifeline = self.lifelines.get_mut(direction);
            let mut end = EndpointState::new(lifeline.before, direction == Direction::ServerToClient);
            for (at, row, side, what, segment) in &events {
                if *side != direction {
                    continue;
                }
                let before = end.state;
                match what {
                    EndpointEvent::Sent => end.sends(segment),
                    EndpointEvent::Received => end.receives(segment),
                    EndpointEvent::Missed => end.misses(segment),
                }
                if let Some(state) = end.state.filter(|_| end.state != before) {
                    lifeline.push_change(*row, *at, state);
                }
            }
        }
    }
}

/// The event of a segment at one endpoint.
#[derive(Clone, Copy, Debug)]
enum EndpointEvent {
    Sent,
    Received,
    Missed,
}

impl Entry {
    fn step(&self) -> Option<&Step<'static>> {
        match self {
            Self::Step(step) => Some(step),
            Self::Fold(_) => None,
        }
    }
}

fn row(entry: &Entry, index: usize, view: &View) -> Row {
    match entry {
        Entry::Step(step) => Row::Arrow(Arrow::of(step, index, view)),
        Entry::Fold(fold) => Row::Fold(fold.clone()),
    }
}

/// The effects of the segments on the states, row by row.
fn segment_effects(entries: &[Entry]) -> Vec<Option<SegmentEffect>> {
    let mut next: PerDirection<Option<u32>> = PerDirection::default();
    let mut segment_effects = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(facts) = entry.step().and_then(|step| step.event.tcp().map(|facts| (step.event.direction, facts)))
        else {
            if matches!(entry, Entry::Fold(_)) {
                next = PerDirection::default();
            }
            segment_effects.push(None);
            continue;
        };
        let (direction, facts) = facts;
        let effect = facts.reset.map(|reset| reset.rule.effect);
        // what ends nothing moves its receiver nowhere; a closed connection is moved no further
        if effect.is_some_and(|effect| (effect.is_ignored() || effect.ends == Ends::Over) && effect.has_connection) {
            segment_effects.push(None);
            continue;
        }
        let expected = next.get_mut(direction);
        let hole = expected.filter(|expected| SeqNumber(facts.seq).is_after(SeqNumber(*expected)));
        let end = facts.next_seq();
        if expected.is_none_or(|expected| SeqNumber(end).is_after(SeqNumber(expected))) {
            *expected = Some(end);
        }
        segment_effects.push(Some(SegmentEffect {
            flags: facts.flags,
            seq: facts.seq,
            next: end,
            ack: facts.ack,
            hole,
            stale: effect.is_some_and(|effect| !effect.has_connection),
        }));
    }
    segment_effects
}

/// Returns for each row `true` if its arrow delivers its bytes first, so that their acknowledgment must have left after
/// its arrival: it arrived, and is no retransmission of one that did.
fn delivers_first(rows: &[Row]) -> Vec<bool> {
    let arrows = || rows.iter().filter_map(Row::arrow);
    let missing: HashSet<u64> = arrows().filter(|arrow| !arrow.delivery.arrives()).map(|arrow| arrow.frame).collect();
    let is_first = |arrow: &Arrow| {
        arrow.delivery.arrives()
            && arrow
                .retransmission
                .is_none_or(|again| again.original.is_none_or(|original| missing.contains(&original)))
    };
    rows.iter().map(|row| row.arrow().is_some_and(is_first)).collect()
}

/// Finds FINs and SYNs that were sent before the peer's had come, and lets their arrows cross.
fn cross(rows: &mut [Row], moved: &[Option<SegmentEffect>]) {
    for flag in [TcpFlags::FIN, TcpFlags::SYN] {
        let first = |direction| {
            rows.iter().zip(moved).position(|(row, moved)| {
                row.arrow().is_some_and(|arrow| arrow.direction == direction && arrow.delivery.arrives())
                    && moved.is_some_and(|moved| moved.flags.contains(flag))
            })
        };
        let (Some(client), Some(server)) = (first(Direction::ClientToServer), first(Direction::ServerToClient)) else {
            continue;
        };
        let (early, late) = (client.min(server), client.max(server));
        let (Some(Some(sent)), Some(Some(answer))) = (moved.get(early), moved.get(late)) else { continue };
        let seen = answer.ack.is_some_and(|ack| !SeqNumber(ack).is_before(SeqNumber(sent.next)));
        if seen || late - early > CROSSING || sent.hole.is_some() {
            continue;
        }
        position::cross(rows, early, late);
    }
}

fn lifelines(totals: &ConversationTotals, entries: &[Entry]) -> PerDirection<Lifeline> {
    let (client, server) = states_before(totals, entries);
    let lifeline = |role, endpoint, isn, before| Lifeline { role, endpoint, isn, before, changes: Vec::new() };
    PerDirection {
        client_to_server: lifeline("client", totals.client, totals.isns().0.map(|isn| ('X', isn)), client),
        server_to_client: lifeline("server", totals.server, totals.isns().1.map(|isn| ('Y', isn)), server),
    }
}

/// The states in which the capture finds both ends.
fn states_before(totals: &ConversationTotals, entries: &[Entry]) -> (Option<State>, Option<State>) {
    let mut steps = entries.iter().filter_map(Entry::step);
    let first = steps.next();
    // a listener answers a SYN; a host that sends a SYN of its own did not listen
    let server_asks = steps
        .find(|step| step.event.direction == Direction::ServerToClient)
        .is_some_and(|step| step.event.tcp().is_some_and(|facts| facts.flags.is_syn_only()));
    let (Some(tcp), Some(facts)) = (&totals.tcp, first.and_then(|step| step.event.tcp())) else { return (None, None) };
    match (tcp.handshake, facts.life) {
        // the port is closed, otherwise there would be no RST
        (Handshake::Refused, _) => (Some(State::Closed), Some(State::Closed)),
        _ if server_asks => (Some(State::Closed), Some(State::Closed)),
        _ if facts.flags.is_syn_only() && tcp.summary.unanswered_syn && !totals.may_go_on() => {
            (Some(State::Closed), None)
        }
        _ if facts.flags.is_syn_only() => (Some(State::Closed), Some(State::Listen)),
        _ if facts.flags.is_syn_ack() => (Some(State::SynSent), Some(State::Listen)),
        (_, Life::Open) => (Some(State::Established), Some(State::Established)),
        _ => (None, None),
    }
}

fn bands(rows: &[Row]) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let phase = match row {
            Row::Arrow(arrow) => arrow.phase,
            Row::Fold(fold) => fold.phase,
        };
        match bands.last_mut() {
            Some(band) if band.phase == phase => band.last = index,
            _ => bands.push(Band { phase, first: index, last: index }),
        }
    }
    bands
}

impl Row {
    pub(super) fn arrow_mut(&mut self) -> Option<&mut Arrow> {
        match self {
            Self::Arrow(arrow) => Some(arrow),
            Self::Fold(_) => None,
        }
    }
}

impl Ladder {
    /// The kinds of arrow that it has, in the order of a legend.
    pub(crate) fn kinds(&self) -> Vec<ArrowKind> {
        let has = |kind: &ArrowKind| self.rows.iter().filter_map(Row::arrow).any(|arrow| arrow.kind == *kind);
        ArrowKind::ALL.into_iter().filter(has).collect()
    }

    /// The phase that begins with this row.
    pub(crate) fn phase_at(&self, row: usize) -> Option<Phase> {
        let band = self.bands.partition_point(|band| work::looked(band.first) < row);
        self.bands.get(band).filter(|band| band.first == row).map(|band| band.phase)
    }
}
