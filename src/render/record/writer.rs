//! JSON whose strings are safe to print: what JSON itself leaves alone but a terminal or an eye does not is escaped.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::model::is_hidden;

/// Writes `value` as compact JSON.
///
/// Hidden characters beyond ASCII (C1 controls, bidirectional controls, DEL …) become `\\uXXXX`, which means the same.
pub(in crate::render) fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Visible(CompactFormatter));
    value.serialize(&mut serializer).map_err(io::Error::from)
}

struct Visible(CompactFormatter);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(is_hidden) {
            return self.0.write_string_fragment(out, fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (before, after) = rest.split_at(at);
            out.write_all(before.as_bytes())?;
            let Some(hidden) = after.chars().next() else { break };
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after.split_at(hidden.len_utf8()).1;
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_keep_their_meaning() {
        let text = "a\u{1b}[31m\u{9b}2J\u{202e}\u{7f}\u{e0001}\n\"\\ Grüße";
        let mut out = Vec::new();
        write_json(&mut out, &text).expect("a Vec takes everything");
        let json = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(!json.chars().any(is_hidden), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("valid JSON"), text);
    }
}
