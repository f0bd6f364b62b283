//! RSTs that bear marks of another host than their address names: a TTL, an IP identification, or a time of travel.

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words, no_candidates};
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{CLOSE, EXIT, FORGED, frames, number};
use super::{ResetCase, gone};
use crate::model::FindingCode::{ResetStale, ResetUnknown};
use crate::model::thresholds::ANSWERED_WITHIN;
use crate::track::cause::{Candidates, Cause};

/// Identifications of one counter are no farther apart than this.
const CLOSELY: u16 = super::super::super::scoreboard::CLOSELY;

/// The marks that do not fit the other packets of its side.
fn marks(case: &ResetCase<'_>) -> Option<ResetProof> {
    let own = case.own;
    let usual = own.ttl.map(std::num::NonZeroU8::get);
    let ttl = usual.filter(|usual| *usual != case.ip.ttl && !own.loss().ttls.contains(&case.ip.ttl));
    let ttl = ttl.map(|usual| (case.ip.ttl, usual));
    // a kernel without the socket does not use the socket's counter, and it sends its RSTs without ACK
    let counts = case.with_ack && own.ids_count_up(own.last_ip_id);
    let recent = own.sent.last_data().filter(|_| counts);
    let recent = recent.filter(|sent| case.packet.since(sent.last.1).is_some_and(|since| since < ANSWERED_WITHIN));
    let ip_id = case.ip.id.zip(recent.and(own.last_ip_id)).filter(|(id, last)| {
        let (up, down) = (id.wrapping_sub(*last), last.wrapping_sub(*id));
        *id != 0 && *last != 0 && up > CLOSELY && down > CLOSELY
    });
    let covered = case.peer.sent.iter().rev().find(|sent| case.with_ack && !sent.end.is_after(case.segment.ack));
    let covered = covered.filter(|sent| sent.acked_by.is_none()).map(|sent| sent.last);
    let reacts_to = covered.or(case.answered.map(|answered| (answered.frame, answered.at)));
    let early = reacts_to.and_then(|(frame, at)| Some((frame, case.packet.since(at)?)));
    let early = early.filter(|(_, age)| case.is_too_soon(*age));
    (ttl.is_some() || ip_id.is_some() || early.is_some()).then(|| ResetProof {
        ttl,
        ip_id,
        also: early.and_then(|(frame, _)| NonZeroU64::new(frame)),
        waited: early.map(|(_, age)| age),
        ..ResetProof::default()
    })
}

/// It answers a segment of a connection that its sender does not know.
pub(super) const ANSWERS: Rule<ResetFamily> = Rule {
    code: ResetStale,
    label: "RST possibly from another host",
    rfc: &["RFC 9293 §3.5.1"],
    effect: ResetEffect {
        ends: Ends::Connection,
        has_connection: false,
        half_open: false,
        by_host: false,
        sentence: |proof, words| {
            let answers = number(proof.answers);
            format!("RST with the {}'s address in answer to frame {answers}, with {}", words.sender, noun(proof))
        },
    },
    applies: |case| {
        let answers = gone::answered(case)?;
        marks(case).map(|proof| ResetProof { answers: answers.answers, ..proof })
    },
    cause: |proof| Cause::arrival(proof.answers, "reset"),
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "This RST answers frame {} as one of no known connection. {} A NAT or firewall on the path that has forgotten the connection may have sent it with the {}'s address; or it took another path. This capture does not show whether the {} still has the connection.",
            number(proof.answers),
            shows(proof, words),
            words.sender,
            words.sender
        )
    },
    frames,
};

/// It answers nothing.
pub(super) const ON_ITS_OWN: Rule<ResetFamily> = Rule {
    code: ResetUnknown,
    label: "RST possibly from another host",
    rfc: &["RFC 5961 §3"],
    effect: ResetEffect {
        ends: Ends::Connection,
        has_connection: true,
        half_open: false,
        by_host: false,
        sentence: |proof, words| format!("RST with the {}'s address, but with {}", words.sender, noun(proof)),
    },
    applies: |case| marks(case).filter(|_| !case.is_gone()),
    cause: |proof| if is_only_ttl(proof) { Cause::UNKNOWN } else { FORGED },
    candidates: |proof| {
        if is_only_ttl(proof) { Candidates::from_slice(&[FORGED, CLOSE, EXIT]) } else { Candidates::new() }
    },
    says: |proof, words| {
        format!(
            "{} Another host, such as a firewall on the path, sent it with the {}'s address, or it took another path. This capture does not show what the {}'s program did.",
            of_this_rst(&shows(proof, words)),
            words.sender,
            words.sender
        )
    },
    frames,
};

/// Only the TTL differs: the packet may have taken another route.
fn is_only_ttl(proof: &ResetProof) -> bool {
    proof.ip_id.is_none() && proof.waited.is_none()
}

/// The marks as a noun.
fn noun(proof: &ResetProof) -> &'static str {
    match (proof.ttl, proof.ip_id) {
        (Some(_), _) => "another TTL than the packets before it",
        (None, Some(_)) => "an IP identification of another counter",
        (None, None) => "less delay than the path has",
    }
}

/// The same sentences where they are the first: they name the RST.
fn of_this_rst(shows: &str) -> String {
    let begins = [
        ("Its TTL", "The TTL of this RST"),
        ("Its IP identification", "The IP identification of this RST"),
        ("It", "This RST"),
    ];
    let begun = begins.iter().find_map(|(short, long)| Some((*long, shows.strip_prefix(short)?)));
    begun.map_or_else(|| shows.to_owned(), |(long, rest)| format!("{long}{rest}"))
}

/// The marks as sentences.
fn shows(proof: &ResetProof, words: &Words<'_>) -> String {
    let who = words.sender;
    let ttl = proof.ttl.map(|(ttl, usual)| format!("Its TTL is {ttl}, and that of the {who}'s other packets {usual}."));
    let ip_id = proof.ip_id.map(|(id, last)| {
        format!("Its IP identification is {id}, though the {who}'s packets count up and had come to {last}.")
    });
    let early = proof.waited.map(|age| {
        format!(
            "It follows frame {} by only {}, in which that cannot have reached the {who} and been answered.",
            number(proof.also),
            age.human()
        )
    });
    [ttl, ip_id, early].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
