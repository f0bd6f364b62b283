//! A report while its captures are read.

use crate::pipeline::annotate::Desk;
use crate::report::Sink;

/// A report on its way to its destination.
pub struct Output {
    pub(super) sink: Box<dyn Sink>,
    pub(super) desk: Option<Desk>,
    pub(super) shows_as_it_reads: bool,
    pub(super) shows_headers: bool,
    pub(super) details: Option<usize>,
    pub(super) reads_once: bool,
}

impl Output {
    /// What the pipeline pushes into.
    pub fn sink(&mut self) -> &mut dyn Sink {
        &mut *self.sink
    }

    /// Where the frames of a capture to be annotated must go: through [`Annotated`](crate::pipeline::annotate::Annotated).
    pub fn desk(&self) -> Option<Desk> {
        self.desk.clone()
    }

    /// Whether it writes to a terminal all the time, so that no other sign of life is needed.
    pub fn shows_as_it_reads(&self) -> bool {
        self.shows_as_it_reads
    }

    /// Whether frames may be read ahead, when nothing is left of them but what they say and carry.
    pub fn may_read_ahead(&self) -> bool {
        self.desk.is_none() && !self.shows_headers
    }

    /// How many conversations are shown step by step, where there is a bound: they should be the worst.
    pub(super) fn details(&self) -> Option<usize> {
        self.details
    }

    /// Whether the conversations that are looked for can be shown without a first reading that finds them: a triage
    /// shows no steps of many, and keeps those of few.
    pub(super) fn reads_once(&self) -> bool {
        self.reads_once
    }

    /// Writes what is kept back; to be called once, after the last capture.
    ///
    /// # Errors
    /// When the output can't be written.
    pub fn end(mut self) -> anyhow::Result<()> {
        Ok(self.sink.end()?)
    }
}
