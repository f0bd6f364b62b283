//! The widths of a table's columns, and the columns that may be wrapped; the table itself draws them.

use unicode_width::UnicodeWidthStr;

use super::grid::Grid;
use crate::report::{Align, Cell};

/// Minimum width of columns in which text is wrapped; narrower ones are shown as they are.
const TEXT: usize = 18;

/// A sum of more characters may be wider than its column.
const SUM: usize = 20;

/// A space at which no line ends.
pub(super) const NO_BREAK: char = '\u{A0}';

/// A text whose sums do not break across lines: "1 + 12 = 13".
pub(super) fn bound(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_number = |at: Option<usize>| {
        at.and_then(|at| words.get(at)).is_some_and(|word| word.starts_with(|first: char| first.is_ascii_digit()))
    };
    let is_operator = |at: usize| {
        let signs = words.get(at).is_some_and(|word| *word == "+" || *word == "=");
        signs && is_number(at.checked_sub(1)) && is_number(at.checked_add(1))
    };
    let joined = |at: usize| is_operator(at) || at.checked_sub(1).is_some_and(is_operator);
    // how long the sum is that a word belongs to
    let sum = |at: usize| {
        let before = (1..=at).rev().take_while(|at| joined(*at)).count();
        let after = (at + 1..words.len()).take_while(|at| joined(*at)).count();
        let parts = words.iter().skip(at - before).take(before + 1 + after);
        parts.map(|word| word.width() + 1).sum::<usize>().saturating_sub(1)
    };
    let mut bound = String::with_capacity(text.len());
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            // a long one may break before its result
            let breaks = *word == "=" && joined(at) && sum(at) > SUM;
            bound.push(if joined(at) && !breaks { NO_BREAK } else { ' ' });
        }
        bound.push_str(word);
    }
    bound
}

/// The widths of a grid's columns, and the columns that may be wrapped: those with long text.
pub(super) struct Layout {
    widths: Vec<usize>,
    pub(super) flexible: Vec<bool>,
}

impl Layout {
    pub(super) fn of(grid: &Grid) -> Self {
        let lines = |cell: &Cell| std::iter::once(&cell.text).chain(&cell.below).map(|line| line.width()).max();
        let widest = |index: usize| grid.rows.iter().filter_map(|row| row.get(index)).filter_map(lines).max();
        let widths: Vec<usize> =
            grid.head.iter().enumerate().map(|(at, head)| head.text.width().max(widest(at).unwrap_or(0))).collect();
        let flexible = widths.iter().zip(&grid.head).map(|(width, head)| head.align == Align::Left && *width > TEXT);
        Self { flexible: flexible.collect(), widths }
    }

    /// Number of columns that may be wrapped.
    pub(super) fn flexibles(&self) -> usize {
        self.flexible.iter().filter(|flexible| **flexible).count()
    }

    pub(super) fn is_flexible(&self, column: usize) -> bool {
        self.flexible.get(column).copied().unwrap_or_default()
    }

    /// The width of a column whose contents are not wrapped.
    pub(super) fn width(&self, column: usize) -> usize {
        self.widths.get(column).copied().unwrap_or_default()
    }

    /// The width that a line of `width` characters leaves to the columns that may be wrapped.
    pub(super) fn room(&self, width: usize) -> usize {
        let gaps = 2 * self.widths.len().saturating_sub(1);
        let fixed = self.widths.iter().zip(&self.flexible).filter(|(_, flexible)| !**flexible);
        width.saturating_sub(fixed.map(|(width, _)| width).sum::<usize>() + gaps)
    }

    /// The smallest width of a line in which each text has room for `words` characters.
    pub(super) fn min(&self, words: usize) -> usize {
        let width = |(width, flexible): (&usize, &bool)| if *flexible { words.min(*width) } else { *width };
        let gaps = 2 * self.widths.len().saturating_sub(1);
        self.widths.iter().zip(&self.flexible).map(width).sum::<usize>() + gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sum_may_break_before_its_result() {
        assert_eq!(bound("is 1 + 12 = 13"), "is 1\u{a0}+\u{a0}12\u{a0}=\u{a0}13");
        assert_eq!(bound("16385 + 3616 + 1 = 20002"), "16385\u{a0}+\u{a0}3616\u{a0}+\u{a0}1 =\u{a0}20002");
    }
}
