//! Makes text of rows in a thread of its own: of a long capture that is a quarter of the work.
//!
//! Blocks of rows go there and come back as text, in their order. A short output never starts the thread.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::super::buffer::Buffer;
use super::row::Row;
use super::step_line::StepLine;
use crate::report::View;

/// Rows in a block: so many that their text nearly fills a buffer.
const ROWS: usize = 512;
/// Blocks on their way at once.
const BLOCKS: usize = 16;

/// Rows, and in time their text.
struct Block {
    rows: Vec<Row>,
    /// The text before each line.
    prefix: String,
    text: Buffer,
}

/// Takes rows, and writes their lines.
pub(super) struct LineFormatter {
    view: View,
    block: Block,
    thread: Option<FormatThread>,
}

/// The ways to the thread and back.
struct FormatThread {
    requests: SyncSender<Block>,
    results: Receiver<Block>,
    /// Number of blocks in use by the thread.
    in_flight: usize,
}

impl LineFormatter {
    pub(super) fn new(view: View) -> Self {
        Self { view, block: Block::new(), thread: None }
    }

    /// Takes one row. What comes before its line may change only after [`LineFormatter::finish`].
    #[inline]
    pub(super) fn take(&mut self, row: Row, prefix: &str, out: &mut impl Write) -> io::Result<()> {
        self.block.rows.push(row);
        if self.block.rows.len() < ROWS { Ok(()) } else { self.send(prefix, out) }
    }

    /// Sends the full block away, and writes those that are back.
    fn send(&mut self, prefix: &str, out: &mut impl Write) -> io::Result<()> {
        let thread = self.thread.get_or_insert_with(|| FormatThread::start(self.view.clone()));
        let mut empty = None;
        while let Some(mut block) = thread.next(thread.in_flight == BLOCKS)? {
            block.write(out)?;
            empty = Some(block);
        }
        let mut full = std::mem::replace(&mut self.block, empty.unwrap_or_else(Block::new));
        prefix.clone_into(&mut full.prefix);
        thread.in_flight += 1;
        thread.requests.send(full).map_err(|_| stopped())
    }

    /// Writes whatever is still kept back.
    pub(super) fn finish(&mut self, line: &mut StepLine, prefix: &str, out: &mut impl Write) -> io::Result<()> {
        if let Some(thread) = &mut self.thread {
            while let Some(mut block) = thread.next(thread.in_flight > 0)? {
                block.write(out)?;
            }
        }
        prefix.clone_into(&mut self.block.prefix);
        self.block.print(line);
        self.block.write(out)
    }
}

impl FormatThread {
    fn start(view: View) -> Self {
        let (requests, rows) = sync_channel::<Block>(BLOCKS);
        let (texts, results) = sync_channel(BLOCKS);
        thread::spawn(move || {
            let mut line = StepLine::new(&view);
            for mut block in rows {
                block.print(&mut line);
                if texts.send(block).is_err() {
                    return;
                }
            }
        });
        Self { requests, results, in_flight: 0 }
    }

    /// The next block that is back; where it is to `wait`, also one that is not yet.
    fn next(&mut self, wait: bool) -> io::Result<Option<Block>> {
        let block = if wait { Some(self.results.recv().map_err(|_| stopped())?) } else { self.results.try_recv().ok() };
        self.in_flight -= usize::from(block.is_some());
        Ok(block)
    }
}

impl Block {
    fn new() -> Self {
        Self { rows: Vec::with_capacity(ROWS), prefix: String::new(), text: Buffer::new() }
    }

    /// Makes text of the rows.
    fn print(&mut self, line: &mut StepLine) {
        for row in &self.rows {
            self.text.text(&self.prefix);
            line.write(row, &mut self.text);
            self.text.push(b'\n');
        }
        self.rows.clear();
    }

    /// Writes the text, and is empty again.
    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.text.write_to(out)
    }
}

fn stopped() -> io::Error {
    io::Error::other("the thread that makes the lines has stopped")
}
