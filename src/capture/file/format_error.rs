//! Errors of capture files: the problem and its place.

use std::{fmt, io};

/// A sentence about corruption of the file, as opposed to errors of the operating system or a decompressor.
#[derive(Debug)]
pub(super) struct FormatError(String);

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FormatError {}

/// The place of an error in a capture.
#[derive(Clone, Copy, Debug)]
pub(super) enum ErrorPlace {
    /// In this frame.
    Frame(u64),
    /// Before this frame, in what is no frame.
    Before(u64),
}

impl fmt::Display for ErrorPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(number) => write!(f, "in frame {number}"),
            Self::Before(0 | 1) => f.write_str("before any frame"),
            Self::Before(number) => write!(f, "after frame {}", number - 1),
        }
    }
}

/// Describes a length that is impossible for a frame of at most `max` bytes.
pub(super) fn impossible_length(length: u32, max: u32) -> String {
    format!("impossible length {length} (max {max})")
}

impl FormatError {
    /// The file is invalid from byte `at` on.
    #[cold]
    pub(super) fn invalid(place: ErrorPlace, at: u64, what: impl fmt::Display) -> io::Error {
        let text = format!("corrupted {place}: {what}, at byte {at}");
        io::Error::new(io::ErrorKind::InvalidData, Self(text))
    }

    /// The file has more of something than is kept.
    #[cold]
    pub(super) fn too_many(place: ErrorPlace, what: impl fmt::Display) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self(format!("too many interfaces {place}: {what}")))
    }

    /// The file is of a kind that is not read.
    #[cold]
    pub(super) fn unknown(text: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self(text))
    }

    /// The file ends `have` bytes into `what` of `need` bytes; `place` is where that is.
    #[cold]
    pub(super) fn cut(place: ErrorPlace, have: usize, what: &str, need: usize) -> io::Error {
        let text = format!("cut short {place}: the file ends {have} bytes into a {what} of {need}");
        io::Error::new(io::ErrorKind::UnexpectedEof, Self(text))
    }

    /// The file ends within its own header.
    #[cold]
    pub(super) fn cut_header(have: usize, what: &str, need: usize) -> io::Error {
        let text = format!(
            "cut short in its header: it ends {have} bytes into a {what} of {need}, before any frame; \
             copy it again or capture again"
        );
        io::Error::new(io::ErrorKind::UnexpectedEof, Self(text))
    }

    /// `error` with the number of the frame that could not be read, unless it says so already.
    #[cold]
    pub(super) fn at_frame(number: u64, error: io::Error) -> io::Error {
        let is_trailing = match error.get_ref() {
            Some(inner) if inner.is::<Self>() => return error,
            inner => inner.is_some_and(|inner| inner.is::<TrailingBytes>()),
        };
        let place = if is_trailing { ErrorPlace::Before(number) } else { ErrorPlace::Frame(number) };
        let what = if error.kind() == io::ErrorKind::InvalidData { "corrupted" } else { "cut short" };
        io::Error::new(error.kind(), Self(format!("{what} {place}: {error}")))
    }
}

/// Bytes behind packed data that are none of it: whatever was packed has been read.
#[derive(Debug)]
pub(super) struct TrailingBytes(pub(super) &'static str);

impl fmt::Display for TrailingBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(compression) = self;
        write!(f, "the {compression} data is whole, but bytes follow it that are no {compression} data")
    }
}

impl std::error::Error for TrailingBytes {}
