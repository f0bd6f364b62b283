//! Frames kept for a while, to be read once all is known of them: in memory up to a bound, then in an unnamed file.

use std::io::{self, BufRead, BufReader, Read, Seek, Take};
use std::path::PathBuf;

use tempfile::SpooledTempFile;

use super::Source;
use super::records::Records;
use crate::model::{CaptureInfo, Frame, LinkType, Timestamp};

/// So many bytes are kept in memory.
const IN_MEMORY: usize = 16 << 20;

/// The folder that the unnamed file is made in: that of the variable TMPDIR, or the system's.
pub(crate) fn temporary_folder() -> PathBuf {
    tempfile::env::temp_dir()
}

/// Takes frames.
pub(crate) struct Spool {
    info: CaptureInfo,
    records: Records<SpooledTempFile>,
}

/// Gives them back.
pub struct Replay {
    info: CaptureInfo,
    file: BufReader<Take<SpooledTempFile>>,
    buffer: Vec<u8>,
    len: u64,
    number: u64,
    dropped: Option<u64>,
    broken: Option<String>,
}

impl Spool {
    /// An empty spool of a capture.
    pub(crate) fn new(info: CaptureInfo) -> Self {
        Self { info, records: Records::new(SpooledTempFile::new(IN_MEMORY)) }
    }

    /// Keeps a frame.
    ///
    /// # Errors
    /// If the unnamed file, in the folder for temporary ones, can't be made or written. Then this frame, and perhaps some
    /// before it, are not kept, and no more may follow.
    pub(crate) fn write(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let time = frame.time.unwrap_or(Timestamp::new(0, 0));
        let len = u32::try_from(frame.data.len()).map_err(io::Error::other)?;
        self.records.add(|bytes| {
            bytes.extend(time.seconds().to_ne_bytes());
            for number in [time.subsec_nanos(), frame.wire_len, len, frame.interface] {
                bytes.extend(number.to_ne_bytes());
            }
            bytes.extend(frame.link.0.to_ne_bytes());
            bytes.push(u8::from(frame.time.is_some()));
            bytes.extend_from_slice(frame.data);
            Ok(())
        })
    }

    /// Has all frames kept, before they are given back.
    ///
    /// # Errors
    /// As [`Spool::write`].
    pub(crate) fn complete(&mut self) -> io::Result<()> {
        self.records.flush()
    }

    /// Frames that are kept, once it is [complete](Self::complete) or a write has failed.
    pub(crate) fn frames(&self) -> u64 {
        self.records.whole()
    }

    /// Gives back the frames that are kept. The end is as that of a source that lost `dropped` packets, and broke off as `broken` says, if it
    /// did.
    ///
    /// # Errors
    /// If the unnamed file can't be read.
    pub(crate) fn replay(self, dropped: Option<u64>, broken: Option<String>) -> io::Result<Replay> {
        let Self { info, records } = self;
        let len = records.len();
        let mut file = records.into_inner();
        file.rewind()?;
        Ok(Replay {
            info,
            file: BufReader::with_capacity(1 << 16, file.take(len)),
            buffer: Vec::new(),
            len,
            number: 0,
            dropped,
            broken,
        })
    }
}

impl Replay {
    /// Begins again with the first frame.
    ///
    /// # Errors
    /// If the unnamed file can't be read.
    pub fn rewind(&mut self) -> io::Result<()> {
        let buffered = self.file.buffer().len();
        self.file.consume(buffered);
        let file = self.file.get_mut();
        file.get_mut().rewind()?;
        file.set_limit(self.len);
        self.number = 0;
        Ok(())
    }
}

impl Source for Replay {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        if self.file.fill_buf()?.is_empty() {
            return self.broken.clone().map_or(Ok(None), |text| Err(io::Error::other(text)));
        }
        let mut seconds = [0; 8];
        self.file.read_exact(&mut seconds)?;
        let mut numbers = [0_u32; 4];
        for number in &mut numbers {
            let mut bytes = [0; 4];
            self.file.read_exact(&mut bytes)?;
            *number = u32::from_ne_bytes(bytes);
        }
        let [nanos, wire_len, len, interface] = numbers;
        let mut link = [0; 2];
        self.file.read_exact(&mut link)?;
        let mut timed = [0; 1];
        self.file.read_exact(&mut timed)?;
        self.buffer.resize(len as usize, 0);
        self.file.read_exact(&mut self.buffer)?;
        self.number += 1;
        Ok(Some(Frame {
            unknown: Default::default(),
            number: self.number,
            time: (timed != [0]).then(|| Timestamp::new(i64::from_ne_bytes(seconds), nanos)),
            link: LinkType(u16::from_ne_bytes(link)),
            interface,
            wire_len,
            data: &self.buffer,
        }))
    }

    fn dropped(&self) -> Option<u64> {
        self.dropped
    }
}
