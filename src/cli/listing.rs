//! Lists of names with what they mean: one line each, or as many as a terminal makes of it.

use std::fmt::Write as _;

/// Adds `head`, and `about` beside it. Where a terminal is `width` wide, more lines of `about` stand below the first; a
/// program that reads the list gets one line each.
pub(super) fn row(text: &mut String, head: &str, about: &str, width: Option<usize>) {
    let indent = head.chars().count();
    // narrower columns are not readable
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(24));
    let lines = wrap(about, room);
    let mut before = head.to_owned();
    for line in lines {
        // writing to a String can't fail
        let _ = writeln!(text, "{before}{line}");
        before = " ".repeat(indent);
    }
}

/// Words in lines of at most `width` characters; at least one line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oversized_cell_is_shown_below_its_row() {
        let about = "one two three four five six seven eight nine ten eleven";
        let listed = |width| {
            let mut text = String::new();
            row(&mut text, "name  ", about, width);
            text
        };
        assert_eq!(listed(None), format!("name  {about}\n"));
        assert_eq!(listed(Some(61)), format!("name  {about}\n"));
        let below = "name  one two three four five six seven eight nine ten\n      eleven\n";
        assert_eq!(listed(Some(60)), below);
        assert!(listed(Some(1)).starts_with("name  one two three"));
    }
}
