//! A buffer that hands over whole records: what has reached the output ends where a record does, whenever the program ends.

use std::io::{self, Write};

/// Size in bytes from which the buffer is written.
const BUFFER_BYTES: usize = 64 * 1024;

/// Records on their way to `out`.
pub(super) struct Records<W> {
    out: W,
    bytes: Vec<u8>,
    /// The end of each record in `bytes`.
    ends: Vec<usize>,
    whole: u64,
    len: u64,
    rest: u64,
}

impl<W: Write> Records<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, bytes: Vec::new(), ends: Vec::new(), whole: 0, len: 0, rest: 0 }
    }

    /// Adds the record that `fill` appends. One that it cannot make leaves nothing behind.
    ///
    /// # Errors
    /// As `fill`, and as [`Records::flush`] where the buffer is full.
    pub(super) fn add(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let start = self.bytes.len();
        if let Err(error) = fill(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.ends.push(self.bytes.len());
        if self.bytes.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands every record over. After an error nothing more can be added: the records not yet whole are gone.
    ///
    /// # Errors
    /// If they cannot all be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = self.write(&mut written);
        let whole = self.ends.partition_point(|end| *end <= written);
        let end = whole.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        self.whole += whole as u64;
        self.len += end as u64;
        self.rest = (written - end) as u64;
        self.bytes.clear();
        self.ends.clear();
        result
    }

    fn write(&mut self, written: &mut usize) -> io::Result<()> {
        while let Some(left) = self.bytes.get(*written..).filter(|left| !left.is_empty()) {
            match self.out.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.flush()
    }

    /// Records that have been handed over whole.
    pub(super) fn whole(&self) -> u64 {
        self.whole
    }

    /// Bytes of those records.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of a record that an error left unfinished.
    pub(super) fn rest(&self) -> u64 {
        self.rest
    }

    pub(super) fn into_inner(self) -> W {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes this number of bytes, in pieces, and then no more.
    struct Disk {
        room: usize,
        piece: usize,
        calls: Vec<usize>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room).min(self.piece);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.calls.push(count);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn records(room: usize, piece: usize) -> Records<Disk> {
        Records::new(Disk { room, piece, calls: Vec::new() })
    }

    fn of(len: usize) -> impl FnOnce(&mut Vec<u8>) -> io::Result<()> {
        move |bytes| {
            bytes.resize(bytes.len() + len, 7);
            Ok(())
        }
    }

    #[test]
    fn every_write_ends_where_a_record_does() {
        let mut records = records(usize::MAX, usize::MAX);
        (0..100).for_each(|_| records.add(of(1000)).unwrap());
        records.flush().unwrap();
        assert_eq!((records.whole(), records.len(), records.rest()), (100, 100_000, 0));
        assert_eq!(records.into_inner().calls, [66_000, 34_000]);
    }

    #[test]
    fn failed_record_leaves_the_others() {
        let mut records = records(usize::MAX, usize::MAX);
        records.add(of(10)).unwrap();
        let half = records.add(|bytes| {
            bytes.push(1);
            Err(io::Error::other("no"))
        });
        assert!(half.is_err());
        records.add(of(10)).unwrap();
        records.flush().unwrap();
        assert_eq!((records.whole(), records.len()), (2, 20));
    }

    #[test]
    fn a_full_disk_leaves_the_count_of_what_is_whole() {
        for (room, whole, rest) in [(0, 0, 0), (9, 0, 9), (10, 1, 0), (25, 2, 5), (29, 2, 9)] {
            let mut records = records(room, 7);
            (0..3).for_each(|_| records.add(of(10)).unwrap());
            assert_eq!(records.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert_eq!((records.whole(), records.len(), records.rest()), (whole, whole * 10, rest), "room for {room}");
        }
    }
}
