//! A report while its captures are read.

use crate::pipeline::annotate::CommentWriter;
use crate::report::Sink;

/// A report on its way to its destination.
pub(crate) struct ReportOutput {
    pub(super) sink: Box<dyn Sink>,
    pub(super) comment_writer: Option<CommentWriter>,
    pub(super) shows_as_it_reads: bool,
    pub(super) shows_headers: bool,
    pub(super) details: Option<usize>,
    pub(super) reads_once: bool,
}

impl ReportOutput {
    /// The sink for the pipeline.
    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        &mut *self.sink
    }

    /// The comment writer of a capture to be annotated; its frames must go through
    /// [`AnnotatedSource`](crate::pipeline::annotate::AnnotatedSource).
    pub(crate) fn comment_writer(&self) -> Option<CommentWriter> {
        self.comment_writer.clone()
    }

    /// Returns `true` if it writes to a terminal all the time, so that no other progress needs to be shown.
    pub(crate) fn shows_as_it_reads(&self) -> bool {
        self.shows_as_it_reads
    }

    /// Returns `true` if frames may be read ahead, because the report needs only their decoded packets.
    pub(crate) fn may_read_ahead(&self) -> bool {
        !self.shows_headers
    }

    /// Number of conversations that are shown step by step, if it is bounded: they should be the worst.
    pub(super) fn details(&self) -> Option<usize> {
        self.details
    }

    /// Returns `true` if the selected conversations can be shown without a first reading that finds them: a triage
    /// shows no steps of many, and keeps those of few.
    pub(super) fn reads_once(&self) -> bool {
        self.reads_once
    }

    /// Writes what is kept back; to be called once, after the last capture.
    ///
    /// # Errors
    /// If the output can't be written.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        Ok(self.sink.end()?)
    }
}
