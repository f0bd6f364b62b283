//! Captures that are packed, come in pieces, or from a reader that fails.

use std::io::{self, Cursor, Read, Write};

use crate::{USUAL, header, read, record, rows};

fn many() -> Vec<u8> {
    let records: Vec<u8> = (0..2_000).flat_map(|second| record(second, 0)).collect();
    [header(USUAL, 2, 4, 1), records].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // not the fastest level's single block: a cut must lose some frames and not all
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn compressed_files_of_several_members_are_read_whole() {
    let (first, second) = (many(), record(9_999, 0));
    for packed in [
        gzip(&many()),
        [gzip(&first), gzip(&second)].concat(),
        zstd::encode_all(Cursor::new(many()), 3).unwrap(),
        [zstd::encode_all(Cursor::new(first), 3).unwrap(), zstd::encode_all(Cursor::new(second), 3).unwrap()].concat(),
        [&b"\x50\x2a\x4d\x18\x04\0\0\0skip"[..], &zstd::encode_all(Cursor::new(many()), 3).unwrap()].concat(),
    ] {
        assert!(rows(packed).len() >= 2_000);
    }
}

#[test]
fn truncated_compressed_file_gives_the_frames_before() {
    let gzip = gzip(&many());
    let (rows, error) = read(Cursor::new(gzip[..gzip.len() - 20_000].to_vec()));
    assert!((1_000..2_000).contains(&rows.len()), "{}", rows.len());
    assert_eq!(error, format!("cut short in frame {}: the gzip data ends too early", rows.len() + 1));

    let zstd = zstd::encode_all(Cursor::new(many()), 1).unwrap();
    let (_, error) = read(Cursor::new(zstd[..zstd.len() - 3].to_vec()));
    assert!(error.ends_with("the zstd data ends too early"), "{error}");
}

#[test]
fn damage_within_packed_data_costs_no_frame_well_before_it() {
    let mut number = 1_u32;
    let mut any = || {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (number >> 24) as u8
    };
    let records =
        (0..8_000).flat_map(|second| [record(second, 0)[..16].to_vec(), (0..42).map(|_| any()).collect()].concat());
    let plain = [header(USUAL, 2, 4, 1), records.collect()].concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    for packed in [gzip.finish().unwrap(), zstd::encode_all(Cursor::new(plain), 1).unwrap()] {
        for place in [packed.len() / 3, packed.len() / 2, packed.len() * 4 / 5] {
            let mut damaged = packed.clone();
            damaged[place..place + 64].fill(0xff);
            let (rows, _) = read(Cursor::new(damaged));
            let (before, _) = read(Cursor::new(packed[..place - 1_024].to_vec()));
            assert!(!before.is_empty() && rows.len() >= before.len(), "{} of {}", rows.len(), before.len());
            assert_eq!(rows[..before.len()], before);
        }
    }
}

#[test]
fn compressed_data_is_read_despite_trailing_bytes() {
    let zstd = zstd::encode_all(Cursor::new(many()), 1).unwrap();
    // gzip(1) passes over zeros; zstd(1) does not
    assert_eq!(rows([gzip(&many()), vec![0; 700_000]].concat()).len(), 2_000);
    for (packing, packed, behind) in [
        ("gzip", gzip(&many()), &b"and so on"[..]),
        ("gzip", gzip(&many()), &[0, 0, 1]),
        ("gzip", gzip(&many()), &[0x1f, 0]),
        ("gzip", gzip(&many()), &zstd),
        ("zstd", zstd.clone(), b"and so on"),
        ("zstd", zstd.clone(), &[0; 700]),
        ("zstd", zstd.clone(), &gzip(&many())),
    ] {
        let (rows, error) = read(Cursor::new([&packed, behind].concat()));
        let expected = format!(
            "corrupted after frame 2000: the {packing} data is whole, but bytes follow it that are no {packing} data"
        );
        assert_eq!((rows.len(), error), (2_000, expected));
    }
    for (packed, next) in [(gzip(&many()), &[0x1f][..]), (gzip(&many()), &[0x1f, 0x8b, 8]), (zstd, &[0x28, 0xb5])] {
        let (rows, error) = read(Cursor::new([&packed, next].concat()));
        assert!(rows.len() == 2_000 && error.ends_with("data ends too early"), "{error}");
    }
    let mut wrong = gzip(&many());
    let payload = wrong.windows(3).rposition(|bytes| bytes == [0xee; 3]).unwrap();
    wrong[payload] ^= 1;
    let (rows, error) = read(Cursor::new(wrong));
    assert!(
        rows.len() == 2_000 && error.starts_with("corrupted in frame 2001: the gzip data is corrupted ("),
        "{error}"
    );
}

#[test]
fn unsupported_compression_is_named_with_the_command_to_decompress_it() {
    assert!(read(Cursor::new(b"\xfd7zXZ\0 and so on".to_vec())).1.contains("xz -dc"));
}

#[test]
fn segmentation_of_a_stream_does_not_matter() {
    struct Drip(Cursor<Vec<u8>>, usize);
    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(5) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let end = buffer.len().min(self.1 % 7 + 1);
            self.0.read(&mut buffer[..end])
        }
    }
    for bytes in [many(), gzip(&many())] {
        let (drip, error) = read(Drip(Cursor::new(bytes.clone()), 0));
        assert_eq!(error, "");
        assert_eq!(drip, rows(bytes));
    }
}

#[test]
fn failed_reader_is_reported_with_its_frame() {
    struct Broken(Cursor<Vec<u8>>);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is on fire")),
                read => Ok(read),
            }
        }
    }
    let (rows, error) = read(Broken(Cursor::new([header(USUAL, 2, 4, 1), record(1, 0)].concat())));
    assert_eq!((rows.len(), error.as_str()), (1, "cut short in frame 2: the disk is on fire"));
}
