//! From the frames of a session to its report: on loopback while they come, in a lab when the wire's story is known.

use std::io;

use super::files::Writers;
use crate::capture::tee::Tee;
use crate::capture::{LiveSource, Source};
use crate::drive::WireStory;
use crate::model::Endpoint;
use crate::pipeline;
use crate::report::{CaptureTotals, Sink};
use crate::session::{Marker, Recording, Sources, record};
use crate::track::Vantage;

/// What was done with the frames while the session ran.
pub(super) enum Taken {
    /// They are in the report.
    Followed(Watched),
    /// They are kept.
    Recorded(Box<Recording>),
}

/// Captures that are in the report.
pub(super) struct Watched {
    pub(super) totals: Vec<CaptureTotals>,
    /// What became of the capture files.
    pub(super) written: io::Result<()>,
}

/// Takes the frames of a session to its end.
pub(super) fn take(sources: Sources, writers: Writers, server: Endpoint, sink: &mut dyn Sink) -> io::Result<Taken> {
    if sources.of_lab() {
        record(sources, writers).map(|recording| Taken::Recorded(Box::new(recording)))
    } else {
        follow(sources.first, writers, server, sink).map(Taken::Followed)
    }
}

/// Sends the frames through the pipeline and, where there is a writer, to the capture file as well.
fn follow(source: LiveSource, writers: Writers, server: Endpoint, sink: &mut dyn Sink) -> io::Result<Watched> {
    let mut tee = Tee::new(source, writers.0);
    let mut options = options(server, Vantage::SameHost);
    let ran = pipeline::run(&mut tee, &mut options, sink);
    if ran.is_err() {
        // a report that can't be written is no reason to lose the capture
        while let Ok(Some(_)) = tee.next_frame() {}
    }
    let written = tee.finish();
    Ok(Watched { totals: vec![ran?], written })
}

/// What is known of a session's capture beforehand.
fn options(server: Endpoint, vantage: Vantage) -> pipeline::Options {
    pipeline::Options { server: Some(server), vantage: Some(vantage), ..pipeline::Options::default() }
}

impl Taken {
    /// Puts what was kept into the report, beside what the wire did to it.
    pub(super) fn finish(self, server: Endpoint, wire: Option<&WireStory>, sink: &mut dyn Sink) -> io::Result<Watched> {
        let recording = match self {
            Self::Followed(watched) => return Ok(watched),
            Self::Recorded(recording) => *recording,
        };
        let (first, second) = wire.map(|wire| recording.marks(wire)).unwrap_or_default();
        let mut watched = Watched { totals: Vec::new(), written: Ok(()) };
        for (mut recorded, marks) in [(Some(recording.first), first), (recording.second, second)]
            .into_iter()
            .filter_map(|(recorded, marks)| Some((recorded?, marks)))
        {
            let mut options = options(server, recorded.vantage());
            watched.totals.push(pipeline::run(&mut recorded.frames, &mut options, &mut Marker::new(sink, marks))?);
            watched.written = watched.written.and(recorded.written);
        }
        Ok(watched)
    }
}
