//! Gives a report the title and the author that were asked for.

use std::io;

use super::Sink;
use super::forward_sink::ForwardSink;
use crate::model::CaptureInfo;

/// The sink that passes captures on under another title, with the name of their author.
#[derive(Debug)]
pub(crate) struct TitledSink<S> {
    title: Option<String>,
    author: Option<String>,
    inner: S,
}

impl<S: Sink> TitledSink<S> {
    /// Passes everything on to `inner`.
    pub(crate) fn new(title: Option<String>, author: Option<String>, inner: S) -> Self {
        Self { title, author, inner }
    }
}

impl<S: Sink> ForwardSink for TitledSink<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        let (title, author) = (self.title.clone(), self.author.clone());
        self.inner.capture(&CaptureInfo { title, author, ..info.clone() })
    }
}
