//! A stretch of a frame: the bytes that the capture kept, and how many there were on the wire.

use crate::model::Skip;

/// Bytes from some header on; `len` of them on the wire, the first of them in `data`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured<'a> {
    /// The captured bytes; never more than `len`.
    pub(super) data: &'a [u8],
    /// Length on the wire in bytes.
    pub(super) len: usize,
}

impl<'a> Captured<'a> {
    /// `data` out of `wire_len` bytes; a record that claims less than it holds counts with what it holds.
    #[inline]
    pub(super) fn new(data: &'a [u8], wire_len: u32) -> Self {
        let len = usize::try_from(wire_len).unwrap_or(usize::MAX).max(data.len());
        Self { data, len }
    }

    /// `data`, of which nothing was cut.
    pub(super) fn whole(data: &'a [u8]) -> Self {
        Self { data, len: data.len() }
    }

    /// Returns `true` if the capture kept less than there was.
    #[inline]
    pub(super) fn is_cut(&self) -> bool {
        self.data.len() < self.len
    }

    /// The bytes after the first `count`.
    #[inline]
    pub(super) fn skip(&self, count: usize) -> Self {
        Self { data: self.data.get(count..).unwrap_or_default(), len: self.len.saturating_sub(count) }
    }

    /// The first `len` bytes: what follows is another layer's, or padding.
    #[inline]
    pub(super) fn limit(&self, len: usize) -> Self {
        Self { data: self.data.get(..len).unwrap_or(self.data), len: self.len.min(len) }
    }

    /// The first `N` bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&self) -> Result<&'a [u8; N], Skip> {
        self.data.first_chunk().ok_or_else(|| self.short(N))
    }

    /// The reason why `needed` bytes are missing: cut by the capture, or never sent.
    #[cold]
    pub(super) fn short(&self, needed: usize) -> Skip {
        if self.len >= needed { Skip::Cut } else { Skip::Malformed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_payload_differs_from_unsent_payload() {
        let cut = Captured::new(&[1, 2, 3], 8);
        assert!(cut.is_cut());
        assert_eq!(cut.array::<4>(), Err(Skip::Cut));
        assert_eq!(cut.array::<9>(), Err(Skip::Malformed));
        assert_eq!(cut.array::<2>(), Ok(&[1, 2]));
    }

    #[test]
    fn skipping_and_limiting_keep_both_lengths() {
        let bytes = Captured::new(&[1, 2, 3, 4], 10);
        let inner = bytes.skip(3).limit(5);
        assert_eq!((inner.data, inner.len), (&[4][..], 5));
        let padded = bytes.limit(2);
        assert_eq!((padded.data, padded.len, padded.is_cut()), (&[1, 2][..], 2, false));
        assert_eq!(bytes.skip(20).len, 0);
    }

    #[test]
    fn record_with_a_too_small_length_is_whole() {
        let bytes = Captured::new(&[1, 2, 3], 1);
        assert_eq!((bytes.len, bytes.is_cut()), (3, false));
    }
}
