//! Text buffered for an output, with table-driven numbers and addresses.
//!
//! Texts of a few bytes are most of a line, and copying them by their own length costs a call each. So they are kept in
//! blocks of fixed size: the whole block is appended, which is one or two instructions, and the excess taken back.

use std::io::{self, Write};
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

/// The numbers below 1,000: `7`, followed by a dot that counts only in addresses.
type Numbers = [ShortText<4>; 1000];

static NUMBERS: LazyLock<Box<Numbers>> = LazyLock::new(|| {
    let mut numbers = Box::new([ShortText { block: [0; 4], len: 0 }; 1000]);
    for (number, text) in numbers.iter_mut().enumerate() {
        *text = ShortText::new(&format!("{number}."));
        text.len -= 1;
    }
    numbers
});

/// Makes characters of eight digits.
const ASCII: u64 = u64::from_le_bytes([b'0'; 8]);

/// Bytes in a block: those at which a buffer is to be written out, and a long line more.
const BLOCK: usize = WRITE_AT + 8 * 1024;

/// So much is written at once.
pub(super) const WRITE_AT: usize = 64 * 1024;

/// Text to be written.
pub(super) struct Buffer {
    /// Of a fixed length, and filled already: so an append is one comparison and a copy, and calls nothing.
    block: Box<[u8; BLOCK]>,
    /// The length of the text in the block.
    used: usize,
    /// Text before that in the block, for which the block had no room.
    before: Vec<u8>,
    numbers: &'static Numbers,
    /// Room for a text that has to be whole before it can be appended.
    scratch: String,
}

impl Buffer {
    pub(super) fn new() -> Self {
        let block = vec![0; BLOCK].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; BLOCK]));
        Self { block, used: 0, before: Vec::new(), numbers: &NUMBERS, scratch: String::new() }
    }

    /// Returns `true` if there is enough text to write it out.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.used >= WRITE_AT || !self.before.is_empty()
    }

    /// Writes all text, and is empty again.
    pub(super) fn write_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.before.is_empty() {
            out.write_all(&self.before)?;
            self.before.clear();
        }
        out.write_all(self.in_block())?;
        self.used = 0;
        Ok(())
    }

    fn in_block(&self) -> &[u8] {
        self.block.get(..self.used).unwrap_or_default()
    }

    /// An empty string with room, to compose a text in; it is to be given back.
    pub(super) fn take_scratch(&mut self) -> String {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch
    }

    pub(super) fn give_scratch(&mut self, scratch: String) {
        self.scratch = scratch;
    }

    #[inline(always)]
    pub(super) fn push(&mut self, byte: u8) {
        self.append(&[byte], 1);
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        match self.block.get_mut(self.used..).and_then(|room| room.get_mut(..text.len())) {
            Some(room) => {
                copy(room, text.as_bytes());
                self.used += text.len();
            }
            None => self.append_behind_block(text.as_bytes()),
        }
    }

    /// A short text in quotation marks, which needs no escape.
    #[inline]
    pub(super) fn quoted(&mut self, text: &str) {
        match self.block.get_mut(self.used..).and_then(|room| room.get_mut(..text.len() + 2)) {
            Some([open, room @ .., close]) => {
                (*open, *close) = (b'"', b'"');
                copy(room, text.as_bytes());
                self.used += text.len() + 2;
            }
            _ => [b"\"", text.as_bytes(), b"\""].into_iter().for_each(|part| self.append_behind_block(part)),
        }
    }

    /// A text of the program's own, whose length is known when it is compiled: it is copied without a call.
    #[inline(always)]
    pub(super) fn literal<const N: usize>(&mut self, text: &[u8; N]) {
        self.append(text, N);
    }

    #[inline]
    pub(super) fn short<const N: usize>(&mut self, short: &ShortText<N>) {
        self.append(&short.block, short.len);
    }

    /// The first `len` bytes of `bytes`.
    #[inline(always)]
    fn append<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        match self.block.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut) {
            Some(room) => {
                *room = *bytes;
                self.used += len;
            }
            None => self.append_behind_block(bytes.get(..len).unwrap_or(bytes)),
        }
    }

    /// Appends what the block has no room for; it is empty then.
    #[cold]
    #[inline(never)]
    fn append_behind_block(&mut self, bytes: &[u8]) {
        let in_block = self.block.get(..self.used).unwrap_or_default();
        self.before.extend_from_slice(in_block);
        self.before.extend_from_slice(bytes);
        self.used = 0;
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl Into<u64>) {
        let number = number.into();
        if number < 1_000 { self.plain(number) } else { self.long_number(number) }
    }

    #[inline(never)]
    fn long_number(&mut self, number: u64) {
        const EIGHT: u64 = 100_000_000;
        match number {
            0..EIGHT => {
                let digits = eight_digits(number as u32);
                let zeros = digits.trailing_zeros() / 8;
                self.append(&((digits | ASCII) >> (zeros * 8)).to_le_bytes(), 8 - zeros as usize);
            }
            EIGHT..100_000_000_000 => {
                self.plain(number / EIGHT);
                self.append(&(eight_digits((number % EIGHT) as u32) | ASCII).to_le_bytes(), 8);
            }
            _ => self.text(itoa::Buffer::new().format(number)),
        }
    }

    #[inline]
    fn plain(&mut self, below_1000: u64) {
        if let Some(plain) = self.numbers.get(below_1000 as usize) {
            self.append(&plain.block, plain.len);
        }
    }

    /// `10.0.0.1:80`, `[::1]:80`.
    #[inline]
    pub(super) fn endpoint(&mut self, endpoint: Endpoint) {
        if endpoint.address.is_ipv4() {
            self.address(endpoint.address);
        } else {
            self.push(b'[');
            self.address(endpoint.address);
            self.push(b']');
        }
        self.push(b':');
        self.number(endpoint.port);
    }

    /// `10.0.0.1`, `::1`.
    #[inline]
    pub(super) fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.ipv4(address),
            IpAddr::V6(address) => self.text(&address.to_string()),
        }
    }

    #[inline]
    fn ipv4(&mut self, address: Ipv4Addr) {
        let [first, second, third, fourth] = address.octets();
        for octet in [first, second, third] {
            if let Some(plain) = self.numbers.get(usize::from(octet)) {
                self.append(&plain.block, plain.len + 1);
            }
        }
        self.plain(u64::from(fourth));
    }

    /// `number` with leading zeros: its lowest nine digits.
    #[inline]
    pub(super) fn nine_digits(&mut self, number: u32) {
        self.push(b'0' + (number / 100_000_000 % 10) as u8);
        self.append(&(eight_digits(number % 100_000_000) | ASCII).to_le_bytes(), 8);
    }

    /// `number` with leading zeros: its lowest two digits.
    #[inline]
    pub(super) fn two_digits(&mut self, number: u8) {
        self.append(&[b'0' + number / 10 % 10, b'0' + number % 10], 2);
    }
}

/// Copies `text` to `room`, which is as long. Words are short: two copies of a fixed length that overlap take a fraction
/// of the call that copies any length.
#[inline(always)]
fn copy(room: &mut [u8], text: &[u8]) {
    match text.len() {
        0..4 => copy_few(room, text),
        4..8 => copy_ends::<4>(room, text),
        8..=16 => copy_ends::<8>(room, text),
        _ => room.copy_from_slice(text),
    }
}

#[inline(always)]
fn copy_few(room: &mut [u8], text: &[u8]) {
    match (room, text) {
        ([a], [x]) => *a = *x,
        ([a, b], [x, y]) => (*a, *b) = (*x, *y),
        ([a, b, c], [x, y, z]) => (*a, *b, *c) = (*x, *y, *z),
        _ => {}
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(room: &mut [u8], text: &[u8]) {
    if let (Some(place), Some(first)) = (room.first_chunk_mut::<N>(), text.first_chunk()) {
        *place = *first;
    }
    if let (Some(place), Some(last)) = (room.last_chunk_mut::<N>(), text.last_chunk()) {
        *place = *last;
    }
}

/// The digits of a number below 100,000,000, with leading zeros, the first in the lowest byte; each is its value, no
/// character yet.
///
/// All are made at once: the number is halved into two of four digits, these into four of two digits, these into eight.
/// Each part stands in its own lane of the word, and is divided by a multiplication with the inverse.
#[inline]
fn eight_digits(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((fours * 5_243) >> 19) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - tens * 10) << 8
}

#[cfg(test)]
impl Buffer {
    /// All text.
    pub(super) fn into_string(mut self) -> String {
        let mut text = Vec::new();
        self.write_to(&mut text).expect("a Vec takes everything");
        String::from_utf8(text).expect("UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Buffer)) -> String {
        let mut buffer = Buffer::new();
        write(&mut buffer);
        buffer.into_string()
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
        let spread = (0..200_000_000_000).step_by(9_999_991);
        for number in edges.chain(spread).chain([7, 42, 999, 1_007, 65_535, 4_294_967_295, u64::MAX]) {
            assert_eq!(written(|buffer| buffer.number(number)), number.to_string());
        }
    }

    #[test]
    fn texts_of_any_length_are_written() {
        let words: Vec<String> = (0..=20).map(|len| "abcdefghijklmnopqrstuvwxyz"[..len].to_owned()).collect();
        let long = "x".repeat(BLOCK + 1);
        let texts = || words.iter().chain([&long]).cycle().take(20_000);
        let all = written(|buffer| texts().for_each(|text| buffer.text(text)));
        assert!(all == texts().map(String::as_str).collect::<String>());
        let all = written(|buffer| words.iter().cycle().take(20_000).for_each(|text| buffer.quoted(text)));
        assert!(all == words.iter().cycle().take(20_000).map(|text| format!("{text:?}")).collect::<String>());
    }

    #[test]
    fn buffer_is_empty_after_writing() {
        let mut buffer = Buffer::new();
        while !buffer.is_full() {
            buffer.literal(b"0123456789");
        }
        let mut text = Vec::new();
        buffer.write_to(&mut text).expect("a Vec takes everything");
        assert_eq!(text.len().div_ceil(10) * 10, WRITE_AT.div_ceil(10) * 10);
        assert!(!buffer.is_full());
        assert_eq!(buffer.into_string(), "");
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
