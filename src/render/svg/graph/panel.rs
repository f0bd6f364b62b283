//! One graph: a title, a legend, two axes and the marks between them.
//!
//! No plotting crate draws it. plotters' SVG has its colours in every element, so that neither a style sheet nor a dark
//! theme reaches them; poloto takes style sheets, but has lines and dots only, no ranges and no steps, and breaks its
//! interface often; charming needs a browser. What is left to do by hand are ticks and four kinds of mark.

use std::fmt::Write as _;

use super::super::canvas::{Anchor, Canvas, Number, Point};
use super::super::theme;
use super::axis::Axis;
use crate::model::Nanos;
use crate::report::series::{Range, Slot};

/// The style of a series; shapes differ as well as colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesStyle {
    pub(super) class: &'static str,
    pub(super) color: &'static str,
    pub(super) width: f32,
    pub(super) dash: &'static str,
}

/// The position of a graph in its drawing.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlotArea {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A graph on a canvas.
pub(super) struct Panel<'a> {
    canvas: &'a mut Canvas,
    /// Between the axes.
    area: PlotArea,
    place: PlotArea,
    x: Axis,
    y: Axis,
    legend_end: f32,
    /// `true` if the legend explains the pale marks.
    noted: bool,
}

impl<'a> Panel<'a> {
    /// Draws title and axes.
    pub(super) fn new(canvas: &'a mut Canvas, place: PlotArea, title: &str, x: Axis, y: Axis) -> Self {
        let (left, right, top, bottom) = (58.0, 14.0, 48.0, 34.0);
        let area = PlotArea {
            x: place.x + left,
            y: place.y + top,
            width: place.width - left - right,
            height: place.height - top - bottom,
        };
        let mut panel = Self { canvas, area, place, x, y, legend_end: place.x + left, noted: false };
        panel.canvas.text("role", Point::new(area.x, place.y + 18.0), Anchor::Start, title);
        panel.axes();
        panel
    }

    fn axes(&mut self) {
        let PlotArea { x, y, width, height } = self.area;
        self.canvas.group("hair", theme::HAIR);
        for tick in &self.y.ticks {
            let at = y + height * (1.0 - self.y.share(tick.at));
            self.canvas.line(Point::new(x, at), Point::new(x + width, at), 0.7, "");
        }
        for tick in &self.x.ticks {
            let at = x + width * self.x.share(tick.at);
            self.canvas.line(Point::new(at, y + height), Point::new(at, y + height + 4.0), 0.7, "");
        }
        self.canvas.end();
        for tick in &self.y.ticks {
            let at = y + height * (1.0 - self.y.share(tick.at));
            self.canvas.text("small muted", Point::new(x - 8.0, at + 3.5), Anchor::End, &tick.text);
        }
        for tick in &self.x.ticks {
            let at = x + width * self.x.share(tick.at);
            self.canvas.text("small muted", Point::new(at, y + height + 16.0), Anchor::Middle, &tick.text);
        }
        self.canvas.text("small muted", Point::new(x - 8.0, y - 12.0), Anchor::End, self.y.unit);
        let end = Point::new(x + width, y + height + 30.0);
        self.canvas.text("small muted", end, Anchor::End, &format!("time in {}", self.x.unit));
        self.canvas.newline();
    }

    fn at(&self, time: Nanos, value: f64) -> Point {
        let x = self.area.x + self.area.width * self.x.share(time.0 as f64);
        Point::new(x, self.area.y + self.area.height * (1.0 - self.y.share(value)))
    }

    /// A vertical bar from the smallest to the largest value of each bucket.
    pub(super) fn bars(&mut self, look: SeriesStyle, slots: &[Slot<Range>]) {
        let mut path = String::new();
        for slot in slots {
            let (low, high) = (self.at(slot.from, slot.value.low as f64), self.at(slot.from, slot.value.high as f64));
            // what is too short to be seen is a dot
            let top = if low.y - high.y < 3.0 { low.y - 3.0 } else { high.y };
            let _ = write!(path, "M{} {}V{}", Number(low.x), Number(low.y), Number(top));
        }
        self.path(look, &path, "");
    }

    /// A triangle above each bucket: a mark that no other line can hide.
    pub(super) fn flags(&mut self, look: SeriesStyle, slots: &[Slot<Range>]) {
        self.canvas.group(look.class, look.color);
        for slot in slots {
            let tip = self.at(slot.from, slot.value.high as f64);
            self.canvas.polygon(&[
                Point::new(tip.x, tip.y - 2.0),
                Point::new(tip.x - 4.0, tip.y - 9.0),
                Point::new(tip.x + 4.0, tip.y - 9.0),
            ]);
        }
        self.canvas.end();
    }

    /// A line that keeps its value until the next; of a bucket of several values it shows the largest, and the others
    /// pale below.
    pub(super) fn steps(&mut self, look: SeriesStyle, slots: &[Slot<Range>], end: Nanos) {
        self.extents(look, slots);
        let mut path = String::new();
        for slot in slots {
            let at = self.at(slot.from, slot.value.high as f64);
            match path.is_empty() {
                true => drop(write!(path, "M{} {}", Number(at.x), Number(at.y))),
                false => drop(write!(path, "H{}V{}", Number(at.x), Number(at.y))),
            }
        }
        if !path.is_empty() {
            let _ = write!(path, "H{}", Number(self.at(end, 0.0).x));
        }
        self.path(look, &path, "");
    }

    /// A dot for each value; a pale line from the smallest to the largest of a bucket of several.
    pub(super) fn dots(&mut self, look: SeriesStyle, slots: &[Slot<Range>]) {
        self.extents(look, slots);
        let mut path = String::new();
        for slot in slots.iter().filter(|slot| slot.value.low == slot.value.high) {
            let at = self.at(slot.from, slot.value.last as f64);
            let _ = write!(path, "M{} {}h0", Number(at.x), Number(at.y));
        }
        self.path(look, &path, " stroke-linecap=\"round\"");
    }

    /// From the smallest to the largest value of buckets of several.
    fn extents(&mut self, look: SeriesStyle, slots: &[Slot<Range>]) {
        let mut path = String::new();
        for slot in slots.iter().filter(|slot| slot.value.low != slot.value.high) {
            let (low, high) = (self.at(slot.from, slot.value.low as f64), self.at(slot.from, slot.value.high as f64));
            let _ = write!(path, "M{} {}V{}", Number(low.x), Number(low.y), Number(high.y));
        }
        if !path.is_empty() {
            let place = Point::new(self.area.x, self.area.y + self.area.height + 30.0);
            let note = "pale: from the smallest to the largest of several values";
            if !std::mem::replace(&mut self.noted, true) {
                self.canvas.text("small muted", place, Anchor::Start, note);
            }
        }
        self.path(SeriesStyle { width: 1.0, dash: "", ..look }, &path, " stroke-opacity=\".3\"");
    }

    /// A line from value to value.
    pub(super) fn line(&mut self, look: SeriesStyle, slots: &[Slot<Range>]) {
        let mut path = String::new();
        for slot in slots {
            let at = self.at(slot.from, slot.value.last as f64);
            let _ = write!(path, "{}{} {}", if path.is_empty() { "M" } else { "L" }, Number(at.x), Number(at.y));
        }
        self.path(look, &path, "");
    }

    /// The outline of columns that stand side by side, one for each value.
    pub(super) fn columns(&mut self, look: SeriesStyle, values: &[f64], width: Nanos) {
        let floor = self.at(Nanos(0), self.y.low).y;
        let mut path = String::new();
        for (index, value) in values.iter().enumerate() {
            let from = self.at(Nanos(width.0.saturating_mul(index as i64)), *value);
            let to = self.at(Nanos(width.0.saturating_mul(index as i64 + 1)), *value);
            if path.is_empty() {
                let _ = write!(path, "M{} {}", Number(from.x), Number(floor));
            }
            let _ = write!(path, "V{}H{}", Number(from.y), Number(to.x));
        }
        if !path.is_empty() {
            let _ = write!(path, "V{}", Number(floor));
        }
        self.path(look, &path, "");
    }

    fn path(&mut self, look: SeriesStyle, path: &str, more: &str) {
        if path.is_empty() {
            return;
        }
        self.canvas.group(look.class, look.color);
        self.canvas.path(path, look.width, look.dash, more);
        self.canvas.end();
    }

    /// Adds an entry to the legend under the title: a sample of the mark, and its name.
    pub(super) fn name(&mut self, look: SeriesStyle, mark: Mark, name: &str) {
        let (x, y) = (self.legend_end, self.place.y + 34.0);
        self.canvas.group(look.class, look.color);
        match mark {
            Mark::Line => self.canvas.line(Point::new(x, y), Point::new(x + 18.0, y), look.width, look.dash),
            Mark::Bar => {
                for along in [4.0, 9.0, 14.0] {
                    self.canvas.line(Point::new(x + along, y + 4.0), Point::new(x + along, y - 4.0), look.width, "");
                }
            }
            Mark::Flag => {
                let tip = Point::new(x + 9.0, y + 3.0);
                self.canvas.polygon(&[tip, Point::new(tip.x - 4.0, tip.y - 7.0), Point::new(tip.x + 4.0, tip.y - 7.0)]);
            }
            Mark::Dot => self.canvas.circle(Point::new(x + 9.0, y), look.width / 2.0),
        }
        self.canvas.end();
        self.canvas.text("small", Point::new(x + 24.0, y + 3.5), Anchor::Start, name);
        self.legend_end += 38.0 + name.chars().count() as f32 * 5.9;
    }
}

/// The sample beside a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Bar,
    Flag,
    Dot,
}
