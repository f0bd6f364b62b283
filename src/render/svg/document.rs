//! A whole SVG document around drawings that lie below one another.

use super::canvas::{Canvas, Number, Point};
use super::{Drawing, theme};
use crate::render::escape;

/// Width of every drawing, in pixels.
pub(super) const WIDTH: f32 = 1_000.0;

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
