//! Moves the sequence numbers of a capture, as if the hosts had begun elsewhere.

use std::collections::HashMap;

use echolab::decode::Decoder;
use echolab::model::{Checksum, Endpoint, LinkType, TcpFlags, Transport};

use crate::frames::{Capture, Recorded};

/// Each host's numbers pass 2^32 `before` bytes after its first one. Says how many segments were moved.
pub(crate) fn to_the_wrap(capture: &Capture, before: u32) -> (Vec<Recorded>, usize) {
    let mut by: HashMap<(Endpoint, Endpoint), u32> = HashMap::new();
    let mut decoder = Decoder::new();
    let mut moved = 0;
    let frames = capture.frames.iter().enumerate().map(|(index, recorded)| {
        let mut changed = recorded.clone();
        let Ok(packet) = decoder.decode(&recorded.frame(index as u64 + 1)) else { return changed };
        let Transport::Segment(segment) = packet.headers.transport else { return changed };
        let there = (segment.source, segment.destination);
        let back = (segment.destination, segment.source);
        // a reset without a number of its own has 0: it stays
        let numbered = !(segment.flags.contains(TcpFlags::RST) && segment.seq.0 == 0);
        let acks = segment.flags.contains(TcpFlags::ACK);
        if numbered {
            by.entry(there).or_insert_with(|| before.wrapping_add(segment.seq.0).wrapping_neg());
        }
        if acks {
            by.entry(back).or_insert_with(|| before.wrapping_add(segment.ack.0).wrapping_neg());
        }
        if let Some(start) = header(recorded) {
            let mut edit = Edit { data: &mut changed.data, start, sum: segment.checksum != Checksum::Offloaded };
            if numbered {
                edit.add(4, by[&there]);
            }
            if acks {
                edit.add(8, by[&back]);
                edit.sack(by[&back]);
            }
            moved += 1;
        }
        changed
    });
    let frames = frames.collect();
    (frames, moved)
}

/// Offset of the TCP header in an Ethernet frame.
fn header(recorded: &Recorded) -> Option<usize> {
    let data = &recorded.data;
    if recorded.link != LinkType::ETHERNET {
        return None;
    }
    match data.get(12..15)? {
        [0x08, 0x00, version] => Some(14 + usize::from(version & 15) * 4),
        [0x86, 0xdd, _] => Some(54),
        _ => None,
    }
}

/// A TCP header under change; `sum` keeps its checksum as right or wrong as it was.
struct Edit<'a> {
    data: &'a mut [u8],
    start: usize,
    sum: bool,
}

impl Edit<'_> {
    /// Adds to the number at `at`, and corrects the checksum by the difference (RFC 1624).
    fn add(&mut self, at: usize, by: u32) {
        let at = self.start + at;
        let odd = (at - self.start) % 2 == 1;
        let Some(field) = self.data.get_mut(at..at + 4) else { return };
        let old: [u8; 4] = (&*field).try_into().unwrap();
        let new = u32::from_be_bytes(old).wrapping_add(by).to_be_bytes();
        field.copy_from_slice(&new);
        let Some(sum) = self.data.get_mut(self.start + 16..self.start + 18).filter(|_| self.sum) else { return };
        let mut total = u32::from(!u16::from_be_bytes([sum[0], sum[1]]));
        for (index, (old, new)) in old.into_iter().zip(new).enumerate() {
            let high = (index % 2 == 0) != odd;
            let word = |byte: u8| if high { u32::from(byte) << 8 } else { u32::from(byte) };
            total += (!word(old) & 0xffff) + word(new);
        }
        while total > 0xffff {
            total = (total & 0xffff) + (total >> 16);
        }
        sum.copy_from_slice(&(!(total as u16)).to_be_bytes());
    }

    /// Moves the edges of the SACK blocks.
    fn sack(&mut self, by: u32) {
        let Some(words) = self.data.get(self.start + 12) else { return };
        let end = usize::from(words >> 4) * 4;
        let mut at = 20;
        while at + 1 < end {
            let Some(&[kind, len]) = self.data.get(self.start + at..self.start + at + 2) else { return };
            match kind {
                0 => return,
                1 => at += 1,
                _ => {
                    if kind == 5 {
                        (at + 2..at + usize::from(len)).step_by(4).for_each(|edge| self.add(edge, by));
                    }
                    at += usize::from(len).max(2);
                }
            }
        }
    }
}
