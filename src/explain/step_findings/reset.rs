//! Diagnoses of a reset: what it answers, and what it costs.

use std::num::NonZeroU64;

use crate::explain::describe::{bytes, one_of};
use crate::model::Direction;
use crate::model::{Finding, FindingCode as Code};
use crate::track::{Event, Reset, TcpFacts};

/// A reset.
pub(super) fn of(event: &Event<'_>, facts: &TcpFacts, reset: Reset) -> Finding {
    let frame = event.frame;
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    match reset {
        Reset::Refused(syn) => Finding::new(
            Code::Refused,
            format!(
                "Port {} answered the SYN with RST: nothing listens there (RFC 9293 §3.10.7.1), or a firewall says so.",
                event.source.port
            ),
            [syn, frame],
        ),
        Reset::RefusedAgain { before, copy } => {
            let text = match copy {
                Some(copy) => format!(
                    "Most likely answers the copy of the SYN in frame {copy}: the RST in frame {before} had refused the SYN itself."
                ),
                None => format!(
                    "The RST in frame {before} had refused the SYN already, and the capture holds no other SYN that this could answer: the SYN was doubled on its way after it had passed here, or the RST was."
                ),
            };
            Finding::new(Code::ResetStale, text, [copy.map_or(0, NonZeroU64::get), before, frame])
        }
        Reset::Unread { bytes: count, last } => Finding::new(
            Code::ResetUnread,
            format!(
                "The {who} sent RST in place of a FIN, and {} from the {peer} had been sent that it did not answer: its program most likely closed with some or all of them unread (RFC 2525 §2.17). It recovers nothing: the {peer} learns that data was lost. (A close with linger 0 looks the same; how much the program had read can't be seen.)",
                bytes(count)
            ),
            [last.map_or(0, NonZeroU64::get), frame],
        ),
        Reset::Unreached { bytes: count, last } => Finding::new(
            Code::ResetAbort,
            format!(
                "The {who} ended the connection with RST. Its ACK number covers none of the last {} from the {peer}: they had not reached it, so it is not that they were unread; linger 0, a timer of its own, or the program was killed.",
                bytes(count)
            ),
            [last.map_or(0, NonZeroU64::get), frame],
        ),
        Reset::AfterClose { answers, or_from, bytes: count } => {
            let lost = match count {
                0 => "No data was in it.".to_owned(),
                count => format!("{} never reached the program. It is no attempt to recover them.", bytes(count)),
            };
            let text = format!(
                "{} came for a socket that the {who}'s program had already closed, so the {who}'s kernel answered with RST (RFC 9293 §3.10.7.1). {lost}",
                capitalized(&one_of(answers, or_from)),
            );
            Finding::new(Code::ResetAfterClose, text, [or_from.map_or(0, NonZeroU64::get), answers, frame])
        }
        Reset::LateCopy { arrived, acked } => {
            let copy = match arrived {
                Some(copy) => format!("Frame {copy} is an old copy of bytes that the {who} had acknowledged already"),
                None => format!(
                    "The {who} had acknowledged all that was sent; an old copy of a packet came, whose arrival is not in the capture"
                ),
            };
            let text = format!(
                "{copy}: it was sent again, or held up or doubled on its way; the {who}'s socket was closed by then, and the kernel answered with RST (RFC 9293 §3.10.7.1). Nothing was lost."
            );
            Finding::new(Code::ResetAfterClose, text, [arrived, acked, Some(frame)].into_iter().flatten())
        }
        Reset::GaveUp { first, last, repeats, answers } => {
            let again = if repeats == 1 { "once".to_owned() } else { format!("{repeats} times") };
            let then = match answers {
                Some(answers) => format!(
                    "frame {answers} then came for a connection that it no longer had, and its kernel answered with RST (half-open, RFC 9293 §3.5.1)."
                ),
                None => "then it ended the connection with this RST.".to_owned(),
            };
            let text = format!(
                "The {who} had sent the bytes of frame {first} again {again}, the last time in frame {last}, and no ACK came: it gave the connection up (RFC 9293 §3.8.3); {then}"
            );
            Finding::new(Code::ResetStale, text, [first, last, answers.map_or(0, NonZeroU64::get), frame])
        }
        Reset::Silence { probe, window } => {
            let rule = if window { "RFC 9293 §3.8.6.1" } else { "RFC 1122 §4.2.3.6" };
            let text = format!(
                "Nothing answered the {who}'s probe in frame {probe}: it took the {peer} for gone, and ended the connection with RST ({rule})."
            );
            Finding::new(Code::ResetAbort, text, [probe, frame])
        }
        Reset::Abort => {
            let unaccepted = if event.direction == Direction::ServerToClient && never_sent(event) {
                "; or its listening socket was closed before the connection was accepted"
            } else {
                ""
            };
            let text = format!(
                "The {who} ended the connection with RST though nothing from the {peer} was unanswered: linger 0, or the program was killed{unaccepted}."
            );
            Finding::new(Code::ResetAbort, text, [frame])
        }
        Reset::Copy(copy) => Finding::new(
            Code::DuplicateFrame,
            format!(
                "The same RST as in frame {copy}, right behind it, and nothing came that it could answer: it was captured twice, or doubled on its way."
            ),
            [copy, frame],
        ),
        Reset::AbortAtOnce(answer) => Finding::new(
            Code::ResetAbort,
            format!(
                "The {who} ended the connection with RST at once when the answer in frame {answer} had come: its program had most likely read it, and closed with linger 0. (A close with the answer unread looks the same.)"
            ),
            [answer, frame],
        ),
        Reset::Unwanted(answers) => Finding::new(
            Code::ResetStale,
            format!(
                "Answers the SYN-ACK in frame {answers}: the {who} had asked for the connection, and no socket of its waits for the answer any more. Its program gave up, or the SYN came from a port scanner; or somebody else sent this RST in the {who}'s name."
            ),
            [answers, frame],
        ),
        Reset::HalfOpen(answers) => Finding::new(
            Code::ResetStale,
            format!(
                "Frame {answers} fits the connection, but whoever sent this RST has none any more, and no FIN or RST of the {who}'s that ends it was captured before: the {who}'s host was restarted, it gave the connection up, or its close was not captured (half-open, RFC 9293 §3.5.1); or a NAT or firewall on the way has forgotten the connection, and answers in the {who}'s name."
            ),
            [answers, frame],
        ),
        Reset::Confirmed { reset, challenge } => Finding::new(
            Code::ResetStale,
            format!(
                "The RST in frame {reset} was meant: the challenge ACK in frame {challenge} named the number expected, and this RST, at that number, confirms it and ends the connection (RFC 5961 §3.2). What was sent before frame {reset} from that number on did not arrive."
            ),
            [reset, challenge, frame],
        ),
        Reset::Stale(answers) => Finding::new(
            Code::ResetStale,
            format!(
                "Answers frame {answers}, whose numbers fit no connection that the {who} knows (RFC 9293 §3.5.1): a half-open or older connection, or one that a NAT or firewall on the way, which answers in its name, has forgotten."
            ),
            [answers, frame],
        ),
        Reset::BadAck(answers) => Finding::new(
            Code::ResetStale,
            format!(
                "Frame {answers} does not acknowledge the {who}'s SYN but another number, so the {who}, which waits for that ACK (SYN-SENT), refuses it with RST (RFC 9293 §3.10.7.3). That ends whatever older connection the {peer} still had; the SYN waits on."
            ),
            [answers, frame],
        ),
        Reset::NoAck(syn) => Finding::new(
            Code::ResetIgnored,
            format!(
                "Whoever refuses a SYN acknowledges it in the RST (RFC 9293 §3.10.7.1). This one has no ACK, so the {peer}, which waits for the ACK of its SYN in frame {syn} (SYN-SENT), must ignore it (§3.10.7.3)."
            ),
            [syn, frame],
        ),
        Reset::AfterReset { answers, reset } => Finding::new(
            Code::ResetStale,
            format!(
                "The {peer}'s RST in frame {reset} had ended the connection for the {who}, so its kernel knows none any more when frame {answers} comes, and answers with RST (RFC 9293 §3.10.7.1). That the {peer} went on after its own RST means that somebody else sent that one in its name, or that packets overtook each other."
            ),
            [reset, answers, frame],
        ),
        Reset::OtherTtl { ttl, first, answers: None } => Finding::new(
            Code::ResetUnknown,
            format!(
                "Came with a TTL of {ttl}, and the {who}'s first packet with {first}: it took another way, or somebody on the way, such as a firewall, sent it in the {who}'s name. What the {who}'s program did can't be told."
            ),
            [frame],
        ),
        Reset::OtherTtl { ttl, first, answers: Some(answers) } => Finding::new(
            Code::ResetStale,
            format!(
                "Answers frame {answers} as one of no known connection. It came with a TTL of {ttl}, and the {who}'s first packet with {first}: most likely a NAT or firewall on the way, which has forgotten the connection, sent it in the {who}'s name; or it took another way. Whether the {who} still has the connection can't be told."
            ),
            [answers.get(), frame],
        ),
        Reset::AfterAnswer { bytes: count, last } => Finding::new(
            Code::ResetAbort,
            format!(
                "The {who} ended the connection with RST when its request was answered and all {} of the answer were acknowledged: linger 0, the program was killed, or it closed with some of them unread (RFC 2525 §2.17). Which can't be told: how much a program has read is not on the wire.",
                bytes(count)
            ),
            [last.map_or(0, NonZeroU64::get), frame],
        ),
        Reset::Unacceptable { expected, told_by, in_window } => {
            let seq = facts.seq;
            let text = if in_window {
                format!(
                    "Its sequence number is {seq}, and the {peer} had acknowledged up to {expected} in frame {told_by}: it lies in the window but is not the number due. As captured it ends nothing yet: the {peer} asks with a challenge ACK whether it was meant (RFC 9293 §3.10.7.4, RFC 5961 §3.2), and its sender confirms it, or somebody else had sent it. But if the capture lacks the {} before it, it fits and ends the connection.",
                    bytes(seq.wrapping_sub(expected))
                )
            } else {
                format!(
                    "Its sequence number is {seq}, and the {peer} had acknowledged up to {expected} in frame {told_by}: it lies outside the window, so the {peer} ignores it (RFC 9293 §3.10.7.4). An old one, or somebody else sent it."
                )
            };
            Finding::new(Code::ResetIgnored, text, [told_by, frame])
        }
        Reset::Unknown => Finding::new(
            Code::ResetUnknown,
            format!("The {who} reset the connection; nothing captured before it shows why."),
            [frame],
        ),
    }
}

/// Whether the sender of the reset has sent no byte of data.
fn never_sent(event: &Event<'_>) -> bool {
    event.tcp().is_some_and(|facts| facts.seq == 1)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
