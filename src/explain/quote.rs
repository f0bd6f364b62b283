//! Captured bytes as text that is safe to show: nothing that a terminal, an editor or a reader could mistake.

use std::fmt::Write as _;

use crate::model::{is_hidden, push_visible};

/// Longest usual quotation in a sentence, in characters.
pub(super) const LONGEST: usize = 40;

/// Appends the payload in quotation marks, escaped and shortened to `longest` characters; appends nothing, and returns
/// `false`, when most of it is no text. `cut` when the capture does not hold all of it.
pub(super) fn put(out: &mut String, payload: &[u8], cut: bool, longest: usize) -> bool {
    let start = out.len();
    out.push('"');
    let Some(shortened) = push_escaped(out, payload, longest) else {
        out.truncate(start);
        return false;
    };
    if shortened || cut && !out.ends_with('…') {
        out.push('…');
    }
    out.push('"');
    true
}

/// Appends the bytes as text: backslash escapes for control characters, bytes that are no UTF-8 and characters that
/// change the direction of the text. Whether there are more than can be shown; `None` when more than a quarter would be
/// escapes.
fn push_escaped(out: &mut String, payload: &[u8], longest: usize) -> Option<bool> {
    let first = payload.get(..longest).unwrap_or(payload);
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if !first.is_empty()
        && first.iter().all(is_plain)
        && let Ok(text) = str::from_utf8(first)
    {
        out.push_str(text);
        return Some(payload.len() > longest);
    }
    let (mut shown, mut odd) = (0, 0_usize);
    for chunk in payload.utf8_chunks() {
        for c in chunk.valid().chars() {
            if shown == longest {
                return (odd * 4 <= shown).then_some(true);
            }
            shown += 1;
            odd += usize::from(!push_char(out, c));
        }
        for byte in chunk.invalid() {
            if shown == longest {
                return (odd * 4 <= shown).then_some(true);
            }
            shown += 1;
            odd += 1;
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    (shown > 0 && odd * 4 <= shown).then_some(false)
}

/// Appends one character; false when it had to be escaped as no text.
fn push_char(out: &mut String, c: char) -> bool {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        c if is_hidden(c) => {
            push_visible(out, c);
            return false;
        }
        c => out.push(c),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(payload: &[u8], cut: bool) -> Option<String> {
        let mut out = "before ".to_owned();
        let is_text = put(&mut out, payload, cut, LONGEST);
        let quotation = out.strip_prefix("before ").map(str::to_owned);
        assert_eq!(quotation.as_deref() != Some(""), is_text);
        quotation.filter(|_| is_text)
    }

    #[test]
    fn text_is_quoted_escaped_and_shortened() {
        assert_eq!(quoted(b"Hello, world", false).as_deref(), Some("\"Hello, world\""));
        assert_eq!(quoted(b"HELLO \"X\"\r\n", false).as_deref(), Some("\"HELLO \\\"X\\\"\\r\\n\""));
        assert_eq!(quoted(&[b'A'; 100], false).map(|text| text.chars().count()), Some(LONGEST + 3));
        assert_eq!(quoted("a b c d \u{202e}x".as_bytes(), false).as_deref(), Some("\"a b c d \\u{202e}x\""));
    }

    #[test]
    fn binary_and_nothing_are_not_quoted() {
        assert_eq!(quoted(&[0, 1, 2, 0xff], false), None);
        assert_eq!(quoted(b"", false), None);
        assert_eq!(quoted(b"ab", true).as_deref(), Some("\"ab…\""));
        assert_eq!(quoted(b"\n", false).as_deref(), Some("\"\\n\""));
    }
}
