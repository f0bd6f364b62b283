//! Segments that come for a socket which its program, or a RST, had closed (RFC 9293 §3.10.7.1).

use std::num::NonZeroU64;

use super::super::rule::{Rule, Words};
use super::ResetCase;
use super::family::{Ends, ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{answering, bytes, capitalized, number, one_of};
use crate::model::FindingCode::{ResetAfterClose, ResetStale};
use crate::track::tcp::endpoint::Recent;

/// Returns the proof for the segments that arrived at the closed socket: the first that no RST has answered so far.
fn arrived(case: &ResetCase<'_>) -> Option<ResetProof> {
    let (own, peer) = (case.own, case.peer);
    if !case.is_gone() || case.with_ack && case.lost() == 0 && own.reset.is_none() {
        return None;
    }
    let lost = case.lost();
    let tls = peer.sent.last_data().is_some_and(|data| case.recorder.is_alert(!case.packet.direction, data.frame));
    let proof = ResetProof { flag: tls, ..ResetProof::default() };
    if let Some(waiting) = case.waiting() {
        let fin = u32::from(peer.fin.is_some_and(|fin| Some(fin.end) == peer.snd_nxt && lost > 0));
        return Some(ResetProof {
            answers: NonZeroU64::new(waiting.first),
            or_to: NonZeroU64::new(waiting.last).filter(|_| waiting.count > 1),
            data: waiting.data,
            bytes: if waiting.data { case.newly_lost().saturating_sub(fin) } else { 0 },
            count: waiting.count,
            ..proof
        });
    }
    // what carries no data is not remembered as sent; each is answered once
    let newest = peer.newest().filter(|newest| newest.frame > own.loss().resets.answered);
    let acks = |recent: &Recent| case.with_ack || recent.ack() == Some(case.segment.seq);
    let answered = newest.filter(|newest| case.can_answer(newest.at) && acks(newest))?;
    let before_fin = own.fin.is_some_and(|fin| answered.frame < fin.frame);
    (!before_fin).then(|| ResetProof {
        answers: NonZeroU64::new(answered.frame),
        data: answered.len > 0,
        bytes: answered.len.min(case.newly_lost()),
        ..proof
    })
}

/// A late copy of a packet whose bytes had been acknowledged.
pub(super) const LATE_COPY: Rule<ResetFamily> = answering(
    ResetAfterClose,
    "late duplicate for a closed socket",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(|_, words| {
        format!("{}'s socket is already closed; its kernel answers an old duplicate with RST", words.sender)
    }),
    |case| {
        // what it never acknowledged is no old copy
        if !case.is_gone() || case.with_ack || case.lost() > 0 || case.own.ack_sent.is_none() {
            return None;
        }
        let acked = case.peer.fin.and_then(|fin| fin.acked_by);
        let newest = case.peer.newest().filter(|newest| case.can_answer(newest.at)).copied();
        // data that came after an ACK of everything is what is answered
        let data = |answered: Recent| newest.filter(|newest| answered.len == 0 && newest.len > 0).or(Some(answered));
        let answered = case.answered.map_or(newest, data)?;
        // all that was sent before everything was acknowledged has arrived: only a copy of it can be answered now
        let unseen = acked.is_some_and(|acked| answered.frame < acked.get());
        let copy = unseen || answered.len > 0;
        copy.then(|| ResetProof {
            answers: NonZeroU64::new(answered.frame).filter(|_| !unseen),
            before: acked,
            ..ResetProof::default()
        })
    },
    |proof, words| {
        let copy = match proof.answers {
            Some(late) => {
                format!("Frame {late} is an old duplicate: the {} had already acknowledged its bytes", words.sender)
            }
            None => format!(
                "The {} had acknowledged all that was sent; an old duplicate arrived, which is not in the capture",
                words.sender
            ),
        };
        format!(
            "{copy}. It was retransmitted, delayed or duplicated. The {}'s socket was closed by then, so its kernel answered with RST (RFC 9293 §3.10.7.1). Nothing was lost.",
            words.sender
        )
    },
);

/// Both sides had closed, and nothing was left to lose.
pub(super) const AFTER_CLOSE: Rule<ResetFamily> = answering(
    ResetStale,
    "segment after the close",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::of(Ends::Over, |proof, words| {
        format!(
            "{} no longer has the connection, which both sides have closed: RST in answer to {}",
            words.sender,
            one_of(proof)
        )
    }),
    |case| {
        let (_, second) = case.over().filter(|_| case.lost() == 0)?;
        let proof = arrived(case)?;
        Some(ResetProof { before: NonZeroU64::new(second), ..proof })
    },
    |proof, words| {
        let why = match proof.before == proof.answers {
            true => format!(
                "Frame {} completes the close and needs no answer. Either a duplicate of it came after that, or the {} had given its socket up before.",
                number(proof.before),
                words.sender
            ),
            false => format!(
                "Both sides had closed, and both FINs were acknowledged (frame {}). {} came for a socket that was gone.",
                number(proof.before),
                capitalized(&one_of(proof))
            ),
        };
        format!(
            "{why} The {}'s kernel answers with RST (RFC 9293 §3.10.7.1): it ends nothing, and nothing was lost.",
            words.sender
        )
    },
);

/// The connection had been ended by a RST that another host sent with this side's address.
pub(super) const AFTER_FOREIGN: Rule<ResetFamily> = answering(
    ResetStale,
    "segment of an ended connection",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(|proof, words| {
        format!("{} no longer has the connection: its kernel answers {} with RST", words.sender, one_of(proof))
    }),
    |case| {
        let foreign = case.own.reset.filter(|_| case.own.loss().resets.foreign && case.own.fin.is_none())?;
        arrived(case).map(|proof| ResetProof { before: Some(foreign), ..proof })
    },
    |proof, words| {
        format!(
            "{} reached a host that no longer had the connection, so the {}'s kernel answered with RST (RFC 9293 §3.10.7.1). The {}'s program had not closed it: another host sent the RST in frame {}, and may have sent one to the {} as well, which is not in this capture.{}",
            capitalized(&one_of(proof)),
            words.sender,
            words.sender,
            number(proof.before),
            words.sender,
            never_read(proof)
        )
    },
);

/// The program had closed its socket.
pub(super) const AFTER_FIN: Rule<ResetFamily> = answering(
    ResetAfterClose,
    "segment for a closed socket",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(closed_sentence),
    |case| {
        let fin = case.own.fin?;
        arrived(case).map(|proof| ResetProof { before: NonZeroU64::new(fin.frame), ..proof })
    },
    |proof, words| {
        format!(
            "The {}'s program had closed its socket (FIN, frame {}) when {} came, so its kernel answered with RST (RFC 9293 §3.10.7.1).{}{}",
            words.sender,
            number(proof.before),
            one_of(proof),
            each(proof),
            never_read(proof)
        )
    },
);

/// This side had ended the connection with a RST.
pub(super) const AFTER_RST: Rule<ResetFamily> = answering(
    ResetAfterClose,
    "segment for a closed socket",
    &["RFC 9293 §3.10.7.1"],
    ResetEffect::ends(closed_sentence),
    |case| {
        let reset = case.own.reset.filter(|_| case.own.fin.is_none() && !case.own.loss().resets.half_open)?;
        arrived(case).map(|proof| ResetProof { before: Some(reset), ..proof })
    },
    |proof, words| {
        format!(
            "The {}'s RST in frame {} had ended the connection when {} came, so its kernel answered with RST (RFC 9293 §3.10.7.1).{}{}",
            words.sender,
            number(proof.before),
            one_of(proof),
            each(proof),
            never_read(proof)
        )
    },
);

fn closed_sentence(proof: &ResetProof, words: &Words<'_>) -> String {
    let lost = match proof.bytes {
        0 => String::new(),
        count => format!("; {} never reached the program", bytes(count)),
    };
    format!("{}'s socket is already closed; its kernel answers {} with RST{lost}", words.sender, one_of(proof))
}

/// Several segments are in flight, and each is answered.
fn each(proof: &ResetProof) -> String {
    match proof.count {
        0 | 1 => String::new(),
        count => format!(" {count} such segments were in flight; each one that arrives is answered with its own RST."),
    }
}

fn never_read(proof: &ResetProof) -> String {
    match (proof.bytes, proof.flag) {
        (0, _) if proof.data => String::new(),
        (0, _) => " No data was in it.".to_owned(),
        (count, true) => format!(
            " Its {} are a TLS alert, as at the end of a TLS connection: no application data was lost.",
            bytes(count)
        ),
        (count, false) => {
            format!(" {} never reached the program; a RST does not request retransmission.", bytes(count))
        }
    }
}
