//! JSON whose strings are safe to print: what JSON itself leaves alone but a terminal or an eye does not is escaped.
//!
//! Keys are the program's own: they are copied without a look, each with its punctuation. Captured text is looked through
//! sixteen bytes at a time, since nearly all of it needs no escape.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use super::super::buffer::Buffer;
use crate::model::{Nanos, Timestamp, is_hidden};

/// A value with a form in JSON.
pub(in crate::render) trait Json {
    /// Appends it as compact JSON.
    ///
    /// Hidden characters beyond ASCII (C1 controls, bidirectional controls, DEL …) become `\\uXXXX`, which means the same.
    fn write(self, out: &mut Buffer);
}

/// The bytes of a text of the program's own, as long as they are.
macro_rules! bytes_of {
    ($text:expr) => {
        &const {
            match $text.as_bytes().first_chunk::<{ $text.len() }>() {
                Some(bytes) => *bytes,
                None => unreachable!(),
            }
        }
    };
}
pub(super) use bytes_of;

/// Writes an object, and after its keys what a block adds with [`field!`]: the keys that are not always there.
macro_rules! object {
    ($out:ident, { $first:literal: $value:expr $(, $key:literal: $more:expr)* $(,)? } $($rest:block)?) => {{
        $out.literal($crate::render::record::json::bytes_of!(concat!("{\"", $first, "\":")));
        $crate::render::record::json::Json::write($value, $out);
        $($crate::render::record::json::field!($out, $key: $more);)*
        $($rest)?
        $out.push(b'}');
    }};
}
pub(super) use object;

/// Writes a key behind others, and its value.
macro_rules! field {
    ($out:ident, $key:literal: $value:expr) => {
        $out.literal($crate::render::record::json::bytes_of!(concat!(",\"", $key, "\":")));
        $crate::render::record::json::Json::write($value, $out);
    };
}
pub(super) use field;

/// A text that the program itself has chosen: it needs no escape.
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) &'static str);

impl Json for Word {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.quoted(self.0);
    }
}

impl Json for &str {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.push(b'"');
        escape(out, self);
        out.push(b'"');
    }
}

impl Json for &String {
    fn write(self, out: &mut Buffer) {
        self.as_str().write(out);
    }
}

impl Json for Cow<'_, str> {
    fn write(self, out: &mut Buffer) {
        (&*self).write(out);
    }
}

impl Json for bool {
    #[inline]
    fn write(self, out: &mut Buffer) {
        match self {
            true => out.literal(b"true"),
            false => out.literal(b"false"),
        }
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {
        $(impl Json for $type {
            #[inline]
            fn write(self, out: &mut Buffer) {
                out.number(self);
            }
        })*
    };
}
numbers!(u8, u16, u32, u64);

impl Json for i32 {
    fn write(self, out: &mut Buffer) {
        if self < 0 {
            out.push(b'-');
        }
        out.number(self.unsigned_abs());
    }
}

/// `null` where there is none.
impl<T: Json> Json for Option<T> {
    #[inline]
    fn write(self, out: &mut Buffer) {
        match self {
            Some(value) => value.write(out),
            None => out.literal(b"null"),
        }
    }
}

/// A list.
impl<'a, T> Json for &'a [T]
where
    &'a T: Json,
{
    #[inline]
    fn write(self, out: &mut Buffer) {
        List(self).write(out);
    }
}

/// A list of numbers.
impl Json for &u64 {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.number(*self);
    }
}

impl Json for &u32 {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.number(*self);
    }
}

/// A list of what an iterator yields.
pub(super) struct List<I>(pub(super) I);

impl<I: IntoIterator<Item: Json>> Json for List<I> {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.push(b'[');
        for (index, item) in self.0.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            item.write(out);
        }
        out.push(b']');
    }
}

/// An object of keys that are known only when it is written.
pub(super) struct Map<I>(pub(super) I);

impl<I: IntoIterator<Item = (&'static str, V)>, V: Json> Json for Map<I> {
    fn write(self, out: &mut Buffer) {
        out.push(b'{');
        for (index, (key, value)) in self.0.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            Word(key).write(out);
            out.push(b':');
            value.write(out);
        }
        out.push(b'}');
    }
}

/// The address as a string.
impl Json for IpAddr {
    #[inline]
    fn write(self, out: &mut Buffer) {
        out.push(b'"');
        out.address(self);
        out.push(b'"');
    }
}

/// Seconds since 1970 as a string, with nine decimals.
impl Json for Timestamp {
    #[inline]
    fn write(self, out: &mut Buffer) {
        match u64::try_from(self.seconds()) {
            Ok(seconds) => seconds_text(out, seconds, self.subsec_nanos()),
            Err(_) => Text(self).write(out),
        }
    }
}

/// Seconds as a string, with nine decimals.
impl Json for Nanos {
    #[inline]
    fn write(self, out: &mut Buffer) {
        match u64::try_from(self.0) {
            // most waits of a conversation's ledger
            Ok(0) => out.literal(b"\"0.000000000\""),
            Ok(nanos) => seconds_text(out, nanos / 1_000_000_000, (nanos % 1_000_000_000) as u32),
            Err(_) => Text(self).write(out),
        }
    }
}

#[inline]
fn seconds_text(out: &mut Buffer, seconds: u64, nanos: u32) {
    out.push(b'"');
    out.number(seconds);
    out.push(b'.');
    out.nine_digits(nanos);
    out.push(b'"');
}

/// A string, as `Display` says it.
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> Json for Text<T> {
    fn write(self, out: &mut Buffer) {
        out.push(b'"');
        // nothing that is written to a buffer fails
        let _ = write!(Escaped(out), "{}", self.0);
        out.push(b'"');
    }
}

/// Escapes what is written to it.
struct Escaped<'b>(&'b mut Buffer);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Returns `true` if a byte stands for itself within a JSON string, whatever is around it.
#[inline]
fn is_plain(byte: u8) -> bool {
    // without a branch, so that the compiler can look at many at once
    (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\')
}

/// The number of bytes, from the first on, that stand for themselves.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    let are_plain = |some: &[u8; 16]| some.iter().fold(true, |plain, byte| plain & is_plain(*byte));
    let (sixteens, _) = bytes.as_chunks();
    let plain = sixteens.iter().take_while(|sixteen| are_plain(sixteen)).count();
    // the last sixteen overlap those before them: that takes less than to look at the rest one by one
    if plain == sixteens.len() && bytes.last_chunk().is_some_and(are_plain) {
        return bytes.len();
    }
    let plain = plain * 16;
    let rest = bytes.get(plain..).unwrap_or_default();
    plain + rest.iter().take_while(|byte| is_plain(**byte)).count()
}

/// Appends `text` as the inner part of a JSON string.
#[inline]
fn escape(out: &mut Buffer, text: &str) {
    let plain = plain_bytes(text.as_bytes());
    match text.split_at_checked(plain) {
        Some((plain, "")) => out.text(plain),
        Some((plain, rest)) => {
            out.text(plain);
            escape_rest(out, rest);
        }
        None => escape_rest(out, text),
    }
}

#[inline(never)]
fn escape_rest(out: &mut Buffer, text: &str) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '"' => out.text("\\\""),
            '\\' => out.text("\\\\"),
            '\n' => out.text("\\n"),
            '\r' => out.text("\\r"),
            '\t' => out.text("\\t"),
            '\u{8}' => out.text("\\b"),
            '\u{c}' => out.text("\\f"),
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.text(&format!("\\u{unit:04x}"));
                }
            }
            c => out.text(c.encode_utf8(&mut [0; 4])),
        }
        rest = rest.split_at_checked(c.len_utf8()).unwrap_or_default().1;
        let (plain, others) = rest.split_at_checked(plain_bytes(rest.as_bytes())).unwrap_or_default();
        out.text(plain);
        rest = others;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;

    use serde::Serialize;
    use serde_json::Value;
    use serde_json::ser::{CompactFormatter, Formatter};

    use super::*;

    /// The same by serde_json, with a formatter that escapes hidden characters.
    pub(in crate::render::record) fn by_serde(value: &impl Serialize) -> String {
        struct Visible(CompactFormatter);
        impl Formatter for Visible {
            fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
                for c in fragment.chars() {
                    if is_hidden(c) {
                        for unit in c.encode_utf16(&mut [0; 2]) {
                            write!(out, "\\u{unit:04x}")?;
                        }
                    } else {
                        self.0.write_string_fragment(out, c.encode_utf8(&mut [0; 4]))?;
                    }
                }
                Ok(())
            }
        }
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Visible(CompactFormatter));
        value.serialize(&mut serializer).expect("a Vec takes everything");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn written(value: impl Json) -> String {
        let mut out = Buffer::new();
        value.write(&mut out);
        out.into_string()
    }

    #[test]
    fn invisible_characters_are_escaped_reversibly() {
        let text = "a\u{1b}[31m\u{9b}2J\u{202e}\u{7f}\u{e0001}\n\"\\ Grüße";
        let json = written(text);
        assert!(!json.chars().any(is_hidden), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("valid JSON"), text);
    }

    #[test]
    fn every_character_is_written_as_serde_writes_it_at_every_offset() {
        for c in (char::MIN..='\u{2fff}').chain('\u{fdf0}'..='\u{1000f}').chain(['\u{e0001}', char::MAX]) {
            for before in [0, 3, 14, 15, 16, 20] {
                let text = format!("{}{c}{}", "a".repeat(before), "b".repeat(19));
                assert_eq!(written(text.as_str()), by_serde(&text), "{c:?} behind {before} bytes");
            }
        }
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_writes_it() {
        macro_rules! same {
            ($($value:expr),* $(,)?) => { $(assert_eq!(written($value), by_serde(&$value));)* };
        }
        same!(u64::MAX, 1_234_567_u32, 65_535_u16, 0_u8, i32::MIN, -1, 7, true, false, None::<u8>, Some("a\"b"));
        same!(&[1_u64, 2, 3][..], &[0_u64; 0][..], std::net::IpAddr::from([10, 0, 0, 1]));
        same!(std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]));
    }

    #[test]
    fn times_are_written_as_display_writes_them() {
        for nanos in [0, 1, 999_999_999, 1_000_000_000, i64::MAX, i64::MIN, -1, -1_500_000_000] {
            assert_eq!(written(Nanos(nanos)), format!("\"{}\"", Nanos(nanos)));
            let time = Timestamp::new(nanos / 1_000, nanos.unsigned_abs() as u32 % 1_000_000_000);
            assert_eq!(written(time), format!("\"{time}\""));
        }
    }

    #[test]
    fn objects_keep_the_order_of_their_keys() {
        let object = |more: bool| {
            let mut buffer = Buffer::new();
            let out = &mut buffer;
            object!(out, { "a": Word("x"), "b": Map([("k", 1_u8), ("l", 2)]) } {
                if more {
                    field!(out, "c": List(["\n", ""]));
                }
            });
            buffer.into_string()
        };
        assert_eq!(object(false), r#"{"a":"x","b":{"k":1,"l":2}}"#);
        assert_eq!(object(true), r#"{"a":"x","b":{"k":1,"l":2},"c":["\n",""]}"#);
        let value: Value = serde_json::from_str(&object(true)).expect("valid JSON");
        assert_eq!(by_serde(&value), object(true));
    }
}
