//! The calls and frames of a session, as advice looks at them.

use std::collections::HashMap;

use crate::model::{CallKind, Direction, FailedCall, FindingCode, Protocol};
use crate::report::transcript::{Stream, StreamFrame, TracedCall};
use crate::track::StreamId;

/// All calls, and the conversations that they were part of.
pub(super) struct Case<'a> {
    pub(super) calls: &'a [TracedCall],
    pub(super) streams: &'a [Stream],
    /// The traced ends of conversations, in order of their first calls.
    pub(super) ends: Vec<EndpointCalls<'a>>,
}

/// One end of a conversation, with its calls in order of time.
pub(super) struct EndpointCalls<'a> {
    pub(super) stream: &'a Stream,
    /// The direction in which it sends.
    pub(super) own: Direction,
    pub(super) calls: Vec<&'a TracedCall>,
}

/// A call that moved bytes, and their places in the stream of its direction.
#[derive(Clone, Copy)]
pub(super) struct DataCall<'a> {
    pub(super) call: &'a TracedCall,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl<'a> Case<'a> {
    pub(super) fn new(calls: &'a [TracedCall], streams: &'a [Stream]) -> Self {
        let places: HashMap<StreamId, &Stream> = streams.iter().map(|stream| (stream.id, stream)).collect();
        let mut ends: Vec<EndpointCalls<'_>> = Vec::new();
        let mut known: HashMap<(StreamId, Direction), usize> = HashMap::new();
        for traced in calls {
            let Some((id, own)) = traced.stream.zip(traced.own) else { continue };
            let Some(stream) = places.get(&id).copied() else { continue };
            let place = *known.entry((id, own)).or_insert_with(|| {
                ends.push(EndpointCalls { stream, own, calls: Vec::new() });
                ends.len() - 1
            });
            if let Some(end) = ends.get_mut(place) {
                end.calls.push(traced);
            }
        }
        Self { calls, streams, ends }
    }

    /// The other end of the same conversation, if it was traced.
    pub(super) fn other(&self, end: &EndpointCalls<'_>) -> Option<&EndpointCalls<'a>> {
        self.ends.iter().find(|other| other.stream.id == end.stream.id && other.own != end.own)
    }

    /// The ends of TCP connections.
    pub(super) fn tcp(&self) -> impl Iterator<Item = &EndpointCalls<'a>> {
        self.ends.iter().filter(|end| end.stream.id.protocol == Protocol::Tcp)
    }

    /// Conversations that the server's host refused: the frame that did so, the first.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&'a Stream, &'a StreamFrame)> {
        let refuses = |seen: &&StreamFrame| {
            matches!(seen.shows, Some(FindingCode::Refused | FindingCode::PortUnreachable))
                && seen.direction == Direction::ServerToClient
        };
        let of = move |stream: &'a Stream| Some((stream, stream.frames.iter().find(refuses)?));
        self.streams.iter().filter_map(of)
    }

    /// The calls after which a socket of this protocol takes what comes to its port: listen() of TCP, bind() of UDP.
    pub(super) fn opened(&self, protocol: Protocol) -> impl Iterator<Item = &'a TracedCall> {
        let udp: Vec<u64> =
            self.calls.iter().filter(|traced| traced.call.kind == CallKind::Open(Protocol::Udp)).map(socket).collect();
        self.calls.iter().filter(move |traced| match (protocol, &traced.call.kind) {
            (Protocol::Tcp, CallKind::Listen) => true,
            (Protocol::Udp, CallKind::Bind) => udp.contains(&socket(traced)),
            _ => false,
        })
    }

    /// The connect() or first send() of a conversation's client.
    pub(super) fn asked(&self, stream: &Stream) -> Option<&'a TracedCall> {
        let asks = |kind: &CallKind| {
            matches!(
                kind,
                CallKind::Connect
                    | CallKind::Connecting
                    | CallKind::Send(_)
                    | CallKind::Failed { call: FailedCall::Connect, .. }
            )
        };
        self.calls.iter().find(|traced| {
            traced.stream == Some(stream.id) && traced.own == Some(Direction::ClientToServer) && asks(&traced.call.kind)
        })
    }
}

/// The kernel's number of a call's socket.
pub(super) fn socket(traced: &TracedCall) -> u64 {
    traced.call.trace.map_or(0, |trace| trace.socket)
}

impl<'a> EndpointCalls<'a> {
    /// `client` or `server`.
    pub(super) fn who(&self) -> &'static str {
        self.own.sender()
    }

    /// Each send() with the places of its bytes.
    pub(super) fn sends(&self) -> impl Iterator<Item = DataCall<'a>> {
        self.data_calls(|kind| if let CallKind::Send(bytes) = kind { Some(*bytes) } else { None })
    }

    /// Each recv() with the places of its bytes.
    pub(super) fn receives(&self) -> impl Iterator<Item = DataCall<'a>> {
        self.data_calls(|kind| if let CallKind::Receive(bytes) = kind { Some(*bytes) } else { None })
    }

    fn data_calls(&self, bytes: fn(&CallKind) -> Option<u64>) -> impl Iterator<Item = DataCall<'a>> {
        let mut so_far = 0;
        self.calls.iter().filter_map(move |call| {
            let from = so_far;
            so_far += bytes(&call.call.kind)?;
            Some(DataCall { call, from, to: so_far })
        })
    }

    /// The calls after this one.
    pub(super) fn after(&self, number: u32) -> impl Iterator<Item = &'a TracedCall> {
        self.calls.iter().copied().filter(move |traced| traced.number > number)
    }
}
