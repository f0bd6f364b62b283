//! What a connection's findings are made of: the frames that matter, counted and bounded.

use super::Moment;
use smallvec::SmallVec;

use crate::model::{Checksum, Direction, IpHeader, Nanos, PerDirection, Segment};
use crate::track::facts::{Hints, Probe};
use crate::track::repeat::{Repeat, RepeatVerdict};
use crate::track::totals::EarlierFragments;
use crate::track::vantage::Standpoint;

/// Most frames named for one observation.
const NAMED: usize = 8;

/// Something seen several times: how often, and the first frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// How often.
    pub count: u64,
    /// The first frames.
    pub frames: SmallVec<[u64; 2]>,
}

impl Sighting {
    /// Counts one more.
    pub fn see(&mut self, frame: u64) {
        self.count += 1;
        if self.frames.len() < NAMED && self.frames.last() != Some(&frame) {
            self.frames.push(frame);
        }
    }

    /// Counts all of another's.
    pub(in crate::track) fn extend(&mut self, other: &Self) {
        let room = NAMED.saturating_sub(self.frames.len());
        self.frames.extend(other.frames.iter().copied().take(room));
        self.count += other.count;
    }
}

/// A side's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fins {
    /// Its frame.
    pub frame: u64,
    /// Time since the conversation's start.
    pub at: Option<Nanos>,
    /// The frame that acknowledged it.
    pub acked_by: Option<u64>,
    /// Whether it carried the ACK of the peer's FIN.
    pub acks_peer_fin: bool,
}

/// Data that a side sent after the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterFin {
    /// The first frame of it.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// When the last was captured: time since the conversation's start.
    pub until: Option<Nanos>,
}

/// What a side's SYN offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift.
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: bool,
    /// ECN (RFC 3168 §6.1.1), by ECE on the SYN.
    pub ecn: bool,
}

/// How long a receiver's window was shut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZeroWindow {
    /// The segments that shut it.
    pub shut: Sighting,
    /// The segments that opened it.
    pub opened: Sighting,
    /// Probes.
    pub probes: Sighting,
    /// How long it was shut altogether.
    pub blocked: Nanos,
}

/// What happened on a connection, beyond its totals.
#[derive(Clone, Debug, Default)]
pub struct TcpStory {
    /// Frames of the SYN, the SYN-ACK and the ACK of it.
    pub handshake: [Option<u64>; 3],
    /// From the first SYN to the ACK that completed the handshake, however often they were sent.
    pub opened_after: Option<Nanos>,
    /// Both sides sent a SYN first.
    pub simultaneous_open: bool,
    /// SYNs, and nothing in answer.
    pub unanswered_syn: bool,
    /// A RST came in place of the ACK of the SYN-ACK, before any data: whatever came after it opened nothing.
    pub reset_in_opening: bool,
    /// Where the capture was made.
    pub standpoint: Standpoint,
    /// Each side's FIN.
    pub fins: PerDirection<Option<Fins>>,
    /// Each side's first RST that may have ended the connection.
    pub resets: PerDirection<Option<u64>>,
    /// Each side's first RST that ended nothing: its frame, that of what was sent after it all the same, and that of the
    /// ACK of this, or of the ACK that questions the RST; 0 for what there is not.
    pub ignored_resets: PerDirection<Option<[u64; 3]>>,
    /// The first segment that answered the SYN and did not fit it.
    pub misfit: Option<u64>,
    /// Each side's SYN.
    pub negotiated: PerDirection<Option<Negotiated>>,
    /// Each side's bytes (SYN and FIN included) that were never acknowledged.
    pub unacked_bytes: PerDirection<u32>,
    /// The segment by which a side's window is shut at the end.
    pub still_shut: PerDirection<Option<u64>>,
    /// Data that a side sent after the peer's FIN: a half-close.
    pub after_fin: PerDirection<Option<AfterFin>>,
    /// Each side's window, when it was shut.
    pub zero_window: PerDirection<ZeroWindow>,
    /// Segments that filled the peer's window.
    pub window_filled: PerDirection<Sighting>,
    /// Segments with an offloaded checksum.
    pub offloaded: Sighting,
    /// Segments with a wrong checksum.
    pub invalid: Sighting,
    /// Segments in fragments.
    pub fragmented: Sighting,
    /// Fragments of those of each side that came before the last one.
    pub earlier_fragments: PerDirection<EarlierFragments>,
    /// ICMP errors about the connection.
    pub errors: Sighting,
    /// Segments that came again, the same frame twice aside.
    pub repeats: PerDirection<Sighting>,
    /// Time during which nothing was sent for a second or more.
    pub idle: Nanos,
    /// The last data segments' frame of each side that is not acknowledged.
    pub first_frame: u64,
    /// The last frame of each side.
    pub last_frame: PerDirection<u64>,
}

/// What happens seldom; a connection without any of it has none.
#[derive(Clone, Debug, Default)]
pub(super) struct Rare {
    ignored_resets: PerDirection<Option<[u64; 3]>>,
    challenged: PerDirection<Option<(u64, u64)>>,
    misfit: Option<u64>,
    after_fin: PerDirection<Option<AfterFin>>,
    zero_window: PerDirection<ZeroWindow>,
    window_filled: PerDirection<Sighting>,
    invalid: Sighting,
    fragmented: Sighting,
    earlier_fragments: PerDirection<EarlierFragments>,
    errors: Sighting,
    repeats: PerDirection<Sighting>,
    idle: Nanos,
}

/// What is noted while a connection lasts, small since there is one for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Diary {
    first_frame: u64,
    last_frame: PerDirection<u64>,
    offloaded: Sighting,
    rare: Option<Box<Rare>>,
}

impl Diary {
    /// The beginning of a story: what was noted.
    pub(super) fn tell(&mut self) -> TcpStory {
        let rare = self.rare.take().map(|rare| *rare).unwrap_or_default();
        TcpStory {
            ignored_resets: rare.ignored_resets,
            misfit: rare.misfit,
            after_fin: rare.after_fin,
            zero_window: rare.zero_window,
            window_filled: rare.window_filled,
            offloaded: std::mem::take(&mut self.offloaded),
            invalid: rare.invalid,
            fragmented: rare.fragmented,
            earlier_fragments: rare.earlier_fragments,
            errors: rare.errors,
            repeats: rare.repeats,
            idle: rare.idle,
            first_frame: self.first_frame,
            last_frame: self.last_frame,
            ..TcpStory::default()
        }
    }

    /// Whether nothing rare was noted.
    pub(super) fn is_plain(&self) -> bool {
        self.rare.is_none()
    }

    /// What happens seldom, to be noted.
    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// A RST of this side that ended nothing, and what shows it.
    pub(super) fn see_ignored(&mut self, sender: Direction, frames: [u64; 3]) {
        let rare = self.rare();
        rare.ignored_resets.get_mut(sender).get_or_insert(frames);
        let [reset, since, challenge] = frames;
        if since == 0 && challenge > 0 {
            *rare.challenged.get_mut(sender) = Some((reset, challenge));
        }
    }

    /// The last RST of this side that was challenged, and the challenge ACK.
    pub(super) fn challenged(&self, sender: Direction) -> Option<(u64, u64)> {
        *self.rare.as_ref()?.challenged.get(sender)
    }

    /// A segment that answers the SYN and does not fit it.
    pub(super) fn see_misfit(&mut self, frame: u64) {
        self.rare().misfit.get_or_insert(frame);
    }

    /// Data after the peer's FIN.
    pub(super) fn see_after_fin(&mut self, moment: &Moment, len: u32) {
        let slot = self.rare().after_fin.get_mut(moment.direction);
        let (first, bytes) = slot.map_or((moment.frame, 0), |before| (before.first, before.bytes));
        *slot = Some(AfterFin { first, last: moment.frame, bytes: bytes + u64::from(len), until: moment.at.get() });
    }

    /// Notes what one segment shows.
    #[inline]
    pub(super) fn follow(
        &mut self,
        moment: &Moment,
        segment: &Segment,
        repeat: Option<&Repeat>,
        probe: Option<Probe>,
        hints: &Hints,
    ) {
        let (frame, direction) = (moment.frame, moment.direction);
        if self.first_frame == 0 {
            self.first_frame = frame;
        }
        *self.last_frame.get_mut(direction) = frame;
        match segment.checksum {
            Checksum::Offloaded => self.offloaded.see(frame),
            Checksum::Invalid => self.rare().invalid.see(frame),
            Checksum::Valid | Checksum::Absent | Checksum::Unverifiable => {}
        }
        if repeat.is_some_and(|repeat| repeat.verdict != RepeatVerdict::DuplicateFrame) {
            self.rare().repeats.get_mut(direction).see(frame);
        }
        if probe == Some(Probe::ZeroWindow) {
            self.rare().zero_window.get_mut(!direction).probes.see(frame);
        }
        if !hints.is_empty() {
            self.follow_hints(moment, hints);
        }
    }

    /// Notes an ICMP error.
    pub(super) fn see_error(&mut self, frame: u64) {
        self.rare().errors.see(frame);
    }

    /// Notes a packet in fragments.
    pub(super) fn see_fragmented(&mut self, moment: &Moment, ip: &IpHeader) {
        let rare = self.rare();
        rare.fragmented.see(moment.frame);
        rare.earlier_fragments.get_mut(moment.direction).see(ip);
    }

    fn follow_hints(&mut self, moment: &Moment, hints: &Hints) {
        let rare = self.rare();
        let window = rare.zero_window.get_mut(moment.direction);
        if hints.window_shut {
            window.shut.see(moment.frame);
        }
        if let Some((_, blocked)) = hints.window_opened {
            window.opened.see(moment.frame);
            window.blocked = window.blocked.plus(blocked);
        }
        if hints.fills_window {
            rare.window_filled.get_mut(moment.direction).see(moment.frame);
        }
        if let Some((_, gap)) = hints.idle {
            rare.idle = rare.idle.plus(gap);
        }
    }
}
