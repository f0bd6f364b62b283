//! Several captures as one: a table of their conversations with a column for the file.

use std::io;
use std::sync::Arc;

use super::Sink;
use super::forward_sink::ForwardSink;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::{CaptureInfo, counted};

/// The sink that passes several captures on as one, which ends when all have ended.
#[derive(Debug)]
pub(crate) struct MergedSink<S> {
    inner: S,
    captures: u64,
    /// The folder that holds all captures: their names are told without it.
    folder: Option<String>,
    begun: bool,
    file: Arc<str>,
    totals: CaptureTotals,
}

impl<S: Sink> MergedSink<S> {
    /// Passes so many `captures` on to `inner`, named without the `folder` that holds all of them.
    pub(crate) fn new(captures: u64, folder: Option<String>, inner: S) -> Self {
        Self { inner, captures, folder, begun: false, file: "".into(), totals: CaptureTotals::default() }
    }

    fn begin(&mut self, info: &CaptureInfo) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let of_folder = self.folder.as_ref().map(|folder| format!(" in {folder}")).unwrap_or_default();
        let title = info.title.clone().unwrap_or_else(|| counted(self.captures, "capture") + &of_folder);
        let (filter, author) = (info.filter.clone(), info.author.clone());
        self.inner.capture(&CaptureInfo { title: Some(title), author, filter, ..CaptureInfo::default() })
    }

    /// The name of a file within the folder of all.
    fn short<'f>(&self, file: &'f str) -> &'f str {
        let within = self.folder.as_ref().and_then(|folder| file.strip_prefix(folder.as_str())?.strip_prefix('/'));
        within.unwrap_or(file)
    }
}

impl<S: Sink> ForwardSink for MergedSink<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.inner
    }

    fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        let file = info.file.as_deref().map_or("", |file| if file == "-" { "standard input" } else { file });
        self.file = self.short(file).into();
        self.begin(info)
    }

    fn wants_steps(&self) -> bool {
        false
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        self.inner.conversation(&conversation.clone().of_file(self.file.clone()))
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.totals.add(totals, &self.file);
        Ok(())
    }

    fn failed(&mut self, file: &str, why: &str) {
        let file = self.short(file).to_owned();
        self.totals.failed.push((file, why.to_owned()));
    }

    fn end(&mut self) -> io::Result<()> {
        self.begin(&CaptureInfo::default())?;
        self.inner.finish(&self.totals)?;
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Told, play, ten_steps};
    use super::*;

    #[test]
    fn several_captures_are_one() {
        let mut told = Told::default();
        let mut together = MergedSink::new(3, Some("a/b".to_owned()), &mut told);
        play(&ten_steps(), &mut together);
        play(&ten_steps(), &mut together);
        Sink::failed(&mut together, "a/b/bad.pcap", "no capture");
        Sink::end(&mut together).expect("told");
        assert_eq!((told.conversations.len(), told.totals.frames, told.totals.tcp_conversations), (2, 20, 2));
        assert_eq!(told.totals.failed, [("bad.pcap".to_owned(), "no capture".to_owned())]);
    }
}
