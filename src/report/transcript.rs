//! The calls of the programs, tied to the captured frames: the frames of each send, and the frames that delivered the
//! data of each receive.
//!
//! The steps are followed as they pass; when the capture has ended, each call is told with its frames. Bytes are counted
//! per connection and direction: TCP's by their place in the stream, UDP's by whole datagrams.

mod stream;

use std::collections::HashMap;

#[cfg(test)]
pub(super) use self::stream::FrameKind;
use self::stream::Progress;
pub(super) use self::stream::{Stream, StreamFrame};
use crate::explain::{Conversation, Step};
use crate::model::{
    Call, CallKind, ClosedBy, ClosingCall, ClosingCalls, Direction, Endpoint, FailedCall, Nanos, PerDirection,
    Protocol, Timestamp, counted,
};
use crate::track::StreamId;

/// Most frames kept in mind; calls whose frames come later are told without them.
const MAX_FRAMES: usize = 100_000;

/// A call and the frames that belong to it.
#[derive(Clone, Debug)]
pub struct TracedCall {
    /// Its number among all calls of the session, from 1.
    pub number: u32,
    /// The call.
    pub call: Call,
    /// The conversation that it was part of.
    pub stream: Option<StreamId>,
    /// The direction in which the caller sends in it.
    pub own: Option<Direction>,
    /// The frames that it became or that brought what it gave, in order.
    pub frames: Vec<u64>,
    /// Time from the last of these frames that came before it to the return of the call.
    pub after: Option<Nanos>,
    /// Time from the capture's first step to the return of the call; negative if it returned before that step.
    pub since_start: Option<Nanos>,
}

impl TracedCall {
    /// Describes the call in words: `sends 12 bytes`.
    pub fn what(&self) -> String {
        let bytes = |count| counted(count, "byte");
        let udp = self.stream.is_some_and(|stream| stream.protocol == Protocol::Udp);
        let who = self.call.peer.map_or_else(String::new, |peer| format!(" {peer}"));
        let own = self.call.local.map_or_else(String::new, |local| format!(" {local}"));
        let unread = self.call.unread.filter(|count| *count > 0);
        let unread = unread.map_or_else(String::new, |count| format!(" with {} unread", bytes(count)));
        match &self.call.kind {
            CallKind::Open(protocol) => format!("opens a {} socket", protocol),
            CallKind::SetOption(option) => format!("sets {option}"),
            CallKind::Bind => format!("binds to{own}"),
            CallKind::Listen => format!("listens on{own}"),
            CallKind::Accept => format!("accepts{who}"),
            CallKind::Connect if udp => format!("connects to{who}: over UDP that sends nothing"),
            CallKind::Connect => format!("connects to{who}"),
            CallKind::Connecting => format!("begins to connect to{who}"),
            CallKind::Send(count) => format!("sends {}", bytes(*count)),
            CallKind::Receive(count) => format!("receives {}", bytes(*count)),
            CallKind::Peek(count) => format!("looks at {} without receiving them", bytes(*count)),
            CallKind::EndOfStream => "reads the end of the stream".to_owned(),
            CallKind::Shutdown => "shuts down its sending side (SHUT_WR)".to_owned(),
            CallKind::ShutdownReceive => "shuts down its receiving side (SHUT_RD)".to_owned(),
            CallKind::Close if self.stream.is_some() && !udp => format!("closes the connection{unread}"),
            CallKind::Close => format!("closes its socket{unread}"),
            CallKind::CloseCopy => "closes one descriptor; another keeps the socket open".to_owned(),
            CallKind::Waiting(call) => {
                let call = if *call == FailedCall::Receive { "recv" } else { call.name() };
                format!("waits in {call}() when echolab ends the session")
            }
            CallKind::Exit => format!("ends, and its kernel closes the socket{unread}"),
            CallKind::Killed => format!("is killed{unread}"),
            CallKind::Failed { call: FailedCall::Bind, why } => format!("fails to bind to{own}: {why}"),
            CallKind::Failed { call: FailedCall::Listen, why } => format!("fails to listen on{own}: {why}"),
            CallKind::Failed { call: FailedCall::Accept, why } => format!("fails to accept: {why}"),
            CallKind::Failed { call: FailedCall::Connect, why } => format!("fails to connect to{who}: {why}"),
            CallKind::Failed { call: FailedCall::Send, why } => format!("fails to send: {why}"),
            CallKind::Failed { call: FailedCall::Receive, why } => format!("fails to receive: {why}"),
            CallKind::Failed { call: FailedCall::Shutdown, why } => {
                format!("fails to shut down its sending side: {why}")
            }
        }
    }
}

/// Follows steps, then tells calls.
#[derive(Debug)]
pub(crate) struct CallTracer {
    most_frames: usize,
    streams: Vec<Stream>,
    places: HashMap<StreamId, usize>,
    frames: usize,
    start: Option<Timestamp>,
    /// Bytes (TCP) or datagrams (UDP) that each side of a stream has sent and received so far.
    progress: HashMap<(usize, Direction), Progress>,
}

impl Default for CallTracer {
    fn default() -> Self {
        Self {
            most_frames: MAX_FRAMES,
            streams: Vec::new(),
            places: HashMap::new(),
            frames: 0,
            start: None,
            progress: HashMap::new(),
        }
    }
}

impl CallTracer {
    /// One that keeps no frame in mind: it only tells how often each side sent.
    pub(crate) fn of_sends() -> Self {
        Self { most_frames: 0, ..Self::default() }
    }

    /// Counts the sends of each side of each conversation.
    pub(crate) fn sends(&self, calls: &[Call]) -> HashMap<StreamId, PerDirection<u64>> {
        let mut sends: HashMap<_, PerDirection<u64>> = HashMap::new();
        for call in calls.iter().filter(|call| matches!(call.kind, CallKind::Send(1..))) {
            let place = self.place_of(call).and_then(|(place, own)| Some((self.streams.get(place)?, own)));
            if let Some((stream, own)) = place {
                *sends.entry(stream.id).or_default().get_mut(own) += 1;
            }
        }
        sends
    }

    /// Takes the next step.
    pub(crate) fn follow(&mut self, step: &Step<'_>) {
        let event = &step.event;
        self.start = self.start.or(event.time);
        if self.streams.len() >= MAX_FRAMES {
            return;
        }
        let place = *self.places.entry(event.stream).or_insert_with(|| {
            let (client, server) = match event.direction {
                Direction::ClientToServer => (event.source, event.destination),
                Direction::ServerToClient => (event.destination, event.source),
            };
            let stream =
                Stream { id: event.stream, client, server, start: event.time, capture_point: None, frames: Vec::new() };
            self.streams.push(stream);
            self.streams.len() - 1
        });
        if let Some(stream) = self.streams.get_mut(place).filter(|_| self.frames < self.most_frames) {
            stream.push(step);
            self.frames += 1;
        }
    }

    /// Takes a conversation when it has ended.
    pub(crate) fn ended(&mut self, conversation: &Conversation) {
        let totals = &conversation.totals;
        let place = self.places.get(&totals.stream);
        if let Some(stream) = place.and_then(|place| self.streams.get_mut(*place)) {
            stream.capture_point = totals.capture_point_evidence().capture_point;
        }
    }

    /// Tells `calls`, which are in order of time.
    pub(crate) fn trace(&mut self, calls: Vec<Call>) -> Vec<TracedCall> {
        (1..).zip(calls).map(|(number, call)| self.trace_one(number, call)).collect()
    }

    /// The conversations.
    pub(super) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The traced calls among these that made their kernels send RST instead of FIN, with the frames of the RSTs.
    pub(crate) fn closing_calls(&self, calls: &[TracedCall]) -> ClosingCalls {
        let mut closing = ClosingCalls::new();
        for traced in calls {
            let stream = traced.stream.filter(|stream| stream.protocol == Protocol::Tcp);
            let stream = stream.and_then(|stream| self.streams.get(*self.places.get(&stream)?));
            let by = match traced.call.kind {
                CallKind::Close => ClosedBy::Close,
                CallKind::Exit => ClosedBy::Exit,
                CallKind::Killed => ClosedBy::Killed,
                _ => continue,
            };
            let (unread, lingers) =
                (traced.call.unread.unwrap_or(0), traced.call.trace.is_some_and(|trace| trace.lingers));
            let reset = stream.and_then(|stream| stream.reset_by(&traced.call, &traced.frames));
            if let Some(frame) = reset.filter(|_| unread > 0 || lingers) {
                closing.insert(frame, ClosingCall { number: traced.number, by, unread, lingers });
            }
        }
        closing
    }

    fn trace_one(&mut self, number: u32, call: Call) -> TracedCall {
        let since_start = self.start.map(|start| call.time.since(start));
        let place = if call.kind.prepares() { None } else { self.place_of(&call) };
        let Some((place, own, stream)) = place.and_then(|(place, own)| Some((place, own, self.streams.get(place)?)))
        else {
            return TracedCall { number, call, stream: None, own: None, frames: Vec::new(), after: None, since_start };
        };
        let progress = self.progress.entry((place, own)).or_default();
        let found = stream.of(&call, own, progress);
        let before = found.iter().filter_map(|seen| seen.time).filter(|time| call.time >= *time).max();
        let waits = matches!(
            call.kind,
            CallKind::Accept
                | CallKind::Connect
                | CallKind::Receive(_)
                | CallKind::Peek(_)
                | CallKind::EndOfStream
                | CallKind::Failed { .. }
        );
        let after = before.filter(|_| waits).map(|time| call.time.since(time));
        let mut frames: Vec<u64> = found.iter().map(|seen| seen.frame).collect();
        frames.dedup();
        TracedCall { number, stream: Some(stream.id), own: Some(own), frames, after, since_start, call }
    }

    /// The conversation of a call, between its ends the latest that had begun by then or else the first, and which way the caller sends in it:
    /// a proxy is a server to its clients and a client to its origin.
    fn place_of(&self, call: &Call) -> Option<(usize, Direction)> {
        let same = |asked: Option<Endpoint>, known: Endpoint| {
            asked.is_none_or(|asked| asked.port == known.port && (asked == known || asked.address.is_unspecified()))
        };
        call.local.or(call.peer)?;
        let usual = call.side.direction();
        // a TCP socket without a peer is part of no conversation
        let may = |stream: &Stream| call.peer.is_some() || stream.id.protocol == Protocol::Udp;
        let way = |stream: &Stream| {
            may(stream).then_some(())?;
            [usual, !usual].into_iter().find(|way| {
                let (own, other) = match way {
                    Direction::ClientToServer => (stream.client, stream.server),
                    Direction::ServerToClient => (stream.server, stream.client),
                };
                same(call.local, own) && same(call.peer, other)
            })
        };
        let begun = |stream: &Stream| stream.start.is_none_or(|start| start <= call.time);
        let mut all = self.streams.iter().enumerate().filter_map(|(place, stream)| Some((place, way(stream)?, stream)));
        let latest = all.clone().rev().find(|(.., stream)| begun(stream));
        latest.or_else(|| all.next()).map(|(place, way, _)| (place, way))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::samples::{C, S, datagram, play, segment, ten_steps};
    use super::super::{CaptureTotals, Sink};
    use super::*;
    use crate::model::{CaptureInfo, Side};

    /// Follows what is played.
    struct Follower(CallTracer);

    impl Sink for Follower {
        fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
            Ok(())
        }

        fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
            self.0.follow(step);
            Ok(())
        }

        fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
            self.0.ended(conversation);
            Ok(())
        }

        fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
            Ok(())
        }
    }

    fn call(time: Timestamp, side: Side, kind: CallKind) -> Call {
        let (client, server) = (Endpoint::new([127, 0, 0, 1], 51_234), Endpoint::new([127, 0, 0, 1], 6_542));
        let (local, peer) = if side == Side::Client { (client, server) } else { (server, client) };
        let program = side.name().into();
        Call {
            time,
            side,
            program,
            connection: 1,
            local: Some(local),
            peer: Some(peer),
            kind,
            unread: None,
            trace: None,
            kernel: None,
        }
    }

    /// Tells calls of which each returned 1 µs after the frame with this number; samples come every 17 µs.
    fn traced(frames: &[Vec<u8>], calls: Vec<(u32, Side, CallKind)>) -> Vec<TracedCall> {
        let mut follower = Follower(CallTracer::default());
        play(frames, &mut follower);
        let call = |(frame, side, kind): (u32, Side, CallKind)| {
            call(Timestamp::new(1_714_912_496, frame * 17_000 + 1_000), side, kind)
        };
        follower.0.trace(calls.into_iter().map(call).collect())
    }

    fn frames(traced: &[TracedCall]) -> Vec<&[u64]> {
        traced.iter().map(|traced| traced.frames.as_slice()).collect()
    }

    #[test]
    fn each_call_of_an_echo_has_its_frames() {
        let calls = vec![
            (3, Side::Client, CallKind::Connect),
            (3, Side::Server, CallKind::Accept),
            (4, Side::Client, CallKind::Send(12)),
            (4, Side::Server, CallKind::Receive(12)),
            (6, Side::Server, CallKind::Send(12)),
            (7, Side::Client, CallKind::Receive(12)),
            (8, Side::Client, CallKind::Shutdown),
            (8, Side::Server, CallKind::EndOfStream),
            (9, Side::Server, CallKind::Close),
            (10, Side::Client, CallKind::Close),
        ];
        let traced = traced(&ten_steps(), calls);
        let expected: [&[u64]; 10] = [&[1, 2, 3], &[3], &[4], &[4], &[6], &[6], &[8], &[8], &[9], &[]];
        assert_eq!(frames(&traced), expected);
        // received one frame later than it came
        assert_eq!(traced.get(5).and_then(|traced| traced.after), Some(Nanos(18_000)));
        assert!(traced.iter().all(|traced| traced.stream.is_some()));
    }

    #[test]
    fn sends_are_counted_per_side() {
        let mut follower = Follower(CallTracer::of_sends());
        play(&ten_steps(), &mut follower);
        let call = |side, kind| call(Timestamp::new(1_714_912_497, 0), side, kind);
        let kinds = [CallKind::Connect, CallKind::Send(6), CallKind::Send(6), CallKind::Send(0), CallKind::Receive(12)];
        let mut calls: Vec<_> = kinds.into_iter().map(|kind| call(Side::Client, kind)).collect();
        calls.push(call(Side::Server, CallKind::Send(12)));
        let sends: Vec<_> = follower.0.sends(&calls).into_values().collect();
        assert_eq!(sends, [PerDirection { client_to_server: 2, server_to_client: 1 }]);
        assert_eq!(follower.0.frames, 0);
    }

    #[test]
    fn send_lists_its_retransmissions_and_receive_may_cover_half_a_segment() {
        let data = segment(C, "P.", 1, 1, b"abcdef");
        let calls = vec![
            (1, Side::Client, CallKind::Send(3)),
            (1, Side::Client, CallKind::Send(3)),
            (2, Side::Server, CallKind::Receive(4)),
            (2, Side::Server, CallKind::Receive(2)),
        ];
        let traced = traced(&[data.clone(), data, segment(S, ".", 1, 7, b"")], calls);
        // the second is a copy of the packet
        let expected: [&[u64]; 4] = [&[1, 2], &[1, 2], &[1], &[1]];
        assert_eq!(frames(&traced), expected);
    }

    #[test]
    fn lost_datagrams_are_skipped_and_foreign_ones_have_no_frames() {
        let sent = [datagram(C, b"lost"), datagram(C, b"arrives"), datagram(S, b"arrives")];
        let calls = vec![
            (1, Side::Client, CallKind::Send(4)),
            (2, Side::Client, CallKind::Send(7)),
            (2, Side::Server, CallKind::Receive(7)),
            (3, Side::Server, CallKind::Send(7)),
        ];
        let expected: [&[u64]; 4] = [&[1], &[2], &[2], &[3]];
        assert_eq!(frames(&traced(&sent, calls)), expected);
        let nothing = traced(&[], vec![(1, Side::Client, CallKind::Connect)]);
        assert!(nothing.iter().all(|traced| traced.stream.is_none() && traced.frames.is_empty()));
    }

    #[test]
    fn each_call_is_reported_in_words_with_the_call_that_failed() {
        let failed = |call| CallKind::failed(call, &"Connection refused (os error 111)");
        let calls = vec![
            (1, Side::Client, CallKind::Send(20_000)),
            (1, Side::Server, CallKind::Receive(1)),
            (2, Side::Client, failed(FailedCall::Connect)),
            (3, Side::Client, failed(FailedCall::Receive)),
        ];
        let traced = traced(&ten_steps(), calls);
        let words: Vec<_> = traced.iter().map(TracedCall::what).collect();
        let expected = [
            "sends 20,000 bytes",
            "receives 1 byte",
            "fails to connect to 127.0.0.1:6542: Connection refused",
            "fails to receive: Connection refused",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn udp_connect_sends_nothing_and_precedes_the_first_frame() {
        let sent = [datagram(C, b"request")];
        let mut traced =
            traced(&sent, vec![(0, Side::Client, CallKind::Connect), (1, Side::Client, CallKind::Send(7))]);
        traced.truncate(1);
        let [connect] = traced.as_slice() else { panic!("a call") };
        assert!(connect.since_start.is_some_and(|since| since < Nanos(0)), "{:?}", connect.since_start);
        assert!(connect.stream.is_some() && connect.frames.is_empty());
        assert_eq!(connect.what(), "connects to 127.0.0.1:6542: over UDP that sends nothing");
    }
}
