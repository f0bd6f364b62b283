//! The capture file beside a live capture: every frame goes there before anybody looks at it.

use std::io;

use super::save::CaptureWriter;
use crate::model::Frame;

/// Writes the frames of a capture to a file, where there is one.
///
/// A file that cannot be written on does not end the capture: [`Tee::finish`] tells.
pub(crate) struct Tee {
    writer: Option<CaptureWriter>,
    error: Option<io::Error>,
}

impl Tee {
    /// Frames go to `writer`, if there is one. Its file is a capture from now on, if one without frames.
    pub(crate) fn new(writer: Option<CaptureWriter>) -> Self {
        let mut tee = Self { writer, error: None };
        tee.flush();
        tee
    }

    /// Adds a frame, which is in the file at the next [`Tee::flush`] at the latest.
    pub(crate) fn write(&mut self, frame: &Frame<'_>) {
        self.with(|writer| writer.write(frame, None));
    }

    /// Has every frame so far in the file.
    pub(crate) fn flush(&mut self) {
        self.with(CaptureWriter::flush);
    }

    /// The first error of writing, if there was one.
    pub(crate) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    fn with(&mut self, write: impl FnOnce(&mut CaptureWriter) -> io::Result<()>) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = write(writer)
        {
            // a frame that its format can't hold is no reason to lose those before it
            let _ = writer.flush();
            let missing = writer.frames() + 1;
            let text = format!("frame {missing} and all later ones are missing from the capture file: {error}");
            self.error = Some(io::Error::new(error.kind(), text));
            self.writer = None;
        }
    }

    /// Completes the file, with the number of packets that the kernel dropped, where a kernel captured them.
    ///
    /// # Errors
    /// The first error of writing, from which on the file lacks frames.
    pub(crate) fn finish(mut self, dropped: Option<u64>) -> io::Result<()> {
        self.flush();
        match (self.error, self.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => writer.finish(dropped),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::capture::{Source, file};
    use crate::model::{CaptureFormat, CaptureInfo, LinkType};

    /// Room for this number of bytes, like a disk.
    struct Disk(usize);

    impl io::Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0);
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn frame(number: u64, data: &[u8]) -> Frame<'_> {
        Frame {
            unknown: Default::default(),
            number,
            time: None,
            link: LinkType::ETHERNET,
            interface: 0,
            wire_len: data.len() as u32,
            data,
        }
    }

    fn info() -> CaptureInfo {
        CaptureInfo { link_types: vec![LinkType::ETHERNET], ..CaptureInfo::default() }
    }

    /// Writes 100 frames of 84 bytes each, with the head of their record, and flushes after each third.
    fn written(writer: CaptureWriter) -> io::Result<()> {
        let mut tee = Tee::new(Some(writer));
        for number in 1..=100 {
            tee.write(&frame(number, &[0; 84]));
            if number % 3 == 0 {
                tee.flush();
            }
        }
        tee.finish(Some(0))
    }

    #[test]
    fn a_full_disk_is_reported_with_the_first_frame_that_is_missing() {
        // the file's head takes 24 bytes, and a frame 100
        for (room, missing) in [(0, 1), (24, 1), (123, 1), (124, 2), (2500, 25), (9_923, 99), (10_023, 100)] {
            let writer = CaptureWriter::new(Disk(room), CaptureFormat::Pcap, &info()).unwrap();
            let error = written(writer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert!(error.to_string().starts_with(&format!("frame {missing} and all later")), "{room}: {error}");
        }
        written(CaptureWriter::new(Disk(10_024), CaptureFormat::Pcap, &info()).unwrap()).unwrap();
    }

    #[test]
    fn a_frame_that_the_format_cannot_hold_loses_none_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcap");
        let file = File::create_new(&path).unwrap();
        let mut tee = Tee::new(Some(CaptureWriter::to_file(file, CaptureFormat::Pcap, &info()).unwrap()));
        tee.write(&frame(1, &[1]));
        tee.write(&Frame { link: LinkType::RAW, ..frame(2, &[2]) });
        let error = tee.finish(Some(0)).unwrap_err().to_string();
        assert!(error.starts_with("frame 2 and all later") && error.contains(".pcapng"), "{error}");
        let mut source = file::open(&path).unwrap();
        assert_eq!(source.next_frame().unwrap().unwrap().data, [1]);
        assert!(source.next_frame().unwrap().is_none());
    }
}
