//! Frames kept for a while, to be read once all is known of them: in memory up to a bound, then in an unnamed file.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};

use tempfile::SpooledTempFile;

use super::Source;
use crate::model::{CaptureInfo, Frame, LinkType, Timestamp};

/// So many bytes are kept in memory.
const IN_MEMORY: usize = 16 << 20;

/// Takes frames.
pub struct Spool {
    info: CaptureInfo,
    file: BufWriter<SpooledTempFile>,
}

/// Gives them back.
pub struct Replay {
    info: CaptureInfo,
    file: BufReader<SpooledTempFile>,
    buffer: Vec<u8>,
    number: u64,
    dropped: Option<u64>,
    broken: Option<String>,
}

impl Spool {
    /// An empty spool of a capture.
    pub fn new(info: CaptureInfo) -> Self {
        Self { info, file: BufWriter::with_capacity(1 << 16, SpooledTempFile::new(IN_MEMORY)) }
    }

    /// Keeps a frame.
    ///
    /// # Errors
    /// When the unnamed file, in the folder for temporary ones, can't be made or written.
    pub fn write(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let time = frame.time.unwrap_or(Timestamp::new(0, 0));
        let len = u32::try_from(frame.data.len()).map_err(io::Error::other)?;
        self.file.write_all(&time.seconds().to_ne_bytes())?;
        for number in [time.subsec_nanos(), frame.wire_len, len, frame.interface] {
            self.file.write_all(&number.to_ne_bytes())?;
        }
        self.file.write_all(&frame.link.0.to_ne_bytes())?;
        self.file.write_all(&[u8::from(frame.time.is_some())])?;
        self.file.write_all(frame.data)
    }

    /// Takes no more frames and gives back those that it has. The end is as that of the `source` that they came from,
    /// which broke off if there is an `error`.
    ///
    /// # Errors
    /// When the unnamed file can't be written or read.
    pub fn replay(self, source: &dyn Source, error: Option<&io::Error>) -> io::Result<Replay> {
        let Self { info, file } = self;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let (dropped, broken) = (source.dropped(), error.map(ToString::to_string));
        Ok(Replay {
            info,
            file: BufReader::with_capacity(1 << 16, file),
            buffer: Vec::new(),
            number: 0,
            dropped,
            broken,
        })
    }
}

impl Source for Replay {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        if self.file.fill_buf()?.is_empty() {
            return self.broken.take().map_or(Ok(None), |text| Err(io::Error::other(text)));
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
