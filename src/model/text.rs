//! Characters of captured text that must not reach a reader as they are.

use std::fmt::Write as _;

/// Returns `true` if `c` would not be displayed as what it is: a control character (C0, DEL, C1), a bidirectional
/// control, an invisible or line-breaking format character, or a private or unassigned marker.
///
/// Such characters let a captured payload move the cursor, colour the screen, reverse the reading order or hide
/// (Unicode Technical Report 36). Whoever shows foreign text escapes them.
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
}

/// Appends `c` to `text`, escaped as in Rust and C if it is hidden: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}`.
pub(crate) fn push_visible(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c if !is_hidden(c) => text.push(c),
        c => {
            // writing to a String can't fail
            let _ = match c.is_ascii() {
                true => write!(text, "\\x{:02x}", u32::from(c)),
                false => write!(text, "\\u{{{:x}}}", u32::from(c)),
            };
        }
    }
}

/// The first `max` characters of `bytes` for a reader, and whether that was all of them: text where it is UTF-8, other
/// bytes as `\xff`, hidden characters and the backslash escaped.
///
/// A character that the end of `bytes` cuts counts as other bytes.
pub(crate) fn visible(bytes: &[u8], max: usize) -> (String, bool) {
    let mut text = String::with_capacity(bytes.len().min(max));
    let mut count = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if count == max {
                return (text, false);
            }
            count += 1;
            match c {
                '\\' => text.push_str("\\\\"),
                c => push_visible(&mut text, c),
            }
        }
        for byte in chunk.invalid() {
            if count == max {
                return (text, false);
            }
            count += 1;
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    (text, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        assert_eq!(visible(b"a\x1b[31m\r\n\0\\", 99), (r"a\x1b[31m\r\n\x00\\".into(), true));
        assert_eq!(visible("\u{202e}abc\u{9b}2J".as_bytes(), 99).0, r"\u{202e}abc\u{9b}2J");
        assert_eq!(visible(b"\xff\xfe ok", 99).0, r"\xff\xfe ok");
        assert_eq!(visible("Grüße, 世界".as_bytes(), 99), ("Grüße, 世界".into(), true));
    }

    #[test]
    fn no_character_of_unicode_escapes_as_a_control() {
        for c in char::MIN..=char::MAX {
            let mut text = String::new();
            push_visible(&mut text, c);
            assert!(!text.chars().any(|c| c.is_control() || is_hidden(c)), "{c:?}");
        }
    }

    #[test]
    fn long_text_is_cut_at_character_borders() {
        assert_eq!(visible(b"abcdef", 3), ("abc".into(), false));
        assert_eq!(visible(b"abc", 3), ("abc".into(), true));
        assert_eq!(visible(b"ab\xff\xff", 3), (r"ab\xff".into(), false));
    }
}
