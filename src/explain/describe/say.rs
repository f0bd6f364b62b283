//! The pieces of a sentence, appended without the machinery of formatting.

use std::fmt::Write as _;

use super::{bytes, frames};
use crate::model::Nanos;

/// Something that can be a piece of a sentence.
pub(super) trait Phrase {
    fn say(&self, out: &mut String);
}

/// Appends pieces to a sentence.
macro_rules! say {
    ($out:expr, $($piece:expr),+ $(,)?) => {{
        let out: &mut String = $out;
        $($crate::explain::describe::say::Phrase::say(&$piece, out);)+
    }};
}
pub(super) use say;

/// `12 bytes`.
pub(super) struct Bytes(pub(super) u32);

/// `frame 3`, `frames 3 to 5`.
pub(super) struct Frames(pub(super) (u64, u64));

impl Phrase for &str {
    #[inline]
    fn say(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Phrase for String {
    fn say(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Phrase for u32 {
    #[inline]
    fn say(&self, out: &mut String) {
        out.push_str(itoa::Buffer::new().format(*self));
    }
}

impl Phrase for u64 {
    #[inline]
    fn say(&self, out: &mut String) {
        out.push_str(itoa::Buffer::new().format(*self));
    }
}

impl Phrase for Bytes {
    #[inline]
    fn say(&self, out: &mut String) {
        match self.0 {
            1 => out.push_str("1 byte"),
            // no comma
            count @ 0..1_000 => say!(out, count, " bytes"),
            count => out.push_str(&bytes(count)),
        }
    }
}

/// `34.2 µs`.
impl Phrase for Nanos {
    fn say(&self, out: &mut String) {
        // writing to a String can't fail
        let _ = write!(out, "{}", self.human());
    }
}

impl Phrase for Frames {
    fn say(&self, out: &mut String) {
        out.push_str(&frames(self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_equal_the_formatted_text() {
        for count in [0, 1, 2, 12, 999, 1_000, 13_000, u32::MAX] {
            let mut out = String::new();
            say!(&mut out, Bytes(count), "; ", count, "; ", Frames((3, u64::from(count))));
            assert_eq!(out, format!("{}; {count}; {}", bytes(count), frames((3, count.into()))));
        }
    }
}
