//! How long the server took to answer, and what part of that was the network's.

use super::Known;
use crate::explain::vantage::seen_from;
use crate::model::counted;
use crate::track::Vantage;

/// From each request's last byte to its answer's first.
pub(super) fn turnaround(known: &Known<'_>) -> Option<String> {
    let times = known.transfer?.turnarounds()?;
    let (min, median, max) = (times.min?.human(), times.median?.human(), times.max?.human());
    let each = if times.count == 1 { "" } else { " each" };
    let times = match times.count {
        1 => format!("{median}, over 1 answer"),
        count => format!("least {min}, median {median}, most {max}, over {}", counted(count, "answer")),
    };
    let standpoint = known.totals.standpoint();
    let network = match (standpoint.vantage, standpoint.halves) {
        (Some(Vantage::Server | Vantage::SameHost), _) => String::new(),
        (Some(Vantage::Client | Vantage::Between), Some((server, _))) => {
            format!(", of which the network took about {}{each}, as in the handshake", server.human())
        }
        _ => ", and what the network took of it can't be told".to_owned(),
    };
    Some(format!("request's last byte to answer's first: {times}; {}{network}", seen_from(standpoint.vantage)))
}
