//! Interface descriptions: link type, snapshot length and clock of the packets that name them.

use crate::capture::file::byte_order::ByteOrder;
use crate::capture::file::clock::Clock;
use crate::capture::file::link;
use crate::model::LinkType;

const END_OF_OPTIONS: u16 = 0;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// One interface of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// Most bytes kept of a packet; 0 for no limit.
    pub(super) snaplen: u32,
    /// The most that a frame of this link type can have.
    pub(super) max: u32,
    pub(super) clock: Clock,
}

impl Interface {
    /// Reads the body of an interface description block; `None` where it is too short for one.
    pub(super) fn read(order: ByteOrder, body: &[u8]) -> Option<Self> {
        let (link, rest) = body.split_first_chunk::<2>()?;
        let (_reserved, rest) = rest.split_first_chunk::<2>()?;
        let (snaplen, rest) = rest.split_first_chunk::<4>()?;
        let link = link::from_file(order.u16(*link));
        let mut clock = Clock::default();
        for (code, value) in options(order, rest) {
            match code {
                IF_TSRESOL => {
                    if let [resolution] = value {
                        clock.set_resolution(*resolution);
                    }
                }
                IF_TSOFFSET => {
                    if let Ok(offset) = value.try_into() {
                        clock.set_offset(order.i64(offset));
                    }
                }
                _ => {}
            }
        }
        Some(Self { link, snaplen: order.u32(*snaplen), max: link::most_captured(link), clock })
    }
}

/// The options at the end of a block, up to their end mark or to where they stop making sense.
fn options(order: ByteOrder, mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, after) = rest.split_first_chunk::<2>()?;
        let (length, after) = after.split_first_chunk::<2>()?;
        let (code, length) = (order.u16(*code), usize::from(order.u16(*length)));
        if code == END_OF_OPTIONS {
            return None;
        }
        let value = after.get(..length)?;
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}
