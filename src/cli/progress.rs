//! A progress line on standard error for a long reading.

use std::io::{self, IsTerminal, Read};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::escape;
use crate::report::{CaptureTotals, ForwardSink, Sink};

/// Time before the progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shows the progress of one capture while it lives, and then takes it away.
#[derive(Default)]
pub(super) struct Progress(Option<ProgressBar>);

/// Counts what is read.
pub(super) struct CountingSource {
    reader: Box<dyn Read + Send>,
    bar: ProgressBar,
    since: Instant,
    read: u64,
}

impl Progress {
    /// Watches the reading of `reader`, of which `size` bytes are to come; quietly if standard error is no terminal.
    pub(super) fn watch(reader: Box<dyn Read + Send>, name: &str, size: Option<u64>) -> (Box<dyn Read + Send>, Self) {
        if !io::stderr().is_terminal() {
            return (reader, Self(None));
        }
        let template = match size {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden());
        bar.set_message(escape::plain(name).into_owned());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let watched = CountingSource { reader, bar: bar.clone(), since: Instant::now(), read: 0 };
        (Box::new(watched), Self(Some(bar)))
    }

    /// The sink that takes the progress away before `sink` writes its report.
    pub(super) fn before<'a>(&'a self, sink: &'a mut dyn Sink) -> impl Sink + 'a {
        Cleared { progress: self, sink }
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

struct Cleared<'a> {
    progress: &'a Progress,
    sink: &'a mut dyn Sink,
}

impl<'a> ForwardSink for Cleared<'a> {
    type Inner = dyn Sink + 'a;

    fn inner(&self) -> &Self::Inner {
        &*self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        self.sink
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        self.progress.clear();
        self.sink.finish(totals)
    }
}

impl Read for CountingSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read += count as u64;
        if self.bar.is_hidden() {
            if self.since.elapsed() < PATIENCE {
                return Ok(count);
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(self.read);
        Ok(count)
    }
}
