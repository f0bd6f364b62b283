//! Makes captured text harmless, one function a medium.
//!
//! The floors below may hand over any text: a payload, a file's name, a filter. What leaves here can't move a cursor,
//! colour a screen, reverse the reading order, break a line or a table, or start a formula.

use std::borrow::Cow;

use crate::model::{is_hidden, push_visible};

/// For a terminal or a text file: hidden characters are escaped.
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_visible_ascii(text) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push_visible(&mut escaped, c));
    Cow::Owned(escaped)
}

/// Returns `true` if every byte is a visible ASCII character or a space, as in nearly every text: many bytes are looked
/// at together, since no byte decides about the next.
fn is_visible_ascii(text: &str) -> bool {
    text.bytes().fold(true, |all, byte| all & (b' '..=b'~').contains(&byte))
}

/// For a medium of ASCII alone: what has a spelling there is spelled, every other character is escaped.
pub fn ascii(text: &str) -> Cow<'_, str> {
    use std::fmt::Write as _;

    let text = plain(text);
    if text.is_ascii() {
        return text;
    }
    let mut spelled = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            'µ' => spelled.push('u'),
            '§' => spelled.push_str("section "),
            '→' => spelled.push_str("->"),
            '←' => spelled.push_str("<-"),
            '…' => spelled.push_str("..."),
            '×' => spelled.push('x'),
            '–' => spelled.push('-'),
            '‘' | '’' => spelled.push('\''),
            'α' => spelled.push_str("alpha"),
            'β' => spelled.push_str("beta"),
            c if c.is_ascii() => spelled.push(c),
            // writing to a String can't fail
            c => {
                let _ = write!(spelled, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(spelled)
}

/// The same for lines that were made harmless before.
pub fn ascii_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => ascii(line).into_owned() + "\n",
            None => ascii(line).into_owned(),
        })
        .collect()
}

/// Characters that CommonMark or GitHub's dialect may read as markup wherever they stand.
const MARKUP: &[char] = &['\\', '`', '*', '[', ']', '<', '|', '~', '$', '&'];

/// Characters that make a heading, a list or a quotation where a text begins.
const LEADING: &[char] = &['#', '+', '-', '=', '>'];

/// For Markdown, table cells included: hidden characters are escaped first, then every character of markup.
///
/// GitHub makes links of bare addresses, which no backslash stops: `https://…` and `www.…` get an entity, and `a@b`,
/// which is looked for when entities are letters again, an empty comment.
pub fn markdown(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    let harmless = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    if text.chars().all(harmless) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    let mut before = None;
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ':' if after.starts_with("//") => escaped.push_str("&#58;"),
            '@' if is_within_address(before, after) => escaped.push_str("<!---->@"),
            'w' | 'W' if rest.get(..4).is_some_and(|www| www.eq_ignore_ascii_case("www.")) => {
                escaped.push_str(if c == 'w' { "&#119;" } else { "&#87;" });
            }
            '_' if is_within_word(before, after) => escaped.push(c),
            c if MARKUP.contains(&c) || c == '_' => escaped.extend(['\\', c]),
            c if before.is_none() && LEADING.contains(&c) => escaped.extend(['\\', c]),
            // `1.` and `1)` would begin a numbered list
            '.' | ')' if !escaped.is_empty() && escaped.bytes().all(|b| b.is_ascii_digit()) && !is_number(after) => {
                escaped.extend(['\\', c]);
            }
            c => escaped.push(c),
        }
        before = Some(c);
        rest = after;
    }
    Cow::Owned(escaped)
}

/// The `@` of what GitHub may take for an address of mail.
fn is_within_address(before: Option<char>, after: &str) -> bool {
    let is_local = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
    before.is_some_and(is_local) && after.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// CommonMark reads no emphasis into an underscore within a word.
fn is_within_word(before: Option<char>, after: &str) -> bool {
    before.is_some_and(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric)
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns `true` for a character at which a spreadsheet may begin a new cell, whatever the file's own separator is; its
/// full-width forms may be taken for it.
fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '|' | '\t' | '，' | '；' | '｜')
}

/// Returns `true` if a text may hold a character with which a formula begins. Most cells hold none, and need no closer look.
fn may_hold_formula(text: &str) -> bool {
    text.bytes().fold(false, |any, byte| any | matches!(byte, b'=' | b'+' | b'-' | b'@') | !byte.is_ascii())
}

/// For a cell that a spreadsheet may open: hidden characters are escaped, and an apostrophe goes before what would
/// start a formula (`=`, `+`, `-`, `@`), in the cell or behind a character within it at which the reader's spreadsheet
/// may begin another. A number stays one. Quotes are the CSV writer's affair.
pub fn spreadsheet(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    if !may_hold_formula(&text) || !text.split(is_separator).any(is_formula) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for part in text.split_inclusive(is_separator) {
        if is_formula(part.strip_suffix(is_separator).unwrap_or(part)) {
            escaped.push('\'');
        }
        escaped.push_str(part);
    }
    Cow::Owned(escaped)
}

/// Returns `true` if a spreadsheet would compute a cell that begins like this; leading blanks and quotes don't prevent
/// that.
fn is_formula(cell: &str) -> bool {
    let trimmed = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    trimmed.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) && trimmed.trim_end().parse::<f64>().is_err()
}

/// For text and attributes of XML and HTML: hidden characters are escaped, markup becomes entities, and what XML 1.0
/// forbids (§2.2) can't occur.
pub fn xml(text: &str) -> Cow<'_, str> {
    let text = plain(text);
    if !text.contains(['<', '>', '&', '"', '\'', '\u{fffe}', '\u{ffff}']) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
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
    fn every_character_has_an_ascii_spelling() {
        assert_eq!(ascii("34.2 µs → Grüße…"), r"34.2 us -> Gr\u{fc}\u{df}e...");
        assert_eq!(ascii("\u{202e}"), r"\u{202e}");
    }

    #[test]
    fn markdown_in_payload_is_escaped() {
        assert_eq!(markdown("a|b\\c*d*_e_`f`<b>"), r"a\|b\\c\*d\*\_e\_\`f\`\<b>");
        assert_eq!(markdown("[x](y) ![z]"), r"\[x\](y) !\[z\]");
        assert_eq!(markdown("# a # b"), r"\# a # b");
        assert_eq!(markdown("1. a"), r"1\. a");
        assert_eq!(markdown("close_four X+1"), "close_four X+1");
        assert_eq!(
            markdown("https://a.example www.b.example c@d.example"),
            "https&#58;//a.example &#119;ww.b.example c<!---->@d.example"
        );
        assert_eq!(markdown("&lt;"), r"\&lt;");
        assert_eq!(markdown("10.0.0.1:80"), "10.0.0.1:80");
    }

    #[test]
    fn xml_stays_well_formed() {
        assert_eq!(xml("</text><a b='c\">&\0"), r"&lt;/text&gt;&lt;a b=&#39;c&quot;&gt;&amp;\x00");
        assert_eq!(xml("\u{ffff}\u{202e}"), "\u{fffd}\\u{202e}");
    }

    #[test]
    fn a_spreadsheet_computes_nothing() {
        for formula in ["=cmd()", "+1+1", "-2+3", "@SUM(A1)", " =1", "\"=1"] {
            assert!(spreadsheet(formula).starts_with('\''), "{formula}");
        }
        assert_eq!(spreadsheet("a;=1"), "a;'=1");
        assert_eq!(spreadsheet("a；=1"), "a；'=1");
        assert_eq!(spreadsheet("=1|@x, \"+1+1,b"), "'=1|'@x,' \"+1+1,b");
        assert_eq!(spreadsheet("X+1, Y+13; a=b"), "X+1, Y+13; a=b");
        assert_eq!(spreadsheet("3;-0.5, +2"), "3;-0.5, +2");
        assert_eq!(spreadsheet("-0.5"), "-0.5");
        assert_eq!(spreadsheet("\t=1"), r"\t=1");
    }
}
