//! Reads and decodes ahead of the tracker, in a thread of its own: for a big file that is a third of the work.
//!
//! Packets travel in batches that go round between the two threads, so that nothing is allocated for a packet. A batch
//! holds the payloads; whatever else the frame held is not needed after decoding, or it is not read ahead.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use super::packets::{End, Packets};
use crate::capture::Source;
use crate::decode::Decoder;
use crate::model::{Frame, Headers, Packet, Skip};

/// Packets in a batch: enough that neither thread waits for the other's next one, and so few that a batch, of about
/// two thirds of a megabyte, stays close to a processor.
const BATCH: usize = 2048;
/// Batches on their way at once.
const BATCHES: usize = 4;

/// A frame without its bytes, its packet's headers, and how long the payload is that the batch holds.
struct Item {
    frame: Frame<'static>,
    headers: Result<Headers, Skip>,
    payload: usize,
}

/// Some packets in a row.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    payloads: Vec<u8>,
    /// What comes after them: `None` for another batch, `Some(None)` for the end, else why the source breaks off.
    after: Option<Option<String>>,
    incomplete_fragments: u64,
}

/// The tracker's end: takes packets out of batches.
pub(super) struct Ahead {
    full: Receiver<Batch>,
    empty: SyncSender<Batch>,
    batch: Batch,
}

impl Ahead {
    /// Starts to read `source`; the thread ends with the source, or when the tracker's end is dropped.
    pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, source: &'scope mut (dyn Source + Send)) -> Self {
        let (full_sender, full) = sync_channel(BATCHES);
        let (empty, empty_receiver) = sync_channel(BATCHES);
        for _ in 1..BATCHES {
            // there is room, and the other end is still here
            let _ = empty.send(Batch::default());
        }
        scope.spawn(move || read_ahead(source, &full_sender, &empty_receiver));
        Self { full, empty, batch: Batch::default() }
    }
}

impl Packets for Ahead {
    fn each<B>(&mut self, mut take: impl FnMut(&Frame<'_>, Result<&Packet<'_>, Skip>) -> ControlFlow<B>) -> End<B> {
        loop {
            let mut payloads = self.batch.payloads.as_slice();
            for item in &self.batch.items {
                let (payload, rest) = payloads.split_at_checked(item.payload).unwrap_or_default();
                payloads = rest;
                let taken = match &item.headers {
                    Ok(headers) => take(&item.frame, Ok(&Packet { headers, header: &[], payload })),
                    Err(reason) => take(&item.frame, Err(*reason)),
                };
                if let ControlFlow::Break(enough) = taken {
                    return End::Enough(enough);
                }
            }
            if let Some(after) = &self.batch.after {
                return after.clone().map_or(End::Source, End::Broken);
            }
            let Ok(batch) = self.full.recv() else { return End::Source };
            // the reader has gone when it has read everything: it needs no batch any more
            let _ = self.empty.send(std::mem::replace(&mut self.batch, batch));
        }
    }

    fn incomplete_fragments(&self) -> u64 {
        self.batch.incomplete_fragments
    }
}

/// The reader's end: fills batches until the source ends or nobody takes them any more.
fn read_ahead(source: &mut (dyn Source + Send), full: &SyncSender<Batch>, empty: &Receiver<Batch>) {
    let mut decoder = Decoder::new();
    while let Ok(mut batch) = empty.recv() {
        batch.items.clear();
        batch.payloads.clear();
        while batch.items.len() < BATCH && batch.after.is_none() {
            let frame = match source.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => {
                    batch.after = Some(None);
                    break;
                }
                Err(error) => {
                    batch.after = Some(Some(error.to_string()));
                    break;
                }
            };
            let packet = decoder.decode(&frame);
            let frame = Frame { data: &[], ..frame };
            match packet {
                Ok(Packet { headers, payload, .. }) => {
                    batch.payloads.extend_from_slice(payload);
                    batch.items.push(Item { frame, headers: Ok(*headers), payload: payload.len() });
                }
                Err(reason) => batch.items.push(Item { frame, headers: Err(reason), payload: 0 }),
            }
        }
        batch.incomplete_fragments = decoder.incomplete_fragments();
        let last = batch.after.is_some();
        if full.send(batch).is_err() || last {
            return;
        }
    }
}
