//! The classic format with nanoseconds, in the byte order of most machines.

use std::io::{self, Write};

use super::{SNAPLEN, captured, first_link};
use crate::model::{CaptureInfo, Frame, LinkType};

const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The parameters that the file header has declared.
pub(super) struct Head {
    link: LinkType,
}

impl Head {
    pub(super) fn write(out: &mut impl Write, info: &CaptureInfo) -> io::Result<Self> {
        let link =
            first_link(info).ok_or_else(|| io::Error::other("a pcap file needs a link type, and none is known"))?;
        out.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        out.write_all(&2_u16.to_le_bytes())?;
        out.write_all(&4_u16.to_le_bytes())?;
        // time zone and accuracy, which no program uses
        out.write_all(&[0; 8])?;
        out.write_all(&info.snaplen.unwrap_or(SNAPLEN).to_le_bytes())?;
        out.write_all(&u32::from(link.0).to_le_bytes())?;
        Ok(Self { link })
    }

    pub(super) fn record(&mut self, out: &mut impl Write, frame: &Frame<'_>) -> io::Result<()> {
        if frame.link != self.link {
            return Err(io::Error::other(format!(
                "a pcap file holds one link type, {}, and frame {} is {}: write a .pcapng file",
                self.link.name(),
                frame.number,
                frame.link.name()
            )));
        }
        let time = frame.time.unwrap_or_default();
        let seconds = u32::try_from(time.seconds()).map_err(|_| {
            io::Error::other(format!("the time {time} of frame {} does not fit into a pcap file", frame.number))
        })?;
        for field in [seconds, time.subsec_nanos(), captured(frame)?, frame.wire_len] {
            out.write_all(&field.to_le_bytes())?;
        }
        out.write_all(frame.data)
    }
}
