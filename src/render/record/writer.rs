//! JSON whose strings are safe to print: what JSON itself leaves alone but a terminal or an eye does not is escaped.
//!
//! Names of fields and variants are the program's own: they are copied without a look. All other text is looked through
//! eight bytes at a time, since nearly all of it needs no escape.

use std::fmt::{self, Write as _};
use std::io;

use serde::ser::{self, Serialize, Serializer};

use super::super::buffer::Buffer;
use crate::model::is_hidden;

/// Writes `value` as compact JSON.
///
/// Hidden characters beyond ASCII (C1 controls, bidirectional controls, DEL …) become `\\uXXXX`, which means the same.
///
/// # Errors
/// If `value` is no JSON: a map whose keys are no strings.
pub(in crate::render) fn write_json(out: &mut Buffer, value: &impl Serialize) -> io::Result<()> {
    value.serialize(Json { out }).map_err(io::Error::other)
}

/// A text that the program itself has chosen: it needs no escape.
pub(super) struct Word(pub(super) &'static str);

impl Serialize for Word {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("Word", 0, self.0)
    }
}

/// A value that JSON has no form for.
#[derive(Debug)]
struct NoJson(String);

impl fmt::Display for NoJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoJson {}

impl ser::Error for NoJson {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Json<'b> {
    out: &'b mut Buffer,
}

/// A list or an object that is being written: every element brings a comma before it, and the first comma becomes the bracket.
struct Group<'b> {
    out: &'b mut Buffer,
    start: usize,
    open: u8,
    close: &'static str,
}

impl<'b> Group<'b> {
    #[inline]
    fn new(out: &'b mut Buffer, open: u8, close: &'static str) -> Self {
        let start = out.len();
        Self { out, start, open, close }
    }

    /// The list or object that is the value of a variant.
    fn variant(out: &'b mut Buffer, variant: &str, open: u8, close: &'static str) -> Self {
        out.text("{\"");
        out.text(variant);
        out.text("\":");
        Self::new(out, open, close)
    }

    #[inline]
    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), NoJson> {
        self.out.push(b',');
        value.serialize(Json { out: self.out })
    }

    #[inline(always)]
    fn field(&mut self, key: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), NoJson> {
        self.out.key(key);
        value.serialize(Json { out: self.out })
    }

    #[inline]
    fn finish(self) -> Result<(), NoJson> {
        if self.out.len() == self.start {
            self.out.push(self.open);
        } else {
            self.out.set(self.start, self.open);
        }
        self.out.text(self.close);
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(#[inline]
        fn $method(self, number: $type) -> Result<(), NoJson> {
            self.out.number(number);
            Ok(())
        })*
    };
}

macro_rules! signed {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, number: $type) -> Result<(), NoJson> {
            if number < 0 {
                self.out.push(b'-');
            }
            self.out.number(number.unsigned_abs());
            Ok(())
        })*
    };
}

impl<'b> Serializer for Json<'b> {
    type Ok = ();
    type Error = NoJson;
    type SerializeSeq = Group<'b>;
    type SerializeTuple = Group<'b>;
    type SerializeTupleStruct = Group<'b>;
    type SerializeTupleVariant = Group<'b>;
    type SerializeMap = Group<'b>;
    type SerializeStruct = Group<'b>;
    type SerializeStructVariant = Group<'b>;

    numbers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);
    signed!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), NoJson> {
        self.out.text(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), NoJson> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), NoJson> {
        if number.is_finite() {
            self.out.text(&format!("{number:?}"))
        } else {
            self.out.text("null")
        }
        Ok(())
    }

    fn serialize_char(self, c: char) -> Result<(), NoJson> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), NoJson> {
        self.out.push(b'"');
        escape(self.out, text);
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), NoJson> {
        self.collect_seq(bytes)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), NoJson> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoJson> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), NoJson> {
        self.out.text("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NoJson> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NoJson> {
        self.out.push(b'"');
        self.out.text(variant);
        self.out.push(b'"');
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), NoJson> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), NoJson> {
        let mut object = Group::new(self.out, b'{', "}");
        object.field(variant, value)?;
        object.finish()
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Group<'b>, NoJson> {
        Ok(Group::new(self.out, b'[', "]"))
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Group<'b>, NoJson> {
        Ok(Group::new(self.out, b'[', "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Group<'b>, NoJson> {
        Ok(Group::new(self.out, b'[', "]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Group<'b>, NoJson> {
        Ok(Group::variant(self.out, variant, b'[', "]}"))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Group<'b>, NoJson> {
        Ok(Group::new(self.out, b'{', "}"))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Group<'b>, NoJson> {
        Ok(Group::new(self.out, b'{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Group<'b>, NoJson> {
        Ok(Group::variant(self.out, variant, b'{', "}}"))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), NoJson> {
        self.out.push(b'"');
        write!(Escaped(self.out), "{value}").map_err(ser::Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }
}

macro_rules! list {
    ($trait:ident, $method:ident) => {
        impl ser::$trait for Group<'_> {
            type Ok = ();
            type Error = NoJson;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<(), NoJson> {
                self.finish()
            }
        }
    };
}

list!(SerializeSeq, serialize_element);
list!(SerializeTuple, serialize_element);
list!(SerializeTupleStruct, serialize_field);
list!(SerializeTupleVariant, serialize_field);

macro_rules! object {
    ($trait:ident) => {
        impl ser::$trait for Group<'_> {
            type Ok = ();
            type Error = NoJson;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoJson> {
                self.field(key, value)
            }

            #[inline]
            fn end(self) -> Result<(), NoJson> {
                self.finish()
            }
        }
    };
}

object!(SerializeStruct);
object!(SerializeStructVariant);

impl ser::SerializeMap for Group<'_> {
    type Ok = ();
    type Error = NoJson;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoJson> {
        let before = self.out.len() + 1;
        self.element(key)?;
        match self.out.as_bytes().get(before) {
            Some(b'"') => Ok(()),
            _ => Err(NoJson("the key of a map is no string".to_owned())),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        self.out.push(b':');
        value.serialize(Json { out: self.out })
    }

    fn end(self) -> Result<(), NoJson> {
        self.finish()
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
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// The number of bytes, from the first on, that stand for themselves.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (eights, _) = bytes.as_chunks::<8>();
    let mut plain = 0;
    for eight in eights {
        let word = u64::from_ne_bytes(*eight);
        // the high bit of a byte is set where that byte is below a space, a quotation mark, a backslash, DEL or above it
        let is = |byte: u8| (word ^ (EACH * u64::from(byte))).wrapping_sub(EACH);
        let odd = word.wrapping_sub(EACH * 0x20) | word.wrapping_add(EACH) | is(b'"') | is(b'\\') | word;
        if odd & (EACH << 7) != 0 {
            break;
        }
        plain += 8;
    }
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
    use std::collections::BTreeMap;

    use serde::Serialize;
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

    fn written(value: &impl Serialize) -> String {
        let mut out = Buffer::with_capacity(64);
        write_json(&mut out, value).expect("JSON");
        String::from_utf8(out.as_bytes().to_vec()).expect("JSON is UTF-8")
    }

    #[test]
    fn invisible_characters_are_escaped_reversibly() {
        let text = "a\u{1b}[31m\u{9b}2J\u{202e}\u{7f}\u{e0001}\n\"\\ Grüße";
        let json = written(&text);
        assert!(!json.chars().any(is_hidden), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("valid JSON"), text);
    }

    #[test]
    fn every_character_is_written_as_serde_writes_it_at_every_offset() {
        for c in (char::MIN..='\u{2fff}').chain('\u{fdf0}'..='\u{1000f}').chain(['\u{e0001}', char::MAX]) {
            for before in [0, 3, 7, 8, 12] {
                let text = format!("{}{c}{}", "a".repeat(before), "b".repeat(11));
                assert_eq!(written(&text), by_serde(&text), "{c:?} behind {before} bytes");
            }
        }
    }

    #[derive(Serialize)]
    enum Kinds {
        Unit,
        Newtype(u8),
        Tuple(i8, Option<()>),
        Struct { a: &'static str, b: [u16; 0] },
    }

    #[derive(Serialize)]
    struct Unit;

    #[test]
    fn every_kind_of_value_is_written_as_serde_writes_it() {
        macro_rules! same {
            ($($value:expr),* $(,)?) => { $(assert_eq!(written(&$value), by_serde(&$value));)* };
        }
        same!(Kinds::Unit, Kinds::Newtype(7), Kinds::Tuple(-128, None), Kinds::Struct { a: "x\n", b: [] }, Unit);
        same!(u64::MAX, i64::MIN, 1_234_567_u32, 0_u8, -1_i16, 1.5_f64, f32::INFINITY, -0.25_f32, true, 'ü');
        same!([[1, 2], [3, 4]], [""; 0], BTreeMap::<&str, u8>::new(), BTreeMap::from([("a", 1), ("b\"", 2)]));
        same!((1, "a", Some(2), None::<u8>), Word("word"), std::net::IpAddr::from([10, 0, 0, 1]));
    }

    #[test]
    fn a_key_that_is_no_string_is_an_error() {
        let mut out = Buffer::with_capacity(64);
        assert!(write_json(&mut out, &BTreeMap::from([(1, 2)])).is_err());
    }
}
