//! A source that keeps what passes through it in a capture file.

use std::io;

use super::Source;
use super::save::CaptureWriter;
use crate::model::{CaptureInfo, Frame};

/// Passes on the frames of a source and writes each to a capture file.
///
/// A file that cannot be written on does not end the reading: frames keep coming, and [`Tee::finish`] tells.
pub struct Tee<S> {
    source: S,
    writer: Option<CaptureWriter>,
    error: Option<io::Error>,
}

impl<S: Source> Tee<S> {
    /// Frames of `source` go to `writer`, if there is one.
    pub fn new(source: S, writer: impl Into<Option<CaptureWriter>>) -> Self {
        Self { source, writer: writer.into(), error: None }
    }

    /// The source inside.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The source inside.
    pub fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Completes the file, with the number of packets that the kernel dropped where the source knows it.
    ///
    /// # Errors
    /// The first error of writing, from which on the file lacks frames.
    pub fn finish(self) -> io::Result<()> {
        match (self.error, self.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => writer.finish(self.source.dropped()),
            (None, None) => Ok(()),
        }
    }
}

impl<S: Source> Source for Tee<S> {
    fn info(&self) -> &CaptureInfo {
        self.source.info()
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let next = self.source.next_frame()?;
        if let (Some(frame), Some(writer)) = (&next, &mut self.writer)
            && let Err(error) = writer.write(frame, None)
        {
            let text = format!("the capture file breaks off at frame {}: {error}", frame.number);
            self.error = Some(io::Error::new(error.kind(), text));
            self.writer = None;
        }
        Ok(next)
    }

    fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    fn dropped(&self) -> Option<u64> {
        self.source.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::file;
    use crate::model::{CaptureFormat, LinkType};

    /// Room for so many bytes, like a disk.
    struct Disk(usize);

    impl io::Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tee(room: usize) -> Tee<file::FileSource> {
        let header = CaptureInfo { link_types: vec![LinkType::ETHERNET], ..CaptureInfo::default() };
        let mut bytes = [&[0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 12], &[1, 0, 0, 0]].concat();
        for _ in 0..3 {
            bytes.extend([0; 8]);
            bytes.extend(50_000_u32.to_le_bytes());
            bytes.extend(50_000_u32.to_le_bytes());
            bytes.extend([0; 50_000]);
        }
        let source = file::from_reader("made.pcap".into(), io::Cursor::new(bytes)).unwrap();
        Tee::new(source, CaptureWriter::new(Disk(room), CaptureFormat::Pcap, &header).unwrap())
    }

    #[test]
    fn a_full_disk_is_told_at_the_end_and_loses_no_frame_on_the_way() {
        let mut tee = tee(60_000);
        let mut frames = 0;
        while let Some(frame) = tee.next_frame().unwrap() {
            frames += 1;
            assert_eq!(frame.data.len(), 50_000);
        }
        assert_eq!(frames, 3);
        let error = tee.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("breaks off at frame 3"), "{error}");
    }

    #[test]
    fn with_room_enough_nothing_is_told() {
        let mut tee = tee(200_000);
        while tee.next_frame().unwrap().is_some() {}
        tee.finish().unwrap();
    }
}
