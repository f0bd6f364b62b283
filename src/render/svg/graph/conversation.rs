//! The graphs of one conversation: sequence numbers, round-trip times, bytes in flight, throughput.

use super::super::canvas::Canvas;
use super::super::document::{self, WIDTH};
use super::axis::{Axis, Quantity, column};
use super::panel::{Mark, Panel, PlotArea, SeriesStyle};
use crate::explain::captured_at;
use crate::model::{Direction, Nanos, Protocol};
use crate::report::counted;
use crate::report::series::{Buckets, ConversationSeries, Range, Sum};
use crate::track::ConversationTotals;

/// Columns of a graph of throughput.
pub(super) const COLUMNS: usize = 60;
/// A large and a small graph.
const LARGE: f32 = 330.0;
const SMALL: f32 = 230.0;

const DATA: SeriesStyle = SeriesStyle { class: "data", color: "#1f5fa8", width: 1.8, dash: "" };
const ACK: SeriesStyle = SeriesStyle { class: "syn", color: "#1a7346", width: 1.2, dash: "" };
const EDGE: SeriesStyle = SeriesStyle { class: "fin", color: "#8a5800", width: 1.2, dash: "5 3" };
const SACK: SeriesStyle = SeriesStyle { class: "icmp", color: "#7b3fa0", width: 1.8, dash: "" };
const REPEAT: SeriesStyle = SeriesStyle { class: "rst", color: "#b3261e", width: 2.2, dash: "" };
const CLIENT: SeriesStyle = SeriesStyle { class: "data", color: "#1f5fa8", width: 1.6, dash: "" };
const SERVER: SeriesStyle = SeriesStyle { class: "fin", color: "#8a5800", width: 1.6, dash: "5 3" };
const SMOOTHED: SeriesStyle = SeriesStyle { class: "ink", color: "#1b1f24", width: 1.0, dash: "" };
const DOT: f32 = 4.4;

const BOTH: [Direction; 2] = [Direction::ClientToServer, Direction::ServerToClient];

/// Draws the graphs of a conversation below one another and gives their height; nothing where there is nothing to see.
pub(super) fn draw(title: &str, totals: &ConversationTotals, series: &ConversationSeries) -> Option<(String, f32)> {
    let mut graphs = Graphs { series, canvas: Canvas::default(), y: 48.0, half: false };
    document::heading(&mut graphs.canvas, title);
    for direction in BOTH {
        graphs.sequence(direction);
    }
    graphs.round_trips(totals);
    for direction in BOTH {
        graphs.in_flight(direction);
    }
    graphs.throughput();
    let height = if graphs.half { graphs.y + SMALL } else { graphs.y };
    (height > 48.0).then(|| (graphs.canvas.finish(), height + 16.0))
}

struct Graphs<'a> {
    series: &'a ConversationSeries,
    canvas: Canvas,
    y: f32,
    /// `true` if the left half of the row is used.
    half: bool,
}

impl Graphs<'_> {
    fn large(&mut self) -> PlotArea {
        let place = PlotArea { x: 0.0, y: self.y, width: WIDTH, height: LARGE };
        self.y += LARGE;
        place
    }

    fn small(&mut self) -> PlotArea {
        let place =
            PlotArea { x: if self.half { WIDTH / 2.0 } else { 0.0 }, y: self.y, width: WIDTH / 2.0, height: SMALL };
        if self.half {
            self.y += SMALL;
        }
        self.half = !self.half;
        place
    }

    fn time(&self, max: usize) -> Axis {
        Axis::exact(Quantity::Time, 0.0, self.series.end().0 as f64, max)
    }

    /// Time and sequence numbers, as tcptrace has drawn them.
    fn sequence(&mut self, direction: Direction) {
        let way = self.series.directions().get(direction);
        if way.segments.is_empty() && way.retransmissions.is_empty() {
            return;
        }
        let data = [highest(&way.segments), highest(&way.retransmissions), highest(&way.acks)].into_iter().max();
        let top = data.unwrap_or_default() as f64;
        // a window far above all data would press the data flat
        let edge = highest(&way.edge) as f64;
        let shown = edge <= top * 2.0;
        let place = self.large();
        let y = Axis::rounded(Quantity::Bytes, if shown { edge.max(top) } else { top * 1.05 }, 7);
        let title = format!("Sequence numbers, {} to {}", direction.sender(), direction.receiver());
        let x = self.time(10);
        let mut panel = Panel::new(&mut self.canvas, place, &title, x, y);
        if shown {
            panel.steps(EDGE, way.edge.slots(), self.series.end());
        }
        panel.steps(ACK, way.acks.slots(), self.series.end());
        panel.bars(SACK, way.sack.slots());
        panel.bars(DATA, way.segments.slots());
        panel.bars(REPEAT, way.retransmissions.slots());
        panel.flags(REPEAT, way.retransmissions.slots());
        panel.name(DATA, Mark::Bar, "data");
        if !way.acks.is_empty() {
            panel.name(ACK, Mark::Line, &format!("acknowledged by the {}", direction.receiver()));
        }
        if !way.edge.is_empty() {
            let place = if shown { "" } else { ": above the graph" };
            panel.name(EDGE, Mark::Line, &format!("edge of the {}'s window{place}", direction.receiver()));
        }
        if !way.sack.is_empty() {
            panel.name(SACK, Mark::Bar, "SACK");
        }
        if !way.retransmissions.is_empty() {
            panel.name(REPEAT, Mark::Flag, &counted(values(&way.retransmissions), "retransmission"));
        }
    }

    fn round_trips(&mut self, totals: &ConversationTotals) {
        let ways = self.series.directions();
        let top = BOTH.iter().map(|direction| highest(&ways.get(*direction).rtt)).max().unwrap_or_default();
        if top == 0 {
            return;
        }
        let capture_point = totals.capture_point_evidence().capture_point;
        let what = match (totals.stream.protocol, capture_point) {
            (Protocol::Tcp, Some(_)) => "Round-trip times",
            (Protocol::Tcp, None) => "From data to its ACK",
            (Protocol::Udp, _) => "From request to answer",
        };
        let title = &format!("{what}, {}", captured_at(capture_point));
        let (place, x) = (self.small(), self.time(5));
        let mut panel = Panel::new(&mut self.canvas, place, title, x, Axis::rounded(Quantity::Time, top as f64, 5));
        for (direction, look) in BOTH.into_iter().zip([CLIENT, SERVER]) {
            let way = ways.get(direction);
            if way.rtt.is_empty() {
                continue;
            }
            panel.dots(SeriesStyle { width: DOT, dash: "", ..look }, way.rtt.slots());
            panel.name(SeriesStyle { width: DOT, ..look }, Mark::Dot, &format!("of the {}'s data", direction.sender()));
        }
        for direction in BOTH {
            panel.line(SMOOTHED, ways.get(direction).smoothed.slots());
        }
        if BOTH.iter().any(|direction| !ways.get(*direction).smoothed.is_empty()) {
            panel.name(SMOOTHED, Mark::Line, "smoothed");
        }
    }

    fn in_flight(&mut self, direction: Direction) {
        let way = self.series.directions().get(direction);
        if !way.has_payload() || way.in_flight.is_empty() {
            return;
        }
        let (flight, window) = (highest(&way.in_flight) as f64, highest(&way.window) as f64);
        let shown = window <= flight * 3.0;
        let title = format!("Bytes in flight, {} to {}", direction.sender(), direction.receiver());
        let (place, x) = (self.small(), self.time(5));
        let y = Axis::rounded(Quantity::Bytes, if shown { window.max(flight) } else { flight }, 5);
        let mut panel = Panel::new(&mut self.canvas, place, &title, x, y);
        if shown {
            panel.steps(EDGE, way.window.slots(), self.series.end());
        }
        panel.steps(DATA, way.in_flight.slots(), self.series.end());
        panel.name(DATA, Mark::Line, "in flight");
        if !way.window.is_empty() {
            panel.name(EDGE, Mark::Line, if shown { "window" } else { "window: above the graph" });
        }
    }

    fn throughput(&mut self) {
        let ways = self.series.directions();
        let end = self.series.end();
        if end.0 <= 0 || !BOTH.iter().any(|direction| ways.get(*direction).has_payload()) {
            return;
        }
        let width = column(end, COLUMNS);
        let rates = BOTH.map(|direction| rates(&ways.get(direction).payload, width));
        let top = rates.iter().flatten().copied().fold(0.0, f64::max);
        if top <= 0.0 {
            return;
        }
        let (place, x) = (self.small(), self.time(5));
        let y = Axis::rounded(Quantity::Rate, top, 5);
        let title = "Throughput: payload, each byte once";
        let mut panel = Panel::new(&mut self.canvas, place, title, x, y);
        for ((direction, look), rates) in BOTH.into_iter().zip([CLIENT, SERVER]).zip(&rates) {
            if ways.get(direction).has_payload() {
                panel.columns(look, rates, width);
                panel.name(look, Mark::Line, &format!("{} to {}", direction.sender(), direction.receiver()));
            }
        }
    }
}

fn highest(buckets: &Buckets<Range>) -> u64 {
    buckets.slots().iter().map(|slot| slot.value.high).max().unwrap_or_default()
}

fn values(buckets: &Buckets<Range>) -> u64 {
    buckets.slots().iter().map(|slot| slot.value.count).sum()
}

/// Bytes a second in columns of this width.
fn rates(payload: &Buckets<Sum>, width: Nanos) -> Vec<f64> {
    spread(payload, width, |sum| sum.bytes).into_iter().map(|bytes| bytes / width.as_secs_f64().max(1e-9)).collect()
}

/// Sums the values in columns of this width; a bucket across several columns is divided among them.
pub(super) fn spread(buckets: &Buckets<Sum>, width: Nanos, value: fn(&Sum) -> u64) -> Vec<f64> {
    let end = buckets.slots().last().map_or(Nanos(0), |slot| slot.to);
    let count = usize::try_from(end.0 / width.0.max(1)).unwrap_or_default().min(COLUMNS) + 1;
    let mut columns = vec![0.0; count];
    let place = |time: Nanos| usize::try_from(time.0 / width.0.max(1)).unwrap_or_default().min(count - 1);
    for slot in buckets.slots() {
        let (from, to) = (place(slot.from), place(slot.to));
        let share = value(&slot.value) as f64 / (to - from + 1) as f64;
        columns.iter_mut().take(to + 1).skip(from).for_each(|column| *column += share);
    }
    columns
}
