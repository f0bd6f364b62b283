//! The questions that networking labs ask of a trace, answered from what a capture shows: with frames and arithmetic.
//!
//! Each area has a file with the facts that it collects while steps pass ([`Evidence`], bounded) and its questions. What
//! a capture can't tell is said, with the reason; general knowledge is given only beside what this capture shows.

mod acks;
mod answer;
mod close;
mod congestion;
mod data;
mod duplicates;
mod evidence;
mod handshake;
mod headers;
mod options;
mod question;
mod replies;
mod retransmissions;
mod rtt;
mod sockets;
mod throughput;
mod times;
mod udp;
mod windows;
mod words;

pub use answer::Answer;
pub(crate) use answer::AnswerTable;
pub(crate) use evidence::Evidence;
use question::Question;
pub(super) use words::rate;

use std::sync::Arc;

use self::question::{Case, Topic};
use crate::model::Protocol;
use crate::track::ConversationTotals;

/// The unknown part of an answer where the capture was not read to its end.
const REST: &str = "What the rest of the capture adds: it was not read to its end.";

/// Every question, in the order in which labs ask them: a new one is one line here.
pub static QUESTIONS: &[&Question] = &[
    &handshake::ENDS,
    &headers::PROTOCOL,
    &handshake::SYN,
    &handshake::SYN_ACK,
    &options::OPTIONS,
    &options::SACK,
    &data::FIRST,
    &rtt::RTT,
    &data::LENGTHS,
    &windows::SMALLEST,
    &windows::ZERO,
    &windows::EACH,
    &retransmissions::RETRANSMISSIONS,
    &duplicates::DUPLICATES,
    &acks::BYTES,
    &acks::DELAYED,
    &throughput::THROUGHPUT,
    &congestion::CONGESTION,
    &times::TIMES,
    &close::FIRST,
    &close::TIME_WAIT,
    &headers::TCP,
    &udp::HEADER,
    &udp::LENGTH,
    &udp::LARGEST,
    &replies::PAIR,
    &udp::NO_CONNECTION,
    &sockets::CLIENT_FIRST,
    &sockets::PORTS_DIFFER,
    &sockets::INTERRUPTED,
];

/// The questions to answer; all by default.
#[derive(Clone, Debug, Default)]
pub struct Questions(Option<Arc<[&'static str]>>);

impl Questions {
    /// Reads `rtt,closed_first`.
    ///
    /// # Errors
    /// The id that no question has.
    pub fn parse(ids: &str) -> Result<Self, String> {
        let id = |id: &str| {
            let found = QUESTIONS.iter().find(|question| question.id == id);
            found.map(|question| question.id).ok_or_else(|| id.to_owned())
        };
        let asked = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(id).collect::<Result<Vec<_>, _>>()?;
        Ok(Self((!asked.is_empty()).then(|| asked.into())))
    }

    fn has(&self, question: &Question) -> bool {
        self.0.as_ref().is_none_or(|asked| asked.contains(&question.id))
    }
}

/// A question with what one conversation answers.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The question.
    pub question: &'static Question,
    /// The answer, or why there is none.
    pub answer: Answer,
}

/// The answers of a conversation to those questions that are asked of its protocol, in the order of [`QUESTIONS`].
pub(super) fn of(totals: &ConversationTotals, seen: &Evidence, asked: &Questions) -> Vec<Answered> {
    let case = Case { totals, seen };
    let answered = QUESTIONS.iter().filter(|question| asked.has(question)).filter_map(|question| {
        let answer = match (question.topic, totals.stream.protocol, &totals.tcp) {
            (Topic::Tcp(answer), Protocol::Tcp, Some(tcp)) => answer(&case, tcp),
            (Topic::Udp(answer), Protocol::Udp, _) | (Topic::Any(answer), ..) => answer(&case),
            _ => return None,
        };
        let may_change = question.of_all_steps || answer.cannot_tell.is_some();
        let answer = if may_change && totals.may_go_on() { answer.but(REST) } else { answer };
        Some(Answered { question, answer })
    });
    answered.collect()
}
