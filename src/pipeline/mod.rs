//! The only loop: frames in, steps and conversations out, every frame accounted for.

mod ahead;
pub mod annotate;
mod packets;

use std::io;

use ahead::Ahead;
use packets::{Inline, Packets, Taken};

use crate::capture::Source;
use crate::capture::filter::Filter;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, Endpoint, Skip};
use crate::report::{CaptureTotals, Sink};
use crate::track::{Body, Tracker};

/// What to take of a source.
#[derive(Default)]
pub struct Options {
    /// Only frames that it matches; the others are counted.
    pub filter: Option<Filter>,
    /// Stop after so many frames, of those that pass the filter.
    pub max_frames: Option<u64>,
    /// The server of a session that echolab drives itself: then the roles are known.
    pub server: Option<Endpoint>,
    /// Read and decode ahead in a thread of its own: for files, which do not wait for anybody.
    pub ahead: bool,
}

/// Pushes everything that `source` yields through to `sink`.
///
/// A source that breaks off is no error here: what it yielded is reported, and [`CaptureTotals::truncated`] says where
/// and why it broke.
///
/// # Errors
/// When the sink can't write.
pub fn run(source: &mut (dyn Source + Send), options: &mut Options, sink: &mut dyn Sink) -> io::Result<CaptureTotals> {
    match &options.filter {
        None => sink.capture(source.info())?,
        Some(filter) => {
            let filter = Some(filter.expression().to_owned());
            sink.capture(&CaptureInfo { filter, ..source.info().clone() })?;
        }
    }
    let mut tracker = Tracker::new(options.server);
    let most = options.max_frames.unwrap_or(u64::MAX);
    // what a filter rejects must not be decoded, lest its fragments be put together
    let mut totals = if options.ahead && options.filter.is_none() {
        std::thread::scope(|scope| follow(&mut Ahead::start(scope, source), &mut tracker, most, sink))?
    } else {
        follow(&mut Inline::new(source, options.filter.as_mut()), &mut tracker, most, sink)?
    };
    totals.dropped = source.dropped();
    totals.evicted = tracker.evicted();
    (totals.tcp_conversations, totals.udp_conversations) = tracker.counts();
    for ended in tracker.finish() {
        sink.conversation(&Conversation::explain(ended))?;
    }
    sink.finish(&totals)?;
    Ok(totals)
}

/// Follows all packets, at most `most` frames of those that the filter lets through.
fn follow(
    packets: &mut impl Packets,
    tracker: &mut Tracker,
    most: u64,
    sink: &mut dyn Sink,
) -> io::Result<CaptureTotals> {
    let mut totals = CaptureTotals::default();
    let mut passed = 0;
    let wants_steps = sink.wants_steps();
    while passed < most {
        let (frame, packet) = match packets.take() {
            Taken::Frame(frame, packet) => (frame, packet),
            Taken::End => break,
            Taken::Broken(why) => {
                totals.truncated = Some(why);
                break;
            }
        };
        totals.frames += 1;
        passed += u64::from(!matches!(packet, Err(Skip::Filtered)));
        let event = match &packet {
            Ok(packet) => tracker.follow(&frame, packet),
            Err(reason) => Err(*reason),
        };
        match event {
            Ok(event) => {
                match event.body {
                    Body::Tcp(_) => totals.tcp += 1,
                    Body::Udp(_) => totals.udp += 1,
                    Body::Icmp(_) => totals.icmp += 1,
                }
                if wants_steps {
                    sink.step(&Step::explain(event))?;
                }
            }
            Err(reason) => totals.skip(reason, 1),
        }
        while let Some(ended) = tracker.released() {
            sink.conversation(&Conversation::explain(ended))?;
        }
    }
    totals.recount(Skip::Fragment, Skip::FragmentIncomplete, packets.incomplete_fragments());
    Ok(totals)
}
