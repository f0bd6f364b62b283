//! Memory stays within the bounds that docs/reference/limits.md names, whatever a capture holds: frames are made here, one by
//! one, and the process's own peak is read from the kernel.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::io::{self, Cursor, Read};
use std::sync::{Mutex, PoisonError};

use echolab::capture::{Source, file};
use echolab::explain::{Conversation, Step};
use echolab::model::{CaptureInfo, Frame, LinkType, Timestamp};
use echolab::pipeline::{self, Options};
use echolab::report::{CaptureTotals, Sink};
use etherparse::PacketBuilder;

const SYN: u8 = 2;
const RST_ACK: u8 = 0x14;
const PSH_ACK: u8 = 0x18;
const ACK: u8 = 0x10;

/// A segment to be made: whether the client sends it, flags, sequence number, ACK number, bytes of payload.
type Made = (bool, u8, u32, u32, u16);

/// Makes `segments` of each of so many conversations, all of one before the first of the next.
struct Maker<F> {
    info: CaptureInfo,
    template: Vec<u8>,
    conversations: u32,
    segments: u32,
    made: u64,
    segment: F,
}

impl<F: Fn(u32) -> Made> Maker<F> {
    fn new(conversations: u32, segments: u32, segment: F) -> Self {
        let mut template = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [192, 0, 2, 1], 64).tcp(7, 7, 0, 65_000);
        builder.write(&mut template, &[b'x'; 60_000]).unwrap();
        // offloaded
        template.splice(36..38, [0, 0]);
        Self { info: CaptureInfo::default(), template, conversations, segments, made: 0, segment }
    }
}

impl<F: Fn(u32) -> Made> Source for Maker<F> {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let conversation = (self.made / u64::from(self.segments)) as u32;
        if conversation == self.conversations {
            return Ok(None);
        }
        let (from_client, flags, seq, ack, len) = (self.segment)((self.made % u64::from(self.segments)) as u32);
        self.made += 1;
        let client = (0x0a00_0000 + (conversation >> 15)).to_be_bytes();
        let server = [192, 0, 2, 1];
        let port = (0x8000 + (conversation & 0x7fff) as u16).to_be_bytes();
        let (ends, ports) =
            if from_client { ([client, server], [port, [0, 7]]) } else { ([server, client], [[0, 7], port]) };
        let put = [
            (2, (40 + len).to_be_bytes().to_vec()),
            (12, ends.concat()),
            (20, ports.concat()),
            (24, [seq.to_be_bytes(), ack.to_be_bytes()].concat()),
            (33, vec![flags]),
        ];
        for (at, bytes) in put {
            self.template.get_mut(at..at + bytes.len()).unwrap().copy_from_slice(&bytes);
        }
        let data = self.template.get(..40 + usize::from(len)).unwrap();
        let micros = self.made * 10;
        let time = Some(Timestamp::new((micros / 1_000_000) as i64, (micros % 1_000_000) as u32 * 1000));
        Ok(Some(Frame {
            unknown: Default::default(),
            number: self.made,
            time,
            link: LinkType::RAW,
            interface: 0,
            wire_len: data.len() as u32,
            data,
        }))
    }
}

/// Counts.
#[derive(Default)]
struct Counted {
    steps: u64,
    conversations: u64,
    findings: u64,
}

impl Sink for Counted {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.steps += 1;
        self.findings += step.findings.len() as u64;
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.conversations += 1;
        self.findings += conversation.findings().len() as u64;
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that the process has in memory now (`VmRSS`), or had at most (`VmHWM`).
fn resident(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The peak belongs to the whole process: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Does `work`; returns its result and by how many bytes memory grew at its peak.
fn grown<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // 5: the peak begins again (proc_pid_clear_refs(5))
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident("VmRSS");
    let result = work();
    (result, resident("VmHWM").saturating_sub(before))
}

/// Plays all that `maker` makes; returns what was counted and by how many bytes memory grew at its peak.
fn peak<F: Fn(u32) -> Made + Send>(mut maker: Maker<F>) -> (Counted, CaptureTotals, u64) {
    let mut counted = Counted::default();
    let (totals, peak) = grown(|| pipeline::run(&mut maker, &mut Options::default(), &mut counted).unwrap());
    assert_eq!(totals.frames, maker.made);
    assert_eq!(totals.tcp, maker.made, "{totals:?}");
    (counted, totals, peak)
}

#[test]
fn a_million_ended_conversations_need_constant_memory() {
    // refused: two segments are a whole conversation
    let (counted, totals, peak) = peak(Maker::new(1_000_000, 2, |at| match at {
        0 => (true, SYN, 7, 0, 0),
        _ => (false, RST_ACK, 0, 8, 0),
    }));
    assert_eq!((totals.tcp_conversations, counted.conversations, totals.evicted), (1_000_000, 1_000_000, 0));
    // about 4 kB for each of the 8,192 that are kept, with what was noted of its refusal
    assert!(peak < 48 << 20, "{peak} bytes");
}

#[test]
fn open_conversations_need_what_is_documented() {
    let (counted, totals, peak) = peak(Maker::new(100_000, 6, |at| match at {
        0 => (true, SYN, 7, 0, 0),
        1 => (false, SYN | ACK, 99, 8, 0),
        2 => (true, ACK, 8, 100, 0),
        3 => (true, PSH_ACK, 8, 100, 100),
        4 => (false, PSH_ACK, 100, 108, 100),
        _ => (true, ACK, 108, 200, 0),
    }));
    assert_eq!((totals.tcp_conversations, counted.conversations), (100_000, 100_000));
    assert!(peak / 100_000 < 4096, "{} bytes for an open conversation", peak / 100_000);
}

#[test]
fn a_million_gaps_are_one_conversation() {
    // each segment leaves a byte out, and nothing is ever acknowledged
    let (counted, totals, peak) = peak(Maker::new(1, 1_000_000, |at| match at {
        0 => (true, SYN, 7, 0, 0),
        at => (true, PSH_ACK, 8 + at * 101, 1, 100),
    }));
    assert_eq!((totals.tcp_conversations, counted.conversations, counted.steps), (1, 1, 1_000_000));
    assert!(peak < 4 << 20, "{peak} bytes");
}

#[test]
fn data_waiting_for_its_echo_is_bounded_in_total() {
    // each sends more than a megabyte, and nothing comes back
    let (counted, totals, peak) = peak(Maker::new(200, 21, |at| match at {
        0 => (true, SYN, 7, 0, 0),
        at => (true, PSH_ACK, 8 + (at - 1) * 60_000, 1, 60_000),
    }));
    assert_eq!((totals.tcp_conversations, counted.conversations), (200, 200));
    assert!(peak < 100 << 20, "{peak} bytes");
}

/// A section header of pcapng and as many interface descriptions.
fn interfaces(count: usize) -> impl Read + Send {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let section = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
    // many a read
    let described = words(&[1, 20, 1, 0, 20]).repeat(1_000);
    assert!(count.is_multiple_of(1_000));
    let rest = Repeated { bytes: described, times: count / 1_000, at: 0 };
    Cursor::new(section).chain(rest)
}

/// The same bytes several times.
struct Repeated {
    bytes: Vec<u8>,
    times: usize,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.times == 0 {
            return Ok(0);
        }
        let read = self.bytes.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += read;
        if self.at == self.bytes.len() {
            (self.at, self.times) = (0, self.times - 1);
        }
        Ok(read)
    }
}

#[test]
fn endless_interface_blocks_take_no_memory() {
    for count in [1_000_000, 2_000_000, 4_000_000] {
        let (error, grown) = grown(|| {
            let mut source = file::from_reader("made".into(), interfaces(count)).unwrap();
            source.next_frame().unwrap_err().to_string()
        });
        let left_out = count - 65_536;
        assert_eq!(
            error,
            format!(
                "too many interfaces before any frame: {left_out} beyond the first 65536 of a section are left out"
            )
        );
        assert!(grown < 8 << 20, "{grown} bytes for {count} interfaces");
    }
}
