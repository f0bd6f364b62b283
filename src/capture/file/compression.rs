//! gzip and zstd, piece by piece: a file may hold several gzip members or zstd frames, one behind the other, and what
//! follows the last of them distinguishes a complete file from a damaged one.
//!
//! The decompressors' own loops over the pieces give one error for everything that they don't know.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::format_error::TrailingBytes;
use super::read_buffer::ReadBuffer;

/// The compression of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

/// The unpacked bytes of a packed stream.
pub(super) struct Decompressor {
    compression: Compression,
    stage: Stage,
}

enum Stage {
    /// Before a piece, or behind the last.
    Between(ReadBuffer),
    Gzip(GzDecoder<CompressedInput>),
    Zstd(ZstdDecoder<'static, CompressedInput>),
    Ended,
}

impl Compression {
    /// The compression of a stream that starts with `bytes`; `None` if it is not compressed.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // a skippable frame may come first (pzstd writes one)
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn decompress(self, packed: ReadBuffer) -> Decompressor {
        Decompressor { compression: self, stage: Stage::Between(packed) }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Returns `true` if another member may begin with these last bytes of a file, which are too few to be sure.
    fn may_begin(self, bytes: &[u8]) -> bool {
        match (self, bytes) {
            (Self::Gzip, [0x1f]) => true,
            (Self::Zstd, [first] | [first, _] | [first, _, _]) => matches!(first, 0x28 | 0x50..=0x5f),
            _ => false,
        }
    }

    /// Begins the stage after a member.
    fn next(self, mut packed: ReadBuffer) -> io::Result<Stage> {
        // gzip(1) takes zeros for the padding of a tape; zstd(1) knows none
        while self == Self::Gzip && packed.holds(1)? && packed.bytes().first() == Some(&0) {
            packed.take(1);
        }
        packed.holds(4)?;
        let bytes = packed.bytes();
        if !bytes.is_empty() && Self::of(bytes) != Some(self) && !self.may_begin(bytes) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TrailingBytes(self.name())));
        }
        Ok(match self {
            _ if bytes.is_empty() => Stage::Ended,
            Self::Gzip => Stage::Gzip(GzDecoder::new(CompressedInput(packed))),
            Self::Zstd => Stage::Zstd(ZstdDecoder::with_buffer(CompressedInput(packed))?.single_frame()),
        })
    }

    /// Says what could not be unpacked; what the system says of the file itself stays.
    fn explain(self, error: io::Error) -> io::Error {
        let name = self.name();
        match error.kind() {
            _ if error.raw_os_error().is_some() => error,
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(io::ErrorKind::UnexpectedEof, format!("the {name} data ends too early"))
            }
            _ => io::Error::new(io::ErrorKind::InvalidData, format!("the {name} data is corrupted ({error})")),
        }
    }
}

impl Read for Decompressor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.stage {
                Stage::Between(_) | Stage::Ended => Ok(0),
                Stage::Gzip(member) => member.read(buffer),
                Stage::Zstd(frame) => frame.read(buffer),
            };
            match read.map_err(|error| self.compression.explain(error))? {
                0 if !buffer.is_empty() => {}
                count => return Ok(count),
            }
            let packed = match std::mem::replace(&mut self.stage, Stage::Ended) {
                Stage::Between(packed) => packed,
                Stage::Gzip(member) => member.into_inner().0,
                Stage::Zstd(frame) => frame.finish().0,
                Stage::Ended => return Ok(0),
            };
            self.stage = self.compression.next(packed)?;
        }
    }
}

/// Packed bytes given to a decompressor at once. Where they are damaged, it keeps to itself what it has made of them, so
/// that this is all that is lost of what comes before.
const AT_ONCE: usize = 512;

/// The packed bytes, for decompressors.
struct CompressedInput(ReadBuffer);

impl Read for CompressedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for CompressedInput {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.holds(1)?;
        let bytes = self.0.bytes();
        Ok(bytes.get(..AT_ONCE).unwrap_or(bytes))
    }

    fn consume(&mut self, count: usize) {
        self.0.take(count);
    }
}
