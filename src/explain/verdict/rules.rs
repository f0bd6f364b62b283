//! The kinds of verdict.

use super::{Case, VerdictLine, VerdictRule};
use crate::echo::EchoLog;
use crate::explain::merged::MergedFinding;
use crate::explain::words::lowered;
use crate::model::thresholds::NOTICEABLE_ZERO_WINDOW;
use crate::model::{FindingCode, Nanos, Severity, counted, thousands};
use crate::track::{Close, Handshake, Share, Wait};

/// Every kind of verdict; the first that applies is the headline.
pub(super) static VERDICTS: &[VerdictRule] =
    &[SURGE, FAILED, RESET, SLOW, ONE_WAY, WARNED, ENDED_BY_RESET, INCOMPLETE, TO_GROUP, ELSEWHERE, CUT, HEALTHY];

/// Verdicts that ask for no attention.
pub(super) static QUIET: &[VerdictRule] = &[SURGE, TO_GROUP, CUT, HEALTHY];

/// A wait that takes this share of the duration, in percent, and [`NOTICEABLE_ZERO_WINDOW`] makes a conversation slow.
const SLOW_SHARE: i64 = 25;

/// It came to nothing, with many others.
const SURGE: VerdictRule = VerdictRule {
    label: "Part of a flood or scan",
    says: |case| {
        case.totals.in_surge.then(|| {
            VerdictLine::new("Part of a flood or scan (see the capture's findings)", [case.totals.first_frame])
        })
    },
};

/// The labels of problems, the gravest first: several may have happened.
const FAILURES: &[(FindingCode, &str)] = &[
    // what traced calls prove comes before what the frames show of it
    (FindingCode::ConnectBeforeListen, "Refused"),
    (FindingCode::BoundToLoopback, "Refused"),
    (FindingCode::OtherPort, "Refused"),
    (FindingCode::Deadlock, "Deadlock"),
    (FindingCode::Refused, "Refused"),
    (FindingCode::PortUnreachable, "Port unreachable"),
    (FindingCode::AcceptQueueFull, "Not accepted"),
    (FindingCode::MtuBlackHole, "Stalled"),
    // it names itself
    (FindingCode::AckLoop, ""),
    (FindingCode::Abandoned, "Failed"),
    (FindingCode::GapNeverFilled, "Incomplete"),
    (FindingCode::SynFlood, "Flood"),
    (FindingCode::ChecksumInvalid, "Corrupted"),
];

/// Something failed.
const FAILED: VerdictRule = VerdictRule {
    label: "Failed",
    says: |case| {
        let listed = FAILURES.iter().find_map(|(code, label)| Some((case.found(*code)?, *label)));
        let other = || case.findings.iter().find(|finding| finding.code.severity() == Severity::Problem);
        let (finding, label) = listed.or_else(|| Some((other()?, "Failed")))?;
        let opened = case.tcp.is_some_and(|tcp| tcp.handshake == Handshake::Complete);
        let label = if finding.code == FindingCode::Refused && opened { "Refused at first" } else { label };
        Some(line(label, finding))
    },
};

/// Resets that are more than a note; of several in one conversation the first ended it.
const RESETS: &[FindingCode] =
    &[FindingCode::ResetUnread, FindingCode::ResetAfterClose, FindingCode::ResetAbort, FindingCode::ResetUnknown];

/// A reset ended it, or answered late data.
const RESET: VerdictRule = VerdictRule {
    label: "Reset",
    says: |case| {
        let listed = RESETS.iter().filter_map(|code| case.found(*code)).min_by_key(|finding| finding.first_frame);
        let Some(finding) = listed else {
            // one that ends an open connection is more than a note
            case.tcp.filter(|tcp| tcp.close == Close::Rst && tcp.handshake != Handshake::Refused)?;
            return case.found(FindingCode::ResetStale).map(|finding| line("Reset", finding));
        };
        // an unknown RST may be another host's
        let sender = finding.sender.filter(|_| finding.code != FindingCode::ResetUnknown);
        let closed = case.tcp.is_some_and(|tcp| tcp.close == Close::Fin);
        let label = match sender {
            // it ended no connection
            _ if closed && finding.code == FindingCode::ResetAfterClose => "RST after the close".to_owned(),
            Some(sender) => format!("Reset by the {}", sender.sender()),
            None => "Reset".to_owned(),
        };
        Some(line(&label, finding))
    },
};

/// Waits that are trouble, and the finding that each needs; `None` where the ledger alone is enough.
const TROUBLE: &[(Wait, &str, Option<FindingCode>)] = &[
    (Wait::Timeout, "waiting for a retransmission timer", None),
    (Wait::Recovery, "repairing losses", None),
    (Wait::Window, "waiting for room in the receiver's window", None),
    (Wait::DelayedAck, "waiting for a delayed ACK or because of Nagle's algorithm", None),
    (Wait::ServerApplication, "waiting for the server's program", Some(FindingCode::SlowServer)),
];

/// Findings of a loss that was repaired, or may have been.
const REPAIRS: &[FindingCode] = &[
    FindingCode::FastRetransmit,
    FindingCode::TimeoutRetransmit,
    FindingCode::TailLossProbe,
    FindingCode::Retransmit,
    FindingCode::SpuriousRetransmit,
    FindingCode::PathMtu,
    FindingCode::OrderUnknown,
];

/// One kind of trouble took much of the time.
pub(super) const SLOW: VerdictRule = VerdictRule {
    label: "Slow",
    says: |case| {
        let ledger = case.totals.ledger.as_ref()?;
        let trouble = TROUBLE.iter().filter(|(_, _, code)| code.is_none_or(|code| case.found(code).is_some()));
        let (wait, doing, _) = trouble.max_by_key(|(wait, ..)| ledger.share(*wait).time)?;
        let (share, total) = much(case, *wait)?;
        // gaps that no retransmission filled were left by packets that came late
        let lost = REPAIRS.iter().any(|code| case.found(*code).is_some());
        let doing =
            if *wait == Wait::Recovery && !lost { "waiting for packets that arrived out of order" } else { doing };
        let (time, of) = (share.time.human(), total.human());
        let sentence = format!("Slow: {time} of {of} spent {doing}{}", longest(&share));
        Some(VerdictLine::new(sentence, [share.to]))
    },
};

/// Much of the time passed for no reason that the capture shows.
pub(super) const UNEXPLAINED: VerdictRule = VerdictRule {
    label: "Unexplained",
    says: |case| {
        let (share, total) = much(case, Wait::Unknown)?;
        let (time, of) = (share.time.human(), total.human());
        let sentence =
            format!("{time} of {of} unexplained: the capture does not show what caused the wait{}", longest(&share));
        Some(VerdictLine::new(sentence, [share.to]))
    },
};

/// The share of a wait and the conversation's duration, where the wait took a large part of it.
fn much(case: &Case<'_>, wait: Wait) -> Option<(Share, Nanos)> {
    let (ledger, total) = (case.totals.ledger.as_ref()?, case.totals.duration?);
    let share = ledger.share(wait);
    let much = share.time.0.saturating_mul(100) >= total.0.saturating_mul(SLOW_SHARE);
    (much && share.time >= NOTICEABLE_ZERO_WINDOW).then_some((share, total))
}

/// The longest interval of a wait, if there were several.
fn longest(share: &Share) -> String {
    if share.longest == share.time { String::new() } else { format!("; longest wait {}", share.longest.human()) }
}

/// The labels of warnings.
const WARNINGS: &[(FindingCode, &str)] = &[
    (FindingCode::PartialReceive, "Received in part"),
    (FindingCode::ShortWrite, "Sent in part"),
    (FindingCode::DatagramTruncated, "Datagram cut"),
    (FindingCode::SmallWrites, "Small writes"),
    // these name themselves
    (FindingCode::TimeoutRetransmit, ""),
    (FindingCode::FastRetransmit, ""),
    (FindingCode::TailLossProbe, ""),
    (FindingCode::HandshakeRetried, "Handshake retried"),
    (FindingCode::NoReply, "Unanswered"),
    (FindingCode::UnansweredRequest, "Unanswered"),
    (FindingCode::EchoPartial, "Incomplete"),
    (FindingCode::ZeroWindow, "Zero window"),
    (FindingCode::Retransmit, ""),
    (FindingCode::OtherHost, "Another host"),
    (FindingCode::SackReneging, "SACK reneging"),
    (FindingCode::SpuriousRetransmit, "Spurious retransmission"),
    (FindingCode::Reordered, "Out of order"),
    (FindingCode::CaptureGap, "Gaps in the capture"),
    (FindingCode::WireDropped, "Loss"),
    (FindingCode::WireCorrupted, "Corrupted"),
];

/// Many datagrams went to a service that sent none, as syslog, RTP and VXLAN do.
const ONE_WAY: VerdictRule = VerdictRule {
    label: "One direction only",
    says: |case| {
        let finding = case.found(FindingCode::NoReply).filter(|_| case.totals.is_one_way())?;
        Some(line("One direction only", finding))
    },
};

/// Something cost time or bytes.
pub(super) const WARNED: VerdictRule = VerdictRule {
    label: "Warning",
    says: |case| {
        let listed = WARNINGS.iter().find_map(|(code, label)| Some((case.found(*code)?, *label)));
        let other = || case.findings.iter().find(|finding| finding.code.severity() >= Severity::Warning);
        let (finding, label) = listed.or_else(|| Some((other()?, "Warning")))?;
        Some(line(label, finding))
    },
};

/// A reset ended it, for a harmless reason.
const ENDED_BY_RESET: VerdictRule = VerdictRule {
    label: "Reset",
    says: |case| {
        case.tcp.filter(|tcp| tcp.close == Close::Rst)?;
        let stale = [FindingCode::ResetStale, FindingCode::MptcpFastclose, FindingCode::ResetIgnored];
        let finding = stale.iter().find_map(|code| case.found(*code));
        Some(finding.map_or_else(
            || VerdictLine::new("Reset: the connection ended with RST", []),
            |finding| line("Reset", finding),
        ))
    },
};

/// Not all requests came back.
const INCOMPLETE: VerdictRule = VerdictRule {
    label: "Echo incomplete",
    says: |case| {
        let echo = case.totals.echo.as_ref().filter(|_| all_compared(&case.totals.echo_log))?;
        let answered = echo.answered();
        if answered >= echo.requests || !echo.is_echo_service(&case.totals.echo_log) {
            return None;
        }
        let so_far = if case.totals.may_go_on() { " as far as the capture was read" } else { "" };
        let of = format!("{} of {} requests echoed", thousands(answered), thousands(echo.requests));
        let bytes = match case.returned {
            _ if echo.pending_bytes == 0 => "bytes came back that differ from the request".to_owned(),
            Some((back, all)) => format!("{} of {} bytes returned", thousands(back), thousands(all)),
            None => format!("{} not returned", counted(echo.pending_bytes, "byte")),
        };
        let sentence = format!("Echo incomplete: {bytes}, {of}{so_far}");
        Some(VerdictLine::new(sentence, []))
    },
};

/// Datagrams to a group, which need no answer.
const TO_GROUP: VerdictRule = VerdictRule {
    label: "One-way",
    says: |case| {
        let (totals, udp) = (case.totals, case.totals.udp.as_ref()?);
        let alone = totals.packets.server_to_client == 0 && udp.reply_elsewhere.is_none();
        if !alone || !totals.server.is_group() {
            return None;
        }
        let group = match totals.server.address.is_multicast() {
            true => "a multicast group",
            false => "an address that ends in .255, as broadcast addresses do",
        };
        let datagrams = counted(totals.packets.client_to_server, "datagram");
        Some(VerdictLine::new(format!("One-way: {datagrams} to {group}; no answer was captured"), []))
    },
};

/// The other half of the exchange is another conversation.
const ELSEWHERE: VerdictRule = VerdictRule {
    label: "Answered",
    says: |case| {
        let udp = case.totals.udp.as_ref().filter(|_| !case.totals.may_go_on())?;
        let (half, other) = match (udp.reply_elsewhere, udp.request_elsewhere) {
            (Some(reply), _) => ("the answer is", reply),
            (None, request) => ("the request is", request?),
        };
        let sentence = format!("No problem found: {half} in another conversation, {}", other.stream);
        Some(VerdictLine::new(sentence, [other.frame]))
    },
};

/// The capture lacks a part: no all-clear for what it does not show.
pub(super) const CUT: VerdictRule = VerdictRule {
    label: "Incomplete capture",
    says: |case| {
        let totals = case.totals;
        let mut lacks = Vec::new();
        if let Some(tcp) = case.tcp {
            match tcp.handshake {
                Handshake::Complete => {}
                Handshake::Partial => lacks.push("a part of the handshake"),
                Handshake::Absent | Handshake::Refused => lacks.push("the handshake"),
            }
            match tcp.close {
                Close::Fin | Close::Rst => {}
                Close::Half => lacks.push("one side's close"),
                Close::None => lacks.push("the close"),
            }
        }
        if totals.packets.server_to_client == 0 {
            lacks.push("all packets from the server");
        }
        if totals.packets.client_to_server == 0 {
            lacks.push("all packets from the client");
        }
        if totals.udp.as_ref().is_some_and(|udp| udp.unanswered.count > 0 && lacks.is_empty()) {
            lacks.push("answers");
        }
        if lacks.is_empty() && !totals.may_go_on() {
            return None;
        }
        let stopped = if totals.may_go_on() { "; it may continue after the capture" } else { "" };
        let what = if lacks.is_empty() { String::new() } else { format!(", but the capture lacks {}", and(&lacks)) };
        Some(VerdictLine::new(format!("No problem found{what}{stopped}"), []))
    },
};

/// All that was sent arrived, and the connection was closed.
pub(super) const HEALTHY: VerdictRule = VerdictRule {
    label: "Healthy",
    says: |case| {
        let totals = case.totals;
        let echo = totals.echo.as_ref().filter(|echo| {
            echo.requests > 0 && all_compared(&totals.echo_log) && echo.is_echo_service(&totals.echo_log)
        });
        let payload = totals.payload;
        let what = match (echo, case.tcp) {
            (Some(echo), _) => {
                let answered = echo.answered();
                format!("{} of {} requests echoed", thousands(answered), thousands(echo.requests))
            }
            (None, Some(_)) if payload.client_to_server + payload.server_to_client == 0 => {
                "no data was sent".to_owned()
            }
            (None, _)
                if [FindingCode::DuplicateFrame, FindingCode::BytesTwice]
                    .iter()
                    .any(|code| case.found(*code).is_some()) =>
            {
                "all data was acknowledged".to_owned()
            }
            (None, _) => {
                let amount = |bytes, none: &str| if bytes == 0 { none.to_owned() } else { counted(bytes, "byte") };
                format!(
                    "the client sent {}, the server {}",
                    amount(payload.client_to_server, "no data"),
                    amount(payload.server_to_client, "none")
                )
            }
        };
        let close = if case.tcp.is_some() { "; both sides closed" } else { "" };
        Some(VerdictLine::new(format!("Healthy: {what}{close}"), []))
    },
};

/// Nothing kept the answers from being compared with their requests.
fn all_compared(log: &EchoLog) -> bool {
    log.gave_up.is_none() && log.uncompared == 0 && log.lost == 0 && log.late == 0
}

/// A finding as a line: the label, and its first sentence.
fn line(label: &str, finding: &MergedFinding) -> VerdictLine {
    let line = VerdictLine::new(labelled(label, finding), finding.frames.iter().copied());
    VerdictLine { frames_left_out: finding.frames_left_out, ..line }
}

fn labelled(label: &str, finding: &MergedFinding) -> String {
    let sentence = first_sentence(&finding.text);
    if label.is_empty() {
        return sentence;
    }
    let sentence = lowered(&sentence);
    // the label has named the sender
    let sender = finding.sender.filter(|sender| label.ends_with(sender.sender()));
    match sender.and_then(|sender| sentence.strip_prefix(&format!("the {} ", sender.sender()))) {
        Some(rest) => format!("{label}: it {rest}"),
        None => format!("{label}: {sentence}"),
    }
}

/// The first sentence without its full stop, and without references to RFCs.
fn first_sentence(text: &str) -> String {
    let end = text.find(". ").unwrap_or(text.len());
    let sentence = text.get(..end).unwrap_or(text).trim_end_matches('.');
    let mut short = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(begin) = rest.find(" (RFC ") {
        let (before, from) = rest.split_at(begin);
        let Some(end) = from.find(')') else { break };
        short.push_str(before);
        rest = from.get(end + 1..).unwrap_or_default();
    }
    short + rest
}

/// `a`, `a and b`, `a, b and c`.
fn and(parts: &[&str]) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_first_sentence_without_references() {
        let text = "Port 7 answered the SYN with RST: nothing listened there (RFC 9293 §3.10.7.1), or a firewall refused. More.";
        assert_eq!(
            lowered(&first_sentence(text)),
            "port 7 answered the SYN with RST: nothing listened there, or a firewall refused"
        );
        assert_eq!(lowered("ACK loop: 2 ACKs"), "ACK loop: 2 ACKs");
        assert_eq!(first_sentence("Half (RFC 9293"), "Half (RFC 9293");
    }
}
