//! One packet, put in its place in its conversation: facts without words.

use std::borrow::Cow;
use std::num::NonZeroU64;

use super::analysis::Analysis;
use super::capture_point::CapturePoint;
use super::cause::{Candidates, Cause, CauseEvent};
use super::facts::{Acked, Life, Observations, Probe, ReorderedDatagram, SegmentRole, UdpPlace};
use super::maybe_owned::MaybeOwned;
use super::retransmission::Retransmission;
use super::rtt::RttSample;
use super::stream::StreamId;
use super::tcp::rules::acceptability::Unacceptable;
use super::tcp::rules::reset::family::ResetFamily;
use super::tcp::rules::rule::Verdict;
use super::udp_clients::LinkedConversation;
use crate::echo::Echo;
use crate::model::thresholds::SLOW_RESPONSE;
use crate::model::{
    Checksum, Datagram, Direction, Endpoint, IcmpError, IpHeader, Nanos, Segment, ShownBy, TcpFlags, TcpOptions,
    Timestamp, Unknown,
};

/// Flags of segments that a finding may be made of.
const TELL_BY_THEMSELVES: TcpFlags = TcpFlags::URG.union(TcpFlags::SYN);

/// The capture holds the packet twice.
const CAPTURED_TWICE: Cause = Cause::of(CauseEvent::Capture, "duplicate");

/// A packet that has found its place: what an [`Event`] is made of, if somebody wants one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tracked {
    pub(super) slot: u32,
    pub(super) direction: Direction,
    pub(super) since_previous: Option<Nanos>,
    pub(super) kind: TrackedKind,
}

/// The transport of a tracked packet. The facts of a segment stay with the tracker, which lends them out.
#[derive(Clone, Copy, Debug)]
pub(super) enum TrackedKind {
    Segment,
    Datagram(UdpFacts),
    Error(IcmpFacts),
}

/// The event that one frame is in its conversation.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The frame's number in the capture, from 1.
    pub frame: u64,
    /// The capture time; `None` if the frame has none.
    pub time: Option<Timestamp>,
    /// The frame's length on the wire in bytes.
    pub wire_len: u32,
    /// The conversation.
    pub stream: StreamId,
    /// Number within the conversation, from 1.
    pub number: u64,
    /// The direction of the packet; for an ICMP error, towards the sender of the quoted packet.
    pub direction: Direction,
    /// Address and port it came from. For an ICMP error: its own address, the quoted packet's port.
    pub source: Endpoint,
    /// Address and port it went to.
    pub destination: Endpoint,
    /// Time since the conversation's first step.
    pub since_start: Option<Nanos>,
    /// Time since the conversation's step before.
    pub since_previous: Option<Nanos>,
    /// The innermost IP header.
    pub ip: IpHeader,
    /// The fields that the source does not show.
    pub unknown: Unknown,
    /// The segment, datagram or ICMP error, with the facts about it.
    pub body: Body<'a>,
    /// The captured part of the TCP or UDP header; empty for an ICMP error, or where frames are read ahead.
    pub header: Cow<'a, [u8]>,
    /// The part of the payload that was captured (and kept).
    pub payload: Cow<'a, [u8]>,
}

impl Event<'_> {
    /// The packet, as what shows a finding.
    pub fn shown_by(&self) -> ShownBy {
        ShownBy { frame: self.frame, sender: self.direction }
    }

    /// The TCP facts, if this is a segment.
    pub fn tcp(&self) -> Option<&TcpFacts> {
        match &self.body {
            Body::Tcp(facts) => Some(facts),
            _ => None,
        }
    }

    /// `tcp`, `udp` or `icmp`.
    pub fn protocol_name(&self) -> &'static str {
        match self.body {
            Body::Tcp(_) => "tcp",
            Body::Udp(_) => "udp",
            Body::Icmp(_) => "icmp",
        }
    }

    /// The frame that the capture holds this packet in as well, where it holds it twice.
    pub fn captured_twice(&self) -> Option<u64> {
        match &self.body {
            Body::Tcp(facts) => facts.observations.captured_twice.map(NonZeroU64::get),
            Body::Udp(facts) => match facts.place {
                UdpPlace::CapturedTwice(first) => Some(first),
                _ => None,
            },
            Body::Icmp(_) => None,
        }
    }

    /// Payload bytes on the wire; `None` for ICMP.
    pub fn len(&self) -> Option<u32> {
        match &self.body {
            Body::Tcp(facts) => Some(facts.len),
            Body::Udp(facts) => Some(facts.len),
            Body::Icmp(_) => None,
        }
    }

    /// Returns `true` if it carries no payload.
    pub fn is_empty(&self) -> bool {
        self.len().unwrap_or(0) == 0
    }

    /// Returns `true` if it shows nothing that a finding could be made of. A quick check, since it holds for nearly
    /// every packet.
    #[inline]
    pub fn is_ordinary(&self) -> bool {
        match &self.body {
            Body::Tcp(facts) => facts.is_ordinary(&self.ip, (facts.flags, facts.checksum, &facts.options)),
            Body::Udp(facts) => facts.is_ordinary(&self.ip),
            Body::Icmp(_) => false,
        }
    }

    /// The event that made its sender send it; where the capture does not decide, unknown, with the events that fit.
    pub fn cause(&self) -> (Cause, Candidates) {
        match &self.body {
            Body::Tcp(facts) => facts.cause(),
            Body::Udp(facts) => facts.cause(),
            Body::Icmp(facts) => {
                let frame = facts.quotes_frame.and_then(NonZeroU64::new);
                (Cause::arrival(frame, "icmp"), Candidates::new())
            }
        }
    }

    /// The checksum's verdict; `None` for ICMP.
    pub fn checksum(&self) -> Option<Checksum> {
        match &self.body {
            Body::Tcp(facts) => Some(facts.checksum),
            Body::Udp(facts) => Some(facts.checksum),
            Body::Icmp(_) => None,
        }
    }

    /// The same with at most `most` bytes of payload, free of the frame's buffer.
    pub fn keep(&self, most: usize) -> Event<'static> {
        let header = Cow::Owned(self.header.to_vec());
        let payload = self.payload.get(..most).unwrap_or(&self.payload).to_vec();
        Event { header, payload: Cow::Owned(payload), body: self.body.keep(), ..*self }
    }
}

/// The segment, datagram or ICMP error of a packet, with the facts about it.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// A TCP segment.
    Tcp(MaybeOwned<'a, TcpFacts>),
    /// A UDP datagram.
    Udp(MaybeOwned<'a, UdpFacts>),
    /// An ICMP error about the conversation.
    Icmp(MaybeOwned<'a, IcmpFacts>),
}

impl Body<'_> {
    /// The same, free of the tracker.
    fn keep(&self) -> Body<'static> {
        match self {
            Self::Tcp(facts) => Body::Tcp(facts.keep()),
            Self::Udp(facts) => Body::Udp(facts.keep()),
            Self::Icmp(facts) => Body::Icmp(facts.keep()),
        }
    }
}

/// A segment's numbers, and the facts about it that follow from the conversation so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpFacts {
    /// The control bits.
    pub flags: TcpFlags,
    /// Relative sequence number, modulo 2^32; the SYN has 0.
    pub seq: u32,
    /// Relative acknowledgment number; `None` without the ACK flag.
    pub ack: Option<u32>,
    /// Sequence number on the wire.
    pub seq_raw: u32,
    /// Acknowledgment number on the wire.
    pub ack_raw: u32,
    /// Payload bytes on the wire.
    pub len: u32,
    /// Window in bytes, scaled where the factor is known.
    pub window: u32,
    /// Window field on the wire.
    pub window_raw: u16,
    /// The factor applied: 1 where scaling is off, `None` where unknown.
    pub window_scale: Option<u32>,
    /// The urgent pointer.
    pub urgent: u16,
    /// Header length in bytes.
    pub header_len: u8,
    /// The options.
    pub options: TcpOptions,
    /// The initial sequence number of the side that SACK blocks refer to, to make them relative.
    pub sack_base: u32,
    /// The result of checksum verification.
    pub checksum: Checksum,
    /// Wireshark's flags by Wireshark's rules.
    pub analysis: Analysis,
    /// The segment's role in the life of the connection.
    pub role: SegmentRole,
    /// The state of the connection with this segment.
    pub life: Life,
    /// The bytes newly acknowledged by its ACK.
    pub acked: Option<Acked>,
    /// The event that made its sender send it, where no rule says more: see [`TcpFacts::cause`].
    pub ordinary: Cause,
    /// Another event that fits as well.
    pub or_ordinary: Option<Cause>,
    /// The reason for which its receiver does not accept it, where the capture shows one.
    pub unacceptable: Option<Unacceptable>,
    /// The retransmission, duplicate or late packet that the segment is; `None` if its bytes are new and in order.
    pub retransmission: Option<Retransmission>,
    /// The probe that the segment is, or the probe that it answers.
    pub probe: Option<Probe>,
    /// The other facts that the conversation so far shows at this segment.
    pub observations: Observations,
    /// The round-trip time that it completes.
    pub rtt: Option<RttSample>,
    /// From the request's last byte to this first byte of the answer.
    pub response_time: Option<Nanos>,
    /// The echo that its payload is.
    pub echo: Option<Echo>,
    /// The cause of the RST.
    pub reset: Option<Verdict<ResetFamily>>,
}

impl TcpFacts {
    /// Fills in the segment's header fields. The rest is known once it is tracked; this is only needed if its event is
    /// wanted.
    #[inline(always)]
    pub(super) fn say(&mut self, segment: &Segment) {
        self.flags = segment.flags;
        self.seq_raw = segment.seq.0;
        self.ack_raw = segment.ack.0;
        self.len = segment.len;
        self.window_raw = segment.window;
        self.urgent = segment.urgent;
        self.header_len = segment.header_len;
        self.options = segment.options;
        self.checksum = segment.checksum;
    }

    /// Clears what the rules may show of a segment.
    #[inline]
    pub(super) fn shows_nothing(&mut self) {
        self.observations = Observations::default();
        self.unacceptable = None;
        self.retransmission = None;
        self.acked = None;
        self.rtt = None;
    }

    /// Returns `true` if neither these facts nor the segment's headers (which the facts may not include yet) show
    /// anything that a finding could be made of.
    #[inline]
    pub(super) fn is_ordinary(
        &self,
        ip: &IpHeader,
        (flags, checksum, options): (TcpFlags, Checksum, &TcpOptions),
    ) -> bool {
        self.retransmission.is_none()
            && self.unacceptable.is_none()
            && self.probe.is_none()
            && self.reset.is_none()
            && self.observations.is_empty()
            && checksum != Checksum::Invalid
            && ip.fragments <= 1
            && !flags.intersects(TELL_BY_THEMSELVES)
            && !options.other.has_fastclose()
    }

    /// The event that made its sender send it; where the capture does not decide, unknown, with the events that fit.
    pub fn cause(&self) -> (Cause, Candidates) {
        if let Some(frame) = self.observations.captured_twice {
            return (Cause { frame: Some(frame), ..CAPTURED_TWICE }, Candidates::new());
        }
        if let Some((rule, proof)) = self.unacceptable.filter(|(rule, _)| !rule.effect.was_sent) {
            return ((rule.cause)(&proof), (rule.candidates)(&proof));
        }
        if let Some(refused) = self.observations.refused {
            return (refused.cause(), refused.candidates());
        }
        // what was only late was sent for an ordinary reason
        if let Some(again) = self.retransmission.filter(|again| !again.is_late()) {
            return (again.cause(), again.candidates());
        }
        if let Some(reset) = &self.reset {
            return (reset.cause(), reset.candidates());
        }
        if let Some(ack) = self.observations.limited_transmit {
            return (Cause::arrival(Some(ack), "duplicate_ack"), Candidates::new());
        }
        if let Some((_, ack)) = self.observations.frto {
            return (Cause::arrival(Some(ack), "frto"), Candidates::new());
        }
        if self.observations.probe_with_new_data.is_some() {
            return (Cause::of(CauseEvent::Timer, "tlp"), Candidates::new());
        }
        match self.or_ordinary {
            Some(other) => (Cause::UNKNOWN, Candidates::from_slice(&[self.ordinary, other])),
            None => (self.ordinary, Candidates::new()),
        }
    }

    /// The relative sequence number after this segment: SYN and FIN count one each, data its length.
    pub fn next_seq(&self) -> u32 {
        let syn = u32::from(self.flags.contains(TcpFlags::SYN));
        let fin = u32::from(self.flags.contains(TcpFlags::FIN));
        self.seq.wrapping_add(self.len).wrapping_add(syn).wrapping_add(fin)
    }
}

/// A datagram's numbers, and its place among the others.
#[derive(Clone, Copy, Debug)]
pub struct UdpFacts {
    /// Payload bytes on the wire.
    pub len: u32,
    /// The Length field: header and data.
    pub length: u16,
    /// The number of bytes of the UDP Length that the IP packet does not hold.
    pub lacking: u16,
    /// The result of checksum verification.
    pub checksum: Checksum,
    /// The checksum field on the wire.
    pub checksum_raw: u16,
    /// The datagram's role in the conversation.
    pub place: UdpPlace,
    /// The echo that its payload is.
    pub echo: Option<Echo>,
    /// From the request to this answer.
    pub response_time: Option<Nanos>,
    /// The place of the capture, as far as it was known at this datagram.
    pub seen: Option<CapturePoint>,
    /// The datagrams that it shows to have been captured in another order than they were sent, by their IP
    /// identifications.
    pub overtaken: Option<ReorderedDatagram>,
    /// The datagram before of the same sender, long ago, with the same length and checksum: this may be the same one, sent
    /// again by its program.
    pub same_as: Option<u64>,
}

impl UdpFacts {
    /// Returns the facts that follow from a datagram alone.
    pub(super) fn of(datagram: &Datagram) -> Self {
        Self {
            len: datagram.len,
            length: datagram.length,
            lacking: datagram.lacking,
            checksum: datagram.checksum,
            checksum_raw: datagram.checksum_raw,
            place: UdpPlace::Unasked,
            echo: None,
            response_time: None,
            seen: None,
            overtaken: None,
            same_as: None,
        }
    }

    /// Returns `true` if neither the facts nor the datagram's headers show anything that a finding could be made of.
    #[inline]
    pub(super) fn is_ordinary(&self, ip: &IpHeader) -> bool {
        self.checksum != Checksum::Invalid
            && ip.fragments <= 1
            && !matches!(self.place, UdpPlace::Duplicate(_) | UdpPlace::CapturedTwice(_))
            && self.overtaken.is_none()
            && self.response_time.is_none_or(|time| time < SLOW_RESPONSE)
    }

    /// The event that made its sender send it.
    pub fn cause(&self) -> (Cause, Candidates) {
        match self.place {
            UdpPlace::CapturedTwice(frame) => {
                (Cause { frame: NonZeroU64::new(frame), ..CAPTURED_TWICE }, Candidates::new())
            }
            UdpPlace::Duplicate(frame) => {
                let duplicate = |event| Cause { event, detail: "duplicate", frame: NonZeroU64::new(frame) };
                let either = [duplicate(CauseEvent::Capture), duplicate(CauseEvent::Network)];
                (Cause::UNKNOWN, Candidates::from_slice(&either))
            }
            _ => (Cause::of(CauseEvent::Call, "send"), Candidates::new()),
        }
    }
}

/// An ICMP error, tied to the packet that it quotes.
#[derive(Clone, Copy, Debug)]
pub struct IcmpFacts {
    /// The message.
    pub error: IcmpError,
    /// The frame that it answers, where that is known.
    pub quotes_frame: Option<u64>,
    /// `true` if the port to which the quoted datagram was sent had itself sent datagrams before (UDP only).
    pub had_sent: bool,
    /// The last frame of another conversation that this port had sent before (UDP alone, port unreachable).
    pub sent_elsewhere: Option<u64>,
    /// The request of that port to another address or port, which the quoted datagram answers (UDP alone).
    pub asked: Option<LinkedConversation>,
    /// The quotation names other ports or addresses than the conversation has: a NAT changed it.
    pub rewritten: bool,
}
