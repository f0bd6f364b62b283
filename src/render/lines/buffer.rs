//! Bytes of lines, with table-driven numbers and addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use crate::model::Endpoint;

/// The decimal text of every octet: three bytes, and how many of them count.
static OCTETS: LazyLock<[([u8; 3], u8); 256]> = LazyLock::new(|| {
    let mut octets = [([0; 3], 0); 256];
    for (value, (bytes, len)) in octets.iter_mut().enumerate() {
        let text = value.to_string();
        bytes.iter_mut().zip(text.bytes()).for_each(|(slot, digit)| *slot = digit);
        *len = text.len() as u8;
    }
    octets
});

/// Text to be written.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    digits: itoa::Buffer,
}

impl Buffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), digits: itoa::Buffer::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl itoa::Integer) {
        self.bytes.extend_from_slice(self.digits.format(number).as_bytes());
    }

    /// `10.0.0.1:80`, `[::1]:80`.
    #[inline]
    pub(super) fn endpoint(&mut self, endpoint: Endpoint) {
        match endpoint.address {
            IpAddr::V4(address) => self.ipv4(address),
            IpAddr::V6(address) => {
                self.push(b'[');
                self.text(&address.to_string());
                self.push(b']');
            }
        }
        self.push(b':');
        self.number(endpoint.port);
    }

    #[inline]
    fn ipv4(&mut self, address: Ipv4Addr) {
        let mut text = [b'.'; 16];
        let mut used = 0;
        for octet in address.octets() {
            if let (Some((digits, len)), Some(slot)) = (OCTETS.get(usize::from(octet)), text.get_mut(used..used + 3)) {
                slot.copy_from_slice(digits);
                used += usize::from(*len);
            }
            if let Some(dot) = text.get_mut(used) {
                *dot = b'.';
                used += 1;
            }
        }
        // the last dot is one too many
        self.bytes.extend_from_slice(text.get(..used - 1).unwrap_or_default());
    }

    /// `number` with leading zeros: its lowest nine digits.
    #[inline]
    pub(super) fn nine_digits(&mut self, number: u32) {
        let mut digits = [b'0'; 9];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.bytes.extend_from_slice(&digits);
    }

    /// `number` with leading zeros: its lowest two digits.
    #[inline]
    pub(super) fn two_digits(&mut self, number: u8) {
        self.bytes.extend_from_slice(&[b'0' + number / 10 % 10, b'0' + number % 10]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_read_as_everywhere_else() {
        for text in ["0.0.0.0:0", "255.10.1.199:65535", "127.0.0.1:6542", "[::1]:7", "[2001:db8::1]:80"] {
            let socket: std::net::SocketAddr = text.parse().expect("an endpoint");
            let mut buffer = Buffer::with_capacity(64);
            buffer.endpoint(socket.into());
            assert_eq!(buffer.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn digits_are_padded() {
        let mut buffer = Buffer::with_capacity(64);
        buffer.nine_digits(1_234);
        buffer.two_digits(7);
        assert_eq!(buffer.as_bytes(), b"00000123407");
    }
}
