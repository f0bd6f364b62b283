//! From the frames of a session to its report: on loopback while they come; in a lab when the link's log is complete, and of
//! traced programs when their calls are.

use std::io;

use crate::capture::LiveSource;
use crate::cli::capture_files::Kept;
use crate::drive::{LinkRecord, Signal};
use crate::model::Endpoint;
use crate::pipeline;
use crate::report::{CaptureTotals, Sink};
use crate::session::{AnnotatingSink, CallProofSink, Marks, Recorded, Recording, Sources, Traced, record};
use crate::track::CapturePoint;

/// The use of the frames while the session ran.
pub(super) enum CapturedFrames {
    /// They are in the report.
    Followed(ReportedCaptures),
    /// They are kept.
    Recorded(Box<Recording>),
}

/// Captures that are in the report.
pub(super) struct ReportedCaptures {
    pub(super) totals: Vec<CaptureTotals>,
    /// The result of writing the capture files.
    pub(super) written: io::Result<()>,
}

/// The facts about a session's captures that are known before it starts.
pub(super) struct CaptureSetting {
    /// The endpoint of the server, if it is known before the start.
    pub(super) server: Option<Endpoint>,
    /// The ports of its clients, where others may use the server's as well.
    pub(super) clients: Option<Vec<u16>>,
    /// The files that the first and the second are kept in.
    pub(super) kept: [Kept; 2],
    /// The signal that stops the session.
    pub(super) halt: Signal,
    /// The calls of traced programs, which explain the frames, and whether they are to be shown themselves.
    pub(super) traced: Option<(Traced, bool)>,
}

/// Takes the frames of a session to its end.
pub(super) fn take(sources: Sources, setting: &CaptureSetting, sink: &mut dyn Sink) -> io::Result<CapturedFrames> {
    if sources.of_lab() || setting.traced.is_some() {
        record(sources).map(|recording| CapturedFrames::Recorded(Box::new(recording)))
    } else {
        follow(sources.first, setting, sink).map(CapturedFrames::Followed)
    }
}

/// Sends the frames through the pipeline.
fn follow(mut source: LiveSource, setting: &CaptureSetting, sink: &mut dyn Sink) -> io::Result<ReportedCaptures> {
    let mut options = setting.options(0, CapturePoint::SameHost);
    let ran = pipeline::run(&mut source, &mut options, sink);
    // a report that can't be written is no reason to lose the capture
    let written = setting.named(0, source.finish());
    Ok(ReportedCaptures { totals: vec![ran?], written })
}

impl CaptureSetting {
    /// Adds the name of the capture file at this index to its error.
    fn named(&self, index: usize, written: io::Result<()>) -> io::Result<()> {
        let name = self.kept.get(index).and_then(Option::as_ref).map_or("standard output", |(name, _)| name);
        written.map_err(|error| io::Error::new(error.kind(), format!("can't write {name}: {error}")))
    }

    /// For the capture of this index.
    fn options(&self, index: usize, capture_point: CapturePoint) -> pipeline::Options {
        pipeline::Options {
            server: self.server,
            clients: self.clients.clone(),
            capture_point: Some(capture_point),
            kept: self.kept.get(index).cloned().flatten(),
            halt: self.server.and(Some(self.halt.clone())),
            ..pipeline::Options::default()
        }
    }
}

impl CapturedFrames {
    /// Puts what was kept into the report, beside what the link did to it.
    pub(super) fn finish(
        self,
        setting: &CaptureSetting,
        wire: Option<&LinkRecord>,
        sink: &mut dyn Sink,
    ) -> io::Result<ReportedCaptures> {
        let recording = match self {
            Self::Followed(watched) => return Ok(watched),
            Self::Recorded(recording) => *recording,
        };
        let (first, second) = wire.map(|wire| recording.marks(wire)).unwrap_or_default();
        let mut watched = ReportedCaptures { totals: Vec::new(), written: Ok(()) };
        let captures = [(Some(recording.first), first), (recording.second, second)];
        for (index, (recorded, marks)) in captures.into_iter().enumerate() {
            let Some(mut recorded) = recorded else { continue };
            let options = setting.options(index, recorded.capture_point());
            watched.totals.push(explained(&mut recorded, marks, setting, options, sink)?);
            watched.written = watched.written.and(setting.named(index, recorded.written));
        }
        Ok(watched)
    }
}

/// Explains a capture that was kept; that of traced programs is read twice, so that their calls explain it.
fn explained(
    recorded: &mut Recorded,
    marks: Marks,
    setting: &CaptureSetting,
    mut options: pipeline::Options,
    sink: &mut dyn Sink,
) -> io::Result<CaptureTotals> {
    let frames = &mut recorded.frames;
    let Some((traced, shown)) = &setting.traced else {
        return pipeline::run(frames, &mut options, &mut AnnotatingSink::new(sink, marks));
    };
    let mut follower = traced.follower();
    pipeline::run(frames, &mut options, &mut AnnotatingSink::new(&mut follower, marks.clone()))?;
    frames.rewind()?;
    let proof = follower.proof();
    options.closing = proof.closing_calls();
    pipeline::run(frames, &mut options, &mut AnnotatingSink::new(&mut CallProofSink::new(sink, proof, *shown), marks))
}
