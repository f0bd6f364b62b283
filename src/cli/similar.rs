//! Names that resemble a mistyped one.

use std::cmp::Reverse;

/// Most names that a tip gives.
const MAX_SUGGESTIONS: usize = 3;

/// The names that `typed` is a misspelling or an abbreviation of, the closest first; none where nothing is close enough.
pub(super) fn misspelled<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = normal(typed);
    let mut close: Vec<_> = names.into_iter().filter_map(|name| Some((distance(&typed, name)?, name))).collect();
    close.sort_by_key(|(distance, _)| *distance);
    let min = close.first().map(|(distance, _)| *distance);
    close.retain(|(distance, _)| Some(*distance) == min);
    close.into_iter().map(|(_, name)| name).take(MAX_SUGGESTIONS).collect()
}

/// The three names that resemble `typed` most, however little that is.
pub(super) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = normal(typed);
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_cached_key(|name| {
        let alike = strsim::sorensen_dice(&typed, name) + 0.1 * strsim::jaro_winkler(&typed, name);
        // as a whole number, which has an order
        (distance(&typed, name).unwrap_or(usize::MAX), Reverse((alike * 1e6) as u64))
    });
    names.truncate(MAX_SUGGESTIONS);
    names
}

/// The error for a name that is not among `names`; `lists` is the command that lists these.
pub(super) fn unknown<'a>(kind: &str, typed: &str, names: impl IntoIterator<Item = &'a str>, lists: &str) -> String {
    format!("unknown {kind} {typed:?}; nearest: {} (`{lists}` lists all)", nearest(typed, names).join(", "))
}

fn normal(typed: &str) -> String {
    typed.to_lowercase().replace('_', "-")
}

/// Edits from `typed` to `name`, exchanged neighbours being one; `None` where these are too many for a slip. A beginning
/// of the other is closer than any misspelling but one.
fn distance(typed: &str, name: &str) -> Option<usize> {
    let letters = typed.chars().count();
    let max = match letters {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let edits = strsim::osa_distance(typed, name);
    let same_start = typed.chars().next() == name.chars().next();
    if edits <= max && (same_start || edits == 1) {
        return Some(edits);
    }
    let abbreviates = letters >= 3 && name.starts_with(typed) || name.len() >= 4 && typed.starts_with(name);
    abbreviates.then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typo_finds_its_name_and_an_unrelated_word_none() {
        let names =
            ["analyze", "session", "scenarios", "run", "connect", "completions", "columns", "color", "read-size"];
        for (typed, expected) in [
            ("anlayze", &["analyze"][..]),
            ("analyse", &["analyze"]),
            ("sesion", &["session"]),
            ("Read_Size", &["read-size"]),
            ("raed-sise", &["read-size"]),
            ("conect", &["connect"]),
            ("complet", &["completions"]),
            ("col", &["columns", "color"]),
            ("rnu", &["run"]),
            ("ru", &[]),
            ("x", &[]),
            ("reverse", &[]),
            ("", &[]),
        ] {
            assert_eq!(misspelled(typed, names), expected, "{typed}");
        }
    }

    #[test]
    fn unrelated_word_still_gets_three_suggestions() {
        let names = ["zero-window", "slow-link", "window-scaling", "lost-fin"];
        assert_eq!(nearest("zero-windw", names), ["zero-window", "window-scaling", "lost-fin"]);
        assert_eq!(nearest("", names).len(), 3);
        let error = unknown("scenario", "window", names, "echolab scenarios");
        let expected = "unknown scenario \"window\"; nearest: window-scaling, zero-window, ";
        assert!(error.starts_with(expected), "{error}");
    }
}
