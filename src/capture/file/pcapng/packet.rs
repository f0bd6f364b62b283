//! The three blocks that hold a packet: enhanced, simple, and the obsolete one.

use super::interface::Interface;
use super::{OBSOLETE_PACKET, SIMPLE_PACKET};
use crate::capture::MAX_INTERFACES;
use crate::capture::file::byte_order::ByteOrder;
use crate::capture::file::format_error::impossible_length;
use crate::model::{LinkType, Timestamp};

/// The fields of a packet block, and the position of the packet in its body.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketBlock {
    pub(super) interface: u32,
    pub(super) link: LinkType,
    pub(super) time: Option<Timestamp>,
    pub(super) wire_len: u32,
    pub(super) captured: u32,
    pub(super) data_at: usize,
}

impl PacketBlock {
    /// Reads a packet block's body.
    ///
    /// # Errors
    /// A few words on what is wrong with it.
    #[inline]
    pub(super) fn read(order: ByteOrder, kind: u32, body: &[u8], interfaces: &[Interface]) -> Result<Self, String> {
        if kind == SIMPLE_PACKET {
            return Self::read_simple(order, body, interfaces);
        }
        let Some([first, high, low, captured, wire_len]) = order.words::<5>(body) else { return Err(too_short()) };
        let index = if kind == OBSOLETE_PACKET { obsolete_interface(order, first) } else { first };
        let interface = described(interfaces, index)?;
        let packet = Self {
            interface: index,
            link: interface.link,
            time: Some(interface.clock.time(u64::from(high) << 32 | u64::from(low))),
            wire_len,
            captured,
            data_at: 20,
        };
        packet.checked(body.len(), interface)
    }

    /// A simple packet block keeps neither time nor interface, and its captured length is to be worked out.
    fn read_simple(order: ByteOrder, body: &[u8], interfaces: &[Interface]) -> Result<Self, String> {
        let Some([wire_len]) = order.words::<1>(body) else { return Err(too_short()) };
        let interface = described(interfaces, 0)?;
        let snaplen = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let captured = wire_len.min(snaplen);
        let packet = Self { interface: 0, link: interface.link, time: None, wire_len, captured, data_at: 4 };
        packet.checked(body.len(), interface)
    }

    #[inline]
    fn checked(self, body: usize, interface: &Interface) -> Result<Self, String> {
        if self.captured > interface.max {
            return Err(impossible_length(self.captured, interface.max));
        }
        if self.data_at + self.captured as usize > body {
            return Err(format!("impossible length {}, for which its block has no room", self.captured));
        }
        Ok(self)
    }
}

#[cold]
fn too_short() -> String {
    "its block is too short for a packet".to_owned()
}

#[inline]
fn described(interfaces: &[Interface], index: u32) -> Result<&Interface, String> {
    interfaces.get(index as usize).ok_or_else(|| match interfaces.len() {
        MAX_INTERFACES => {
            format!("it names interface {index}; only the first {MAX_INTERFACES} of a section are kept")
        }
        described => format!("it names interface {index}, but its section has described {described} so far"),
    })
}

/// The obsolete block has the interface in 16 bits, followed by a count of drops.
#[cold]
fn obsolete_interface(order: ByteOrder, first: u32) -> u32 {
    match order {
        ByteOrder::Little => first & 0xffff,
        ByteOrder::Big => first >> 16,
    }
}
