//! Diagnoses that one frame shows.

use super::describe::{bytes, thousands};
use super::finding::{Finding, FindingCode as Code};
use crate::model::{Checksum, Nanos, TcpFlags};
use crate::track::{
    Body, Event, IcmpFacts, Probe, Repeat, RepeatVerdict, Reset, TcpFacts, TcpPlace, UdpFacts, UdpPlace,
};

/// An answer that takes longer than this is worth a word.
const SLOW: Nanos = Nanos::from_millis(200);
/// TCP Fast Open's option (RFC 7413 §4.1.1).
const FAST_OPEN_OPTION: u8 = 34;

/// What the frame shows; empty, and without an allocation, for nearly every one.
#[inline]
pub(super) fn of(event: &Event<'_>) -> Vec<Finding> {
    match &event.body {
        Body::Tcp(facts) if !is_ordinary(event, facts) => of_segment(event, facts),
        Body::Tcp(_) => Vec::new(),
        Body::Udp(facts) => of_datagram(event, facts),
        Body::Icmp(facts) => of_error(event, facts),
    }
}

/// The quick way out for segments that show nothing.
fn is_ordinary(event: &Event<'_>, facts: &TcpFacts) -> bool {
    facts.repeat.is_none()
        && facts.probe.is_none()
        && facts.reset.is_none()
        && facts.hints.is_empty()
        && facts.checksum != Checksum::Invalid
        && event.ip.fragments <= 1
        && !facts.flags.intersects(TcpFlags::URG.union(TcpFlags::SYN))
        && facts.turnaround.is_none_or(|time| time < SLOW)
}

fn of_segment(event: &Event<'_>, facts: &TcpFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let frame = event.frame;
    if let Some(repeat) = &facts.repeat {
        found.push(of_repeat(event, facts, repeat));
    }
    if let Some(reset) = facts.reset {
        found.push(of_reset(event, reset));
    }
    match facts.probe {
        Some(Probe::ZeroWindow) => found.push(Finding::new(
            Code::ZeroWindowProbe,
            "The peer's window is shut: this segment asks whether it has opened (RFC 9293 §3.8.6.1).",
            [frame],
        )),
        Some(Probe::KeepAlive) => found.push(Finding::new(
            Code::KeepAlive,
            "All data is acknowledged, and the sequence number is one below the next: a keep-alive (RFC 1122 §4.2.3.6).",
            [frame],
        )),
        Some(Probe::KeepAliveAnswer(_) | Probe::ZeroWindowAnswer(_)) | None => {}
    }
    of_hints(event, facts, &mut found);
    of_syn(event, facts, &mut found);
    if facts.flags.contains(TcpFlags::URG) {
        let text =
            format!("URG is set and the urgent pointer is {}: data to be read out of turn (RFC 6093).", facts.urgent);
        found.push(Finding::new(Code::UrgentData, text, [frame]));
    }
    of_packet(event, facts.checksum, &mut found);
    if let Some(time) = facts.turnaround.filter(|time| *time >= SLOW) {
        let known = if facts.acked.is_some_and(|acked| acked.bytes > 0) {
            "its ACK came only with the answer, so whether the request arrived late or its program was slow can't be told"
        } else {
            "the ACK had shown that the request was there"
        };
        let who = event.direction.sender();
        let text = format!("{} after the request's last byte the {who} began to answer; {known}.", time.human());
        found.push(Finding::new(Code::SlowServer, text, [frame]));
    }
    found
}

/// A segment that comes again, or late.
fn of_repeat(event: &Event<'_>, facts: &TcpFacts, repeat: &Repeat) -> Finding {
    let frames = [repeat.original.unwrap_or(0), repeat.witness.unwrap_or(0), event.frame];
    let waited = repeat.after.map_or_else(String::new, |after| format!(" after {}", after.human()));
    let original = match repeat.original {
        Some(frame) => format!("the bytes were captured in frame {frame}"),
        None => "the first copy is not in the capture, or is no longer remembered".to_owned(),
    };
    let (code, text) = match repeat.verdict {
        RepeatVerdict::DuplicateFrame => (
            Code::DuplicateFrame,
            "The same packet with the same IP identification and time stamp: it was captured twice, or doubled on its way; TCP did not send it again.".to_owned(),
        ),
        RepeatVerdict::Reordered => (
            Code::Reordered,
            "Its IP identification or time stamp is older than that of bytes captured before it: it was sent earlier and overtaken on its way.".to_owned(),
        ),
        RepeatVerdict::Spurious => (
            Code::SpuriousRetransmit,
            format!("Sent again{waited} though frame {} had acknowledged the bytes: they had arrived, and the ACK came late or was lost.", repeat.witness.unwrap_or(0)),
        ),
        RepeatVerdict::Fast(acks) => (
            Code::FastRetransmit,
            format!("Fast retransmission: {} from frame {} on told of a hole here (RFC 5681 §3.2, RFC 6675, RFC 8985); {original}.", acks_text(acks), repeat.witness.unwrap_or(0)),
        ),
        RepeatVerdict::TailLossProbe => (
            Code::TailLossProbe,
            format!("The last data in flight, sent again{waited}, sooner than a retransmission timer could run out, and no duplicate ACK asked for it: a tail-loss probe (RFC 8985 §7); {original}."),
        ),
        RepeatVerdict::Timeout(1) => (
            Code::TimeoutRetransmit,
            format!("Sent again{waited} without a duplicate ACK or SACK asking for it: a timer ran out (RFC 6298 §5); {original}."),
        ),
        RepeatVerdict::Timeout(nth) => (
            Code::TimeoutRetransmit,
            format!("Sent again for the {} time{waited}: the timer backs off, doubling each time (RFC 6298 §5.5); {original}.", ordinal(nth)),
        ),
        RepeatVerdict::Handshake(nth) => (
            Code::HandshakeRetried,
            format!("The {} again{waited}, repeat {nth}: no answer had come.", if facts.flags.contains(TcpFlags::ACK) { "SYN-ACK" } else { "SYN" }),
        ),
        RepeatVerdict::Unknown => (
            Code::Retransmit,
            format!("Sent again{waited}; {original}. No duplicate ACKs or SACK asked for it and it came too soon for a timer, so the capture can't tell why."),
        ),
        RepeatVerdict::OrderUnknown => (
            Code::OrderUnknown,
            format!("Fills the hole that frame {} showed. IP identification and time stamps do not tell whether it was late or lost before the capture and sent again.", repeat.witness.unwrap_or(0)),
        ),
    };
    Finding::new(code, text, frames)
}

fn acks_text(count: u32) -> String {
    if count == 1 { "an ACK".to_owned() } else { format!("{count} ACKs") }
}

fn ordinal(n: u16) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// A reset.
fn of_reset(event: &Event<'_>, reset: Reset) -> Finding {
    let frame = event.frame;
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    match reset {
        Reset::Refused(syn) => Finding::new(
            Code::Refused,
            format!(
                "Port {} answered the SYN with RST: nothing listens there (RFC 9293 §3.10.7.1).",
                event.source.port
            ),
            [syn, frame],
        ),
        Reset::Unread(count) => Finding::new(
            Code::ResetUnread,
            format!(
                "The {who} sent RST in place of a FIN, and {} from the {peer} had come that it never answered: its program most likely closed with data unread (RFC 2525 §2.17). It recovers nothing: the {peer} learns that data was lost. (A close with linger 0 looks the same.)",
                bytes(count)
            ),
            [frame],
        ),
        Reset::AfterClose { answers, bytes: 0 } => Finding::new(
            Code::ResetAfterClose,
            format!(
                "Frame {answers} came for a socket that the {who}'s program had already closed; the kernel answers with RST (RFC 9293 §3.10.7.1). No data was in it."
            ),
            [answers, frame],
        ),
        Reset::AfterClose { answers, bytes: count } => Finding::new(
            Code::ResetAfterClose,
            format!(
                "Frame {answers} came for a socket that the {who}'s program had already closed, so the {who}'s kernel answered with RST (RFC 9293 §3.10.7.1); {} never reached the program. It is no attempt to recover them.",
                bytes(count)
            ),
            [answers, frame],
        ),
        Reset::LateCopy { arrived, acked } => {
            let copy = match arrived {
                Some(copy) => format!("Frame {copy} is an old copy of bytes that the {who} had acknowledged already"),
                None => format!(
                    "The {who} had acknowledged all that was sent; an old copy of a packet came, whose arrival is not in the capture"
                ),
            };
            let text = format!(
                "{copy}: it was held up or doubled on its way, the {who}'s socket was closed by then, and the kernel answered with RST (RFC 9293 §3.10.7.1). Nothing was lost."
            );
            Finding::new(Code::ResetAfterClose, text, [arrived, acked, Some(frame)].into_iter().flatten())
        }
        Reset::Abort => Finding::new(
            Code::ResetAbort,
            format!(
                "The {who} ended the connection with RST though nothing from the {peer} was unanswered: linger 0, or the program was killed."
            ),
            [frame],
        ),
        Reset::Stale(answers) => Finding::new(
            Code::ResetStale,
            format!(
                "Answers frame {answers}, whose numbers fit no connection that the {who} knows (RFC 9293 §3.5.1): a half-open or older connection."
            ),
            [answers, frame],
        ),
        Reset::Unknown => Finding::new(
            Code::ResetUnknown,
            format!("The {who} reset the connection; nothing captured before it shows why."),
            [frame],
        ),
    }
}

fn of_hints(event: &Event<'_>, facts: &TcpFacts, found: &mut Vec<Finding>) {
    let frame = event.frame;
    let hints = &facts.hints;
    let (who, peer) = (event.direction.sender(), event.direction.receiver());
    if let Some((count, shown_by)) = hints.capture_gap {
        let text = format!(
            "{} of the {peer}'s are acknowledged here, so they arrived, but they are not in the capture: lost in the capture, not in the network.",
            bytes(count)
        );
        found.push(Finding::new(Code::CaptureGap, text, [shown_by.unwrap_or(0), frame]));
    }
    if let Some(again) = hints.duplicate_sack {
        let text = match again {
            Some(again) => format!(
                "Its first SACK block is a DSACK (RFC 2883): the bytes sent again in frame {again} had arrived already, so sending them again was not needed."
            ),
            None => "Its first SACK block is a DSACK (RFC 2883): bytes arrived twice. No repeat of them is known from the capture: the packet was doubled on its way, or the repeat was not captured or is no longer remembered.".to_owned(),
        };
        found.push(Finding::new(Code::SpuriousRetransmit, text, [again.unwrap_or(0), frame]));
    }
    if hints.window_shut {
        let text = format!(
            "The {who}'s window is 0: its buffer is full, since its program does not read fast enough; the {peer} must wait (RFC 9293 §3.8.6)."
        );
        found.push(Finding::new(Code::ZeroWindow, text, [frame]));
    }
    if let Some((ack, waited)) = hints.nagle {
        let text = format!(
            "{} waited {} and left right after the ACK in frame {ack}: Nagle's algorithm holds a small segment back while another is unacknowledged (RFC 896). TCP_NODELAY turns it off.",
            bytes(facts.len),
            waited.human()
        );
        found.push(Finding::new(Code::NagleWait, text, [ack, frame]));
    }
    if let Some((data, delay)) = hints.delayed_ack {
        let text = format!(
            "Acknowledges frame {data} only after {}: the receiver held the ACK back, hoping for data to carry it (RFC 1122 §4.2.3.2: at most 500 ms; Linux 40 ms).",
            delay.human()
        );
        found.push(Finding::new(Code::DelayedAck, text, [data, frame]));
    }
    if let Some((since, gap)) = hints.idle {
        let text = format!("Nothing was sent for {} since frame {since}.", gap.human());
        found.push(Finding::new(Code::IdleGap, text, [since, frame]));
    }
    if hints.congestion {
        let text = if event.ip.ecn == 3 {
            "A router marked the packet instead of dropping it: congestion experienced (RFC 3168 §5)."
        } else {
            "ECE tells the sender that a packet was marked on its way: slow down, nothing was lost (RFC 3168 §6.1)."
        };
        found.push(Finding::new(Code::EcnMarked, text, [frame]));
    }
    if let Some(stream) = hints.reused_from {
        let text = format!(
            "The SYN opens a new connection between ports that stream {} used before, with another initial sequence number.",
            thousands(u64::from(stream))
        );
        found.push(Finding::new(Code::PortReused, text, [frame]));
    }
}

fn of_syn(event: &Event<'_>, facts: &TcpFacts, found: &mut Vec<Finding>) {
    if !facts.flags.contains(TcpFlags::SYN) {
        return;
    }
    if facts.place == TcpPlace::SimultaneousSyn {
        let text = "Both sides sent a SYN before they saw the other's: a simultaneous open (RFC 9293 §3.5).";
        found.push(Finding::new(Code::SimultaneousOpen, text, [event.frame]));
    }
    let cookie = facts.options.other.contains(FAST_OPEN_OPTION);
    if cookie || facts.len > 0 && facts.place == TcpPlace::Syn {
        let text = match (facts.len, facts.place) {
            (0, TcpPlace::SynAck) => {
                "The SYN-ACK grants a Fast Open cookie for the next connection (RFC 7413).".to_owned()
            }
            (0, _) => "The SYN asks for a Fast Open cookie, or brings one (RFC 7413).".to_owned(),
            (len, _) => {
                format!("The SYN carries {} of data already: TCP Fast Open saves a round trip (RFC 7413).", bytes(len))
            }
        };
        found.push(Finding::new(Code::FastOpen, text, [event.frame]));
    }
}

/// What any packet may show.
fn of_packet(event: &Event<'_>, checksum: Checksum, found: &mut Vec<Finding>) {
    if checksum == Checksum::Invalid {
        let text = "The checksum does not fit and is no placeholder of offloading: the packet was damaged; its receiver drops it without a word.";
        found.push(Finding::new(Code::ChecksumInvalid, text, [event.frame]));
    }
    if event.ip.fragments > 1 {
        let text = format!("The IP packet came in {} fragments; this frame completes it.", event.ip.fragments);
        found.push(Finding::new(Code::Fragmented, text, [event.frame]));
    }
}

fn of_datagram(event: &Event<'_>, facts: &UdpFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    of_packet(event, facts.checksum, &mut found);
    if let UdpPlace::Duplicate(first) = facts.place {
        let text = "The same datagram with the same IP identification: captured twice, or doubled on its way.";
        found.push(Finding::new(Code::UdpDuplicate, text, [first, event.frame]));
    }
    if let (Some(time), UdpPlace::Reply(request)) = (facts.turnaround.filter(|time| *time >= SLOW), facts.place) {
        let text = format!("The answer to frame {request} took {}.", time.human());
        found.push(Finding::new(Code::SlowServer, text, [request, event.frame]));
    }
    found
}

fn of_error(event: &Event<'_>, facts: &IcmpFacts) -> Vec<Finding> {
    let about = facts.quotes_frame.unwrap_or(0);
    if facts.error.name() != "port unreachable" {
        return Vec::new();
    }
    let text = format!(
        "Nobody listens on {} port {}: the host says so with an ICMP error (RFC 1122 §4.1.3.1), for UDP itself has no refusal.",
        facts.error.quoted.protocol, facts.error.quoted.destination.port
    );
    vec![Finding::new(Code::PortUnreachable, text, [about, event.frame])]
}
