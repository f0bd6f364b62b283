//! A source whose frames are written to a capture file as they are read.

use std::borrow::Cow;
use std::io;

use super::Source;
use super::save::CaptureWriter;
use super::tee::Tee;
use crate::model::{CaptureInfo, Frame};

/// Bytes that were not captured are written up to this length of a frame.
const MAX_FRAME: usize = 262_144;

/// Copies the frames of a source; what was not captured of one is written as zeros.
pub(crate) struct CopyingSource<S> {
    source: S,
    tee: Tee,
}

impl<S: Source> CopyingSource<S> {
    /// Copies the frames of `source` to `writer`; an error of writing ends the copy, and not the reading.
    pub(crate) fn new(source: S, writer: CaptureWriter) -> Self {
        Self { source, tee: Tee::new(Some(writer)) }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first error of writing, from which on the file lacks frames.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.tee.finish(None)
    }
}

impl<S: Source> Source for CopyingSource<S> {
    fn info(&self) -> &CaptureInfo {
        self.source.info()
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let next = self.source.next_frame()?;
        if let Some(frame) = &next {
            let mut data = Cow::Borrowed(frame.data);
            let whole = usize::try_from(frame.wire_len).unwrap_or(MAX_FRAME).min(MAX_FRAME);
            if data.len() < whole {
                data.to_mut().resize(whole, 0);
            }
            self.tee.write(&Frame { data: &data, ..*frame });
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
