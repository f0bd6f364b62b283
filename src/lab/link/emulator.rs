//! The link without its devices: decides the delivery of each frame, and its time of arrival at the other end.
//!
//! The caller passes the time, so that a test can cover an hour without waiting.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use fastrand::Rng;

use super::LinkOptions;
use super::corrupt::{damage, mark};
use super::counter::{Occurrences, PacketCounter};
use super::decision::{Active, Decision, Overtaker};
use super::faults::{DrawnFaults, Faults};
use super::in_flight::InFlight;
use super::log::{Cause, Effect, LinkEvent, LinkFrame, LinkLog};
use super::packet::{PacketKind, PacketView};
use super::rule::Rule;
use crate::model::{Direction, PerDirection, Timestamp};

/// The longest time that a frame is held for the one that is to overtake it.
const HOLD: Duration = Duration::from_millis(100);

/// Bytes that wait at most where the rate is limited: 1,000 full frames, as Linux's netem has it.
const QUEUE_BYTES: usize = 1_000 * 1_514;

/// Both directions of the link.
#[derive(Debug)]
pub(super) struct Emulator {
    /// The system's clock at the emulator's time 0.
    epoch: Timestamp,
    rules: Vec<Active>,
    lanes: PerDirection<Lane>,
    in_flight: BinaryHeap<Reverse<InFlight>>,
    serial: u64,
    pub(super) log: LinkLog,
}

/// One direction.
#[derive(Debug)]
struct Lane {
    faults: Faults,
    rng: Rng,
    counter: PacketCounter,
    /// The time until which the link is busy, where its rate is limited.
    busy: Duration,
    /// The arrival time of the last frame that keeps its order.
    last: Duration,
    held: Vec<Held>,
}

/// A frame that waits to be overtaken.
#[derive(Debug)]
struct Held {
    until: Duration,
    by: Overtaker,
    cause: Cause,
    frame: LinkFrame,
    bytes: Vec<u8>,
}

/// A frame that a host sent, with its properties.
struct Accepted<'a> {
    frame: LinkFrame,
    bytes: &'a [u8],
    view: PacketView,
    occurrences: Occurrences,
    chance: DrawnFaults,
}

impl Emulator {
    /// An emulator whose time is 0 when the system's clock is `epoch`.
    pub(super) fn new(options: &LinkOptions, seed: u64, epoch: Timestamp) -> Self {
        let lane = |direction: Direction, salt: u64| Lane {
            faults: *options.faults.get(direction),
            // two directions with one seed must not have the same faults
            rng: Rng::with_seed(seed ^ salt),
            counter: PacketCounter::default(),
            busy: Duration::ZERO,
            last: Duration::ZERO,
            held: Vec::new(),
        };
        Self {
            epoch,
            rules: options.rules.iter().copied().map(Active::new).collect(),
            lanes: PerDirection {
                client_to_server: lane(Direction::ClientToServer, 0),
                server_to_client: lane(Direction::ServerToClient, 0x9e37_79b9_7f4a_7c15),
            },
            in_flight: BinaryHeap::new(),
            serial: 0,
            log: LinkLog::default(),
        }
    }

    /// Changes the faults for the packets that follow.
    pub(super) fn set_faults(&mut self, faults: &PerDirection<Faults>) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            self.lanes.get_mut(direction).faults = *faults.get(direction);
        }
    }

    /// Adds rules to the script.
    pub(super) fn add_rules(&mut self, rules: &[Rule]) {
        self.rules.extend(rules.iter().copied().map(Active::new));
    }

    /// The script.
    pub(super) fn rules(&self) -> Vec<Rule> {
        self.rules.iter().map(Active::rule).collect()
    }

    /// Accepts a frame that a host sent at `now`.
    pub(super) fn accept(&mut self, now: Duration, direction: Direction, bytes: &[u8]) {
        let view = PacketView::of(bytes);
        let lane = self.lanes.get_mut(direction);
        let occurrences = lane.counter.record(&view);
        let chance = DrawnFaults::draw(&lane.faults, &mut lane.rng);
        let time = self.clock(now);
        let totals = self.log.totals.get_mut(direction);
        totals.sent += 1;
        let kind = view.kind();
        let frame = LinkFrame {
            time,
            direction,
            index: totals.sent,
            length: bytes.len(),
            kind,
            fragment: view.is(PacketKind::Fragment),
            number: occurrences.numbers(kind).map_or(0, |numbers| *numbers.end()),
            again: occurrences.again,
        };
        let decision = Decision::on(&mut self.rules, direction, &occurrences, &chance);
        self.execute(now, &Accepted { frame, bytes, view, occurrences, chance }, decision);
    }

    /// The system's clock at `now`.
    fn clock(&self, now: Duration) -> Timestamp {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::new(self.epoch.seconds().saturating_add(seconds), self.epoch.subsec_nanos() + now.subsec_nanos())
    }

    fn execute(&mut self, now: Duration, accepted: &Accepted<'_>, decision: Decision) {
        let frame = accepted.frame;
        if let Some(cause) = decision.dropped {
            return self.log.add(LinkEvent { frame, what: Effect::Dropped, cause });
        }
        let lane = self.lanes.get_mut(frame.direction);
        let Some(mut due) = lane.arrival(now, frame.length, accepted.chance.jitter) else {
            return self.log.add(LinkEvent { frame, what: Effect::Dropped, cause: Cause::QueueFull });
        };
        // a frame that could overtake does not wait to be overtaken
        let waits = lane.held.iter().any(|held| held.by == Overtaker::Next);
        let held = decision.held.filter(|(by, _)| *by != Overtaker::Next || !waits);
        if let Some((delay, cause)) = decision.delayed {
            due = due.saturating_add(delay);
            self.log.add(LinkEvent { frame, what: Effect::Delayed(delay), cause });
        }
        let mut bytes = accepted.bytes.to_vec();
        if let Some(cause) = decision.corrupted
            && let Some(offset) = damage(&mut bytes, &accepted.view, accepted.chance.damage)
        {
            self.log.add(LinkEvent { frame, what: Effect::Corrupted { offset }, cause });
        }
        match decision.marked {
            Some(cause) if mark(&mut bytes) => self.log.add(LinkEvent { frame, what: Effect::Marked, cause }),
            Some(Cause::Rule(index)) => _ = self.log.unmarkable.insert(index),
            _ => {}
        }
        let copy = decision.duplicated.map(|cause| {
            self.log.add(LinkEvent { frame, what: Effect::Duplicated, cause });
            bytes.clone()
        });
        if let Some((by, cause)) = held {
            let until = due.saturating_add(HOLD);
            self.lanes.get_mut(frame.direction).held.push(Held { until, by, cause, frame, bytes });
        } else {
            self.send(due, frame, bytes);
            self.release(due, frame.direction, &accepted.occurrences);
        }
        if let Some(copy) = copy {
            self.send(due, frame, copy);
        }
    }

    /// Releases the held frames that the frame due at `due` overtakes.
    fn release(&mut self, due: Duration, direction: Direction, occurrences: &Occurrences) {
        let overtaken = |held: &mut Held| match held.by {
            Overtaker::Next => true,
            Overtaker::Packet(kind, number) => {
                occurrences.numbers(kind).is_some_and(|numbers| numbers.contains(&number))
            }
        };
        let released: Vec<Held> = self.lanes.get_mut(direction).held.extract_if(.., overtaken).collect();
        for held in released {
            self.log.add(LinkEvent { frame: held.frame, what: Effect::Reordered, cause: held.cause });
            self.send(due.max(held.until.saturating_sub(HOLD)), held.frame, held.bytes);
        }
    }

    fn send(&mut self, due: Duration, frame: LinkFrame, bytes: Vec<u8>) {
        self.serial += 1;
        self.in_flight.push(Reverse(InFlight { due, serial: self.serial, frame, bytes }));
    }

    /// The next frame that has arrived by `now`.
    pub(super) fn arrived(&mut self, now: Duration) -> Option<(LinkFrame, Vec<u8>)> {
        self.give_up_holding(now);
        if self.in_flight.peek()?.0.due > now {
            return None;
        }
        self.in_flight.pop().map(|Reverse(flight)| (flight.frame, flight.bytes))
    }

    /// Sends the frames that were held too long for the packet that was to overtake them.
    fn give_up_holding(&mut self, now: Duration) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let held = &mut self.lanes.get_mut(direction).held;
            if held.is_empty() {
                continue;
            }
            let tired: Vec<Held> = held.extract_if(.., |held| held.until <= now).collect();
            for held in tired {
                self.log.add(LinkEvent { frame: held.frame, what: Effect::Delayed(HOLD), cause: held.cause });
                self.send(held.until, held.frame, held.bytes);
            }
        }
    }

    /// The time at which `arrived` will next return a frame; `None` while nothing is in transit.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let held = [&self.lanes.client_to_server, &self.lanes.server_to_client];
        let held = held.into_iter().flat_map(|lane| &lane.held).map(|held| held.until);
        held.chain(self.in_flight.peek().map(|flight| flight.0.due)).min()
    }

    /// Counts a frame that was handed over.
    pub(super) fn delivered(&mut self, frame: LinkFrame) {
        self.log.arrived(frame);
    }

    /// Counts a frame that could not be handed over.
    pub(super) fn undeliverable(&mut self, frame: LinkFrame) {
        self.log.add(LinkEvent { frame, what: Effect::Dropped, cause: Cause::Undeliverable });
    }

    /// Drops the frames in transit.
    pub(super) fn abandon(&mut self) {
        while let Some(Reverse(flight)) = self.in_flight.pop() {
            self.undeliverable(flight.frame);
        }
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            for held in std::mem::take(&mut self.lanes.get_mut(direction).held) {
                self.undeliverable(held.frame);
            }
        }
    }
}

impl Lane {
    /// The arrival time of a frame of `length` bytes that is sent now; `None` if the queue before the link is full.
    fn arrival(&mut self, now: Duration, length: usize, jitter: Duration) -> Option<Duration> {
        let mut sent = now;
        if let Some(rate) = self.faults.rate {
            let start = self.busy.max(now);
            if start - now > rate.time(QUEUE_BYTES) {
                return None;
            }
            sent = start.saturating_add(rate.time(length));
            self.busy = sent;
        }
        self.last = self.last.max(sent.saturating_add(self.faults.delay).saturating_add(jitter));
        Some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::faults::{Percent, Rate};
    use super::super::parse::parse_script;
    use super::super::samples::{datagram, segment};
    use super::*;
    use crate::model::TcpFlags;

    const CLIENT: Direction = Direction::ClientToServer;

    fn emulator(faults: Faults, script: &str) -> Emulator {
        let faults = PerDirection { client_to_server: faults, server_to_client: faults };
        let options = LinkOptions { faults, rules: parse_script(script).unwrap(), seed: None };
        Emulator::new(&options, 7, Timestamp::new(1_000, 999_999_999))
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Every delivery, with its time in milliseconds and the frame's last byte.
    fn all(emulator: &mut Emulator) -> Vec<(u128, u8)> {
        let mut arrivals = Vec::new();
        while let Some(due) = emulator.deadline() {
            // a held frame's deadline is the end of its hold, not its arrival
            if let Some((frame, bytes)) = emulator.arrived(due) {
                emulator.delivered(frame);
                arrivals.push((due.as_millis(), *bytes.last().unwrap()));
            }
        }
        arrivals
    }

    /// Sends one segment of data for each letter, a millisecond apart.
    fn letters(emulator: &mut Emulator, letters: &[u8]) -> Vec<(u128, u8)> {
        for (index, letter) in (0..).zip(letters) {
            emulator.accept(ms(u64::from(index)), CLIENT, &segment(CLIENT, TcpFlags::ACK, index, &[*letter]));
        }
        all(emulator)
    }

    #[test]
    fn a_delay_shifts_everything_by_the_same_time() {
        let mut emulator = emulator(Faults { delay: ms(5), ..Faults::default() }, "");
        assert_eq!(letters(&mut emulator, b"ABC"), [(5, b'A'), (6, b'B'), (7, b'C')]);
        assert_eq!(emulator.deadline(), None);
        assert!(emulator.log.events.is_empty());
    }

    #[test]
    fn swap_waits_for_the_next_packet_or_a_tenth_of_a_second() {
        let mut swapped = emulator(Faults::default(), "swap data 2 4");
        assert_eq!(letters(&mut swapped, b"ABCDE"), [(0, b'A'), (2, b'C'), (3, b'D'), (3, b'B'), (4, b'E')]);
        let mut alone = emulator(Faults { delay: ms(5), ..Faults::default() }, "swap data 2 4");
        assert_eq!(letters(&mut alone, b"ABC"), [(5, b'A'), (7, b'C'), (106, b'B')]);
        assert_eq!(alone.log.events.len(), 1);
        assert_eq!(alone.log.events[0].what, Effect::Delayed(HOLD));
    }

    #[test]
    fn rules_apply_in_order_and_as_often_as_they_state() {
        let mut emulator = emulator(Faults::default(), "duplicate data 1; drop data twice; delay data always by 3ms");
        assert_eq!(letters(&mut emulator, b"ABCD"), [(5, b'C'), (6, b'D')]);
        let causes: Vec<_> =
            emulator.log.events.iter().map(|event| (event.frame.number, event.what, event.cause)).collect();
        let delayed = Effect::Delayed(ms(3));
        assert_eq!(
            causes,
            [
                (1, Effect::Dropped, Cause::Rule(1)),
                (2, Effect::Dropped, Cause::Rule(1)),
                (3, delayed, Cause::Rule(2)),
                (4, delayed, Cause::Rule(2)),
            ]
        );
    }

    #[test]
    fn numbered_rule_counts_the_side_of_its_first_match() {
        let mut emulator = emulator(Faults::default(), "drop data 1 twice");
        for _ in 0..2 {
            for direction in [CLIENT, !CLIENT] {
                emulator.accept(ms(0), direction, &segment(direction, TcpFlags::ACK, 1, b"X"));
            }
        }
        assert_eq!(emulator.log.totals.client_to_server.dropped, 2);
        assert_eq!(emulator.log.totals.server_to_client.dropped, 0);
    }

    #[test]
    fn damage_is_one_bit_of_the_payload() {
        let mut emulator = emulator(Faults { corrupt: Percent::ALL, ..Faults::default() }, "");
        let frame = datagram(CLIENT, &[0; 100]);
        emulator.accept(ms(0), CLIENT, &frame);
        let (_, bytes) = emulator.arrived(ms(0)).unwrap();
        let Effect::Corrupted { offset } = emulator.log.events[0].what else { panic!("{:?}", emulator.log.events) };
        assert!(offset >= 42);
        assert_eq!((bytes[offset] ^ frame[offset]).count_ones(), 1);
        assert_eq!(bytes.iter().zip(&frame).filter(|(now, before)| now != before).count(), 1);
    }

    #[test]
    fn link_event_has_the_time_of_the_system_clock() {
        let mut emulator = emulator(Faults::default(), "drop any");
        emulator.accept(Duration::from_nanos(2), CLIENT, &datagram(CLIENT, b"X"));
        assert_eq!(emulator.log.events[0].frame.time, Timestamp::new(1_001, 1));
    }

    #[test]
    fn endless_durations_are_handled() {
        let mut emulator =
            emulator(Faults { delay: Duration::MAX, ..Faults::default() }, "delay any by 580years always");
        emulator.accept(ms(1), CLIENT, &datagram(CLIENT, b"X"));
        assert_eq!(emulator.deadline(), Some(Duration::MAX));
        emulator.abandon();
        assert_eq!(emulator.log.totals.client_to_server.dropped, 1);
    }

    prop_compose! {
        fn any_faults()(
            delay in 0_u64..50, jitter in 0_u64..50, loss in 0.0..100.0, duplicate in 0.0..100.0, reorder in 0.0..100.0,
            corrupt in 0.0..100.0, rate in proptest::option::of(1_u64..10_000_000)
        ) -> Faults {
            let share = |share| Percent::new(share).unwrap();
            Faults {
                delay: ms(delay), jitter: ms(jitter), loss: share(loss), duplicate: share(duplicate),
                reorder: share(reorder), corrupt: share(corrupt), rate: rate.and_then(Rate::new),
            }
        }
    }

    proptest! {
        #[test]
        fn every_frame_and_copy_is_delivered_or_dropped(
            faults in any_faults(), sends in proptest::collection::vec((0_u64..20, any::<bool>()), 0..60)
        ) {
            let mut emulator = emulator(faults, "swap datagram 2 5; duplicate any 3; delay datagram 4 by 1s; drop any 6 twice");
            let mut now = 0;
            for (pause, from_client) in &sends {
                now += pause;
                let direction = if *from_client { CLIENT } else { !CLIENT };
                emulator.accept(ms(now), direction, &datagram(direction, b"X"));
            }
            all(&mut emulator);
            let mut sent = 0;
            for direction in [CLIENT, !CLIENT] {
                let totals = emulator.log.totals.get(direction);
                prop_assert_eq!(totals.sent + totals.duplicated, totals.delivered + totals.dropped, "{:?}", totals);
                sent += totals.sent;
            }
            prop_assert_eq!(sent, sends.len() as u64);
        }

        #[test]
        fn order_is_kept_and_nothing_is_early_without_reordering(
            faults in any_faults(), pauses in proptest::collection::vec(0_u64..20, 0..60)
        ) {
            let faults = Faults { reorder: Percent::default(), ..faults };
            let mut emulator = emulator(faults, "");
            let mut now = 0;
            let mut sent = Vec::new();
            for (number, pause) in (0..).zip(&pauses) {
                now += pause;
                sent.push(now);
                emulator.accept(ms(now), CLIENT, &datagram(CLIENT, &[0, number]));
            }
            let mut last = 0;
            while let Some(due) = emulator.deadline() {
                let Some((frame, _)) = emulator.arrived(due) else { continue };
                let index = usize::try_from(frame.index - 1).unwrap();
                prop_assert!(frame.index >= last);
                prop_assert!(due >= ms(sent[index]) + faults.delay);
                last = frame.index;
            }
        }
    }
}
