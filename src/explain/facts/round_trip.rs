//! From data to its ACK, and whether that is a round trip.

use crate::explain::vantage;
use crate::model::{Direction, counted};
use crate::track::{ConversationTotals, Vantage};

/// The samples; where the data was received, that there is no round trip to be seen.
pub(super) fn round_trip(totals: &ConversationTotals) -> Option<String> {
    let seen = totals.tcp.as_ref()?.story.standpoint.vantage;
    let whose = match seen {
        Some(Vantage::Client) => "client's data",
        Some(Vantage::Server) => "server's data",
        Some(Vantage::Between | Vantage::SameHost) | None => "data",
    };
    let Some((min, median, max, count)) = totals.rtt.and_then(|rtt| Some((rtt.min?, rtt.median?, rtt.max?, rtt.count)))
    else {
        return unseen(totals, seen);
    };
    let samples = format!(
        "{whose} to ACK: least {}, median {}, most {}, over {}",
        min.human(),
        median.human(),
        max.human(),
        counted(count, "segment")
    );
    let place = vantage::seen_from(seen);
    Some(match seen {
        Some(Vantage::Between) => format!("{samples}; {place}, so only to the receiver and back"),
        Some(_) => format!("{samples}; {place}"),
        None => format!("{samples}; {place}, so it may be the receiver's delay alone"),
    })
}

/// Why data gives no round trip: it is received where the capture was made.
fn unseen(totals: &ConversationTotals, seen: Option<Vantage>) -> Option<String> {
    let sender = match seen? {
        Vantage::Client => Direction::ServerToClient,
        Vantage::Server => Direction::ClientToServer,
        Vantage::Between | Vantage::SameHost => return None,
    };
    let lone = *totals.payload.get(sender) > 0 && *totals.payload.get(!sender) == 0;
    lone.then(|| {
        format!(
            "can't be seen: only the {} sent data, and where data is received the time to its ACK leaves out the path",
            sender.sender()
        )
    })
}
