//! A capture copied, each packet with what its step is as the comment: Wireshark shows them.
//!
//! Frames go through [`AnnotatedSource`], steps come back to [`AnnotationSink`]; a frame waits for its step until the next is read.
//! So nothing may read ahead. It is not a format like the others, since those never see a frame.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::capture::Source;
use crate::capture::save::CaptureWriter;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureFormat, CaptureInfo, Frame};
use crate::render::escape;
use crate::report::{CaptureTotals, Sink, capture_title};

/// The capture file that both ends write to.
#[derive(Clone)]
pub(crate) struct CommentWriter(Arc<Mutex<Inner>>);

struct Inner {
    out: Option<Box<dyn Write + Send>>,
    writer: Option<CaptureWriter>,
    waiting: Option<PendingFrame>,
    error: Option<io::Error>,
}

/// A frame whose step has not come yet.
struct PendingFrame {
    frame: Frame<'static>,
    data: Vec<u8>,
}

impl CommentWriter {
    /// Writes to `out` when the capture begins.
    pub(crate) fn new(out: impl Write + Send + 'static) -> Self {
        let inner = Inner { out: Some(Box::new(out)), writer: None, waiting: None, error: None };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Inner) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    fn write(&mut self, comment: Option<&str>) {
        let (Some(waiting), Some(writer)) = (self.waiting.take(), &mut self.writer) else { return };
        let frame = Frame { data: &waiting.data, ..waiting.frame };
        if let Err(error) = writer.write(&frame, comment) {
            self.error.get_or_insert(error);
            self.writer = None;
        }
    }

    fn result(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}

/// The source whose frames are copied.
pub(crate) struct AnnotatedSource<S> {
    source: S,
    comment_writer: CommentWriter,
}

impl<S: Source> AnnotatedSource<S> {
    /// Copies the frames of `source` to the comment writer.
    pub(crate) fn new(source: S, comment_writer: CommentWriter) -> Self {
        Self { source, comment_writer }
    }
}

impl<S: Source> Source for AnnotatedSource<S> {
    fn info(&self) -> &CaptureInfo {
        self.source.info()
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        let next = self.source.next_frame()?;
        self.comment_writer.with(|inner| {
            inner.write(None);
            let waiting =
                |frame: &Frame<'_>| PendingFrame { data: frame.data.to_vec(), frame: Frame { data: &[], ..*frame } };
            inner.waiting = next.as_ref().map(waiting);
        });
        Ok(next)
    }

    fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    fn dropped(&self) -> Option<u64> {
        self.source.dropped()
    }

    fn remarks(&self) -> Vec<String> {
        self.source.remarks()
    }
}

/// The sink that gives each waiting frame its comment.
pub(crate) struct AnnotationSink {
    comment_writer: CommentWriter,
}

impl AnnotationSink {
    /// Gives the frames of the comment writer their comments.
    pub(crate) fn new(comment_writer: CommentWriter) -> Self {
        Self { comment_writer }
    }
}

/// The comment of a step: its sentence and its findings.
fn comment(step: &Step<'_>) -> String {
    let mut text = step.description();
    for finding in step.findings.iter() {
        text.push_str(&format!(" [{}: {}]", finding.code, finding.text));
    }
    text
}

impl Sink for AnnotationSink {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        let about = format!("{}; the comment of a packet is what echolab says of it", capture_title(info));
        self.comment_writer.with(|inner| {
            let Some(out) = inner.out.take() else {
                return Err(io::Error::other("an annotated capture holds one capture"));
            };
            let about = escape::plain(&about);
            inner.writer = Some(CaptureWriter::annotated(out, CaptureFormat::Pcapng, info, &about)?);
            Ok(())
        })
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.comment_writer.with(|inner| {
            let is_its = inner.waiting.as_ref().is_some_and(|waiting| waiting.frame.number == step.event.frame);
            if is_its {
                inner.write(Some(&escape::plain(&comment(step))));
            }
            inner.result()
        })
    }

    fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.comment_writer.with(|inner| {
            inner.write(None);
            inner.result()?;
            inner.writer.take().map_or(Ok(()), |writer| writer.finish(totals.dropped))
        })
    }
}
