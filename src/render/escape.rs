//! Makes captured text harmless, one function a medium.
//!
//! The floors below may hand over any text: a payload, a file's name, a filter. What leaves here can't move a cursor,
//! colour a screen, reverse the reading order, break a line or a table, or start a formula.

use std::borrow::Cow;

use crate::model::{is_hidden, push_visible};

/// For a terminal or a text file: hidden characters are escaped.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push_visible(&mut escaped, c));
    Cow::Owned(escaped)
}

/// Characters that CommonMark or GitHub's dialect may read as markup, or that start a link or an entity.
const MARKDOWN: &[char] =
    &['\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '(', ')', '#', '+', '!', '|', '~', '$', '&', '@', ':'];

/// For Markdown, table cells included: hidden characters are escaped first, then every character of markup.
///
/// `:` and `@` are written as entities where they would make a bare link (`https://…`, `a@b`): a backslash does not
/// stop GitHub from linking these.
pub fn markdown(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    if !text.contains(MARKDOWN) && !text.contains("www.") {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ':' if after.starts_with("//") => escaped.push_str("&#58;"),
            ':' => escaped.push(':'),
            '@' => escaped.push_str("&#64;"),
            'w' | 'W' if rest.get(..4).is_some_and(|www| www.eq_ignore_ascii_case("www.")) => {
                escaped.push_str(match c {
                    'w' => "&#119;",
                    _ => "&#87;",
                });
            }
            c if MARKDOWN.contains(&c) => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
        rest = after;
    }
    Cow::Owned(escaped)
}

/// For a cell that a spreadsheet may open: hidden characters are escaped, and an apostrophe goes before what would
/// start a formula (`=`, `+`, `-`, `@`). A number stays one. Quotes are the CSV writer's affair.
pub fn spreadsheet(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    let trimmed = text.trim_start();
    let formula = trimmed.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) && trimmed.parse::<f64>().is_err();
    if formula { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_character() {
        assert_eq!(plain("a\x1b[2J\u{202e}\nb"), r"a\x1b[2J\u{202e}\nb");
        assert!(matches!(plain("harmless"), Cow::Borrowed(_)));
    }

    #[test]
    fn markdown_is_shown_not_obeyed() {
        assert_eq!(markdown("a|b\\c*d*_e_`f`<b>"), r"a\|b\\c\*d\*\_e\_\`f\`\<b\>");
        assert_eq!(markdown("[x](y) ![z]"), r"\[x\]\(y\) \!\[z\]");
        assert_eq!(
            markdown("https://a.example www.b.example c@d.example"),
            "https&#58;//a.example &#119;ww.b.example c&#64;d.example"
        );
        assert_eq!(markdown("&lt;"), r"\&lt;");
        assert_eq!(markdown("10.0.0.1:80"), "10.0.0.1:80");
    }

    #[test]
    fn a_spreadsheet_computes_nothing() {
        for formula in ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", " =1"] {
            assert!(spreadsheet(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(spreadsheet("-0.5"), "-0.5");
        assert_eq!(spreadsheet("\t=1"), r"\t=1");
    }
}
