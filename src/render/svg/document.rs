//! A whole SVG document around drawings that lie below one another.

use super::canvas::{Anchor, Canvas, Number, Point};
use super::{Drawing, theme};
use crate::render::escape;
use crate::render::table::wrap;

/// Width of every drawing, in pixels.
pub(super) const WIDTH: f32 = 1_000.0;

/// Characters of a heading that fit into a line.
const HEADING: usize = 94;
/// Characters of a note that fit into a line.
const NOTE: usize = 150;

/// A heading, shortened to its line.
pub(super) fn heading(canvas: &mut Canvas, text: &str) {
    let shown = match text.chars().count() {
        0..=HEADING => text.to_owned(),
        _ => text.chars().take(HEADING - 1).chain(['…']).collect(),
    };
    canvas.text("h", Point::new(20.0, 28.0), Anchor::Start, &shown);
    canvas.newline();
}

/// Draws the notes about a whole capture: counts, and items left out.
pub(super) fn notes(notes: &[String]) -> Drawing {
    let mut canvas = Canvas::default();
    let mut y = 8.0;
    for line in notes.iter().flat_map(|note| wrap(note.trim(), NOTE)) {
        y += 17.0;
        canvas.text("small muted", Point::new(20.0, y), Anchor::Start, &line);
        canvas.newline();
    }
    Drawing { markup: canvas.finish(), height: y + 20.0 }
}

/// A whole document with its style sheet.
pub(super) fn around(drawings: &[Drawing], title: &str) -> String {
    let height: f32 = drawings.iter().map(|drawing| drawing.height).sum::<f32>().max(40.0);
    let mut canvas = Canvas::default();
    canvas.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    open(&mut canvas, height, &format!(" width=\"{}\" height=\"{}\"", Number(WIDTH), Number(height)));
    canvas.title(title);
    canvas.raw(&format!("\n<style>{}</style>\n", theme::STYLE));
    canvas.rect("paper", Point::new(0.0, 0.0), WIDTH, height, "#fff");
    canvas.newline();
    let mut y = 0.0;
    for Drawing { markup, height } in drawings {
        canvas.raw(&format!("<g transform=\"translate(0 {})\">\n{markup}</g>\n", Number(y)));
        y += height;
    }
    canvas.raw("</svg>\n");
    canvas.finish()
}

/// One drawing as an element of a page.
pub(super) fn element(drawing: &Drawing, name: &str) -> String {
    let mut canvas = Canvas::default();
    let label = escape::xml(name);
    open(&mut canvas, drawing.height, &format!(" role=\"group\" aria-label=\"{label}\""));
    canvas.raw(&drawing.markup);
    canvas.raw("</svg>\n");
    canvas.finish()
}

fn open(canvas: &mut Canvas, height: f32, attributes: &str) {
    let (width, height) = (Number(WIDTH), Number(height));
    canvas.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"echolab\" viewBox=\"0 0 {width} {height}\"{attributes} font-family=\"sans-serif\" font-size=\"12\" fill=\"{}\">\n",
        theme::INK
    ));
}
