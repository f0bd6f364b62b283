//! Advice on the programs' socket calls: mistakes that traced calls and frames prove together.
//!
//! A kind of advice is one value in one file and one entry of [`ADVICE`]. It is silent where the calls and the frames leave
//! another explanation.

mod address_in_use;
mod bound_to_loopback;
mod case;
mod connect_before_listen;
mod datagram_truncated;
mod deadlock;
mod other_port;
mod partial_receive;
mod short_write;
mod small_writes;
#[cfg(test)]
mod tests;

use self::case::Case;
use super::transcript::{CallTracer, Stream, TracedCall};
use crate::model::{Finding, FindingCode};
use crate::track::StreamId;

/// Advice on some calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advised {
    /// The conversation that it is about; `None` for a socket that had none.
    pub stream: Option<StreamId>,
    /// The problem and its remedy. The last of its frames is the step that it belongs to.
    pub finding: Finding,
}

/// A kind of advice.
pub(super) struct Advice {
    code: FindingCode,
    /// Each case of it: the conversation, the sentences, the frames and the numbers of the calls that prove it.
    found: fn(&Case<'_>) -> Vec<Proof>,
}

/// The proof of a piece of advice.
struct Proof {
    stream: Option<StreamId>,
    text: String,
    frames: Vec<u64>,
    calls: Vec<u32>,
}

/// Every kind of advice.
static ADVICE: &[Advice] = &[
    connect_before_listen::CONNECT_BEFORE_LISTEN,
    bound_to_loopback::BOUND_TO_LOOPBACK,
    other_port::OTHER_PORT,
    address_in_use::ADDRESS_IN_USE,
    deadlock::DEADLOCK,
    partial_receive::PARTIAL_RECEIVE,
    short_write::SHORT_WRITE,
    datagram_truncated::DATAGRAM_TRUNCATED,
    small_writes::SMALL_WRITES,
];

/// All advice on these calls, as they were told, by the frames that were followed.
pub(crate) fn advice(tracer: &CallTracer, calls: &[TracedCall]) -> Vec<Advised> {
    of(calls, tracer.streams())
}

fn of(calls: &[TracedCall], streams: &[Stream]) -> Vec<Advised> {
    let case = Case::new(calls, streams);
    let of_kind = |advice: &Advice| {
        let code = advice.code;
        (advice.found)(&case).into_iter().map(move |proof| Advised {
            stream: proof.stream,
            finding: Finding::new(code, proof.text, proof.frames).with_calls(proof.calls),
        })
    };
    ADVICE.iter().flat_map(of_kind).collect()
}
