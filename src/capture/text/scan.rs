//! Words, numbers and addresses from the front of a text; nothing here fails otherwise than by `None`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The rest of a text, read from its front. Line breaks count as spaces: a mail or a document may have moved them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'t> {
    pub(super) rest: &'t str,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// The next word, up to white space.
    pub(super) fn word(&mut self) -> Option<&'t str> {
        let text = self.rest.trim_start();
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// The next word, left in place.
    pub(super) fn peek(&self) -> Option<&'t str> {
        Self { ..*self }.word()
    }

    /// Passes over `sign`, with white space before it, if it is next.
    pub(super) fn takes(&mut self, sign: &str) -> bool {
        match self.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A decimal number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let text = self.rest.trim_start();
        let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at_checked(end)?;
        let number = digits.parse().ok()?;
        self.rest = rest;
        Some(number)
    }

    /// The number behind `label`, wherever that is in the next `max` bytes.
    pub(super) fn number_after(&self, label: &str) -> Option<u64> {
        let (_, behind) = self.rest.split_once(label)?;
        Scan::new(behind).number()
    }

    /// The text between `open`, which must be next, and the matching `close`.
    pub(super) fn enclosed(&mut self, open: char, close: char) -> Option<&'t str> {
        let inner = self.rest.trim_start().strip_prefix(open)?;
        let mut depth = 1_u32;
        for (at, sign) in inner.char_indices() {
            if sign == open {
                depth += 1;
            } else if sign == close {
                depth -= 1;
            }
            if depth == 0 {
                let (text, rest) = inner.split_at_checked(at)?;
                self.rest = rest.get(close.len_utf8()..)?;
                return Some(text);
            }
        }
        None
    }
}

/// `aa:bb:cc:dd:ee:ff`.
pub(super) fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// tcpdump's `ADDRESS` or `ADDRESS.PORT`.
pub(super) fn end(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Some(address) = address(text) {
        return Some((address, None));
    }
    let (left, port) = text.rsplit_once('.')?;
    Some((address(left)?, Some(port.parse().ok()?)))
}

/// An address of either version, without a zone.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let v4 = text.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    v4.or_else(|| text.contains(':').then(|| text.parse::<Ipv6Addr>().ok()).flatten().map(IpAddr::V6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_an_address_and_an_optional_port() {
        assert_eq!(end("127.0.0.1.80"), Some((Ipv4Addr::LOCALHOST.into(), Some(80))));
        assert_eq!(end("127.0.0.1"), Some((Ipv4Addr::LOCALHOST.into(), None)));
        assert_eq!(end("::1.4002"), Some((Ipv6Addr::LOCALHOST.into(), Some(4002))));
        for other in ["host.80", "127.0.0.1.http", "", ".", "1.2.3", "::1.99999", "0000"] {
            assert_eq!(end(other), None, "{other}");
        }
    }

    #[test]
    fn parentheses_may_be_nested_and_may_be_missing() {
        let mut scan = Scan::new(" (a (b) c) d");
        assert_eq!((scan.enclosed('(', ')'), scan.word()), (Some("a (b) c"), Some("d")));
        assert_eq!(Scan::new("(a (b) c").enclosed('(', ')'), None);
        assert_eq!(Scan::new("a").enclosed('(', ')'), None);
    }

    #[test]
    fn a_hardware_address_has_six_bytes() {
        assert_eq!(mac("02:db:61:0:37:01"), Some([2, 0xdb, 0x61, 0, 0x37, 1]));
        for other in ["02:db:61:00:37", "02:db:61:00:37:01:02", "2001:db8::1", "::1"] {
            assert_eq!(mac(other), None, "{other}");
        }
    }
}
