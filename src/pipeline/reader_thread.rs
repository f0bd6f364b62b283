//! Reads and decodes ahead of the tracker, in a thread of its own: for a big file that is a third of the work.
//!
//! Packets travel in batches that go round between the two threads, so that nothing is allocated for a packet. A batch
//! holds the payloads; whatever else the frame held is not needed after decoding, or it is not read ahead. Of a common
//! packet it holds a cache line.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use super::packet_source::{End, PacketHandler, PacketSource};
use crate::capture::Source;
use crate::decode::{Common, Decoder, common};
use crate::model::{Brief, Frame, Headers, LinkType, Packet, Protocol, Skip, Unknown};

/// Packets in a batch: enough that neither thread waits for the other's next one, and so few that a batch, of about
/// a quarter of a megabyte, stays close to a processor.
const BATCH: usize = 2048;
/// Bytes of payload at which a batch is full: as many as usual packets have, and so few that batches of the longest
/// ones take 20 MiB together instead of 600.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// So many packets are announced at once before they are taken: enough to read their conversations together, and so few
/// that these stay in the nearest cache.
const EXPECTED: usize = 16;
/// Batches on their way at once.
const BATCHES: usize = 4;

/// A frame without its bytes, its packet's headers, and how long the payload is that the batch holds.
struct Other {
    frame: Frame<'static>,
    headers: Result<Headers, Skip>,
    payload: usize,
    /// Number of fragments that wait for the rest of their packet after this frame.
    incomplete_fragments: u64,
}

/// Some packets in a row.
#[derive(Default)]
struct Batch {
    /// Number, link type and interface of the first frame: common packets have the numbers that follow, and the same
    /// link type and interface.
    first: Option<(u64, LinkType, u32)>,
    /// A common packet each; `None` stands for the next of the others.
    items: Vec<Option<Brief>>,
    others: Vec<Other>,
    /// The addresses of those common packets that are IPv6.
    wide: Vec<[u8; 32]>,
    payloads: Vec<u8>,
    /// The event after the batch: `None` for another batch, `Some(None)` for the end, else the reason why the source
    /// breaks off.
    after: Option<Option<String>>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.items.len() >= BATCH || self.payloads.len() >= BATCH_BYTES
    }

    fn clear(&mut self) {
        self.first = None;
        self.items.clear();
        self.others.clear();
        self.wide.clear();
        self.payloads.clear();
    }

    /// Takes a packet if it is a common one, and like the batch's others. The reader's own path: nothing is called.
    #[inline(always)]
    fn take_common(&mut self, frame: &Frame<'_>) -> bool {
        let (first, link, interface) = *self.first.get_or_insert((frame.number, frame.link, frame.interface));
        let fits = (first + self.items.len() as u64, link, interface) == (frame.number, frame.link, frame.interface);
        let Some(Common { brief, wide, payload }) = common(frame).filter(|_| fits) else { return false };
        self.wide.extend(wide);
        self.payloads.extend_from_slice(payload);
        self.items.push(Some(brief));
        true
    }
}

/// The tracker's end: takes packets out of batches.
pub(super) struct ReaderThread {
    full: Receiver<Batch>,
    empty: SyncSender<Batch>,
    batch: Batch,
    /// As of the last frame that was taken, however many have been read.
    incomplete_fragments: u64,
}

impl ReaderThread {
    /// Starts to read `source`; the thread ends with the source, or when the tracker's end is dropped.
    pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, source: &'scope mut (impl Source + Send)) -> Self {
        let (full_sender, full) = sync_channel(BATCHES);
        let (empty, empty_receiver) = sync_channel(BATCHES);
        for _ in 1..BATCHES {
            // there is room, and the other end is still here
            let _ = empty.send(Batch::default());
        }
        scope.spawn(move || read_ahead(source, &full_sender, &empty_receiver));
        Self { full, empty, batch: Batch::default(), incomplete_fragments: 0 }
    }
}

impl PacketSource for ReaderThread {
    fn each<H: PacketHandler>(&mut self, handler: &mut H) -> End<H::Enough> {
        let (mut tcp, mut udp) = (Brief::blank(Protocol::Tcp), Brief::blank(Protocol::Udp));
        loop {
            let mut payloads = self.batch.payloads.as_slice();
            let (mut others, mut wide) = (self.batch.others.iter(), self.batch.wide.iter());
            let (first, link, interface) = self.batch.first.unwrap_or((1, LinkType::RAW, 0));
            let mut numbers = first..;
            for chunk in self.batch.items.chunks(EXPECTED) {
                handler.expect(chunk.iter().flatten().filter_map(Brief::key));
                for (item, number) in chunk.iter().zip(&mut numbers) {
                    let (frame, headers, len) = match item {
                        Some(brief) => {
                            let wide = if brief.is_ipv6() { wide.next() } else { None };
                            let common = if brief.protocol() == Protocol::Tcp { &mut tcp } else { &mut udp };
                            brief.fill(wide.unwrap_or(&[0; 32]), common);
                            let (time, wire_len) = (Some(brief.time()), brief.wire_len());
                            let unknown = Unknown::default();
                            let frame = Frame { number, time, link, interface, wire_len, data: &[], unknown };
                            (frame, Ok(&*common), brief.payload_len())
                        }
                        None => {
                            let Some(other) = others.next() else { break };
                            self.incomplete_fragments = other.incomplete_fragments;
                            (other.frame, other.headers.as_ref().map_err(|reason| *reason), other.payload)
                        }
                    };
                    let (payload, rest) = payloads.split_at_checked(len).unwrap_or_default();
                    payloads = rest;
                    let packet = headers.map(|headers| Packet { headers, header: &[], payload });
                    // called in one place, since it is inlined there with all that it calls
                    if let ControlFlow::Break(enough) =
                        handler.handle(&frame, packet.as_ref().map_err(|reason| *reason))
                    {
                        return End::Enough(enough);
                    }
                }
            }
            if let Some(after) = &self.batch.after {
                return after.clone().map_or(End::Source, End::Broken);
            }
            let Ok(batch) = self.full.recv() else { return End::Source };
            // the reader has gone when it has read everything: it needs no batch any more
            let _ = self.empty.send(std::mem::replace(&mut self.batch, batch));
        }
    }

    fn incomplete_fragments(&self) -> u64 {
        self.incomplete_fragments
    }
}

/// The reader's end: fills batches until the source ends or the tracker's end is dropped.
fn read_ahead(source: &mut impl Source, full: &SyncSender<Batch>, empty: &Receiver<Batch>) {
    let mut decoder = Decoder::new();
    while let Ok(mut batch) = empty.recv() {
        batch.clear();
        while !batch.is_full() && batch.after.is_none() {
            let frame = match source.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    batch.after = Some(None);
                    break;
                }
                Err(error) => {
                    batch.after = Some(Some(error.to_string()));
                    break;
                }
            };
            if batch.take_common(&frame) {
                continue;
            }
            batch.items.push(None);
            let packet = decoder.decode(&frame);
            let frame = Frame { data: &[], ..frame };
            let (headers, payload) = match packet {
                Ok(Packet { headers, payload, .. }) => {
                    batch.payloads.extend_from_slice(payload);
                    (Ok(*headers), payload.len())
                }
                Err(reason) => (Err(reason), 0),
            };
            let incomplete_fragments = decoder.incomplete_fragments();
            batch.others.push(Other { frame, headers, payload, incomplete_fragments });
        }
        let last = batch.after.is_some();
        if full.send(batch).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder};

    use super::*;
    use crate::explain::{Conversation, Step};
    use crate::model::{CaptureInfo, LinkType};
    use crate::pipeline::{Options, run};
    use crate::report::{CaptureTotals, Sink};

    /// The same raw IP packets repeatedly, up to a number of frames.
    struct Frames {
        packets: Vec<Vec<u8>>,
        info: CaptureInfo,
        given: usize,
        max: usize,
    }

    impl Frames {
        fn new(packets: Vec<Vec<u8>>, max: usize) -> Self {
            Self { packets, info: CaptureInfo::default(), given: 0, max }
        }
    }

    impl Source for Frames {
        fn info(&self) -> &CaptureInfo {
            &self.info
        }

        fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
            if self.given == self.max {
                return Ok(None);
            }
            let packet = self.packets.get(self.given % self.packets.len()).map_or(&[][..], Vec::as_slice);
            self.given += 1;
            let (number, wire_len) = (self.given as u64, packet.len() as u32);
            Ok(Some(Frame {
                unknown: Default::default(),
                number,
                time: None,
                link: LinkType::RAW,
                interface: 0,
                wire_len,
                data: packet,
            }))
        }
    }

    struct Nothing;

    impl Sink for Nothing {
        fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
            Ok(())
        }

        fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
            Ok(())
        }

        fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
            Ok(())
        }

        fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
            Ok(())
        }
    }

    fn datagram(len: usize) -> Vec<u8> {
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(40_000, 7);
        builder.write(&mut packet, &vec![b'x'; len]).expect("a datagram");
        packet
    }

    /// A fragment at `offset` eights of bytes.
    fn fragment(id: u16, offset: u16, more_fragments: bool) -> Vec<u8> {
        let mut header = Ipv4Header::new(8, 64, IpNumber::UDP, [10, 0, 0, 1], [10, 0, 0, 2]).expect("short");
        header.identification = id;
        header.fragment_offset = IpFragOffset::try_new(offset).expect("a small offset");
        header.more_fragments = more_fragments;
        [&header.to_bytes()[..], &[0, 9, 0, 7, 0, 16, 0, 0]].concat()
    }

    #[test]
    fn batches_are_bounded_in_packets_and_in_bytes() {
        for (len, frames) in [(0, 10_000), (65_000, 1_000), (65_000, 2_000), (65_000, 4_000)] {
            let (full_sender, full) = sync_channel(BATCHES);
            let (empty, empty_receiver) = sync_channel(BATCHES);
            let mut source = Frames::new(vec![datagram(len)], frames);
            let taken = std::thread::scope(|scope| {
                let source = &mut source;
                scope.spawn(move || read_ahead(source, &full_sender, &empty_receiver));
                let mut taken = 0;
                loop {
                    empty.send(Batch::default()).expect("the reader waits for it");
                    let batch = full.recv().expect("a batch");
                    taken += batch.items.len();
                    assert!(batch.items.len() <= BATCH);
                    assert!(batch.payloads.len() < BATCH_BYTES + 65_536, "{} bytes", batch.payloads.len());
                    if batch.after.is_some() {
                        return taken;
                    }
                }
            });
            assert_eq!(taken, frames);
        }
    }

    #[test]
    fn only_fragments_that_were_taken_are_counted() {
        // two datagrams, one in two fragments, one that is never completed
        let packets = vec![datagram(9), fragment(1, 0, true), datagram(9), fragment(1, 1, false), fragment(2, 0, true)];
        for max in (1..=40).chain([1_000, 3_000]) {
            let totals = [false, true].map(|ahead| {
                let mut options = Options { max_frames: Some(max), ahead, ..Options::default() };
                run(&mut Frames::new(packets.clone(), 5_000), &mut options, &mut Nothing).expect("nothing is written")
            });
            let [inline, ahead] = &totals;
            assert_eq!(inline, ahead, "of {max} frames");
            let other: u64 = ahead.other().map(|(_, frames)| frames).sum();
            assert_eq!((ahead.frames, ahead.tcp + ahead.udp + ahead.icmp + other), (max, max));
        }
    }
}
