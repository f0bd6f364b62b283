//! The wire without its devices: what becomes of a frame, and when it comes out at the other end.
//!
//! It is told the time, so that a test can run an hour in no time at all.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use fastrand::Rng;

use super::WireOptions;
use super::census::{Census, Sighting};
use super::faults::{Chance, Faults};
use super::log::{Cause, Deed, What, WireFrame, WireLog};
use super::packet::{PacketKind, PacketView};
use super::rule::{Action, Rule, Times};
use crate::model::{Direction, PerDirection, Timestamp};

/// How long a frame waits for the one that is to overtake it.
const HOLD: Duration = Duration::from_millis(100);

/// How many bytes wait at most where the rate is limited: a thousand full frames, as Linux's own netem has it.
const QUEUE_BYTES: usize = 1_000 * 1_514;

/// Both directions of the wire.
#[derive(Debug)]
pub(super) struct Line {
    /// The system's clock when the line's own was 0.
    epoch: Timestamp,
    rules: Vec<Active>,
    lanes: PerDirection<Lane>,
    under_way: BinaryHeap<Reverse<Flight>>,
    serial: u64,
    pub(super) log: WireLog,
}

/// One direction.
#[derive(Debug)]
struct Lane {
    faults: Faults,
    rng: Rng,
    census: Census,
    /// Until when the wire is busy, where its rate is limited.
    busy: Duration,
    /// When the last frame arrives that keeps its place.
    last: Duration,
    held: Vec<Held>,
}

/// A rule and what is left of it.
#[derive(Debug)]
struct Active {
    rule: Rule,
    left: u32,
}

/// A frame under way.
#[derive(Debug)]
struct Flight {
    due: Duration,
    /// Frames that are due at the same time arrive in this order.
    serial: u64,
    frame: WireFrame,
    bytes: Vec<u8>,
}

/// A frame that waits to be overtaken.
#[derive(Debug)]
struct Held {
    until: Duration,
    by: Overtaker,
    cause: Cause,
    frame: WireFrame,
    bytes: Vec<u8>,
}

/// Who overtakes a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overtaker {
    Next,
    Packet(PacketKind, u32),
}

/// A frame that a host sent, and all that is known of it.
struct Accepted<'a> {
    frame: WireFrame,
    bytes: &'a [u8],
    view: PacketView,
    sighting: Sighting,
    chance: Chance,
}

/// What is to be done to one frame.
#[derive(Default)]
struct Verdict {
    dropped: Option<Cause>,
    duplicated: Option<Cause>,
    corrupted: Option<Cause>,
    delayed: Option<(Duration, Cause)>,
    held: Option<(Overtaker, Cause)>,
}

impl Line {
    /// A line whose clock is 0 when the system's is `epoch`.
    pub(super) fn new(options: &WireOptions, seed: u64, epoch: Timestamp) -> Self {
        let lane = |direction: Direction, salt: u64| Lane {
            faults: *options.faults.get(direction),
            // two directions of one seed must not meet the same fate
            rng: Rng::with_seed(seed ^ salt),
            census: Census::default(),
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
            under_way: BinaryHeap::new(),
            serial: 0,
            log: WireLog::default(),
        }
    }

    /// Changes the faults for what comes from now on.
    pub(super) fn set_faults(&mut self, faults: &PerDirection<Faults>) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            self.lanes.get_mut(direction).faults = *faults.get(direction);
        }
    }

    /// Adds rules to the script.
    pub(super) fn add_rules(&mut self, rules: &[Rule]) {
        self.rules.extend(rules.iter().copied().map(Active::new));
    }

    /// Takes a frame that a host sent at `now`.
    pub(super) fn accept(&mut self, now: Duration, direction: Direction, bytes: &[u8]) {
        let view = PacketView::of(bytes);
        let lane = self.lanes.get_mut(direction);
        let sighting = lane.census.sight(&view);
        let chance = Chance::draw(&lane.faults, &mut lane.rng);
        let time = self.clock(now);
        let totals = self.log.totals.get_mut(direction);
        totals.sent += 1;
        let kind = view.kind();
        let frame = WireFrame {
            time,
            direction,
            index: totals.sent,
            length: bytes.len(),
            kind,
            number: sighting.numbers(kind).map_or(0, |numbers| *numbers.end()),
            again: sighting.again,
        };
        let mut verdict = Verdict::default();
        for (index, active) in self.rules.iter_mut().enumerate() {
            if verdict.dropped.is_none() && active.applies(direction, &sighting) {
                verdict.add(active.rule, Cause::Rule(index));
            }
        }
        verdict.add_chance(&chance);
        self.execute(now, &Accepted { frame, bytes, view, sighting, chance }, verdict);
    }

    /// The system's clock at `now`.
    fn clock(&self, now: Duration) -> Timestamp {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::new(self.epoch.seconds().saturating_add(seconds), self.epoch.subsec_nanos() + now.subsec_nanos())
    }

    fn execute(&mut self, now: Duration, accepted: &Accepted<'_>, verdict: Verdict) {
        let frame = accepted.frame;
        if let Some(cause) = verdict.dropped {
            return self.log.add(Deed { frame, what: What::Dropped, cause });
        }
        let lane = self.lanes.get_mut(frame.direction);
        let Some(mut due) = lane.arrival(now, frame.length, accepted.chance.jitter) else {
            return self.log.add(Deed { frame, what: What::Dropped, cause: Cause::QueueFull });
        };
        // a frame that could overtake does not wait to be overtaken
        let waits = lane.held.iter().any(|held| held.by == Overtaker::Next);
        let held = verdict.held.filter(|(by, _)| *by != Overtaker::Next || !waits);
        if let Some((delay, cause)) = verdict.delayed {
            due = due.saturating_add(delay);
            self.log.add(Deed { frame, what: What::Delayed(delay), cause });
        }
        let mut bytes = accepted.bytes.to_vec();
        if let Some(cause) = verdict.corrupted
            && let Some(offset) = damage(&mut bytes, &accepted.view, accepted.chance.damage)
        {
            self.log.add(Deed { frame, what: What::Corrupted { offset }, cause });
        }
        let copy = verdict.duplicated.map(|cause| {
            self.log.add(Deed { frame, what: What::Duplicated, cause });
            bytes.clone()
        });
        if let Some((by, cause)) = held {
            let until = due.saturating_add(HOLD);
            self.lanes.get_mut(frame.direction).held.push(Held { until, by, cause, frame, bytes });
        } else {
            self.send(due, frame, bytes);
            self.release(due, frame.direction, &accepted.sighting);
        }
        if let Some(copy) = copy {
            self.send(due, frame, copy);
        }
    }

    /// Lets those go that the frame due at `due` overtakes.
    fn release(&mut self, due: Duration, direction: Direction, sighting: &Sighting) {
        let overtaken = |held: &mut Held| match held.by {
            Overtaker::Next => true,
            Overtaker::Packet(kind, number) => sighting.numbers(kind).is_some_and(|numbers| numbers.contains(&number)),
        };
        let released: Vec<Held> = self.lanes.get_mut(direction).held.extract_if(.., overtaken).collect();
        for held in released {
            self.log.add(Deed { frame: held.frame, what: What::Reordered, cause: held.cause });
            self.send(due.max(held.until.saturating_sub(HOLD)), held.frame, held.bytes);
        }
    }

    fn send(&mut self, due: Duration, frame: WireFrame, bytes: Vec<u8>) {
        self.serial += 1;
        self.under_way.push(Reverse(Flight { due, serial: self.serial, frame, bytes }));
    }

    /// The next frame that has arrived by `now`.
    pub(super) fn arrived(&mut self, now: Duration) -> Option<(WireFrame, Vec<u8>)> {
        self.give_up_holding(now);
        if self.under_way.peek()?.0.due > now {
            return None;
        }
        self.under_way.pop().map(|Reverse(flight)| (flight.frame, flight.bytes))
    }

    /// Sends what has waited too long for the packet that was to overtake it.
    fn give_up_holding(&mut self, now: Duration) {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            let held = &mut self.lanes.get_mut(direction).held;
            if held.is_empty() {
                continue;
            }
            let tired: Vec<Held> = held.extract_if(.., |held| held.until <= now).collect();
            for held in tired {
                self.log.add(Deed { frame: held.frame, what: What::Delayed(HOLD), cause: held.cause });
                self.send(held.until, held.frame, held.bytes);
            }
        }
    }

    /// When `arrived` will next have a frame; `None` while nothing is under way.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let held = [&self.lanes.client_to_server, &self.lanes.server_to_client];
        let held = held.into_iter().flat_map(|lane| &lane.held).map(|held| held.until);
        held.chain(self.under_way.peek().map(|flight| flight.0.due)).min()
    }

    /// Counts a frame that was handed over.
    pub(super) fn delivered(&mut self, frame: WireFrame) {
        self.log.totals.get_mut(frame.direction).delivered += 1;
    }

    /// Counts a frame that could not be handed over.
    pub(super) fn undeliverable(&mut self, frame: WireFrame) {
        self.log.add(Deed { frame, what: What::Dropped, cause: Cause::Undeliverable });
    }

    /// Drops what is under way.
    pub(super) fn abandon(&mut self) {
        while let Some(Reverse(flight)) = self.under_way.pop() {
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
    /// When a frame of `length` bytes that is sent now arrives; `None` if the queue before the wire is full.
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

impl Active {
    fn new(rule: Rule) -> Self {
        let left = match rule.times {
            Times::Count(count) => count,
            Times::Always => u32::MAX,
        };
        Self { rule, left }
    }

    /// Whether the rule applies to a frame; if so it has one time less.
    fn applies(&mut self, direction: Direction, sighting: &Sighting) -> bool {
        let fits = self.left > 0
            && self.rule.direction.is_none_or(|only| only == direction)
            && sighting
                .numbers(self.rule.kind)
                .is_some_and(|numbers| self.rule.number.is_none_or(|number| numbers.contains(&number)));
        if fits {
            if self.rule.times != Times::Always {
                self.left -= 1;
            }
            if self.rule.number.is_some() {
                // the other host's packet of this number is another packet
                self.rule.direction = Some(direction);
            }
        }
        fits
    }
}

impl Verdict {
    fn add(&mut self, rule: Rule, cause: Cause) {
        match rule.action {
            Action::Drop => self.dropped = Some(cause),
            Action::Duplicate => self.duplicated = Some(cause),
            Action::Corrupt => self.corrupted = Some(cause),
            Action::Delay(delay) => {
                let before = self.delayed.map_or(Duration::ZERO, |(delay, _)| delay);
                self.delayed = Some((before.saturating_add(delay), cause));
            }
            Action::SwapWith(other) => self.held = Some((Overtaker::Packet(rule.kind, other), cause)),
        }
    }

    fn add_chance(&mut self, chance: &Chance) {
        let by_chance = |happens: bool| happens.then_some(Cause::Chance);
        self.dropped = self.dropped.or(by_chance(chance.lost));
        self.duplicated = self.duplicated.or(by_chance(chance.duplicated));
        self.corrupted = self.corrupted.or(by_chance(chance.corrupted));
        self.held = self.held.or(by_chance(chance.reordered).map(|cause| (Overtaker::Next, cause)));
    }
}

/// Flips one bit of the packet's body; `None` where it has none.
fn damage(bytes: &mut [u8], view: &PacketView, (place, bit): (f64, u8)) -> Option<usize> {
    let body = view.body.clone();
    let offset = body.start + ((body.len() as f64 * place) as usize).min(body.len().checked_sub(1)?);
    *bytes.get_mut(offset)? ^= bit;
    Some(offset)
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.serial).cmp(&(other.due, other.serial))
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Flight {}
