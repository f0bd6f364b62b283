//! One section of pcapng: its interfaces as they appear, a packet a block, and what was dropped.

use std::io::{self, Write};

use super::{SNAPLEN, captured, first_link};
use crate::capture::MAX_INTERFACES;
use crate::capture::numbering::Numbering;
use crate::model::{CaptureInfo, Frame, LinkType, Timestamp};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const OPT_COMMENT: u16 = 1;
const SHB_OS: u16 = 3;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_FILTER: u16 = 11;
const ISB_OSDROP: u16 = 7;
const ISB_USRDELIV: u16 = 8;

/// A section that is being written.
pub(super) struct Section {
    info: CaptureInfo,
    /// On every interface, unless it is empty.
    comment: String,
    /// Those described so far, by the source's index and link type; the number is the index in the file. At most
    /// [`MAX_INTERFACES`].
    interfaces: Numbering<(u32, LinkType)>,
    frames: u64,
    /// Of the last frame, in nanoseconds: the moment that the statistics are of.
    last: u64,
    block: Vec<u8>,
}

impl Section {
    pub(super) fn write(out: &mut impl Write, info: &CaptureInfo, comment: &str) -> io::Result<Self> {
        let mut section = Self {
            info: info.clone(),
            comment: comment.to_owned(),
            interfaces: Numbering::default(),
            frames: 0,
            last: 0,
            block: Vec::new(),
        };
        section.block.extend(0x1a2b_3c4d_u32.to_le_bytes());
        section.block.extend(1_u16.to_le_bytes());
        section.block.extend(0_u16.to_le_bytes());
        // of unknown length
        section.block.extend((-1_i64).to_le_bytes());
        section.option(SHB_OS, std::env::consts::OS.as_bytes());
        section.option(SHB_USERAPPL, concat!("echolab ", env!("CARGO_PKG_VERSION")).as_bytes());
        section.end_of_options();
        section.emit(out, SECTION_HEADER)?;
        if let Some(link) = first_link(info) {
            section.interface(out, 0, link)?;
        }
        Ok(section)
    }

    pub(super) fn packet(&mut self, out: &mut impl Write, frame: &Frame<'_>, comment: Option<&str>) -> io::Result<()> {
        let index = self.interface(out, frame.interface, frame.link)?;
        let time = frame.time.unwrap_or_default();
        let (nanos, fits) = nanoseconds(time);
        for field in [index, (nanos >> 32) as u32, nanos as u32, captured(frame)?, frame.wire_len] {
            self.block.extend(field.to_le_bytes());
        }
        self.block.extend_from_slice(frame.data);
        self.pad();
        if !fits {
            let note = format!("The time of this packet, {time} s, does not fit into the file: this is the nearest.");
            self.option(OPT_COMMENT, note.as_bytes());
        }
        if let Some(comment) = comment {
            self.option(OPT_COMMENT, comment.as_bytes());
        }
        if !fits || comment.is_some() {
            self.end_of_options();
        }
        self.emit(out, ENHANCED_PACKET)?;
        self.frames += 1;
        self.last = nanos;
        Ok(())
    }

    /// Writes the drop count of the first interface.
    pub(super) fn statistics(&mut self, out: &mut impl Write, dropped: u64) -> io::Result<()> {
        if self.interfaces.len() == 0 {
            return Ok(());
        }
        for field in [0, (self.last >> 32) as u32, self.last as u32] {
            self.block.extend(field.to_le_bytes());
        }
        self.option(ISB_OSDROP, &dropped.to_le_bytes());
        self.option(ISB_USRDELIV, &self.frames.to_le_bytes());
        self.end_of_options();
        self.emit(out, INTERFACE_STATISTICS)
    }

    /// The index of an interface in the file; it is described where it is new.
    fn interface(&mut self, out: &mut impl Write, source: u32, link: LinkType) -> io::Result<u32> {
        if let Some(known) = self.interfaces.known(&(source, link)) {
            return Ok(known);
        }
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(io::Error::other(format!("a capture of more than {MAX_INTERFACES} interfaces is not written")));
        }
        self.block.extend(link.0.to_le_bytes());
        self.block.extend([0; 2]);
        self.block.extend(self.info.snaplen.unwrap_or(SNAPLEN).to_le_bytes());
        if !self.comment.is_empty() {
            let comment = self.comment.clone();
            self.option(OPT_COMMENT, comment.as_bytes());
        }
        if let Some(name) = self.info.interface.clone() {
            self.option(IF_NAME, name.as_bytes());
        }
        // ten to the power of minus nine seconds
        self.option(IF_TSRESOL, &[9]);
        if let Some(filter) = self.info.filter.clone() {
            // a leading 0 says that it is in libpcap's language
            self.option(IF_FILTER, &[&[0], filter.as_bytes()].concat());
        }
        self.end_of_options();
        self.emit(out, INTERFACE_DESCRIPTION)?;
        Ok(self.interfaces.number((source, link)).number)
    }

    /// Adds an option to the block; its value is cut to the 65,535 bytes that one can have.
    fn option(&mut self, code: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.block.extend(code.to_le_bytes());
        self.block.extend(length.to_le_bytes());
        self.block.extend(value.iter().take(usize::from(length)));
        self.pad();
    }

    fn end_of_options(&mut self) {
        self.block.extend([0; 4]);
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Writes the block that is complete, and starts an empty one.
    fn emit(&mut self, out: &mut impl Write, kind: u32) -> io::Result<()> {
        let length = u32::try_from(self.block.len() + 12).map_err(|_| io::Error::other("a block of 4 GiB or more"))?;
        out.write_all(&kind.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&self.block)?;
        out.write_all(&length.to_le_bytes())?;
        self.block.clear();
        Ok(())
    }
}

/// Nanoseconds since 1970, and whether they are exact: the format's 64 bits reach from 1970 to 2554, and the nearest
/// moment stands for any other.
fn nanoseconds(time: Timestamp) -> (u64, bool) {
    let Ok(seconds) = u64::try_from(time.seconds()) else { return (0, false) };
    let nanos = seconds.checked_mul(1_000_000_000).and_then(|nanos| nanos.checked_add(time.subsec_nanos().into()));
    (nanos.unwrap_or(u64::MAX), nanos.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Source;
    use crate::capture::file;

    fn frame(interface: u32, time: Timestamp) -> Frame<'static> {
        Frame {
            unknown: Default::default(),
            number: 1,
            time: Some(time),
            link: LinkType::RAW,
            interface,
            wire_len: 4,
            data: b"abcd",
        }
    }

    /// Times and interfaces of the frames of a file.
    fn read_back(bytes: Vec<u8>) -> Vec<(Timestamp, u32)> {
        let mut source = file::from_reader("written".into(), io::Cursor::new(bytes)).expect("a capture");
        let mut read = Vec::new();
        while let Some(frame) = source.next_frame().expect("a frame") {
            read.push((frame.time.expect("a time"), frame.interface));
        }
        read
    }

    #[test]
    fn a_time_that_does_not_fit_becomes_the_nearest_and_is_named_in_a_comment() {
        let mut out = Vec::new();
        let mut section = Section::write(&mut out, &CaptureInfo::default(), "").expect("written");
        let far = 9_223_372_036_854;
        for seconds in [5, -9, far, 6] {
            let frame = frame(0, Timestamp::new(seconds, 500_000_000));
            section.packet(&mut out, &frame, Some("a step")).expect("written");
        }
        let text = String::from_utf8_lossy(&out).into_owned();
        for time in ["-8.500000000", "9223372036854.500000000"] {
            assert!(text.contains(&format!("The time of this packet, {time} s, does not fit into the file")), "{text}");
        }
        assert_eq!((text.matches("does not fit").count(), text.matches("a step").count()), (2, 4));
        let last = Timestamp::new(18_446_744_073, 709_551_615);
        let nearest = [Timestamp::new(5, 500_000_000), Timestamp::new(0, 0), last, Timestamp::new(6, 500_000_000)];
        assert_eq!(read_back(out), nearest.map(|time| (time, 0)));
    }

    #[test]
    fn each_interface_is_described_once_and_too_many_are_refused() {
        let mut out = Vec::new();
        let mut section = Section::write(&mut out, &CaptureInfo::default(), "").expect("written");
        let max = u32::try_from(MAX_INTERFACES).expect("few");
        for interface in (0..max).chain([7, max - 1]) {
            section.packet(&mut out, &frame(interface, Timestamp::default()), None).expect("written");
        }
        let refused = section.packet(&mut io::sink(), &frame(max, Timestamp::default()), None);
        assert!(refused.expect_err("one too many").to_string().contains("65536 interfaces"));
        let read = read_back(out);
        assert!(read.iter().map(|(_, interface)| *interface).eq((0..max).chain([7, max - 1])));
    }
}
