//! Invariants of every ladder, whatever the segments are.

use std::collections::{BTreeMap, HashSet};
use std::io;

use proptest::prelude::*;

use super::position::{self, OneWayDelay};
use super::{Band, Change, Ladder, Row, State, Trail, work};
use crate::explain::{Conversation, Phase, Step};
use crate::model::Severity;
use crate::model::{CaptureInfo, Nanos, TcpFlags};
use crate::report::samples::{C, S, play, segment};
use crate::report::{Bounds, CaptureTotals, Sink, View};
use crate::track::StreamId;

/// A conversation's steps, and its ladders under several bounds.
#[derive(Default)]
struct CollectedConversation {
    conversation: Option<Conversation>,
    trails: Vec<Trail>,
    steps: Vec<Step<'static>>,
    ladders: Vec<Ladder>,
}

#[derive(Default)]
struct Keeper {
    conversations: BTreeMap<StreamId, CollectedConversation>,
}

impl Sink for Keeper {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let kept = self.conversations.entry(step.event.stream).or_insert_with(|| {
            let bounds = [Bounds::default(), Bounds { steps: 5, ..Bounds::default() }, Bounds::NONE];
            CollectedConversation {
                trails: bounds.into_iter().map(Trail::new).collect(),
                ..CollectedConversation::default()
            }
        });
        kept.trails.iter_mut().for_each(|trail| trail.push(step));
        kept.steps.push(step.keep(0));
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let kept = self.conversations.get_mut(&conversation.totals.stream).expect("it had steps");
        let ladder = |trail| Ladder::of(conversation, trail, &View::default());
        kept.conversation = Some(conversation.clone());
        kept.ladders = kept.trails.iter().map(ladder).collect();
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

fn conversations(frames: &[Vec<u8>]) -> Vec<CollectedConversation> {
    let mut keeper = Keeper::default();
    play(frames, &mut keeper);
    keeper.conversations.into_values().collect()
}

fn only(frames: &[Vec<u8>]) -> CollectedConversation {
    let mut conversations = conversations(frames);
    assert_eq!(conversations.len(), 1);
    conversations.remove(0)
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop_oneof![20 => Just("."), 10 => Just("P."), 1 => Just("F."), 1 => Just("S"), 1 => Just("S.")];
    (any::<bool>(), flags, 0_u32..4_000, 0_u32..4_000, 0_usize..200).prop_map(|(client, flags, seq, ack, len)| {
        let (seq, len) = if flags.starts_with('S') { (0, 0) } else { (seq, len) };
        segment(if client { C } else { S }, flags, seq, ack, &vec![b'x'; len])
    })
}

/// A transfer of `segments` segments, each acknowledged, with some of them sent twice.
fn transfer(segments: u32, again: &[u32]) -> Vec<Vec<u8>> {
    let mut frames = vec![segment(C, "S", 0, 0, b""), segment(S, "S.", 0, 1, b""), segment(C, ".", 1, 1, b"")];
    for number in 0..segments {
        frames.push(segment(C, "P.", 1 + number * 4, 1, b"data"));
        if again.contains(&number) {
            frames.push(segment(C, "P.", 1 + number * 4, 1, b"data"));
        }
        frames.push(segment(S, ".", 1, 5 + number * 4, b""));
    }
    let end = 1 + segments * 4;
    frames.extend([segment(C, "F.", end, 1, b""), segment(S, "F.", 1, end + 1, b""), segment(C, ".", end + 1, 2, b"")]);
    frames
}

fn is_to_be_seen(step: &Step<'_>) -> bool {
    let closing = TcpFlags::SYN.union(TcpFlags::FIN).union(TcpFlags::RST);
    step.event.tcp().is_none_or(|facts| facts.flags.intersects(closing) || facts.retransmission.is_some())
        || step.findings.iter().any(|finding| finding.code.severity() >= Severity::Warning)
}

fn check(kept: &CollectedConversation) {
    for ladder in &kept.ladders {
        let mut next = 1;
        let mut shown = HashSet::new();
        for (index, row) in ladder.rows.iter().enumerate() {
            let (first, last) = match row {
                Row::Arrow(arrow) => (arrow.step, arrow.step),
                Row::Fold(fold) => fold.numbers,
            };
            assert_eq!(first, next, "every step is an arrow or in a fold, in order");
            next = last + 1;
            if let Row::Arrow(arrow) = row {
                shown.insert(arrow.step);
                let here = index as f32;
                assert!(arrow.from <= here && arrow.from <= arrow.to, "{arrow:?}");
                assert!(arrow.from > here - 20.0 && arrow.to < here + 20.0, "{arrow:?}");
            }
        }
        check_order(&ladder.rows);
        assert_eq!(next, kept.steps.len() as u64 + 1);
        for step in kept.steps.iter().filter(|step| is_to_be_seen(step)) {
            assert!(shown.contains(&step.event.number), "step {} is folded: {:?}", step.event.number, step.findings);
        }
        let mut band_end = 0;
        for band in &ladder.bands {
            assert_eq!(band.first, band_end, "bands have no gaps");
            band_end = band.last + 1;
        }
        assert_eq!(band_end, ladder.rows.len());
        for lifeline in [&ladder.lifelines.client_to_server, &ladder.lifelines.server_to_client] {
            assert!(lifeline.changes.is_sorted_by(|a, b| a.at <= b.at), "{:?}", lifeline.changes);
            assert!(lifeline.changes.windows(2).all(|pair| pair[0].state != pair[1].state));
            let told: usize = (0..ladder.rows.len()).map(|row| lifeline.states_in(row).count()).sum();
            assert_eq!(told, lifeline.changes.len(), "each change is told in one row");
        }
    }
    let whole = kept.ladders.last().expect("three ladders");
    assert!(whole.rows.iter().all(|row| row.arrow().is_some()), "no bound, no fold");
}

/// Arrows of one direction never cross: where reordering is proven, the late frame has a late row.
fn check_order(rows: &[Row]) {
    for direction in [C, S] {
        let arrows = || rows.iter().filter_map(Row::arrow).filter(|arrow| arrow.direction == direction);
        for (first, second) in arrows().zip(arrows().skip(1)) {
            assert!(first.from <= second.from && first.to <= second.to, "they cross: {first:?}\n{second:?}");
        }
    }
}

/// Rows as a capture in the middle of the way has them: each arrow level, some without a time, some folded.
fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let kept = only(&transfer(100, &[]));
    let usual = kept.ladders.first().expect("three ladders").rows.clone();
    let fold = usual.iter().find(|row| row.arrow().is_none()).cloned().expect("a fold");
    let arrow = usual.first().cloned().expect("a SYN");
    let later = prop_oneof![5 => 0_i64..100_000, 1 => 1_000_000_i64..90_000_000];
    let place = (any::<bool>(), prop::option::weighted(0.95, later), prop::bool::weighted(0.04));
    prop::collection::vec(place, 1..150).prop_map(move |places| {
        let mut now = 0;
        let mut rows = Vec::new();
        for (client, later, folds) in places {
            now += later.unwrap_or_default();
            let mut row = if folds { fold.clone() } else { arrow.clone() };
            if let Row::Arrow(arrow) = &mut row {
                arrow.direction = if client { C } else { S };
                arrow.time = later.map(|_| Nanos(now));
                (arrow.from, arrow.to) = (rows.len() as f32, rows.len() as f32);
            }
            rows.push(row);
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn slanted_arrows_of_one_direction_never_cross(mut rows in any_rows(), capture_point in 0..3_u8, answers in 1_usize..9) {
        let one_way = OneWayDelay { time: Nanos(20_000_000), before_capture: f64::from(capture_point) / 2.0 };
        let acks = |first: usize, second: usize| second.is_multiple_of(answers) && first + 1 == second;
        position::slant(&mut rows, one_way, acks);
        check_order(&rows);
        let folds = rows.iter().enumerate().filter(|(_, row)| row.arrow().is_none()).map(|(index, _)| index as f32);
        let folds: Vec<f32> = folds.collect();
        for (index, arrow) in rows.iter().enumerate().filter_map(|(index, row)| Some((index, row.arrow()?))) {
            let here = index as f32;
            prop_assert!(arrow.from <= here && here <= arrow.to && arrow.from < arrow.to, "{arrow:?}");
            prop_assert!(folds.iter().all(|fold| (*fold < arrow.from) == (*fold < here)), "across a fold: {arrow:?}");
            prop_assert!(folds.iter().all(|fold| (*fold > arrow.to) == (*fold > here)), "across a fold: {arrow:?}");
        }
        for pair in rows.windows(2).enumerate().filter(|(index, _)| acks(*index, index + 1)) {
            let (_, [Row::Arrow(cause), Row::Arrow(effect)]) = pair else { continue };
            prop_assert!(cause.direction == effect.direction || cause.to < effect.from, "{cause:?}\n{effect:?}");
        }
    }

    #[test]
    fn nothing_is_lost_and_important_records_are_shown(frames in prop::collection::vec(any_frame(), 1..200)) {
        conversations(&frames).iter().for_each(check);
    }

    #[test]
    fn a_long_transfer_is_folded_but_for_what_matters(
        segments in 1_u32..3_000,
        again in prop::collection::vec(0_u32..3_000, 0..6),
    ) {
        let kept = only(&transfer(segments, &again));
        check(&kept);
        let usual = kept.ladders.first().expect("three ladders");
        prop_assert!(usual.rows.len() <= 80 + 40, "{} rows", usual.rows.len());
        prop_assert_eq!(usual.folded() > 0, kept.steps.len() > 80);
    }
}

#[test]
fn late_retransmission_finds_its_original() {
    let mut frames = transfer(5_000, &[]);
    frames.truncate(frames.len() - 3);
    let next = 1 + 5_000 * 4;
    frames.extend((0..150).map(|number| segment(C, "P.", next + number * 4, 1, b"data")));
    frames.push(segment(C, "P.", next, 1, b"data"));
    frames.extend((0..700).map(|number| segment(S, ".", 1, next + number % 600, b"")));
    let kept = only(&frames);
    check(&kept);
    let usual = kept.ladders.first().expect("three ladders");
    let mut arrows = usual.rows.iter().filter_map(Row::arrow);
    let again =
        usual.rows.iter().filter_map(Row::arrow).find_map(|arrow| arrow.retransmission).expect("a retransmission");
    let original = again.original.expect("its original");
    assert!(arrows.any(|arrow| arrow.frame == original), "{again:?}");
    assert!(usual.folded() > 10_000);
}

/// A connection of which every other segment is missing, and which ends.
fn gaps(segments: u32) -> Vec<Vec<u8>> {
    let mut frames = vec![segment(C, "S", 0, 0, b""), segment(S, "S.", 0, 1, b""), segment(C, ".", 1, 1, b"")];
    frames.extend((0..segments).map(|number| segment(C, "P.", 5 + number * 8, 1, b"data")));
    frames.push(segment(C, "F.", 5 + segments * 8, 1, b""));
    frames
}

/// Asserts that `work` on four times as much is at most six times as much: it may grow with the logarithm too.
fn grows_with_its_size(work: impl Fn(u32) -> u64) {
    let [one, two, four] = [300, 600, 1_200].map(work);
    assert!(one > 0 && two <= 3 * one && four <= 6 * one, "{one}, {two}, {four}");
}

#[test]
fn a_ladder_of_many_gaps_takes_work_in_proportion() {
    grows_with_its_size(|segments| {
        let kept = only(&gaps(segments));
        work::looks();
        let trail = kept.trails.last().expect("three trails");
        let conversation = kept.conversation.as_ref().expect("it has ended");
        assert_eq!(Ladder::of(conversation, trail, &View::default()).rows.len() as u32, segments + 4);
        work::looks()
    });
}

#[test]
fn phases_and_states_of_a_row_are_found_without_a_search_of_all() {
    let kept = only(&transfer(1, &[]));
    let ladder = kept.ladders.last().expect("three ladders");
    grows_with_its_size(|rows| {
        let mut ladder = ladder.clone();
        let rows = rows as usize;
        ladder.bands = (0..rows).map(|row| Band { phase: Phase::Exchange, first: row, last: row }).collect();
        let change = |row| Change { row, level_row: row, at: row as f32, state: State::Established };
        ladder.lifelines.client_to_server.changes = (0..rows).map(change).collect();
        work::looks();
        for row in 0..rows {
            assert_eq!(ladder.phase_at(row), Some(Phase::Exchange));
            assert_eq!(ladder.lifelines.client_to_server.states_in(row).count(), 1);
        }
        work::looks()
    });
}
