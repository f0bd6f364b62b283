//! Sources and destinations of frames: live capture, capture files, printed text, and the file that keeps a capture.
//!
//! Nothing here knows what is in a frame.

mod copying_source;
pub mod file;
pub mod filter;
mod live;
mod numbering;
mod records;
pub mod save;
pub(crate) mod spool;
pub(crate) mod tee;
mod text;

use std::io;

pub(crate) use copying_source::CopyingSource;
pub use live::Interface;
pub(crate) use live::{
    Drainer, LiveCapture, LiveSource, Ring, StopHandle, interfaces, may_capture, session_filter, ways_to_capture,
};

use crate::model::{CaptureInfo, Frame};

/// Most interfaces of a pcapng section, read or written. The format allows 2^32; a file that describes nothing else would
/// fill the memory. The obsolete packet block can name 2^16, and merged captures of as many files stay below.
const MAX_INTERFACES: usize = 1 << 16;

/// A sequence of frames, in the order of their capture.
pub trait Source {
    /// The information known before the first frame.
    fn info(&self) -> &CaptureInfo;

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// If the source breaks off: everything readable before that has been returned. The error's text says where
    /// and why (`cut in frame 7: …`). After an error the source is at its end.
    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>>;

    /// Returns `true` if the next frame is available without waiting; if not, output that was held back should be
    /// written first. A source that wraps another hands this on.
    fn is_ready(&self) -> bool {
        true
    }

    /// Packets that the kernel dropped because its buffer was full, known when the source is at its end; `None` for files.
    /// A source that wraps another hands this on.
    fn dropped(&self) -> Option<u64> {
        None
    }

    /// Remarks for the reader about the frames, complete when the source is at its end; for printed text, the fields
    /// that it does not show. A source that wraps another hands this on.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<S: Source> Source for &mut S {
    fn info(&self) -> &CaptureInfo {
        (**self).info()
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        (**self).next_frame()
    }

    fn is_ready(&self) -> bool {
        (**self).is_ready()
    }

    fn dropped(&self) -> Option<u64> {
        (**self).dropped()
    }

    fn remarks(&self) -> Vec<String> {
        (**self).remarks()
    }
}
