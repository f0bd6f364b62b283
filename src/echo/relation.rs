//! The relation of an answer's bytes to a request's.

use crate::echo::{EchoForm, EchoKind};

/// Limit of a prefix: longer, the answer is taken for another one.
pub(super) const LONGEST_PREFIX: u16 = 1024;
/// Bytes below which a request may occur in an answer by coincidence.
pub(super) const TELLING: usize = 8;

/// Compares a whole answer with a whole request.
pub(super) fn relation(request: &[u8], answer: &[u8]) -> EchoKind {
    if request.is_empty() || answer.is_empty() {
        return EchoKind::Different;
    }
    // nearly every answer
    if request == answer {
        return EchoKind::Whole(EchoForm::IDENTICAL);
    }
    if let Some(start) = request.get(..answer.len()).filter(|start| start.len() < request.len()) {
        return if start == answer || is_upper(start, answer) { EchoKind::Partial } else { EchoKind::Different };
    }
    // the more copies, the shorter the prefix
    let most = answer.len() / request.len();
    let least = answer.len() / (request.len() + usize::from(LONGEST_PREFIX));
    let form = (least.max(1)..=most).rev().filter(|copies| answer.len().is_multiple_of(*copies)).find_map(|copies| {
        let form = form(request, answer, answer.len() / copies - request.len())?;
        Some(EchoForm { copies: count(copies), ..form })
    });
    form.map_or(EchoKind::Different, EchoKind::Whole)
}

/// The form of an answer that may have begun to repeat the request; `tried` bytes of it arrived earlier and had none.
pub(super) fn form_so_far(request: &[u8], answer: &[u8], tried: usize) -> Option<EchoForm> {
    let most = answer.len().checked_sub(request.len())?.min(LONGEST_PREFIX.into());
    let least = if request.len() < TELLING { 0 } else { (tried + 1).saturating_sub(request.len()) };
    (least..=most).find_map(|prefix| {
        let form = form(request, answer, prefix)?;
        let unit = prefix + request.len();
        let copies = answer.len().div_ceil(unit);
        let sure = request.len() >= TELLING || answer.len().is_multiple_of(unit);
        sure.then_some(EchoForm { copies: count(copies), ..form })
    })
}

/// The form of `answer` if it is the request behind a prefix of `prefix` bytes, repeated.
fn form(request: &[u8], answer: &[u8], prefix: usize) -> Option<EchoForm> {
    let unit = prefix + request.len();
    let (first, rest) = (answer.get(prefix..unit)?, answer.get(unit..)?);
    let upper = first != request;
    if upper && !is_upper(request, first) || answer.get(..rest.len()) != Some(rest) {
        return None;
    }
    let prefix = u16::try_from(prefix).ok().filter(|prefix| *prefix <= LONGEST_PREFIX)?;
    Some(EchoForm { upper, prefix, copies: 1 })
}

/// `true` if `answer` is `request` with its ASCII letters in upper case.
pub(super) fn is_upper(request: &[u8], answer: &[u8]) -> bool {
    request.len() == answer.len() && request.iter().zip(answer).all(|(a, b)| a.to_ascii_uppercase() == *b)
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(upper: bool, prefix: u16, copies: u32) -> EchoKind {
        EchoKind::Whole(EchoForm { upper, prefix, copies })
    }

    #[test]
    fn answers_are_distinguished() {
        assert_eq!(relation(b"Hello", b"Hello"), EchoKind::Whole(EchoForm::IDENTICAL));
        assert_eq!(relation(b"Hello", b"HELLO"), EchoKind::Whole(EchoForm::UPPER));
        assert_eq!(relation(b"Hello", b"Echo: Hello"), whole(false, 6, 1));
        assert_eq!(relation(b"ab", b"ababab"), whole(false, 0, 3));
        assert_eq!(relation(b"Hello", b"Hel"), EchoKind::Partial);
        assert_eq!(relation(b"Hello", b"Help!"), EchoKind::Different);
        assert_eq!(relation(b"Hello", b"Hello!"), EchoKind::Different);
        assert_eq!(relation(b"", b"x"), EchoKind::Different);
    }

    #[test]
    fn every_form_of_an_echo_is_recognized() {
        assert_eq!(relation(b"Hello", b"> HELLO"), whole(true, 2, 1));
        assert_eq!(relation(b"ab", b"ABAB"), whole(true, 0, 2));
        assert_eq!(relation(b"ab", b"> ab> ab> ab"), whole(false, 2, 3));
        assert_eq!(relation(b"ab", b"Echo: ABEcho: AB"), whole(true, 6, 2));
        assert_eq!(relation(b"x", &[b'x'; 700]), whole(false, 0, 700));
        assert_eq!(relation(b"ab", &[&[b'.'; 1025][..], b"ab"].concat()), EchoKind::Different);
    }

    #[test]
    fn echo_is_reported_once_it_cannot_be_coincidence() {
        let form = |prefix, copies| Some(EchoForm { upper: false, prefix, copies });
        assert_eq!(form_so_far(b"long enough", b"> long enough> lo", 0), form(2, 2));
        assert_eq!(form_so_far(b"long enough", b"> long enough> lo", 13), None);
        assert_eq!(form_so_far(b"long enough", b"> long enough and more", 0), None);
        assert_eq!(form_so_far(b"a", b"xax", 0), None);
        assert_eq!(form_so_far(b"a", b"xaxa", 3), form(1, 2));
    }
}
