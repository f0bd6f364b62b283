//! Both programs wait for each other.

use super::case::{Case, DataCall, EndpointCalls};
use super::{Advice, Proof};
use crate::model::{CallKind, Direction, FailedCall, FindingCode, counted};
use crate::report::transcript::TracedCall;

pub(super) const DEADLOCK: Advice = Advice { code: FindingCode::Deadlock, found };

fn found(case: &Case<'_>) -> Vec<Proof> {
    let clients = case.tcp().filter(|end| end.own == Direction::ClientToServer);
    clients.filter_map(|client| of_connection(client, case.other(client)?)).collect()
}

/// The recv() in which the program waits at the end of the session.
fn waits<'a>(end: &EndpointCalls<'a>) -> Option<&'a TracedCall> {
    end.calls.iter().copied().find(|traced| traced.call.kind == CallKind::Waiting(FailedCall::Receive))
}

fn of_connection(client: &EndpointCalls<'_>, server: &EndpointCalls<'_>) -> Option<Proof> {
    let (of_client, of_server) = (waits(client)?, waits(server)?);
    // what a program does once the end of the session has woken it proves nothing about the wait
    let both_wait = of_client.call.time.max(of_server.call.time);
    let total = |calls: &mut dyn Iterator<Item = DataCall<'_>>| {
        calls.filter(|data_call| data_call.call.call.time <= both_wait).last().map_or(0, |data_call| data_call.to)
    };
    let there = (total(&mut client.sends()), total(&mut server.receives()));
    let back = (total(&mut server.sends()), total(&mut client.receives()));
    // bytes in transit would wake one of them
    if there.0 != there.1 || back.0 != back.1 {
        return None;
    }
    let got = |what: u64| if what == 0 { "nothing".to_owned() } else { counted(what, "byte") };
    let text = format!(
        "The client waits in recv() (call {}), and the server waits in recv() (call {}): each waits for the other, and neither sends. The server has received all that the client sent ({}), and the client all that the server sent ({}). Agree on where a message ends: by its length, by a delimiter, or by shutdown().",
        of_client.number,
        of_server.number,
        got(there.0),
        got(back.0)
    );
    // the last before both waited: what came later, the end of the session caused
    let before = client.stream.frames.iter().rev().find(|seen| seen.time.is_some_and(|time| time <= both_wait));
    let frames = before.map(|seen| seen.frame).into_iter().collect();
    Some(Proof { stream: Some(client.stream.id), text, frames, calls: vec![of_client.number, of_server.number] })
}
