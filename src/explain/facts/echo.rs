//! The fact about echoed data: the bytes returned, and the number of pieces.

use super::FactInput;
use crate::echo::{EchoLog, EchoOccurrences, GiveUpReason};
use crate::explain::describe::transformation;
use crate::model::{counted, thousands};
use crate::track::Handshake;

/// The echoed bytes, and the numbers of sends, segments and answers.
pub(super) fn echo(known: &FactInput<'_>) -> String {
    let parts = [Some(cause(known)), exchange(known)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn cause(known: &FactInput<'_>) -> String {
    let totals = known.totals;
    let limits = limits(&totals.echo_log);
    let Some(echo) = &totals.echo else {
        let (payload, packets) = (&totals.payload, &totals.packets);
        // an ICMP error is no packet of the server's
        let errors = totals.udp.as_ref().map_or(0, |udp| udp.errors.count);
        let (asked, answered) = (packets.client_to_server, packets.server_to_client.saturating_sub(errors));
        let datagrams = totals.udp.is_some();
        return if datagrams && payload.client_to_server + payload.server_to_client == 0 {
            format!("only empty datagrams were sent{}", known.so_far())
        } else if payload.client_to_server == 0 && payload.server_to_client == 0 {
            format!("no data was sent{}", known.so_far())
        } else if answered == 0 && !datagrams {
            "unknown: the capture holds no packet of the server".to_owned()
        } else if asked == 0 {
            "unknown: the capture holds no packet of the client, so no request".to_owned()
        } else if payload.client_to_server == 0 {
            match totals.tcp.as_ref().is_some_and(|tcp| tcp.handshake == Handshake::Complete) {
                true => format!("the client sent no data, so there was nothing to echo{}", known.so_far()),
                false => "unknown: the capture holds no data of the client, so no request".to_owned(),
            }
        } else if datagrams && answered > 0 && payload.server_to_client == 0 {
            format!("only empty datagrams came back{}", known.so_far())
        } else if payload.server_to_client == 0 {
            format!("none: no data from the server was captured{}", known.so_far())
        } else if limits.is_empty() {
            "the answers are not echoes of the requests".to_owned()
        } else {
            format!("unknown whether the answers echo the requests; {}", limits.join("; "))
        };
    };
    let log = &totals.echo_log;
    let (part_back, part_of) = (thousands(log.partial_back), thousands(log.partial_of));
    let how: Vec<String> = log
        .forms
        .iter()
        .map(came_back)
        .chain(
            (log.partial_requests > 0)
                .then(|| format!("{} only in part: {part_back} of {part_of} bytes came back", log.partial_requests)),
        )
        .collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
    let left_out = log.partial_of.saturating_sub(log.partial_back);
    let open = match echo.unanswered {
        0 => None,
        count => {
            let bytes = thousands(echo.pending_bytes.saturating_sub(left_out));
            Some(format!("{count} unanswered ({bytes} bytes){}", known.so_far()))
        }
    };
    let (answered, requests) = (echo.answered(), echo.requests);
    if !echo.is_echo_service(log) {
        // what was not echoed is owed by no echo service
        let other = if log.different.count > 0 { "; the other answers are not echoes" } else { "" };
        let of = format!("{answered} of {requests} {} echoed{how}{other}", unit(known, requests));
        return [of].into_iter().chain(limits).collect::<Vec<_>>().join("; ");
    }
    let of = format!("{answered} of {requests} {} echoed{how}", unit(known, requests));
    // where not everything could be compared, nothing is known to be missing
    let counted = match returned(known).filter(|_| answered < requests && limits.is_empty()) {
        Some((back, all)) if back >= all => format!("{of}: as many bytes came back, but they differ from the request"),
        Some((back, all)) => format!("incomplete: {} of {} bytes returned, {of}", thousands(back), thousands(all)),
        None if answered < requests => of,
        None => of,
    };
    [counted].into_iter().chain(open).chain(limits).collect::<Vec<_>>().join("; ")
}

/// Number of the client's bytes that came back, and of all its bytes, where that is known.
pub(in crate::explain) fn returned(known: &FactInput<'_>) -> Option<(u64, u64)> {
    let all = known.transfer?.flows().client_to_server.bytes;
    let missing = known.totals.echo?.pending_bytes;
    Some((all.checked_sub(missing)?, all))
}

/// The unit of the count: the capture shows requests by PSH; where the program is known to have sent otherwise, PSH
/// marks only segments.
fn unit(known: &FactInput<'_>, requests: u64) -> &'static str {
    let otherwise = known.sends.is_some_and(|sends| sends.client_to_server != requests);
    match (known.totals.tcp.is_some() && otherwise, requests) {
        (true, 1) => "push",
        (true, _) => "pushes",
        (false, _) => "requests",
    }
}

/// Counts the requests that came back in one form; a repetition of requests counted already has no number.
fn came_back(seen: &EchoOccurrences) -> String {
    let form = seen.form;
    let how = match (form.upper, form.prefix) {
        (false, 0) => " byte for byte".to_owned(),
        _ => transformation(form),
    };
    let over = match (seen.repeated, form.copies) {
        (false, _) => String::new(),
        (true, ..2) => " once and a part again".to_owned(),
        (true, times) => format!(" up to {} times over", thousands(times.into())),
    };
    let count = if seen.requests == 0 { String::new() } else { thousands(seen.requests) };
    format!("{count}{how}{over}").trim_start().to_owned()
}

/// The unknown parts, and the reasons.
fn limits(log: &EchoLog) -> Vec<String> {
    let lost = (log.lost > 0)
        .then(|| format!("{} bytes are not in the capture, so they were not compared", thousands(log.lost)));
    let late = (log.late > 0).then(|| {
        format!("{} bytes were captured after the ACK that covers them, too late to be compared", thousands(log.late))
    });
    let uncompared = (log.uncompared > 0)
        .then(|| format!("{} not compared: not all bytes were captured or kept", counted(log.uncompared, "answer")));
    let gave_up = log.gave_up.and_then(|(cause, frame)| {
        let why = match cause {
            GiveUpReason::Unlike if log.lost == 0 => return None,
            GiveUpReason::Unlike => "one answer after the other was not an echo",
            GiveUpReason::Cut => "the capture does not hold whole packets",
            GiveUpReason::Unanswered => "more bytes waited for their echo than are kept",
            GiveUpReason::Missing => "too many bytes are missing",
        };
        Some(format!("compared only up to frame {frame}: {why}"))
    });
    [lost, late, uncompared, gave_up].into_iter().flatten().collect()
}

/// The numbers of sends and segments of each side: `client's data in 4 sends and 2 segments, server's in 1 send and 9
/// segments`. Without a transcript the sends are unknown.
fn exchange(known: &FactInput<'_>) -> Option<String> {
    let (transfer, sends) = (known.transfer?, known.sends);
    let (client, server) = (&transfer.flows().client_to_server, &transfer.flows().server_to_client);
    // only where the bytes come back, or the programs' calls are known, this is about an exchange
    if client.segments == 0 || sends.is_none() && known.totals.echo.is_none() {
        return None;
    }
    let pieces = |sends: Option<u64>, segments: u64| {
        let sends = sends.map_or_else(String::new, |sends| format!("{} and ", counted(sends, "send")));
        format!("{sends}{}", counted(segments, "segment"))
    };
    let sent = pieces(sends.map(|sends| sends.client_to_server), client.segments);
    let returned = match server.segments {
        0 => String::new(),
        segments => format!(", server's in {}", pieces(sends.map(|sends| sends.server_to_client), segments)),
    };
    Some(format!("client's data in {sent}{returned}"))
}
