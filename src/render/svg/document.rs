//! A whole SVG document around drawings that lie below one another.

use super::canvas::{Canvas, Number};
use super::theme;

/// Width of every drawing, in pixels.
pub(super) const WIDTH: f32 = 1_000.0;

/// A whole document around fragments that lie below one another.
pub(super) fn around(fragments: &[(String, f32)], title: &str) -> String {
    let height: f32 = fragments.iter().map(|(_, height)| height).sum::<f32>().max(40.0);
    let (width, height) = (Number(WIDTH), Number(height));
    let mut canvas = Canvas::default();
    canvas.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    canvas.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"echolab\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#1b1f24\">\n"
    ));
    canvas.title(title);
    canvas.raw(&format!("\n<style>{}</style>\n", theme::STYLE));
    canvas.raw(&format!("<rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"));
    let mut y = 0.0;
    for (fragment, height) in fragments {
        canvas.raw(&format!("<g transform=\"translate(0 {})\">\n{fragment}</g>\n", Number(y)));
        y += height;
    }
    canvas.raw("</svg>\n");
    canvas.finish()
}
