//! A source whose frames are written to a capture file as they are read.

use std::borrow::Cow;
use std::io;

use super::Source;
use super::save::CaptureWriter;
use crate::model::{CaptureInfo, Frame};

/// Bytes that were not captured are written up to this length of a frame.
const MOST: usize = 262_144;

/// Copies the frames of a source; what was not captured of one is written as zeros.
pub struct Copied<'w, S> {
    source: S,
    writer: Option<CaptureWriter>,
    error: &'w mut Option<io::Error>,
}

impl<'w, S: Source> Copied<'w, S> {
    /// Copies the frames of `source` to `writer`; the first error of writing ends the copy, and is left in `error`.
    pub fn new(source: S, writer: CaptureWriter, error: &'w mut Option<io::Error>) -> Self {
        Self { source, writer: Some(writer), error }
    }

    /// Completes the file.
    pub fn finish(mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.finish(None)
        {
            self.error.get_or_insert(error);
        }
    }
}

impl<S: Source> Source for Copied<'_, S> {
    fn info(&self) -> &CaptureInfo {
        self.source.info()
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let next = self.source.next_frame()?;
        if let (Some(frame), Some(writer)) = (&next, &mut self.writer) {
            let mut data = Cow::Borrowed(frame.data);
            let whole = usize::try_from(frame.wire_len).unwrap_or(MOST).min(MOST);
            if data.len() < whole {
                data.to_mut().resize(whole, 0);
            }
            if let Err(error) = writer.write(&Frame { data: &data, ..*frame }, None) {
                self.error.get_or_insert(error);
                self.writer = None;
            }
        }
        Ok(next)
    }

    fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    fn dropped(&self) -> Option<u64> {
        self.source.dropped()
    }

    fn remarks(&self) -> Vec<String> {
        self.source.remarks()
    }
}
