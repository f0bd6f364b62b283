//! Cost of decoding one frame, by its content: `cargo bench --bench decoding`.

use std::fmt;

use divan::{Bencher, black_box, counter::ItemsCount};
use echolab::decode::Decoder;
use echolab::model::{Frame, LinkType};
use etherparse::{PacketBuilder, VlanId};

/// Frames a measurement, so that the clock's own cost does not show.
const BATCH: usize = 1000;

/// One kind of frame.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Ethernet, IPv4, TCP with timestamps and an echo's 12 bytes.
    Tcp4,
    /// The same without options and payload.
    PureAck,
    /// The same with a full segment, all of which the checksum covers.
    FullSegment,
    /// A SYN with all its options.
    Syn,
    /// Over IPv6.
    Tcp6,
    /// In a VLAN.
    Vlan,
    /// A UDP datagram of 12 bytes.
    Udp4,
}

const KINDS: [Kind; 7] = [Kind::Tcp4, Kind::PureAck, Kind::FullSegment, Kind::Syn, Kind::Tcp6, Kind::Vlan, Kind::Udp4];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

const TIMESTAMPS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8];
const SYN: [u8; 20] = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7];

#[allow(clippy::unwrap_used, reason = "frames made from constants either build always or never")]
fn bytes(kind: Kind) -> Vec<u8> {
    let ethernet = || PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let ip4 = || ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    let mut bytes = Vec::new();
    match kind {
        Kind::Tcp4 => {
            let builder = ip4().tcp(40_000, 6542, 7, 512).ack(9).psh().options_raw(&TIMESTAMPS).unwrap();
            builder.write(&mut bytes, &[b'A'; 12]).unwrap();
        }
        Kind::PureAck => ip4().tcp(40_000, 6542, 7, 512).ack(9).write(&mut bytes, &[]).unwrap(),
        Kind::FullSegment => {
            let builder = ip4().tcp(40_000, 6542, 7, 512).ack(9).options_raw(&TIMESTAMPS).unwrap();
            builder.write(&mut bytes, &[b'A'; 1448]).unwrap();
        }
        Kind::Syn => {
            let builder = ip4().tcp(40_000, 6542, 7, 512).syn().options_raw(&SYN).unwrap();
            builder.write(&mut bytes, &[]).unwrap();
        }
        Kind::Tcp6 => {
            let builder = ethernet().ipv6([1; 16], [2; 16], 64).tcp(40_000, 6542, 7, 512).ack(9).psh();
            builder.options_raw(&TIMESTAMPS).unwrap().write(&mut bytes, &[b'A'; 12]).unwrap();
        }
        Kind::Vlan => {
            let builder = ethernet().single_vlan(VlanId::try_new(5).unwrap()).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
            let builder = builder.tcp(40_000, 6542, 7, 512).ack(9).psh().options_raw(&TIMESTAMPS).unwrap();
            builder.write(&mut bytes, &[b'A'; 12]).unwrap();
        }
        Kind::Udp4 => ip4().udp(40_000, 6542).write(&mut bytes, &[b'A'; 12]).unwrap(),
    }
    bytes
}

#[divan::bench(args = KINDS)]
fn decode(bencher: Bencher<'_, '_>, kind: Kind) {
    let data = bytes(kind);
    let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let frame = Frame {
        unknown: Default::default(),
        number: 1,
        time: None,
        link: LinkType::ETHERNET,
        interface: 0,
        wire_len,
        data: &data,
    };
    let mut decoder = Decoder::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for _ in 0..BATCH {
            // looked at where it is, as the pipeline does: moving it costs as much as reading it
            black_box(&decoder.decode(black_box(&frame)));
        }
    });
}

fn main() {
    divan::main();
}
