//! The capture point in words: behind every round-trip time, and as a fact of the conversation.

use crate::model::{Direction, Protocol};
use crate::track::{
    CapturePoint, CapturePointBasis, CapturePointEvidence, ConversationTotals, HandshakeTimes, Opening, RttSample,
};

/// The capture point of the conversation and its evidence; `None` if one side was silent.
pub(super) fn fact(totals: &ConversationTotals) -> Option<String> {
    let both_spoke = totals.packets.client_to_server > 0 && totals.packets.server_to_client > 0;
    both_spoke.then(|| place(&totals.capture_point_evidence(), totals.stream.protocol))
}

/// The place of a measurement, as a suffix.
pub(crate) fn captured_at(capture_point: Option<CapturePoint>) -> &'static str {
    match capture_point {
        Some(CapturePoint::Client) => "captured at the client",
        Some(CapturePoint::Server) => "captured at the server",
        Some(CapturePoint::Between) => "captured between the endpoints",
        Some(CapturePoint::SameHost) => "captured at both endpoints (same host)",
        None => "capture point unknown",
    }
}

/// A sample, and the estimates after it: RTTVAR is updated before SRTT (RFC 6298 §2.3).
pub(super) fn sample(sample: &RttSample) -> String {
    let RttSample { of, time, smoothed, variation, seen } = *sample;
    let what = if seen.is_some() { "Round trip of the data in" } else { "From the data to this ACK, of" };
    format!(
        "{what} frame {of}: {} ({}); after it SRTT {}, RTTVAR {} (RFC 6298)",
        time.human(),
        captured_at(seen),
        smoothed.human(),
        variation.human()
    )
}

/// The capture point and what shows it, or why it is unknown.
fn place(capture_point_evidence: &CapturePointEvidence, protocol: Protocol) -> String {
    let CapturePointEvidence { capture_point, clue, times, ttls, .. } = *capture_point_evidence;
    let place = match capture_point {
        Some(CapturePoint::Client) => "the client",
        Some(CapturePoint::Server) => "the server",
        Some(CapturePoint::Between) => "between the endpoints",
        Some(CapturePoint::SameHost) => "both endpoints (same host)",
        None => "unknown",
    };
    let ttl = |ttl: u8| if ttl > 0 { format!(" (TTL {ttl})") } else { String::new() };
    let halves = times.map_or_else(String::new, |HandshakeTimes { server, client, opening }| {
        let (syn, reply) = match opening {
            Opening::Usual => ("the SYN", "the SYN-ACK"),
            Opening::SynRetransmitted => ("the last SYN", "the SYN-ACK"),
            Opening::SynAckRetransmitted => ("the SYN", "the last SYN-ACK"),
            Opening::Simultaneous => ("the client's SYN", "the server's SYN"),
        };
        format!(
            "the server's answer to {syn} came after {}{}, the client's to {reply} after {}{}",
            server.human(),
            ttl(ttls.1),
            client.human(),
            ttl(ttls.0)
        )
    });
    let why = match (clue, capture_point) {
        (CapturePointBasis::Session, _) => "echolab captured its own session".to_owned(),
        (CapturePointBasis::Addresses, _) => "the addresses are the host's own".to_owned(),
        (CapturePointBasis::Checksums, Some(CapturePoint::SameHost)) => {
            "the checksums of both sides are not computed yet (checksum offload)".to_owned()
        }
        (CapturePointBasis::Checksums, capture_point) => {
            let (here, there) = match capture_point {
                Some(CapturePoint::Server) => (Direction::ServerToClient, Direction::ClientToServer),
                _ => (Direction::ClientToServer, Direction::ServerToClient),
            };
            format!(
                "the {}'s checksums are not computed yet (checksum offload), the {}'s are complete",
                here.sender(),
                there.sender()
            )
        }
        (CapturePointBasis::Halves, _) => halves,
        (CapturePointBasis::Ttl, _) => {
            format!("the packets of both have passed routers (TTL {} and {})", ttls.0, ttls.1)
        }
        (CapturePointBasis::TooQuick, _) => format!("{halves}; a path and a busy host could both cause such times"),
        (CapturePointBasis::AtOdds, _) if halves.is_empty() => {
            format!("checksums and TTLs contradict each other (TTL {} and {})", ttls.0, ttls.1)
        }
        (CapturePointBasis::AtOdds, _) => format!("checksums, TTLs and times contradict each other ({halves})"),
        (CapturePointBasis::Nothing, _) if protocol == Protocol::Udp => {
            "UDP has no handshake, and neither checksums nor TTLs show it".to_owned()
        }
        (CapturePointBasis::Nothing, _) => {
            "the handshake is incomplete or was retransmitted, and neither checksums nor TTLs show it".to_owned()
        }
    };
    format!("{place}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Nanos;

    #[test]
    fn each_capture_point_is_reported_with_its_evidence() {
        let told_of = |capture_point, clue, opening| {
            let times = HandshakeTimes { server: Nanos::from_millis(10), client: Nanos(25_000), opening };
            let halves = Some((times.server, times.client));
            let evidence = CapturePointEvidence { capture_point, clue, halves, times: Some(times), ttls: (64, 57) };
            place(&evidence, Protocol::Tcp)
        };
        let told = |capture_point, clue| told_of(capture_point, clue, Opening::Usual);
        assert_eq!(
            told_of(Some(CapturePoint::Client), CapturePointBasis::Halves, Opening::SynRetransmitted),
            "the client: the server's answer to the last SYN came after 10.0 ms (TTL 57), the client's to the SYN-ACK after 25.0 µs (TTL 64)"
        );
        assert_eq!(
            told_of(Some(CapturePoint::Client), CapturePointBasis::Halves, Opening::Simultaneous),
            "the client: the server's answer to the client's SYN came after 10.0 ms (TTL 57), the client's to the server's SYN after 25.0 µs (TTL 64)"
        );
        assert_eq!(
            told(Some(CapturePoint::Client), CapturePointBasis::Halves),
            "the client: the server's answer to the SYN came after 10.0 ms (TTL 57), the client's to the SYN-ACK after 25.0 µs (TTL 64)"
        );
        assert_eq!(
            told(Some(CapturePoint::Server), CapturePointBasis::Checksums),
            "the server: the server's checksums are not computed yet (checksum offload), the client's are complete"
        );
        for clue in [CapturePointBasis::TooQuick, CapturePointBasis::AtOdds, CapturePointBasis::Nothing] {
            assert!(told(None, clue).starts_with("unknown: "), "{clue:?}");
        }
    }
}
