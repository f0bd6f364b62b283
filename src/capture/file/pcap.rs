//! The classic format: a header of 24 bytes, then records (draft-ietf-opsawg-pcap).

use std::io;

use anyhow::{Result, bail};

use super::byte_order::ByteOrder;
use super::format_error::{ErrorPlace, FormatError, impossible_length};
use super::magic::PcapMagic;
use super::read_buffer::ReadBuffer;
use super::{layout, link};
use crate::model::{Frame, LinkType, Timestamp};

const FILE_HEADER: usize = 24;

/// The records of a pcap file.
pub(super) struct Records {
    pub(super) order: ByteOrder,
    /// Ticks of the sub-second part.
    pub(super) per_second: u32,
    pub(super) swapped: Swapped,
    /// Length of a record's header: 16, except in modified files.
    pub(super) header: usize,
    pub(super) max: u32,
    modified: bool,
    link: LinkType,
}

/// The order of the captured length and the length on the wire, which old versions swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swapped {
    No,
    /// Version 2.3: some programs did, and only swapped lengths make sense where more is captured than was there.
    Perhaps,
    Yes,
}

/// The four numbers that every record starts with.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub(super) seconds: u32,
    pub(super) fraction: u32,
    pub(super) captured: u32,
    pub(super) wire_len: u32,
}

impl Records {
    /// Reads the file's header.
    pub(super) fn open(magic: PcapMagic, window: &mut ReadBuffer) -> Result<Self> {
        if !window.holds(FILE_HEADER)? {
            return Err(FormatError::cut_header(window.bytes().len(), "pcap header", FILE_HEADER).into());
        }
        let order = magic.order;
        let [_, version, _, _, _, network] = order.words(window.take(FILE_HEADER)).unwrap_or_default();
        // two 16-bit numbers, major first in either byte order
        let (major, minor) = match order {
            ByteOrder::Little => (version & 0xffff, version >> 16),
            ByteOrder::Big => (version >> 16, version & 0xffff),
        };
        let swapped = match (major, minor) {
            // DG/UX numbered its own 543.0
            (2, 0..=2) | (543, 0) => Swapped::Yes,
            (2, 3) => Swapped::Perhaps,
            (0 | 1, _) => bail!("it is a pcap file of version {major}.{minor}; 2 is the first that can be read"),
            _ => Swapped::No,
        };
        // the upper bits say whether and how long a frame check sequence follows each frame
        let link = link::from_file((network & 0xffff) as u16);
        let max = link::most_captured(link);
        let header = if magic.modified { layout::MODIFIED } else { layout::STANDARD };
        let PcapMagic { per_second, modified, .. } = magic;
        Ok(Self { order, per_second, swapped, header, max, modified, link })
    }

    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    /// The next record; `None` at the end.
    #[inline]
    pub(super) fn next<'w>(&mut self, window: &'w mut ReadBuffer, number: u64) -> io::Result<Option<Frame<'w>>> {
        if !window.holds(self.header)? {
            let have = window.bytes().len();
            return if have == 0 {
                Ok(None)
            } else {
                Err(FormatError::cut(ErrorPlace::Frame(number), have, "record header", self.header))
            };
        }
        if number == 1 {
            self.header = layout::settle(self, window.bytes(), self.modified);
        }
        let head = self.read_header(window.bytes());
        if head.captured > self.max {
            let what = impossible_length(head.captured, self.max);
            return Err(FormatError::invalid(ErrorPlace::Frame(number), window.position(), what));
        }
        let record = self.header + head.captured as usize;
        if !window.holds(record)? {
            return Err(FormatError::cut(ErrorPlace::Frame(number), window.bytes().len(), "record", record));
        }
        Ok(Some(Frame {
            unknown: Default::default(),
            number,
            time: Some(self.time(head)),
            link: self.link,
            interface: 0,
            wire_len: head.wire_len,
            data: window.take(record).get(self.header..).unwrap_or_default(),
        }))
    }

    /// Returns `true` if the whole next record is in the buffer.
    #[inline]
    pub(super) fn is_next_in(&self, window: &ReadBuffer) -> bool {
        let bytes = window.bytes();
        bytes.len().checked_sub(self.header).is_some_and(|rest| self.read_header(bytes).captured as usize <= rest)
    }

    /// The header at the start of `bytes`, which hold at least 16.
    #[inline]
    pub(super) fn read_header(&self, bytes: &[u8]) -> RecordHeader {
        let [seconds, fraction, mut captured, mut wire_len] = self.order.words(bytes).unwrap_or_default();
        if self.swapped == Swapped::Yes || (self.swapped == Swapped::Perhaps && captured > wire_len) {
            std::mem::swap(&mut captured, &mut wire_len);
        }
        RecordHeader { seconds, fraction, captured, wire_len }
    }

    #[inline]
    fn time(&self, head: RecordHeader) -> Timestamp {
        let seconds = i64::from(head.seconds);
        if self.per_second == 1_000_000 {
            let carry = i64::from(head.fraction / 1_000_000);
            Timestamp::new(seconds + carry, head.fraction % 1_000_000 * 1_000)
        } else {
            Timestamp::new(seconds, head.fraction)
        }
    }
}
