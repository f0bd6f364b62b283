//! SVG elements as text: numbers short, captured text escaped, colours by class.
//!
//! Shapes take `currentColor`: a group's `color` attribute is the colour where no style sheet is read, and a class lets
//! a style sheet choose another.

use std::fmt::Write as _;

use crate::render::escape;

/// An SVG fragment that grows.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    text: String,
}

/// A coordinate with at most one decimal.
pub(super) struct Number(pub(super) f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (f64::from(self.0) * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        match (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, tenth) => write!(f, "{sign}{whole}.{tenth}"),
        }
    }
}

/// A point in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    pub(super) fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The point `along` a vector and `ladder_remark` of it, to its right.
    pub(super) fn offset(self, unit: Self, along: f32, ladder_remark: f32) -> Self {
        Self::new(self.x + unit.x * along - unit.y * ladder_remark, self.y + unit.y * along + unit.x * ladder_remark)
    }

    /// The vector of length 1 from here to there.
    pub(super) fn towards(self, there: Self) -> Self {
        let (x, y) = (there.x - self.x, there.y - self.y);
        let length = x.hypot(y).max(1e-6);
        Self::new(x / length, y / length)
    }

    pub(super) fn distance(self, there: Self) -> f32 {
        (there.x - self.x).hypot(there.y - self.y)
    }
}

/// On which side of its place a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => r#" text-anchor="middle""#,
            Self::End => r#" text-anchor="end""#,
        }
    }
}

impl Canvas {
    /// Adds what is known to be markup.
    pub(super) fn raw(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // writing to a String can't fail
        let _ = self.text.write_fmt(arguments);
    }

    /// Opens a group of a class, with the colour that it has without a style sheet.
    pub(super) fn group(&mut self, class: &str, color: &str) {
        self.write(format_args!("<g class=\"{class}\" color=\"{color}\">"));
    }

    /// Opens a group with any attributes.
    pub(super) fn group_with(&mut self, attributes: std::fmt::Arguments<'_>) {
        self.write(format_args!("<g {attributes}>"));
    }

    pub(super) fn end(&mut self) {
        self.text.push_str("</g>\n");
    }

    /// The text of a tooltip, which screen readers read too.
    pub(super) fn title(&mut self, text: &str) {
        self.write(format_args!("<title>{}</title>", escape::xml(text)));
    }

    pub(super) fn line(&mut self, from: Point, to: Point, width: f32, dash: &str) {
        let (x1, y1, x2, y2) = (Number(from.x), Number(from.y), Number(to.x), Number(to.y));
        self.write(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"currentColor\" stroke-width=\"{}\"{}/>",
            Number(width),
            Dash(dash)
        ));
    }

    /// A line that is not to be seen, for a pointer to meet.
    pub(super) fn hit_line(&mut self, from: Point, to: Point, width: f32) {
        let (x1, y1, x2, y2) = (Number(from.x), Number(from.y), Number(to.x), Number(to.y));
        self.write(format_args!(
            "<line class=\"hit\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"none\" stroke-width=\"{}\"/>",
            Number(width)
        ));
    }

    /// Connected lines, not filled.
    pub(super) fn polyline(&mut self, points: &[Point], width: f32, dash: &str) {
        self.text.push_str("<polyline points=\"");
        self.points(points);
        self.write(format_args!(
            "\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\"{}/>",
            Number(width),
            Dash(dash)
        ));
    }

    /// A path of SVG's commands; `more` are further attributes, each with a blank before it.
    pub(super) fn path(&mut self, commands: &str, width: f32, dash: &str, more: &str) {
        self.write(format_args!(
            "<path d=\"{commands}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{}\"{}{}/>",
            Number(width),
            Dash(dash),
            more
        ));
    }

    pub(super) fn polygon(&mut self, points: &[Point]) {
        self.text.push_str("<polygon points=\"");
        self.points(points);
        self.text.push_str("\" fill=\"currentColor\"/>");
    }

    fn points(&mut self, points: &[Point]) {
        for (index, point) in points.iter().enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            self.write(format_args!("{},{}", Number(point.x), Number(point.y)));
        }
    }

    pub(super) fn circle(&mut self, center: Point, radius: f32) {
        self.write(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"currentColor\"/>",
            Number(center.x),
            Number(center.y),
            Number(radius)
        ));
    }

    /// A rectangle filled with the group's colour; `class` may change that.
    pub(super) fn rect(&mut self, class: &str, corner: Point, width: f32, height: f32, fill: &str) {
        self.write(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"/>",
            Number(corner.x),
            Number(corner.y),
            Number(width.max(0.0)),
            Number(height.max(0.0))
        ));
    }

    /// One line of text, escaped.
    pub(super) fn text(&mut self, class: &str, place: Point, anchor: Anchor, text: &str) {
        self.write(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{}>{}</text>",
            Number(place.x),
            Number(place.y),
            anchor.attribute(),
            escape::xml(text)
        ));
    }

    /// One line of text, rotated around its position by `degrees`.
    pub(super) fn turned_text(&mut self, class: &str, place: Point, anchor: Anchor, degrees: f32, text: &str) {
        let (x, y) = (Number(place.x), Number(place.y));
        let turn = match Number(degrees).to_string().as_str() {
            "0" | "-0" => String::new(),
            degrees => format!(" transform=\"rotate({degrees} {x} {y})\""),
        };
        self.write(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{}{turn}>{}</text>",
            anchor.attribute(),
            escape::xml(text)
        ));
    }

    pub(super) fn newline(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

struct Dash<'a>(&'a str);

impl std::fmt::Display for Dash<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " stroke-dasharray=\"{}\"", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(Number(1.04).to_string(), "1");
        assert_eq!(Number(-0.26).to_string(), "-0.3");
        assert_eq!(Number(-0.01).to_string(), "0");
        assert_eq!(Number(12.35).to_string(), "12.4");
    }

    #[test]
    fn text_is_escaped() {
        let mut canvas = Canvas::default();
        canvas.text("a", Point::new(0.0, 0.0), Anchor::Start, "</text><script>&");
        assert!(canvas.finish().ends_with(">&lt;/text&gt;&lt;script&gt;&amp;</text>"));
    }
}
