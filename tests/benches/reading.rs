//! Reading speed of capture files: echo segments of 66 bytes, made here, read from memory.

#![allow(clippy::unwrap_used, reason = "a benchmark may fail like a test")]

use std::io::{Cursor, Write};
use std::sync::{Arc, LazyLock, Mutex};

use divan::Bencher;
use divan::counter::ItemsCount;
use echolab::capture::filter::Filter;
use echolab::capture::save::CaptureWriter;
use echolab::capture::{Source, file};
use echolab::model::{CaptureFormat, CaptureInfo, Frame, LinkType, Timestamp};

const FRAMES: usize = 200_000;

static PCAP_MICROSECONDS: LazyLock<Arc<[u8]>> = LazyLock::new(microseconds);
static PCAP_NANOSECONDS: LazyLock<Arc<[u8]>> = LazyLock::new(|| written(CaptureFormat::Pcap));
static PCAPNG: LazyLock<Arc<[u8]>> = LazyLock::new(|| written(CaptureFormat::Pcapng));

fn main() {
    divan::main();
}

#[divan::bench]
fn pcap_microseconds(bencher: Bencher<'_, '_>) {
    read(bencher, &PCAP_MICROSECONDS);
}

#[divan::bench]
fn pcap_nanoseconds(bencher: Bencher<'_, '_>) {
    read(bencher, &PCAP_NANOSECONDS);
}

#[divan::bench]
fn pcapng(bencher: Bencher<'_, '_>) {
    read(bencher, &PCAPNG);
}

#[divan::bench]
fn pcap_filtered(bencher: Bencher<'_, '_>) {
    let bytes = PCAP_MICROSECONDS.clone();
    bencher.counter(ItemsCount::new(FRAMES)).bench(|| {
        let mut source = file::from_reader("made".into(), Cursor::new(bytes.clone())).unwrap();
        let mut filter = Filter::new("tcp port 7", LinkType::ETHERNET).unwrap();
        let mut passed = 0;
        while let Some(frame) = source.next_frame().unwrap() {
            passed += usize::from(filter.matches(&frame).unwrap());
        }
        passed
    });
}

fn read(bencher: Bencher<'_, '_>, bytes: &Arc<[u8]>) {
    bencher.counter(ItemsCount::new(FRAMES)).bench(|| {
        let mut source = file::from_reader("made".into(), Cursor::new(bytes.clone())).unwrap();
        let mut frames = 0;
        let mut sum = 0;
        while let Some(frame) = source.next_frame().unwrap() {
            frames += 1;
            sum += frame.data.len() + frame.time.map_or(0, |time| time.subsec_nanos() as usize);
        }
        assert_eq!(frames, FRAMES);
        sum
    });
}

/// An echo segment: Ethernet, IPv4 and TCP headers to port 7, 12 bytes.
fn segment() -> [u8; 66] {
    let mut segment = [0; 66];
    let head = [8, 0, 0x45, 0, 0, 52, 0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 0xc0, 0, 0, 7];
    segment.iter_mut().skip(12).zip(head).for_each(|(byte, value)| *byte = value);
    segment
}

/// As tcpdump writes it.
fn microseconds() -> Arc<[u8]> {
    let mut bytes = Vec::new();
    let mut words = |words: &[u32], data: &[u8]| {
        words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend_from_slice(data);
    };
    words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, 1], &[]);
    for index in 0..FRAMES as u32 {
        words(&[1_700_000_000, index, 66, 66], &segment());
    }
    bytes.into()
}

fn written(format: CaptureFormat) -> Arc<[u8]> {
    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let info = CaptureInfo { link_types: vec![LinkType::ETHERNET], ..CaptureInfo::default() };
    let out = Shared::default();
    let mut writer = CaptureWriter::new(out.clone(), format, &info).unwrap();
    for number in 1..=FRAMES as u64 {
        let time = Some(Timestamp::new(1_700_000_000, number as u32));
        let frame = Frame {
            unknown: Default::default(),
            number,
            time,
            link: LinkType::ETHERNET,
            interface: 0,
            wire_len: 66,
            data: &segment(),
        };
        writer.write(&frame, None).unwrap();
    }
    writer.finish(None).unwrap();
    let bytes = std::mem::take(&mut *out.0.lock().unwrap());
    bytes.into()
}
