//! Text buffered for an output, with table-driven numbers and addresses.
//!
//! Texts of a few bytes are most of a line, and copying them by their own length costs a call each. So they are kept in
//! blocks of fixed size: the whole block is appended, which is one or two instructions, and the excess taken back.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use crate::model::Endpoint;

/// A text of at most `N` bytes.
#[derive(Clone, Copy)]
pub(super) struct ShortText<const N: usize> {
    block: [u8; N],
    len: usize,
}

impl<const N: usize> ShortText<N> {
    /// The text, or as much of it as there is room for.
    pub(super) fn new(text: &str) -> Self {
        let mut block = [0; N];
        block.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        Self { block, len: text.len().min(N) }
    }
}

/// The numbers below 1,000.
struct Numbers {
    /// `7`, followed by a dot that counts only in addresses.
    plain: [ShortText<4>; 1000],
    /// `007`.
    padded: [[u8; 3]; 1000],
}

static NUMBERS: LazyLock<Box<Numbers>> = LazyLock::new(|| {
    let mut numbers =
        Box::new(Numbers { plain: [ShortText { block: [0; 4], len: 0 }; 1000], padded: [[b'0'; 3]; 1000] });
    for (number, (plain, padded)) in numbers.plain.iter_mut().zip(&mut numbers.padded).enumerate() {
        *plain = ShortText::new(&format!("{number}."));
        plain.len -= 1;
        *padded = ShortText::new(&format!("{number:03}")).block;
    }
    numbers
});

/// Text to be written.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    numbers: &'static Numbers,
}

impl Buffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), numbers: &NUMBERS }
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

    /// `,"key":`, of a key that needs no escape.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) {
        // inlined where the key is known, so that the block is a constant
        let mut block = [0; 32];
        match block.get_mut(..key.len() + 4) {
            Some([comma, open, name @ .., close, colon]) => {
                (*comma, *open, *close, *colon) = (b',', b'"', b'"', b':');
                name.iter_mut().zip(key.bytes()).for_each(|(place, byte)| *place = byte);
                self.block(&block, key.len() + 4);
            }
            _ => {
                self.text(",\"");
                self.text(key);
                self.text("\":");
            }
        }
    }

    /// Puts `byte` at a place that has been written.
    #[inline]
    pub(super) fn set(&mut self, place: usize, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(place) {
            *slot = byte;
        }
    }

    #[inline]
    pub(super) fn short<const N: usize>(&mut self, short: &ShortText<N>) {
        self.block(&short.block, short.len);
    }

    /// The first `used` bytes of `block`.
    #[inline(always)]
    fn block<const N: usize>(&mut self, block: &[u8; N], used: usize) {
        let end = self.bytes.len() + used;
        self.bytes.extend_from_slice(block);
        self.bytes.truncate(end);
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl Into<u64>) {
        let number = number.into();
        match number {
            0..1_000 => self.plain(number),
            1_000..1_000_000 => {
                self.plain(number / 1_000);
                self.padded(number % 1_000);
            }
            1_000_000..1_000_000_000 => {
                self.plain(number / 1_000_000);
                self.padded(number / 1_000 % 1_000);
                self.padded(number % 1_000);
            }
            _ => self.text(itoa::Buffer::new().format(number)),
        }
    }

    #[inline]
    fn plain(&mut self, below_1000: u64) {
        if let Some(plain) = self.numbers.plain.get(below_1000 as usize) {
            self.block(&plain.block, plain.len);
        }
    }

    #[inline]
    fn padded(&mut self, below_1000: u64) {
        if let Some(padded) = self.numbers.padded.get(below_1000 as usize) {
            self.block(padded, 3);
        }
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
        let [first, second, third, fourth] = address.octets();
        for octet in [first, second, third] {
            if let Some(plain) = self.numbers.plain.get(usize::from(octet)) {
                self.block(&plain.block, plain.len + 1);
            }
        }
        self.plain(u64::from(fourth));
    }

    /// `number` with leading zeros: its lowest nine digits.
    #[inline]
    pub(super) fn nine_digits(&mut self, number: u32) {
        let number = u64::from(number);
        self.padded(number / 1_000_000 % 1_000);
        self.padded(number / 1_000 % 1_000);
        self.padded(number % 1_000);
    }

    /// `number` with leading zeros: its lowest two digits.
    #[inline]
    pub(super) fn two_digits(&mut self, number: u8) {
        self.block(&[b'0' + number / 10 % 10, b'0' + number % 10], 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Buffer)) -> String {
        let mut buffer = Buffer::with_capacity(64);
        write(&mut buffer);
        String::from_utf8(buffer.as_bytes().to_vec()).expect("ASCII")
    }

    #[test]
    fn endpoints_are_written_as_display_writes_them() {
        for text in ["0.0.0.0:0", "255.10.1.199:65535", "127.0.0.1:6542", "[::1]:7", "[2001:db8::1]:80"] {
            let socket: std::net::SocketAddr = text.parse().expect("an endpoint");
            assert_eq!(written(|buffer| buffer.endpoint(socket.into())), text);
        }
    }

    #[test]
    fn numbers_are_written_as_display_writes_them() {
        let edges = (0..20).map(|power| 10_u64.pow(power)).flat_map(|edge| [edge - 1, edge, edge + 1]);
        for number in edges.chain([7, 42, 999, 1_007, 65_535, 4_294_967_295, u64::MAX]) {
            assert_eq!(written(|buffer| buffer.number(number)), number.to_string());
        }
    }

    #[test]
    fn key_of_any_length_is_quoted() {
        for key in ["", "frame", "a_key_of_twenty_eight_bytes_", "a_key_of_twenty_nine_bytes__."] {
            assert_eq!(written(|buffer| buffer.key(key)), format!(",\"{key}\":"));
        }
    }

    #[test]
    fn digits_are_padded() {
        assert_eq!(written(|buffer| buffer.nine_digits(1_234)), "000001234");
        assert_eq!(written(|buffer| buffer.nine_digits(999_999_999)), "999999999");
        assert_eq!(written(|buffer| buffer.two_digits(7)), "07");
    }

    #[test]
    fn short_text_is_not_padded() {
        assert_eq!(written(|buffer| buffer.short(&ShortText::<8>::new("abc"))), "abc");
        assert_eq!(written(|buffer| buffer.short(&ShortText::<2>::new("abc"))), "ab");
    }
}
