//! What came back, and in how many pieces.

use super::Known;
use crate::model::{counted, thousands};
use crate::track::ConversationTotals;

/// What came back, and how sends became segments and answers.
pub(super) fn echo(known: &Known<'_>) -> String {
    let parts = [Some(verdict(known.totals)), exchange(known)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn verdict(totals: &ConversationTotals) -> String {
    let Some(echo) = &totals.echo else {
        return if totals.payload.client_to_server == 0 && totals.payload.server_to_client == 0 {
            "no data was sent".to_owned()
        } else if totals.payload.server_to_client == 0 {
            "nothing came back".to_owned()
        } else {
            "the answers are no echo of the requests".to_owned()
        };
    };
    let story = &totals.echo_story;
    let mut how = Vec::new();
    if echo.matched > 0 {
        how.push(format!("{} byte for byte", echo.matched));
    }
    for (count, what) in [
        (story.upper.count, "in upper case".to_owned()),
        (story.prefixed.count, format!("behind a prefix of {} bytes", story.prefix_len)),
    ] {
        if count > 0 {
            how.push(format!("{count} {what}"));
        }
    }
    if story.repeated.count > 0 {
        how.push(format!("up to {} times over", story.times));
    }
    let answered = echo.matched + echo.transformed;
    let open = match echo.unanswered {
        0 => String::new(),
        count => format!("; {count} unanswered ({} bytes)", thousands(echo.pending_bytes)),
    };
    format!("verified: {answered} of {} requests echoed ({}){open}", echo.requests, how.join(", "))
}

/// How sends became segments and answers: `4 sends, 2 segments, 1 answer`. Without a transcript the sends are not known.
fn exchange(known: &Known<'_>) -> Option<String> {
    let (transfer, sends) = (known.transfer?, known.sends);
    let (client, server) = (&transfer.flows().client_to_server, &transfer.flows().server_to_client);
    // only where the bytes come back, what the server sends is known to be an answer
    if client.segments == 0 || sends.is_none() && known.totals.echo.is_none() {
        return None;
    }
    let answers = sends.map_or(server.runs, |sends| sends.server_to_client);
    let mut parts = Vec::new();
    parts.extend(sends.map(|sends| counted(sends.client_to_server, "send")));
    parts.push(counted(client.segments, "segment"));
    if server.segments > 0 {
        let of = if server.segments == answers {
            String::new()
        } else {
            format!(" in {}", counted(server.segments, "segment"))
        };
        parts.push(format!("{}{of}", counted(answers, "answer")));
    }
    Some(parts.join(", "))
}
