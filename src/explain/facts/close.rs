//! The line about the connection's close.

use super::FactInput;
use crate::track::close;

pub(super) fn close(known: &FactInput<'_>) -> Option<String> {
    let found = close::of(known.totals, known.totals.tcp.as_ref()?)?;
    Some((found.rule.effect.fact)(&found.proof))
}
