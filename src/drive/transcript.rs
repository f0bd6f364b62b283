//! The calls of the programs, recorded alongside the capture.

use std::borrow::Cow;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::kernel::{KernelWatch, Watched};
use super::pace::Pace;
use crate::model::{Call, CallKind, CallTrace, Endpoint, Side, Timestamp};

/// The calls of one side, in the order in which they returned. Clones write to the same transcript.
#[derive(Clone, Debug)]
pub struct Transcript {
    side: Side,
    program: Cow<'static, str>,
    calls: Arc<Mutex<Vec<Call>>>,
    kernel: Option<KernelWatch>,
    pace: Option<Pace>,
}

impl Transcript {
    /// Limit of the recorded calls; later ones are dropped, so that a long-lived server's memory is bounded.
    pub const LIMIT: usize = 100_000;

    /// An empty transcript of `side`.
    pub fn new(side: Side) -> Self {
        Self { side, program: side.name().into(), calls: Arc::default(), kernel: None, pace: None }
    }

    /// A transcript that shares this one's calls, for a program that is neither just the client nor just the server, at
    /// this end of a conversation.
    #[must_use]
    pub fn of_program(&self, program: impl Into<Cow<'static, str>>, side: Side) -> Self {
        Self { side, program: program.into(), ..self.clone() }
    }

    /// The same, with the kernels' state after each call; the other side's transcript must have the same `watch`.
    #[must_use]
    pub fn with_kernel(self, watch: KernelWatch) -> Self {
        Self { kernel: Some(watch), ..self }
    }

    /// The same, of a program that sends no faster than `pace` allows.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// Notes a call that has just returned, on a socket with these ends; after a send, waits as its pace asks.
    pub fn note(&self, connection: u64, local: Option<Endpoint>, peer: Option<Endpoint>, kind: CallKind) {
        let time = now();
        let kernel = self.kernel.as_ref().zip(local.zip(peer)).map(|(watch, ends)| watch.views(self.side, ends));
        let sent = if let CallKind::Send(bytes) = kind { Some(bytes) } else { None };
        let program = self.program.clone();
        self.push(Call {
            time,
            side: self.side,
            program,
            connection,
            local,
            peer,
            kind,
            unread: None,
            trace: None,
            kernel,
        });
        if let Some((bytes, pace)) = sent.zip(self.pace.as_ref()) {
            pace.sent(self.side, bytes);
        }
    }

    /// Records a call of a traced program.
    pub(super) fn note_seen(&self, seen: SeenCall) {
        let SeenCall { began, connection, local, peer, kind, unread, trace } = seen;
        let (time, program) = (began.unwrap_or_else(now), self.program.clone());
        let (side, trace) = (self.side, Some(trace));
        self.push(Call { time, side, program, connection, local, peer, kind, unread, trace, kernel: None });
    }

    fn push(&self, call: Call) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() < Self::LIMIT {
            calls.push(call);
        }
    }

    /// The pace of the programs, if there is one.
    pub(super) fn pace(&self) -> Option<&Pace> {
        self.pace.as_ref()
    }

    /// Registers a connection for reading its kernel state, if requested.
    pub(super) fn watch(
        &self,
        socket: BorrowedFd<'_>,
        local: Option<Endpoint>,
        peer: Option<Endpoint>,
    ) -> Option<Watched> {
        let watch = self.kernel.as_ref()?;
        Some(watch.add(socket, (local?, peer?)))
    }

    /// The calls recorded so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A call of a traced program.
#[derive(Debug)]
pub(super) struct SeenCall {
    /// The time at which it began, if it has not returned.
    pub(super) began: Option<Timestamp>,
    pub(super) connection: u64,
    pub(super) local: Option<Endpoint>,
    pub(super) peer: Option<Endpoint>,
    pub(super) kind: CallKind,
    /// Bytes left unread, if it closed the connection.
    pub(super) unread: Option<u64>,
    pub(super) trace: CallTrace,
}

/// The calls of both sides, in order of time.
pub fn merged(one: &Transcript, other: &Transcript) -> Vec<Call> {
    let mut calls = one.calls();
    calls.extend(other.calls());
    calls.sort_by_key(|call| call.time);
    calls
}

/// The clock that stamps captured frames: `CLOCK_REALTIME`.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}
