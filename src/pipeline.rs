//! The only loop: frames in, steps and conversations out, every frame accounted for.

use std::io;

use crate::capture::Source;
use crate::capture::filter::Filter;
use crate::decode::Decoder;
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
}

/// Pushes everything that `source` yields through to `sink`.
///
/// A source that breaks off is no error here: what it yielded is reported, and [`CaptureTotals::truncated`] says where
/// and why it broke.
///
/// # Errors
/// When the sink can't write.
pub fn run(source: &mut dyn Source, options: &mut Options, sink: &mut dyn Sink) -> io::Result<CaptureTotals> {
    let mut decoder = Decoder::new();
    let mut tracker = Tracker::new(options.server);
    let mut totals = CaptureTotals::default();
    let mut passed = 0;
    let wants_steps = sink.wants_steps();
    match &options.filter {
        None => sink.capture(source.info())?,
        Some(filter) => {
            let filter = Some(filter.expression().to_owned());
            sink.capture(&CaptureInfo { filter, ..source.info().clone() })?;
        }
    }
    while options.max_frames.is_none_or(|most| passed < most) {
        let frame = match source.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) => {
                totals.truncated = Some(error.to_string());
                break;
            }
        };
        totals.frames += 1;
        match options.filter.as_mut().map(|filter| filter.matches(&frame)) {
            None | Some(Ok(true)) => passed += 1,
            Some(Ok(false)) => {
                totals.skip(Skip::Filtered, 1);
                continue;
            }
            // the expression makes no sense for this frame's link type
            Some(Err(error)) => {
                totals.frames -= 1;
                totals.truncated = Some(error.to_string());
                break;
            }
        }
        let packet = match decoder.decode(&frame) {
            Ok(packet) => packet,
            Err(reason) => {
                totals.skip(reason, 1);
                continue;
            }
        };
        match tracker.follow(&frame, &packet) {
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
    totals.recount(Skip::Fragment, Skip::FragmentIncomplete, decoder.incomplete_fragments());
    totals.dropped = source.dropped();
    totals.evicted = tracker.evicted();
    (totals.tcp_conversations, totals.udp_conversations) = tracker.counts();
    for ended in tracker.finish() {
        sink.conversation(&Conversation::explain(ended))?;
    }
    sink.finish(&totals)?;
    Ok(totals)
}
