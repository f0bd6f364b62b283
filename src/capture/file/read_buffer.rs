//! The part of a stream that is in memory: frames are borrowed from it, nothing is copied out.

use std::io::{self, Read};

/// Bytes of one read; for a larger record the buffer grows as its bytes arrive, never by its declared length alone.
const CAPACITY: usize = 256 * 1024;

/// A sliding view of a stream's bytes.
pub(in crate::capture) struct ReadBuffer {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the stream that lie before `buffer`.
    before: u64,
}

impl ReadBuffer {
    pub(in crate::capture) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, buffer: vec![0; CAPACITY], start: 0, end: 0, before: 0 }
    }

    /// The position of the buffer's first byte in the stream.
    pub(in crate::capture) fn position(&self) -> u64 {
        self.before + self.start as u64
    }

    /// The bytes at hand.
    #[inline]
    pub(in crate::capture) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until `count` bytes are available; returns `false` only if the stream ends before.
    #[inline]
    pub(in crate::capture) fn holds(&mut self, count: usize) -> io::Result<bool> {
        if self.end - self.start >= count { Ok(true) } else { self.fill(count) }
    }

    /// Moves on by `count` bytes, and gives them; all that is left if that is less.
    #[inline]
    pub(in crate::capture) fn take(&mut self, count: usize) -> &[u8] {
        let from = self.start;
        self.start = from.saturating_add(count).min(self.end);
        self.buffer.get(from..self.start).unwrap_or_default()
    }

    #[cold]
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.before += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            if self.end == self.buffer.len() {
                self.buffer.resize(count.min(self.buffer.len() * 2), 0);
            }
            match self.reader.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end = (self.end + read).min(self.buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
