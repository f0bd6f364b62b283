//! Capture files written: classic pcap with nanoseconds, or pcapng where the name asks for it.
//!
//! The few structures are written by hand: pcap-parser serialises each block into a new `Vec`, and only a pre-release of
//! pcap-file gets time resolutions right.

mod pcap;
mod pcapng;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::records::Records;
use crate::model::{CaptureFormat, CaptureInfo, Frame, LinkType};

/// The snapshot length that a header names where none is known: the most that libpcap keeps of a frame.
const SNAPLEN: u32 = 262_144;

/// Writes frames to a capture file, always up to the end of a record.
pub struct CaptureWriter {
    /// The head of the file is the first.
    records: Records<Box<dyn Write + Send>>,
    body: Body,
    /// The output again where it is a file, which can be cut.
    file: Option<File>,
}

enum Body {
    Pcap(pcap::Head),
    Pcapng(Box<pcapng::Section>),
}

/// pcapng for a name that ends in `.pcapng` or `.ntar`, pcap for every other (and for standard output).
pub fn format_of(path: &Path) -> CaptureFormat {
    match path.extension() {
        Some(end) if end.eq_ignore_ascii_case("pcapng") || end.eq_ignore_ascii_case("ntar") => CaptureFormat::Pcapng,
        _ => CaptureFormat::Pcap,
    }
}

/// Makes the file that a capture is to be written to: readable and writable as the umask says, and new unless `force`.
///
/// # Errors
/// If it exists, or cannot be made.
pub fn create(path: &Path, force: bool) -> Result<File> {
    let made = open_new(path, force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow!("it exists already: name another file, or overwrite it with --force"),
        _ => error.into(),
    });
    made.with_context(|| format!("cannot write the capture {path:?}"))
}

/// Opens a new file for output, or with `force` one that exists, and empties it.
///
/// A device or a pipe that is there already is written to without `force`: nothing in it can be lost.
///
/// # Errors
/// If it exists, is a directory, or cannot be made.
pub fn open_new(path: &Path, force: bool) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory: name a file in it"));
    }
    let made = if force { File::create(path) } else { File::create_new(path) };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match OpenOptions::new().write(true).open(path) {
            Ok(file) if file.metadata().is_ok_and(|meta| !meta.is_file()) => Ok(file),
            _ => Err(error),
        },
        other => other,
    }
}

impl CaptureWriter {
    /// Writes the head of a file of `format` to `out`; of `info`, the first link type, the interface's name, the filter
    /// and the snapshot length go into it.
    ///
    /// # Errors
    /// If `out` cannot be written to. Without a link type there is no pcap file.
    pub fn new(out: impl Write + Send + 'static, format: CaptureFormat, info: &CaptureInfo) -> io::Result<Self> {
        Self::annotated(out, format, info, "")
    }

    /// The same with a comment on every interface, which pcapng keeps only.
    ///
    /// # Errors
    /// As [`CaptureWriter::new`].
    pub fn annotated(
        out: impl Write + Send + 'static,
        format: CaptureFormat,
        info: &CaptureInfo,
        comment: &str,
    ) -> io::Result<Self> {
        let mut head = Vec::new();
        let body = match format {
            CaptureFormat::Pcap => Body::Pcap(pcap::Head::write(&mut head, info)?),
            CaptureFormat::Pcapng | CaptureFormat::Text => {
                Body::Pcapng(Box::new(pcapng::Section::write(&mut head, info, comment)?))
            }
        };
        let mut records = Records::new(Box::new(out) as Box<dyn Write + Send>);
        records.add(|bytes| {
            bytes.append(&mut head);
            Ok(())
        })?;
        Ok(Self { records, body, file: None })
    }

    /// As [`CaptureWriter::new`], for a file: where the disk is full it ends with the last record that is whole.
    ///
    /// # Errors
    /// As [`CaptureWriter::new`].
    pub fn to_file(file: File, format: CaptureFormat, info: &CaptureInfo) -> io::Result<Self> {
        // a device is not cut
        let again = file.metadata()?.is_file().then(|| file.try_clone()).transpose()?;
        Ok(Self { file: again, ..Self::new(file, format, info)? })
    }

    /// Adds a frame; a frame without a time is written as of 1970. A comment is kept by pcapng only. It may be kept back
    /// until the next [`CaptureWriter::flush`].
    ///
    /// # Errors
    /// If it cannot be written; when the format cannot hold it: a pcap file has one link type and times up to 2106, a
    /// pcapng file at most 65,536 interfaces. A time that pcapng cannot hold is replaced by the nearest one, and a comment
    /// says so.
    pub fn write(&mut self, frame: &Frame<'_>, comment: Option<&str>) -> io::Result<()> {
        let Self { records, body, .. } = self;
        let added = records.add(|bytes| match body {
            Body::Pcap(head) => head.record(bytes, frame),
            Body::Pcapng(section) => section.packet(bytes, frame, comment),
        });
        self.cut_after(added)
    }

    /// Hands everything written so far to the operating system.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let flushed = self.records.flush();
        self.cut_after(flushed)
    }

    /// Frames that have been handed to the operating system whole.
    pub fn frames(&self) -> u64 {
        self.records.whole().saturating_sub(1)
    }

    /// Completes the file; `dropped` packets were lost by the kernel, which pcapng records.
    ///
    /// # Errors
    /// If what is left cannot be written: the disk is full.
    pub fn finish(mut self, dropped: Option<u64>) -> io::Result<()> {
        self.flush()?;
        if let (Body::Pcapng(section), Some(dropped)) = (&mut self.body, dropped) {
            let added = self.records.add(|bytes| section.statistics(bytes, dropped));
            self.cut_after(added)?;
            return self.flush();
        }
        Ok(())
    }

    /// After an error, takes the beginning of an unfinished record off the file.
    fn cut_after(&mut self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err()
            && let Some(file) = self.file.as_mut().filter(|_| self.records.rest() > 0)
            && let Ok(end) = file.stream_position()
        {
            // a file that can't be cut ends in the middle of a record, which readers tell
            let _ = file.set_len(end.saturating_sub(self.records.rest()));
        }
        result
    }
}

/// The frame's length in its block, which the formats give 32 bits.
fn captured(frame: &Frame<'_>) -> io::Result<u32> {
    u32::try_from(frame.data.len()).map_err(|_| io::Error::other("a frame of 4 GiB or more fits no capture file"))
}

fn first_link(info: &CaptureInfo) -> Option<LinkType> {
    info.link_types.first().copied()
}
