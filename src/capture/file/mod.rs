//! Capture files: pcap, pcapng and text, plain or packed with gzip or zstd, read as a stream in constant memory.
//!
//! The record loops are our own. pcap-parser knows neither the obsolete packet block nor modified records in big-endian
//! files, and makes a list of the options of each pcapng packet; pcap-file's pre-release refuses what tcpdump and
//! Wireshark read (modified records, more captured than was on the wire, a sub-second part of a second or more), and the
//! release before it misreads pcapng's clocks. Neither says in which frame, and how far into it, a damaged file ends.
//!
//! Frames are not decoded here; comments and blocks other than packets are skipped.

mod byte_order;
mod clock;
mod compression;
mod format_error;
mod layout;
mod link;
mod magic;
mod pcap;
mod pcapng;
pub(super) mod read_buffer;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

use self::format_error::FormatError;
use self::magic::Magic;
use self::pcap::Records;
use self::pcapng::Blocks;
use self::read_buffer::ReadBuffer;
use super::Source;
use super::text::Texts;
use crate::model::{CaptureFormat, CaptureInfo, Frame};

/// An open capture file; a [`Source`].
pub struct FileSource {
    info: CaptureInfo,
    window: ReadBuffer,
    body: Body,
    frames: u64,
    ended: bool,
}

enum Body {
    Pcap(Records),
    Pcapng(Blocks),
    Text(Box<Texts>),
}

/// Opens the capture file at `path`, whatever its name says about its format.
///
/// # Errors
/// If it cannot be opened, is empty, is no capture, or ends within its header. The text says what to do.
pub fn open(path: &Path) -> Result<FileSource> {
    from_reader(path.to_string_lossy().into_owned(), open_unread(path)?)
}

/// Opens the file at `path` and reads nothing of it yet: for a program that is to give up rights in between.
///
/// # Errors
/// If it cannot be opened, or is a directory. The text says what to do.
pub fn open_unread(path: &Path) -> Result<File> {
    let opened = File::open(path).map_err(refusal).and_then(|file| match file.metadata() {
        Ok(meta) if meta.is_dir() => bail!("it is a directory: name a capture file in it"),
        _ => Ok(file),
    });
    opened.with_context(|| format!("cannot open the capture {path:?}"))
}

/// The error for a file that can't be opened, with advice.
fn refusal(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::NotFound => anyhow!("there is no such file: check the path"),
        io::ErrorKind::PermissionDenied => anyhow!("you may not read it: have its permissions or its owner changed"),
        _ => anyhow!(error),
    }
}

/// Reads a capture from any reader; `name` is shown in messages, `-` for standard input.
///
/// # Errors
/// If it is empty, is no capture, or ends within its header. The text says what to do.
pub fn from_reader(name: String, reader: impl Read + Send + 'static) -> Result<FileSource> {
    let shown = if name == "-" { "standard input".to_owned() } else { format!("the capture {name:?}") };
    FileSource::new(name, Box::new(reader)).with_context(|| format!("cannot read {shown}"))
}

impl FileSource {
    fn new(name: String, reader: Box<dyn Read + Send>) -> Result<Self> {
        let (magic, mut window) = magic::decompress(reader)?;
        let (format, body, link_types) = match magic {
            Magic::Pcap(layout) => {
                let records = Records::open(layout, &mut window)?;
                let link = records.link();
                (CaptureFormat::Pcap, Body::Pcap(records), vec![link])
            }
            Magic::Pcapng => {
                let blocks = Blocks::open(&mut window)?;
                let links = blocks.link_types();
                (CaptureFormat::Pcapng, Body::Pcapng(blocks), links)
            }
            Magic::Text(form) => {
                let texts = Texts::open(form, &mut window)?;
                (CaptureFormat::Text, Body::Text(Box::new(texts)), Vec::new())
            }
        };
        let info = CaptureInfo { file: Some(name), format: Some(format), link_types, ..CaptureInfo::default() };
        Ok(Self { info, window, body, frames: 0, ended: false })
    }
}

impl Source for FileSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    #[inline]
    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        if self.ended {
            return Ok(None);
        }
        let number = self.frames + 1;
        // the number of a line says where a text ends
        let is_text = matches!(self.body, Body::Text(_));
        let next = match &mut self.body {
            Body::Pcap(records) => records.next(&mut self.window, number),
            Body::Pcapng(blocks) => blocks.next(&mut self.window, number),
            Body::Text(texts) => texts.next(&mut self.window, number),
        };
        match next {
            Ok(Some(frame)) => {
                self.frames = number;
                Ok(Some(frame))
            }
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Err(error) => {
                self.ended = true;
                Err(if is_text { error } else { FormatError::at_frame(number, error) })
            }
        }
    }

    #[inline]
    fn is_ready(&self) -> bool {
        match &self.body {
            Body::Pcap(records) => records.is_next_in(&self.window),
            Body::Pcapng(blocks) => blocks.is_next_in(&self.window),
            Body::Text(texts) => texts.is_next_in(&self.window),
        }
    }

    fn remarks(&self) -> Vec<String> {
        match &self.body {
            Body::Text(texts) => texts.remarks(),
            Body::Pcap(_) | Body::Pcapng(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unopenable_file_is_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing\u{1b}.pcap");
        for (path, expected) in [(missing.as_path(), "no such file"), (folder.path(), "it is a directory")] {
            let Err(error) = open(path) else { panic!("{path:?} was opened") };
            let text = format!("{error:#}");
            assert!(text.contains(&format!("{path:?}")) && text.contains(expected), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn missing_permission_says_what_to_change() {
        // root may read everything, so the error is made
        assert!(refusal(io::ErrorKind::PermissionDenied.into()).to_string().contains("have its permissions"));
    }

    #[test]
    fn standard_input_is_named() {
        let Err(error) = from_reader("-".into(), io::empty()) else { panic!("nothing was opened") };
        assert!(format!("{error:#}").starts_with("cannot read standard input: it is empty"));
    }
}
