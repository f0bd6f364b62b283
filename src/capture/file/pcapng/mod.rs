//! The pcapng format: sections of blocks (draft-ietf-opsawg-pcapng).

mod interface;
mod packet;

use std::io;

use anyhow::Result;

use self::interface::Interface;
use self::packet::PacketBlock;
use super::byte_order::ByteOrder;
use super::format_error::{ErrorPlace, FormatError};
use super::read_buffer::ReadBuffer;
use crate::capture::MAX_INTERFACES;
use crate::capture::numbering::Numbering;
use crate::model::{Frame, LinkType};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Block type, its length, and its length again at its end.
const FRAMING: usize = 12;
/// The longest block: the largest frame that there can be, and 128 KiB for its options. Wireshark's limit too.
const LONGEST: u32 = 128 * 1024 * 1024 + 128 * 1024;

/// The blocks of a pcapng file.
pub(super) struct Blocks {
    order: ByteOrder,
    /// The first [`MAX_INTERFACES`] of the current section.
    interfaces: Vec<Interface>,
    /// Interfaces of all sections that were not kept.
    interfaces_left_out: u64,
}

/// A block that is wholly in the window.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    /// Bytes in the file, padding included.
    length: usize,
}

impl Blocks {
    /// Reads on to the first packet, for the interfaces described before it.
    pub(super) fn open(window: &mut ReadBuffer) -> Result<Self> {
        let mut blocks = Self { order: ByteOrder::Little, interfaces: Vec::new(), interfaces_left_out: 0 };
        match blocks.peek(window, 1) {
            Ok(Some(block)) => blocks.absorb(block, window, 1)?,
            Ok(None) => return Err(FormatError::cut_header(0, "section header", FRAMING).into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let need = usize::try_from(blocks.declared(window)).unwrap_or(usize::MAX).max(28);
                return Err(FormatError::cut_header(window.bytes().len(), "section header", need).into());
            }
            Err(error) => return Err(error.into()),
        }
        // damage further on is found again, and told, when the first frame is asked for
        while let Ok(Some(block)) = blocks.peek(window, 1) {
            if is_packet(block.kind) || blocks.absorb(block, window, 1).is_err() {
                break;
            }
        }
        Ok(blocks)
    }

    /// The link types of the interfaces that the section has so far, each once.
    pub(super) fn link_types(&self) -> Vec<LinkType> {
        let mut known = Numbering::default();
        self.interfaces.iter().map(|interface| interface.link).filter(|link| known.number(*link).is_new).collect()
    }

    /// The next packet; `None` at the end.
    #[inline]
    pub(super) fn next<'w>(&mut self, window: &'w mut ReadBuffer, number: u64) -> io::Result<Option<Frame<'w>>> {
        loop {
            let Some(block) = self.peek(window, number)? else { return self.end(number) };
            if !is_packet(block.kind) {
                self.absorb(block, window, number)?;
                continue;
            }
            let packet = PacketBlock::read(self.order, block.kind, block.body(window), &self.interfaces)
                .map_err(|wrong| FormatError::invalid(ErrorPlace::Frame(number), window.position(), wrong))?;
            let data = window.take(block.length).get(8 + packet.data_at..).unwrap_or_default();
            return Ok(Some(Frame {
                unknown: Default::default(),
                number,
                time: packet.time,
                link: packet.link,
                interface: packet.interface,
                wire_len: packet.wire_len,
                data: data.get(..packet.captured as usize).unwrap_or_default(),
            }));
        }
    }

    /// Returns `true` if the next block is a packet and is in the buffer as a whole: the block after one of another
    /// kind is unknown.
    #[inline]
    pub(super) fn is_next_in(&self, window: &ReadBuffer) -> bool {
        let bytes = window.bytes();
        let head = self.order.words::<2>(bytes);
        head.is_some_and(|[kind, declared]| {
            is_packet(kind) && u64::from(declared).next_multiple_of(4) <= bytes.len() as u64
        })
    }

    /// The end of the file: an error where interfaces were left out, since all that could be read has been.
    #[cold]
    fn end(&self, number: u64) -> io::Result<Option<Frame<'static>>> {
        if self.interfaces_left_out == 0 {
            return Ok(None);
        }
        let left_out = self.interfaces_left_out;
        let what = format!("{left_out} beyond the first {MAX_INTERFACES} of a section are left out");
        Err(FormatError::too_many(ErrorPlace::Before(number), what))
    }

    /// Brings the next block into the window whole; `None` at the end of the file.
    #[inline]
    fn peek(&mut self, window: &mut ReadBuffer, number: u64) -> io::Result<Option<Block>> {
        if !window.holds(FRAMING)? {
            let have = window.bytes().len();
            let cut = || FormatError::cut(ErrorPlace::Before(number), have, "block header", FRAMING);
            return if have == 0 { Ok(None) } else { Err(cut()) };
        }
        let [kind, declared, third] = self.order.words(window.bytes()).unwrap_or_default();
        let declared = if kind == SECTION_HEADER { self.new_order(window, third, number)? } else { declared };
        let place = if is_packet(kind) { ErrorPlace::Frame(number) } else { ErrorPlace::Before(number) };
        if !(FRAMING as u32..=LONGEST).contains(&declared) {
            return Err(FormatError::invalid(place, window.position(), format!("impossible block length {declared}")));
        }
        // some writers leave the padding out of the length
        let length = declared.next_multiple_of(4) as usize;
        if !window.holds(length)? {
            return Err(FormatError::cut(place, window.bytes().len(), "block", length));
        }
        let end = window.bytes().get(length - 4..length).and_then(|end| self.order.words(end));
        let [again] = end.unwrap_or_default();
        if again != declared && again.checked_next_multiple_of(4) != Some(length as u32) {
            let what = format!("a block that says {declared} bytes at its start and {again} at its end");
            return Err(FormatError::invalid(place, window.position(), what));
        }
        Ok(Some(Block { kind, length }))
    }

    /// A section header says its byte order itself; returns its length.
    #[cold]
    fn new_order(&mut self, window: &ReadBuffer, third: u32, number: u64) -> io::Result<u32> {
        // as read in the order of the section before
        const MAGIC: u32 = 0x1a2b_3c4d;
        if third == MAGIC.swap_bytes() {
            self.order = match self.order {
                ByteOrder::Little => ByteOrder::Big,
                ByteOrder::Big => ByteOrder::Little,
            };
        } else if third != MAGIC {
            let what = "a section header without byte order mark";
            return Err(FormatError::invalid(ErrorPlace::Before(number), window.position(), what));
        }
        Ok(self.declared(window))
    }

    fn declared(&self, window: &ReadBuffer) -> u32 {
        self.order.words::<2>(window.bytes()).map_or(0, |[_, declared]| declared)
    }

    /// Takes a block that is no packet: sections and interfaces are kept, all others passed over.
    fn absorb(&mut self, block: Block, window: &mut ReadBuffer, number: u64) -> io::Result<()> {
        let position = window.position();
        let body = block.body(window);
        match block.kind {
            SECTION_HEADER => {
                let version = body.get(4..8).and_then(|at| at.as_chunks::<2>().0.first_chunk::<2>());
                let version = version.map(|both| both.map(|half| self.order.u16(half)));
                // 1.2 is what some programs wrote for 1.0
                if !matches!(version, Some([1, 0 | 2])) {
                    let [major, minor] = version.unwrap_or_default();
                    return Err(FormatError::unknown(format!(
                        "the section at byte {position} is of pcapng version {major}.{minor}; only 1.0 can be read"
                    )));
                }
                self.interfaces.clear();
            }
            INTERFACE_DESCRIPTION => {
                let interface = Interface::read(self.order, body).ok_or_else(|| {
                    FormatError::invalid(
                        ErrorPlace::Before(number),
                        position,
                        "an interface description that is too short",
                    )
                })?;
                if self.interfaces.len() < MAX_INTERFACES {
                    self.interfaces.push(interface);
                } else {
                    self.interfaces_left_out += 1;
                }
            }
            _ => {}
        }
        window.take(block.length);
        Ok(())
    }
}

#[inline]
fn is_packet(kind: u32) -> bool {
    matches!(kind, ENHANCED_PACKET | SIMPLE_PACKET | OBSOLETE_PACKET)
}

impl Block {
    /// The bytes between its framing.
    #[inline]
    fn body(self, window: &ReadBuffer) -> &[u8] {
        window.bytes().get(8..self.length - 4).unwrap_or_default()
    }
}
