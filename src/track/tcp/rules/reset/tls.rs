//! The end of TLS: a program that closes without reading its peer's close_notify alert (RFC 8446 §6.1).

use super::super::rule::{Rule, no_candidates};
use super::family::{ResetEffect, ResetFamily};
use super::proof::ResetProof;
use super::words::{close_call, frames, number};
use crate::model::FindingCode::ResetUnread;

/// Content type of alerts (RFC 8446 §5.1).
pub(in crate::track) const ALERT: u8 = 21;
/// The major version of all TLS records.
const MAJOR: u8 = 3;
/// An alert is 2 bytes; encryption adds at most an explicit nonce, a MAC and padding (RFC 5246 §6.2.3).
const LONGEST: usize = 128;

/// Returns `true` if the payload is a TLS record of content type alert, and nothing else.
#[cold]
pub(in crate::track) fn is_alert(payload: &[u8]) -> bool {
    match payload {
        [kind, major, _, high, low, rest @ ..] => {
            (*kind, *major) == (ALERT, MAJOR)
                && usize::from(u16::from_be_bytes([*high, *low])) == rest.len()
                && (2..=LONGEST).contains(&rest.len())
        }
        _ => false,
    }
}

/// The peer's alert was the last that came, and its receiver closed.
pub(super) const CLOSE_NOTIFY: Rule<ResetFamily> = Rule {
    code: ResetUnread,
    label: "TLS close_notify unread",
    rfc: &["RFC 2525 §2.17", "RFC 8446 §6.1"],
    effect: ResetEffect::ends(|proof, words| {
        let (who, peer) = (words.sender, words.receiver);
        format!("{who} closes with the {peer}'s TLS alert in frame {} unread: RST", number(proof.before))
    }),
    applies: |case| {
        let alert = case.peer.sent.last_data()?;
        let is_alert = case.recorder.is_alert(!case.packet.direction, alert.frame);
        let since = case.own.sent.last_data().is_none_or(|own| own.frame < alert.frame);
        let arrived = case.with_ack && !alert.end.is_after(case.segment.ack);
        let before = std::num::NonZeroU64::new(alert.frame);
        (is_alert && since && arrived).then(|| ResetProof { before, bytes: alert.len, ..ResetProof::default() })
    },
    cause: close_call,
    candidates: no_candidates,
    says: |proof, words| {
        format!(
            "The {}'s program closed without reading the {}'s last segment, a TLS alert (frame {}), so its kernel sent RST (RFC 2525 §2.17). At the end of a connection the alert is close_notify, and many TLS programs leave it unread. No application data was lost. A zero SO_LINGER timeout would look the same.",
            words.sender,
            words.receiver,
            number(proof.before)
        )
    },
    frames,
};
