//! The escaper of every template value that is not marked as markup.

use std::fmt;

use crate::render::escape;

/// Escapes as [`escape::xml`] does: hidden characters too, which the engine's own escaper would let through.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Captured;

impl askama::filters::Escaper for Captured {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        out.write_str(&escape::xml(text))
    }
}
