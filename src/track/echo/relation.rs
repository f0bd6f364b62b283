//! How an answer's bytes relate to a request's.

use crate::track::facts::EchoKind;

/// A prefix longer than this is no prefix, but another answer.
pub(super) const LONGEST_PREFIX: usize = 1024;

/// Compares a whole answer with a whole request.
pub(super) fn relation(request: &[u8], answer: &[u8]) -> EchoKind {
    if request.is_empty() || answer.is_empty() {
        return EchoKind::Different;
    }
    if request == answer {
        return EchoKind::Identical;
    }
    if is_upper(request, answer) {
        return EchoKind::Upper;
    }
    if answer.len() < request.len() {
        let start = request.get(..answer.len()).unwrap_or_default();
        return if start == answer || is_upper(start, answer) { EchoKind::Partial } else { EchoKind::Different };
    }
    let times = answer.len() / request.len();
    if times > 1 && answer.chunks(request.len()).all(|part| part == request || is_upper(request, part)) {
        return EchoKind::Repeated(count(times));
    }
    let prefix = answer.len() - request.len();
    let end = answer.get(prefix..).unwrap_or_default();
    if prefix <= LONGEST_PREFIX && (end == request || is_upper(request, end)) {
        return EchoKind::Prefixed(count(prefix));
    }
    EchoKind::Different
}

/// Whether `answer` is `request` in upper case (ASCII letters), and so more than the same bytes.
pub(super) fn is_upper(request: &[u8], answer: &[u8]) -> bool {
    request.len() == answer.len() && request.iter().zip(answer).all(|(a, b)| a.to_ascii_uppercase() == *b)
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(relation(b"Hello", b"Hello"), EchoKind::Identical);
        assert_eq!(relation(b"Hello", b"HELLO"), EchoKind::Upper);
        assert_eq!(relation(b"Hello", b"Echo: Hello"), EchoKind::Prefixed(6));
        assert_eq!(relation(b"ab", b"ababab"), EchoKind::Repeated(3));
        assert_eq!(relation(b"Hello", b"Hel"), EchoKind::Partial);
        assert_eq!(relation(b"Hello", b"Help!"), EchoKind::Different);
        assert_eq!(relation(b"", b"x"), EchoKind::Different);
    }
}
