//! Recordings of a private network, kept until the session is over: the link's log of each frame is available only
//! then.

use std::collections::{HashMap, HashSet};
use std::io;
use std::thread;

use super::network::Sources;
use crate::capture::spool::{Replay, Spool, temporary_folder};
use crate::capture::{LiveSource, Source};
use crate::drive::LinkRecord;
use crate::lab::{Addresses, Cause, Effect, LinkEvent, PacketKind};
use crate::model::{Direction, Nanos, Side, WireAnnotation, WireCause, WireEffect};
use crate::track::CapturePoint;

/// The link's annotations of a capture's frames, by frame number.
pub type Marks = HashMap<u64, Vec<WireAnnotation>>;

/// The captures of a session in a lab.
pub struct Recording {
    /// The only capture, or that at the client.
    pub first: Recorded,
    /// The one at the server, if both were captured.
    pub second: Option<Recorded>,
}

/// A capture of one host, from its first frame to its last.
pub struct Recorded {
    /// The frames.
    pub frames: Replay,
    /// The result of writing the capture file.
    pub written: io::Result<()>,
    side: Side,
    capture_point: CapturePoint,
    /// For each frame, `true` if the host sent it.
    sent: Vec<bool>,
}

/// Reads the captures to their end, both at the same time, and keeps them.
///
/// # Errors
/// If the recordings cannot be read back. A capture that ends early, a file that cannot be written, or a lack of space
/// to keep the frames until the end, is no error here.
pub fn record(sources: Sources) -> io::Result<Recording> {
    let Sources { first, second, capture_at } = sources;
    let point = |side: Side| match (capture_at, side) {
        (None, _) => CapturePoint::SameHost,
        (_, Side::Client) => CapturePoint::Client,
        (_, Side::Server) => CapturePoint::Server,
    };
    let (side, other) = capture_at.unwrap_or_default().sides();
    thread::scope(|scope| {
        let second = second.zip(other).map(|(source, side)| scope.spawn(move || keep(source, side, point(side))));
        let first = keep(first, side, point(side))?;
        let second = second
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a capture's thread broke down"))));
        Ok(Recording { first, second: second.transpose()? })
    })
}

fn keep(mut source: LiveSource, side: Side, capture_point: CapturePoint) -> io::Result<Recorded> {
    let mac = Addresses::of(side.direction()).mac.0;
    let mut spool = Spool::new(source.info().clone());
    let mut sent = Vec::new();
    // the error of the spool, which may be full while the capture file has space
    let mut full = None;
    let broken = loop {
        match source.next_frame() {
            Ok(Some(_)) if full.is_some() => {}
            Ok(Some(frame)) => {
                // the Ethernet header: destination, source
                sent.push(frame.data.get(6..12) == Some(&mac));
                full = spool.write(&frame).err();
            }
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    let full = full.or_else(|| spool.complete().err());
    let broken = full.map(|error| no_room(spool.frames() + 1, &error)).or(broken);
    let frames = spool.replay(source.dropped(), broken)?;
    Ok(Recorded { frames, written: source.finish(), side, capture_point, sent })
}

/// The notice that the report ends before `frame`, since the temporary file that holds frames until the session's end
/// is full.
fn no_room(frame: u64, error: &io::Error) -> String {
    let folder = temporary_folder();
    format!(
        "there is no room for frame {frame} and all later ones in the folder for temporary files, {}: {error}; name \
         another with TMPDIR",
        folder.display()
    )
}

impl Recording {
    /// The annotations of the frames of the first capture and of the second.
    ///
    /// The n-th frame that a host sent is the link's n-th of that direction, and the n-th that it received is the n-th
    /// that the link delivered. If the link missed frames this no longer holds, and there are no annotations.
    pub fn marks(&self, wire: &LinkRecord) -> (Marks, Marks) {
        let mut all = (Marks::new(), Marks::new());
        let totals = &wire.log.totals;
        if totals.client_to_server.missed + totals.server_to_client.missed > 0 {
            return all;
        }
        let first = self.first.places(wire);
        let second = self.second.as_ref().map(|second| second.places(wire));
        for event in &wire.log.events {
            let seen = |places: &AffectedFrames| places.of(event.frame.direction, event.frame.index);
            let at_first = seen(&first);
            let at_second = second.as_ref().map(seen).unwrap_or_default();
            add(&mut all.0, event, wire, self.first.side, &at_first, &at_second);
            if let Some(second) = &self.second {
                add(&mut all.1, event, wire, second.side, &at_second, &at_first);
            }
            let late = |places: &AffectedFrames| places.late.get(&event.frame.index).copied();
            if let Some(frame) = late(&first).filter(|_| event.frame.direction != self.first.side.direction()) {
                all.0.entry(frame).or_default().push(lost_before(event, wire, frame, &at_second));
            }
        }
        all
    }
}

/// Annotates the frames that show `event` in the capture at `side`; `there` are those of the other capture.
fn add(marks: &mut Marks, event: &LinkEvent, wire: &LinkRecord, side: Side, here: &[u64], there: &[u64]) {
    let direction = event.frame.direction;
    let before = direction == side.direction();
    // of two copies the second is the one that was not sent; that of a fragment may arrive when its packet is already
    // complete
    let second = event.what == Effect::Duplicated && !event.frame.fragment;
    let shown = if second { here.last() } else { here.first() };
    if let Some(frame) = shown {
        let mark = WireAnnotation {
            effect: of_what(event.what),
            cause: of_cause(event.cause, wire),
            fragment: event.frame.fragment,
            direction,
            before,
            here: here.to_vec(),
            there: there.to_vec(),
        };
        marks.entry(*frame).or_default().push(mark);
    }
}

/// The annotation of the first frame after lost data.
fn lost_before(event: &LinkEvent, wire: &LinkRecord, frame: u64, there: &[u64]) -> WireAnnotation {
    WireAnnotation {
        effect: WireEffect::LostBefore,
        cause: of_cause(event.cause, wire),
        fragment: false,
        direction: event.frame.direction,
        before: false,
        here: vec![frame],
        there: there.to_vec(),
    }
}

fn of_what(what: Effect) -> WireEffect {
    match what {
        Effect::Dropped => WireEffect::Dropped,
        Effect::Delayed(time) => WireEffect::Delayed(Nanos(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))),
        Effect::Duplicated => WireEffect::Duplicated,
        Effect::Corrupted { offset } => WireEffect::Corrupted(offset),
        Effect::Marked => WireEffect::Marked,
        Effect::Reordered => WireEffect::Reordered,
    }
}

fn of_cause(cause: Cause, wire: &LinkRecord) -> WireCause {
    match cause {
        Cause::Rule(index) => WireCause::Rule(wire.rules.get(index).map(ToString::to_string).unwrap_or_default()),
        Cause::Chance => WireCause::Chance,
        Cause::QueueFull => WireCause::QueueFull,
        Cause::Undeliverable => WireCause::UnderWay,
    }
}

/// The frame numbers in one capture of the link's affected frames.
struct AffectedFrames {
    side: Side,
    /// Frame number by the link's index of the frame.
    sent: HashMap<u64, u64>,
    received: HashMap<u64, Vec<u64>>,
    /// For data lost on the path to this host, the first frame behind it that arrived.
    late: HashMap<u64, u64>,
}

impl Recorded {
    /// The capture point.
    pub fn capture_point(&self) -> CapturePoint {
        self.capture_point
    }

    fn places(&self, wire: &LinkRecord) -> AffectedFrames {
        let own = self.side.direction();
        let touched = |direction: Direction| -> HashSet<u64> {
            let events = wire.log.events.iter().filter(|event| event.frame.direction == direction);
            events.map(|event| event.frame.index).collect()
        };
        let (outgoing, incoming) = (touched(own), touched(!own));
        let mut places =
            AffectedFrames { side: self.side, sent: HashMap::new(), received: HashMap::new(), late: HashMap::new() };
        let lost = |event: &&LinkEvent| event.frame.direction == !own && event.what == Effect::Dropped;
        let data = |event: &&LinkEvent| event.frame.kind == PacketKind::Data;
        let mut lost: Vec<u64> =
            wire.log.events.iter().filter(lost).filter(data).map(|event| event.frame.index).collect();
        let mut sent = 0;
        let mut arrivals = wire.log.arrivals.get(!own).iter();
        for (frame, is_sent) in (1..).zip(&self.sent) {
            if *is_sent {
                sent += 1;
                if outgoing.contains(&sent) {
                    places.sent.insert(sent, frame);
                }
            } else if let Some(index) = arrivals.next() {
                places.late.extend(lost.extract_if(.., |lost| *lost < *index).map(|lost| (lost, frame)));
                if incoming.contains(index) {
                    places.received.entry(*index).or_default().push(frame);
                }
            }
        }
        places
    }
}

impl AffectedFrames {
    /// The frames that show the link's frame `index` of `direction`.
    fn of(&self, direction: Direction, index: u64) -> Vec<u64> {
        if direction == self.side.direction() {
            self.sent.get(&index).copied().into_iter().collect()
        } else {
            self.received.get(&index).cloned().unwrap_or_default()
        }
    }
}
