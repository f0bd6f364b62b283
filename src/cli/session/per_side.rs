//! A value that is for both sides, or for one: `50ms`, `client:50ms`.

use std::fmt::Display;
use std::str::FromStr;

use crate::model::{PerDirection, Side};

/// A value and whose it is: both sides', or one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PerSide<T> {
    side: Option<Side>,
    value: T,
}

/// Reads a value behind `client:`, `server:` or neither.
pub(super) fn parse_per_side<T: FromStr<Err: Display>>(text: &str) -> Result<PerSide<T>, String> {
    let (side, rest) = [Side::Client, Side::Server]
        .into_iter()
        .find_map(|side| Some((Some(side), text.strip_prefix(side.name())?.strip_prefix(':')?)))
        .unwrap_or((None, text));
    let value = rest.parse().map_err(|error: T::Err| error.to_string())?;
    Ok(PerSide { side, value })
}

/// Hands each value to those whose it is, in the order in which they were typed: a later one goes over an earlier.
pub(super) fn apply<T, U>(values: &[PerSide<T>], to: &mut PerDirection<U>, mut give: impl FnMut(&mut U, &T)) {
    for PerSide { side, value } in values {
        for receiver in [Side::Client, Side::Server] {
            if side.is_none_or(|only| only == receiver) {
                give(to.get_mut(receiver.direction()), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_for_both_or_for_one() {
        let values = ["1", "client:2", "server:3", "server:4"].map(|text| parse_per_side::<u8>(text).unwrap());
        let mut all: PerDirection<Vec<u8>> = PerDirection::default();
        apply(&values, &mut all, |all, value| all.push(*value));
        assert_eq!((all.client_to_server, all.server_to_client), (vec![1, 2], vec![1, 3, 4]));
    }

    #[test]
    fn invalid_value_is_reported() {
        assert!(parse_per_side::<u8>("router:1").unwrap_err().contains("invalid digit"));
        assert_eq!(parse_per_side::<String>("clients"), Ok(PerSide { side: None, value: "clients".to_owned() }));
    }
}
