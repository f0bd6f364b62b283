//! The sentence of a step: who did what, and which number it explains.
//!
//! Sentences of usual steps are composed phrase by phrase, since every step has one and formatting costs more than
//! the rest of its line.

mod acceptability;
mod acks;
mod data;
mod icmp;
mod reset;
mod say;
mod tcp;
mod udp;

pub(super) use crate::model::{counted, thousands};
use crate::track::{Body, Event};
pub(super) use data::transformation;
use say::{Bytes, Frames, say};

/// Room for nearly every sentence, in bytes.
pub(super) const USUAL_LENGTH: usize = 128;

/// Appends one plain-English sentence about one event, which quotes at most `longest` characters of payload.
pub(super) fn sentence(out: &mut String, event: &Event<'_>, longest: usize) {
    match &event.body {
        Body::Tcp(facts) => tcp::sentence(out, event, facts, longest),
        Body::Udp(facts) => udp::sentence(out, event, facts, longest),
        Body::Icmp(facts) => out.push_str(&icmp::sentence(event, facts)),
    }
}

/// `1 byte`, `12 bytes`, `13,000 bytes`.
pub(super) fn bytes(count: u32) -> String {
    counted(u64::from(count), "byte")
}

/// `frame 3`, `frames 3 to 5`.
pub(super) fn frames((first, last): (u64, u64)) -> String {
    if first == last { format!("frame {first}") } else { format!("frames {first} to {last}") }
}

/// Puts the parts of a sentence together.
pub(super) fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(13_000), "13,000 bytes");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(999), "999");
        assert_eq!(frames((3, 3)), "frame 3");
    }
}
