//! The line about the connection's close.

use super::Known;
use crate::track::close;

pub(super) fn close(known: &Known<'_>) -> Option<String> {
    let found = close::of(known.totals, known.totals.tcp.as_ref()?)?;
    Some((found.rule.effect.fact)(&found.proof))
}
