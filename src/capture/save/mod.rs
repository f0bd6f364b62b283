//! Capture files written: classic pcap with nanoseconds, or pcapng where the name asks for it.
//!
//! The few structures are written by hand: pcap-parser serialises each block into a new `Vec`, and only a pre-release of
//! pcap-file gets time resolutions right.

mod pcap;
mod pcapng;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use crate::model::{CaptureFormat, CaptureInfo, Frame, LinkType};

/// The snapshot length that a header names where none is known: the most that libpcap keeps of a frame.
const SNAPLEN: u32 = 262_144;

/// Writes frames to a capture file.
pub struct CaptureWriter {
    out: BufWriter<Box<dyn Write + Send>>,
    body: Body,
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
/// When it exists, or cannot be made.
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
/// When it exists, is a directory, or cannot be made.
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
    /// When `out` cannot be written to. Without a link type there is no pcap file.
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
        let mut out = BufWriter::with_capacity(64 * 1024, Box::new(out) as Box<dyn Write + Send>);
        let body = match format {
            CaptureFormat::Pcap => Body::Pcap(pcap::Head::write(&mut out, info)?),
            CaptureFormat::Pcapng => Body::Pcapng(Box::new(pcapng::Section::write(&mut out, info, comment)?)),
        };
        Ok(Self { out, body })
    }

    /// Adds a frame; a frame without a time is written as of 1970. A comment is kept by pcapng only.
    ///
    /// # Errors
    /// When it cannot be written; when the format cannot hold it: a pcap file has one link type and times up to 2106, a
    /// pcapng file at most 65,536 interfaces. A time that pcapng cannot hold is replaced by the nearest one, and a comment
    /// says so.
    pub fn write(&mut self, frame: &Frame<'_>, comment: Option<&str>) -> io::Result<()> {
        match &mut self.body {
            Body::Pcap(head) => head.record(&mut self.out, frame),
            Body::Pcapng(section) => section.packet(&mut self.out, frame, comment),
        }
    }

    /// Hands everything written so far to the operating system.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Completes the file; `dropped` packets were lost by the kernel, which pcapng records.
    ///
    /// # Errors
    /// When what is left cannot be written: the disk is full.
    pub fn finish(mut self, dropped: Option<u64>) -> io::Result<()> {
        if let (Body::Pcapng(section), Some(dropped)) = (&mut self.body, dropped) {
            section.statistics(&mut self.out, dropped)?;
        }
        self.out.flush()
    }
}

/// The frame's length in its block, which the formats give 32 bits.
fn captured(frame: &Frame<'_>) -> io::Result<u32> {
    u32::try_from(frame.data.len()).map_err(|_| io::Error::other("a frame of 4 GiB or more fits no capture file"))
}

fn first_link(info: &CaptureInfo) -> Option<LinkType> {
    info.link_types.first().copied()
}
