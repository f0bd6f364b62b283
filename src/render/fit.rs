//! Payload in a table of text, shortened so that no row grows for its sake.

use unicode_width::UnicodeWidthStr;

use super::grid::Grid;
use super::layout::Layout;

/// The columns with payload: by itself, and quoted in a sentence.
const PAYLOAD: &str = "payload";
const SENTENCE: &str = "what happens";

/// Minimum number of characters of a quotation, even if its row grows.
const MIN_WIDTH: usize = 8;

/// The width and notation of text in a table.
pub(super) struct Fit<'a> {
    /// The width of the table.
    pub(super) width: usize,
    /// Payload is in hexadecimal bytes.
    pub(super) hex: bool,
    /// The text as it is drawn.
    pub(super) drawn: &'a dyn Fn(&str) -> String,
}

impl Fit<'_> {
    /// Shortens the payload of a grid's cells.
    pub(super) fn apply(&self, grid: &mut Grid) {
        let place = |grid: &Grid, name| grid.head.iter().position(|head| head.text == name);
        let layout = Layout::of(grid);
        let (mut flexible, mut room) = (layout.flexibles(), layout.room(self.width));
        if let Some(column) = place(grid, PAYLOAD).filter(|column| layout.is_flexible(*column)) {
            let max = room / flexible.max(1);
            let cells = grid.rows.iter_mut().filter_map(|row| row.get_mut(column));
            cells.for_each(|cell| cell.text = self.column(&cell.text, max));
            let width = Layout::of(grid).width(column);
            if width <= max {
                room = room.saturating_sub(width);
                flexible = flexible.saturating_sub(1);
            }
        }
        let Some(column) = place(grid, SENTENCE).filter(|column| layout.is_flexible(*column)) else { return };
        let room = room / flexible.max(1);
        for row in &mut grid.rows {
            let others = row.iter().enumerate().filter(|(at, _)| *at != column);
            let height = others.map(|(_, cell)| 1 + cell.below.len()).max().unwrap_or(1);
            if let Some(cell) = row.get_mut(column)
                && let Some(text) = self.sentence(&cell.text, height, room)
            {
                cell.text = text;
            }
        }
    }

    /// The lines of a text at this width; a word that is wider begins where it stands, and is broken.
    fn lines(&self, text: &str, width: usize) -> usize {
        let (mut lines, mut used, width) = (1, 0, width.max(1));
        for word in (self.drawn)(text).split(' ') {
            let end = used + usize::from(used > 0) + word.width();
            if end > width && word.width() <= width {
                (lines, used) = (lines + 1, word.width());
            } else {
                lines += end.saturating_sub(1) / width;
                used = if end > width { (end - 1) % width + 1 } else { end };
            }
        }
        lines
    }

    /// Payload of one line of `max` columns; of two, if these hold all of it.
    fn column(&self, text: &str, max: usize) -> String {
        let fits = |text: &str| (self.drawn)(text).width() <= max;
        if fits(text) || self.hex && !text.ends_with('…') && self.lines(text, max) <= 2 {
            return text.to_owned();
        }
        let unit = if self.hex { hex_unit } else { text_unit };
        let shortest = cut(text, unit, 1);
        (1..=max).rev().map(|length| cut(text, unit, length)).find(|text| fits(text)).unwrap_or(shortest)
    }

    /// A sentence that quotes as much as leaves it `height` lines, or as few as it needs; `None` if it fits as it is, or in
    /// one line more with all of a payload.
    pub(super) fn sentence(&self, text: &str, height: usize, width: usize) -> Option<String> {
        let lines = |text: &str| self.lines(text, width);
        if lines(text) <= height {
            return None;
        }
        let (before, quotation, after) = quotation(text)?;
        if !quotation.ends_with('…') && lines(text) <= height + 1 {
            return None;
        }
        let quoting = |length| format!("{before}{}{after}", cut(quotation, text_unit, length));
        let height = height.max(lines(&quoting(MIN_WIDTH)));
        let (mut fits, mut exceeds) = (MIN_WIDTH, quotation.chars().count().max(MIN_WIDTH) + 1);
        while exceeds - fits > 1 {
            let middle = fits.midpoint(exceeds);
            if lines(&quoting(middle)) <= height {
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        Some(quoting(fits))
    }
}

/// As much of a text as `max` columns hold, and an ellipsis if that is not all.
pub(super) fn shortened(text: &str, max: usize) -> String {
    cut(text, text_unit, max)
}

/// The parts before, within and after the quotation marks of a sentence.
fn quotation(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('"')? + 1;
    let (before, rest) = text.split_at_checked(start)?;
    let mut end = 0;
    loop {
        let unit = text_unit(rest.get(end..)?)?;
        if unit == "\"" {
            let (quotation, after) = rest.split_at_checked(end)?;
            return Some((before, quotation, after));
        }
        end += unit.len();
    }
}

/// The same of a text that is made of such units.
fn cut(text: &str, unit: fn(&str) -> Option<&str>, max: usize) -> String {
    let (mut rest, mut used, mut end) = (text, 0, 0);
    while let Some(next) = unit(rest) {
        used += next.width();
        let all = rest.len() == next.len() && next != "…";
        // the ellipsis takes the last column
        if used + usize::from(!all) > max {
            break;
        }
        end += next.len();
        rest = rest.get(next.len()..).unwrap_or_default();
    }
    match text.get(..end) {
        Some(whole) if end == text.len() => whole.to_owned(),
        Some(part) => format!("{}…", part.trim_end_matches(' ').trim_end_matches('…')),
        None => String::new(),
    }
}

/// The first character, or escape, which must not be broken: `\n`, `\xff`, `\u{202e}`.
fn text_unit(text: &str) -> Option<&str> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    let (at, second) = match chars.next() {
        Some((at, second)) if first == '\\' => (at, second),
        Some((at, _)) => return text.get(..at),
        None => return Some(text),
    };
    let end = match second {
        'x' => at + 3,
        'u' => text.find('}').map_or(text.len(), |end| end + 1),
        _ => at + second.len_utf8(),
    };
    text.get(..end).or(Some(text))
}

/// The first byte in hexadecimal, with the space behind it.
fn hex_unit(text: &str) -> Option<&str> {
    match text.find(' ') {
        Some(space) => text.get(..=space),
        None => (!text.is_empty()).then_some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(hex: bool) -> Fit<'static> {
        Fit { width: 80, hex, drawn: &str::to_owned }
    }

    #[test]
    fn payload_is_cut_between_escapes() {
        assert_eq!(cut(r"ab\x1bcd", text_unit, 7), r"ab\x1b…");
        assert_eq!(cut(r"ab\x1bcd", text_unit, 6), "ab…");
        assert_eq!(cut(r"a\\b\u{202e}", text_unit, 5), r"a\\b…");
        assert_eq!(cut(r"a\\b", text_unit, 4), r"a\\b");
        assert_eq!(cut("abc…", text_unit, 4), "abc…");
        assert_eq!(cut("abc…", text_unit, 3), "ab…");
        assert_eq!(cut("77 78 79…", hex_unit, 7), "77 78…");
        assert_eq!(cut("漢字漢字", text_unit, 6), "漢字…");
    }

    #[test]
    fn column_uses_the_width_it_may_have() {
        assert_eq!(fit(false).column("0123456789", 10), "0123456789");
        assert_eq!(fit(false).column("0123456789", 9), "01234567…");
        assert_eq!(fit(true).column("00 11 22 33", 10), "00 11 22 33");
        assert_eq!(fit(true).column("00 11 22 33 44 55 66", 10), "00 11 22…");
        assert_eq!(fit(true).column("00 11 22 33 44", 6), "00…");
    }

    #[test]
    fn a_sentence_quotes_as_much_as_fits_on_its_lines() {
        let text = r#"client sends "a\"bcdefghijklmnopqrstuvwxyz" (27 bytes)"#;
        assert_eq!(fit(false).sentence(text, 1, 80), None);
        assert_eq!(fit(false).sentence(text, 1, 50), None);
        let long = text.replace("z\"", "z…\"");
        let one = fit(false).sentence(&long, 1, 40).expect("shortened");
        assert_eq!(one, r#"client sends "a\"bcdefghijk…" (27 bytes)"#);
        // a quotation keeps some characters
        let three = fit(false).sentence(&long, 1, 15).expect("shortened");
        assert_eq!(three, r#"client sends "a\"bcdefghijklmnop…" (27 bytes)"#);
        assert_eq!(fit(false).sentence("client closes: FIN counts 1", 1, 20), None);
    }
}
