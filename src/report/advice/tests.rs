//! Each kind of advice with a near miss, on calls and frames made by hand.

use super::*;
use crate::model::{Call, CallKind, CallTrace, Direction, Endpoint, FailedCall, Protocol, Side, Timestamp};
use crate::report::transcript::{FrameKind, StreamFrame};
use crate::track::CapturePoint;

const C: Direction = Direction::ClientToServer;
const S: Direction = Direction::ServerToClient;
const STREAM: StreamId = StreamId { protocol: Protocol::Tcp, number: 0 };

/// The client's end, and the server's.
fn ends(server: [u8; 4]) -> (Endpoint, Endpoint) {
    (Endpoint::new(server, 51_234), Endpoint::new(server, 7))
}

/// Of a call or a frame, by its millisecond.
fn time(ms: u32) -> Timestamp {
    Timestamp::new(1_000, ms * 1_000_000)
}

fn seen(frame: u64, direction: Direction, from: u64, len: u64) -> StreamFrame {
    let at = Some(time(u32::try_from(frame).unwrap() * 10));
    StreamFrame {
        frame,
        time: at,
        direction,
        kind: FrameKind::Plain,
        from,
        len,
        fin: false,
        ack: true,
        idle: false,
        shows: None,
    }
}

fn stream(server: [u8; 4], frames: Vec<StreamFrame>) -> Stream {
    let (client, server) = ends(server);
    Stream { id: STREAM, client, server, start: None, capture_point: Some(CapturePoint::SameHost), frames }
}

/// A call of this side on the connection, which returned in this millisecond; its number is its place.
fn traced(ms: u32, side: Side, kind: CallKind, asked: Option<u64>) -> TracedCall {
    let (client, server) = ends([127, 0, 0, 1]);
    let (local, peer) = if side == Side::Client { (client, server) } else { (server, client) };
    let call = Call {
        time: time(ms),
        side,
        program: side.name().into(),
        connection: 1,
        local: Some(local),
        peer: Some(peer),
        kind,
        unread: None,
        trace: Some(CallTrace { socket: 1 + u64::from(side == Side::Server), asked, lingers: false }),
        kernel: None,
    };
    let own = Some(side.direction());
    TracedCall { number: 0, call, stream: Some(STREAM), own, frames: Vec::new(), after: None, since_start: None }
}

/// A call on a socket without a connection.
fn prepares(ms: u32, socket: u64, local: Option<Endpoint>, kind: CallKind) -> TracedCall {
    let traced = traced(ms, Side::Server, kind, None);
    let trace = Some(CallTrace { socket, ..CallTrace::default() });
    TracedCall { call: Call { local, peer: None, trace, ..traced.call }, stream: None, own: None, ..traced }
}

fn numbered(mut calls: Vec<TracedCall>) -> Vec<TracedCall> {
    (1..).zip(&mut calls).for_each(|(number, traced)| traced.number = number);
    calls
}

/// The codes of the advice, with the calls that it names.
fn advice(calls: Vec<TracedCall>, frames: Vec<StreamFrame>) -> Vec<(FindingCode, Vec<u32>)> {
    of_server([127, 0, 0, 1], calls, frames)
}

fn of_server(server: [u8; 4], calls: Vec<TracedCall>, frames: Vec<StreamFrame>) -> Vec<(FindingCode, Vec<u32>)> {
    let all = of(&numbered(calls), &[stream(server, frames)]);
    all.into_iter().map(|advised| (advised.finding.code, advised.finding.calls)).collect()
}

const NONE: Vec<(FindingCode, Vec<u32>)> = Vec::new();

#[test]
fn message_in_two_segments_needs_more_than_one_recv() {
    use CallKind::{Close, Receive, Send};
    let frames = || vec![seen(4, S, 0, 1448), seen(5, S, 1448, 552)];
    let calls = |received: Vec<TracedCall>| [vec![traced(30, Side::Server, Send(2000), Some(2000))], received].concat();
    let close = || traced(60, Side::Client, Close, None);
    let once = vec![traced(45, Side::Client, Receive(1448), Some(4096)), close()];
    assert_eq!(advice(calls(once), frames()), [(FindingCode::PartialReceive, vec![1, 2])]);
    let all = vec![
        traced(45, Side::Client, Receive(1448), Some(4096)),
        traced(55, Side::Client, Receive(552), Some(4096)),
        close(),
    ];
    assert_eq!(advice(calls(all), frames()), NONE, "it received the rest");
    let full = vec![traced(45, Side::Client, Receive(1448), Some(1448)), close()];
    assert_eq!(advice(calls(full), frames()), NONE, "its buffer was the limit");
    let waiting = vec![
        traced(45, Side::Client, Receive(1448), Some(4096)),
        traced(46, Side::Client, CallKind::Waiting(FailedCall::Receive), None),
    ];
    assert_eq!(advice(calls(waiting), frames()), NONE, "it wants the rest");
    let two = vec![
        traced(30, Side::Server, Send(1448), Some(1448)),
        traced(30, Side::Server, Send(552), Some(552)),
        traced(45, Side::Client, Receive(1448), Some(4096)),
        close(),
    ];
    assert_eq!(advice(two, frames()), NONE, "two messages");
}

#[test]
fn bytes_not_taken_by_send_are_sent_later() {
    use CallKind::{Close, Receive, Send};
    let frames = || vec![seen(4, C, 0, 3000)];
    let sent = || traced(30, Side::Client, Send(3000), Some(9000));
    let read = |bytes| traced(50, Side::Server, Receive(bytes), Some(65_536));
    let close = || traced(60, Side::Client, Close, None);
    assert_eq!(advice(vec![sent(), read(3000), close()], frames()), [(FindingCode::ShortWrite, vec![1, 3])]);
    assert_eq!(advice(vec![sent(), read(2000), close()], frames()), NONE, "there was no room for the rest");
    let rest = traced(40, Side::Client, Send(6000), Some(6000));
    assert_eq!(advice(vec![sent(), rest, read(9000), close()], frames()), NONE, "it sent the rest");
    let whole = traced(30, Side::Client, Send(3000), Some(3000));
    assert_eq!(advice(vec![whole, read(3000), close()], frames()), NONE, "all was taken");
}

#[test]
fn nagle_holds_back_the_second_of_two_small_sends() {
    use CallKind::{Receive, Send};
    let held = StreamFrame { shows: Some(FindingCode::NagleWait), ..seen(7, C, 5, 5) };
    let frames = || vec![seen(4, C, 0, 5), held];
    let calls = vec![traced(40, Side::Client, Send(5), Some(5)), traced(41, Side::Client, Send(5), Some(5))];
    assert_eq!(advice(calls, frames()), [(FindingCode::SmallWrites, vec![1, 2])]);
    let asked = vec![
        traced(40, Side::Client, Send(5), Some(5)),
        traced(41, Side::Client, Receive(1), Some(5)),
        traced(42, Side::Client, Send(5), Some(5)),
    ];
    assert_eq!(advice(asked, frames()), NONE, "it sent an answer to what it had received");
    let calls = vec![traced(40, Side::Client, Send(5), Some(5)), traced(41, Side::Client, Send(5), Some(5))];
    assert_eq!(advice(calls, vec![seen(4, C, 0, 5), seen(5, C, 5, 5)]), NONE, "nothing was held back");
}

#[test]
fn two_programs_that_wait_for_each_other_are_a_deadlock() {
    use CallKind::{Receive, Send, Waiting};
    let wait = |side| traced(50, side, Waiting(FailedCall::Receive), None);
    let frames = || vec![seen(4, C, 0, 5)];
    let data_calls = |received| {
        vec![traced(40, Side::Client, Send(5), Some(5)), traced(41, Side::Server, Receive(received), Some(64))]
    };
    let both = vec![wait(Side::Client), wait(Side::Server)];
    assert_eq!(advice([data_calls(5), both.clone()].concat(), frames()), [(FindingCode::Deadlock, vec![3, 4])]);
    let later = vec![traced(60, Side::Server, Send(1), Some(70))];
    let woken = [data_calls(5), both.clone(), later].concat();
    assert_eq!(advice(woken, frames()), [(FindingCode::Deadlock, vec![3, 4])], "the end of the session woke it");
    assert_eq!(advice([data_calls(4), both].concat(), frames()), NONE, "a byte is still in transit");
    assert_eq!(advice([data_calls(5), vec![wait(Side::Client)]].concat(), frames()), NONE, "the server is busy");
}

/// The client's connect() that was refused in frame 2, in millisecond 20.
fn refused() -> (TracedCall, Vec<StreamFrame>) {
    let why = "Connection refused".to_owned();
    let connect = traced(20, Side::Client, CallKind::Failed { call: FailedCall::Connect, why }, None);
    let refusal = StreamFrame { kind: FrameKind::Refusal, shows: Some(FindingCode::Refused), ..seen(2, S, 0, 0) };
    (connect, vec![StreamFrame { kind: FrameKind::Opening, ..seen(1, C, 0, 0) }, refusal])
}

#[test]
fn a_refusal_has_its_reason_in_the_servers_calls() {
    let listen = |ms, address: [u8; 4], port| prepares(ms, 9, Some(Endpoint::new(address, port)), CallKind::Listen);
    let any = [0; 4];
    let case = |listen: TracedCall, server| {
        let (connect, frames) = refused();
        let mut calls = vec![connect, listen];
        calls.sort_by_key(|traced| traced.call.time);
        of_server(server, calls, frames)
    };
    let local = [127, 0, 0, 1];
    let remote = [192, 0, 2, 2];
    assert_eq!(case(listen(30, any, 7), local), [(FindingCode::ConnectBeforeListen, vec![1, 2])]);
    assert_eq!(case(listen(10, any, 7), local), NONE, "it had listened, and no call says why it refuses");
    assert_eq!(case(listen(10, any, 8), local), [(FindingCode::OtherPort, vec![1, 2])]);
    assert_eq!(case(listen(30, any, 8), local), NONE, "another server, later");
    assert_eq!(case(listen(10, local, 7), remote), [(FindingCode::BoundToLoopback, vec![1, 2])]);
    assert_eq!(case(listen(10, local, 7), local), NONE, "the client is on the same host");
    assert_eq!(case(listen(10, any, 7), remote), NONE);
}

#[test]
fn address_in_use_names_its_holder() {
    let (_, server) = ends([127, 0, 0, 1]);
    let failed = |ms| {
        let why = "Address already in use".to_owned();
        prepares(ms, 9, Some(server), CallKind::Failed { call: FailedCall::Bind, why })
    };
    let bind = prepares(10, 8, Some(server), CallKind::Bind);
    let close = prepares(15, 8, Some(server), CallKind::Close);
    assert_eq!(advice(vec![bind.clone(), failed(90)], Vec::new()), [(FindingCode::AddressInUse, vec![1, 2])]);
    let fins = |first, second| {
        [first, second]
            .into_iter()
            .zip(5..)
            .map(|(way, frame)| StreamFrame { fin: true, ..seen(frame, way, 0, 0) })
            .collect()
    };
    let again = || vec![bind.clone(), close.clone(), failed(90)];
    assert_eq!(advice(again(), fins(S, C)), [(FindingCode::AddressInUse, vec![3])]);
    assert_eq!(advice(again(), fins(C, S)), NONE, "TIME-WAIT is the client's");
    let reuse = prepares(80, 9, None, CallKind::SetOption("SO_REUSEADDR to 1".to_owned()));
    assert_eq!(advice(vec![bind.clone(), close.clone(), reuse, failed(90)], fins(S, C)), NONE, "another reason");
}

#[test]
fn a_datagram_is_cut_by_a_buffer_that_is_too_small() {
    let udp = StreamId { protocol: Protocol::Udp, number: 0 };
    let case = |bytes, asked| {
        let traced = traced(50, Side::Server, CallKind::Receive(bytes), Some(asked));
        let traced = TracedCall { stream: Some(udp), frames: vec![4], number: 1, ..traced };
        let stream = Stream { id: udp, ..stream([127, 0, 0, 1], vec![seen(4, C, 0, 20)]) };
        of(&[traced], &[stream]).into_iter().map(|advised| advised.finding.code).collect::<Vec<_>>()
    };
    assert_eq!(case(5, 5), [FindingCode::DatagramTruncated]);
    assert_eq!(case(20, 20), [], "it fits");
    assert_eq!(case(20, 2048), []);
}
