//! The reading end of a live capture: owned frames, handed over in batches.

use std::io;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use crate::capture::Source;
use crate::model::{CaptureInfo, Frame, LinkType, Timestamp};

/// A message from the capture thread.
pub(super) enum Message {
    /// Frames, in order.
    Frames(Batch),
    /// Nothing more will come.
    End {
        /// Packets that the kernel dropped.
        dropped: u64,
        /// The reason why the capture broke off.
        error: Option<String>,
        /// The result of writing the capture file.
        written: io::Result<()>,
    },
}

/// Frames in one piece of memory.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    heads: Vec<Head>,
}

#[derive(Clone, Copy)]
struct Head {
    time: Timestamp,
    wire_len: u32,
    start: usize,
    end: usize,
}

impl Batch {
    pub(super) fn push(&mut self, time: Timestamp, wire_len: u32, data: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(data);
        self.heads.push(Head { time, wire_len, start, end: self.bytes.len() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes held, headers included, as a measure of when it is time to hand the batch over.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.heads.len() * size_of::<Head>()
    }
}

/// The frames of a live capture, until it is stopped and drained.
pub struct LiveSource {
    info: CaptureInfo,
    link: LinkType,
    messages: Receiver<Message>,
    worker: Option<JoinHandle<()>>,
    batch: Batch,
    next: usize,
    number: u64,
    dropped: u64,
    written: io::Result<()>,
}

impl LiveSource {
    pub(super) fn new(info: CaptureInfo, link: LinkType, messages: Receiver<Message>, worker: JoinHandle<()>) -> Self {
        let batch = Batch::default();
        Self { info, link, messages, worker: Some(worker), batch, next: 0, number: 0, dropped: 0, written: Ok(()) }
    }

    /// Waits for the end of the capture, whether or not its frames were read, and gives what became of its file.
    ///
    /// # Errors
    /// If the file lacks frames: the error says which.
    pub fn finish(mut self) -> io::Result<()> {
        // its reader has reported that it broke off
        while let Ok(true) = self.refill() {}
        self.written
    }

    /// Waits for the next batch; false at the end of the capture.
    fn refill(&mut self) -> io::Result<bool> {
        if self.worker.is_none() {
            return Ok(false);
        }
        let message = self.messages.recv();
        if let Ok(Message::Frames(batch)) = message {
            self.batch = batch;
            self.next = 0;
            return Ok(true);
        }
        let worker = self.worker.take();
        match message {
            // the thread has only the ring to close, which takes the kernel longer than all else: it is not joined
            Ok(Message::End { dropped, error, written }) => {
                (self.dropped, self.written) = (dropped, written);
                error.map_or(Ok(false), |text| Err(io::Error::other(text)))
            }
            _ => {
                let joined = worker.map(JoinHandle::join);
                Err(io::Error::other(format!("the capture thread ended before the capture did ({joined:?})")))
            }
        }
    }
}

impl Source for LiveSource {
    fn info(&self) -> &CaptureInfo {
        &self.info
    }

    fn next_frame(&mut self) -> io::Result<Option<Frame<'_>>> {
        while self.next >= self.batch.heads.len() {
            if !self.refill()? {
                return Ok(None);
            }
        }
        let Some(head) = self.batch.heads.get(self.next).copied() else { return Ok(None) };
        self.next += 1;
        self.number += 1;
        Ok(Some(Frame {
            unknown: Default::default(),
            number: self.number,
            time: Some(head.time),
            link: self.link,
            interface: 0,
            wire_len: head.wire_len,
            data: self.batch.bytes.get(head.start..head.end).unwrap_or_default(),
        }))
    }

    fn is_ready(&self) -> bool {
        self.next < self.batch.heads.len()
    }

    fn dropped(&self) -> Option<u64> {
        Some(self.dropped)
    }
}
