//! A diagnosis with its evidence.

use std::borrow::Cow;
use std::fmt;

/// The importance of a finding to the reader; chooses its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; all is well.
    Note,
    /// Cost time or bytes.
    Warning,
    /// Something failed.
    Problem,
}

/// A diagnosis and the frames that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind of diagnosis.
    pub code: FindingCode,
    /// The observation, the inference, and what remains unknown.
    pub text: Cow<'static, str>,
    /// The frames that prove it, in ascending order.
    pub frames: Vec<u64>,
    /// The numbers of the traced calls that prove it; empty where none does.
    pub calls: Vec<u32>,
}

macro_rules! finding_codes {
    ($($variant:ident $name:literal $severity:ident $about:literal;)*) => {
        /// The kinds of finding; their names stay.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode {
            $(#[doc = $about] $variant,)*
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in every output.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its meaning, in a sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// Its severity.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }
        }
    };
}

finding_codes! {
    HandshakeRetried "handshake_retried" Warning "A SYN or SYN-ACK was retransmitted.";
    AcceptQueueFull "accept_queue_full" Problem "ACK and data reached the server, which still answers with SYN-ACK, since its accept queue is full.";
    StraySyn "stray_syn" Warning "A SYN of a connection that its sender has already opened: a duplicate from the network, or crafted.";
    AnotherSynAck "another_syn_ack" Warning "A SYN-ACK with another initial sequence number than the one before: no retransmission.";
    Refused "refused" Problem "The SYN was answered by a RST.";
    SimultaneousOpen "simultaneous_open" Note "Both sides sent a SYN before they received the other's (RFC 9293 §3.5).";
    FastOpen "fast_open" Note "TCP Fast Open: a cookie, or data on the SYN (RFC 7413).";
    SynData "syn_data" Note "Data on a SYN without the TCP Fast Open option; TCP allows that (RFC 9293 §3.5).";
    HandshakePartial "handshake_partial" Note "Only part of the handshake was captured.";
    PortReused "port_reused" Note "A new connection between ports that were used before.";
    MptcpFastclose "mptcp_fastclose" Note "One side closes all subflows of an MPTCP connection at once (RFC 8684 §3.5).";
    FastRetransmit "fast_retransmit" Warning "Retransmitted because duplicate ACKs or SACK reported a gap (RFC 5681 §3.2, RFC 6675).";
    TimeoutRetransmit "timeout_retransmit" Warning "Retransmitted because no ACK came in time (RFC 6298 §5).";
    TailLossProbe "tail_loss_probe" Warning "The last segment retransmitted, or new data sent, to provoke an ACK (RFC 8985 §7).";
    Retransmit "retransmit" Warning "Retransmitted as a recovery continues or after an ICMP error, or for an unknown cause.";
    SpuriousRetransmit "spurious_retransmit" Warning "The retransmission was not needed: the original was not lost, it had arrived or was only late.";
    Reordered "reordered" Warning "Arrived later than data sent after it.";
    SackReneging "sack_reneging" Warning "The receiver discarded bytes that it had reported by SACK (RFC 2018 §8).";
    LimitedTransmit "limited_transmit" Note "New data that the first or second duplicate ACK released (RFC 3042).";
    Frto "frto" Note "New data sent after a timeout, to test whether it was spurious (F-RTO, RFC 5682).";
    PathMtu "path_mtu" Note "A router reported a smaller MTU, and the sender retransmitted in smaller segments (RFC 1191).";
    MtuBlackHole "mtu_black_hole" Problem "Large segments never arrive, smaller ones do; no ICMP error says so, or its report has no effect (RFC 2923 §2.1).";
    GapNeverFilled "gap_never_filled" Problem "Missing bytes whose gap was never filled in this capture.";
    BytesTwice "bytes_twice" Note "A DSACK reports bytes received twice; whether they were retransmitted or duplicated is unknown (RFC 2883).";
    DuplicateFrame "duplicate_frame" Note "The same packet twice: captured twice, or duplicated by the network.";
    CaptureGap "capture_gap" Warning "Acknowledged bytes that the capture does not contain, or contains only later (`captured_late`).";
    CaptureOutOfOrder "captured_late" Note "Captured after the ACK that covers it: the capture is out of order but complete.";
    OrderUnknown "order_unknown" Warning "Fills a gap; whether it was late or retransmitted is unknown.";
    ZeroWindow "zero_window" Warning "The receiver's window is zero, and the sender must wait (RFC 9293 §3.8.6).";
    ZeroWindowProbe "zero_window_probe" Warning "The sender checks whether the window has reopened (RFC 9293 §3.8.6.1).";
    WindowShrunk "window_shrunk" Warning "The receiver moved the right edge of its window to the left (RFC 9293 §3.8.6).";
    WindowLimited "window_limited" Note "The sender filled the receiver's window, or less than a full segment was left of it, and had to wait.";
    CloseThree "close_three" Note "Closed in three segments: the second FIN carried the ACK of the first.";
    CloseFour "close_four" Note "Closed in four segments: each FIN was acknowledged on its own.";
    HalfClose "half_close" Note "One side closed, and the other continued to send (RFC 9293 §3.6).";
    SimultaneousClose "simultaneous_close" Note "Both sides sent a FIN before they received the other's (RFC 9293 §3.6).";
    NoClose "no_close" Note "No close was captured.";
    ResetUnread "reset_unread" Warning "Closed with received data that may be unread, so RST was sent instead of FIN (RFC 2525 §2.17).";
    ResetAfterClose "reset_after_close" Warning "Data arrived at a socket that its program had already closed.";
    ResetAbort "reset_abort" Warning "The connection was aborted, and nothing shows that data was unread. SO_LINGER with a zero timeout, an idle timer, or a silent peer may be the cause.";
    ResetStale "reset_stale" Note "Answers a segment of a connection that its sender no longer has, or never had.";
    ResetUnknown "reset_unknown" Warning "The capture does not show why the RST was sent.";
    ResetIgnored "reset_ignored" Note "A reset that ended nothing: its number is not the one expected, the connection went on (RFC 5961 §3.2), or both sides had closed.";
    ChallengeAck "challenge_ack" Note "An ACK in answer to a segment that does not fit the connection: a SYN, a RST (RFC 5961), or one with unacceptable numbers (RFC 9293 §3.10.7.4).";
    Unacceptable "unacceptable_segment" Warning "The receiver does not accept a segment: it is outside its window, has an old timestamp, or is of another connection (RFC 9293 §3.10.7.4).";
    InvalidSack "invalid_sack" Warning "A SACK block that cannot be true; its receiver ignores it (RFC 2018).";
    AckLoop "ack_loop" Problem "Both sides keep answering segments of each other that they do not accept (RFC 5961 §7).";
    DelayedAck "delayed_ack" Note "The ACK waited for data to travel with, or for its timer (RFC 1122 §4.2.3.2).";
    NagleWait "nagle_wait" Note "A small segment waited for the ACK of the one before (RFC 896).";
    CorkWait "cork_wait" Note "The rest of what a program had sent waited: TCP_CORK or MSG_MORE, or the program wrote it late.";
    IdleGap "idle_gap" Note "Nothing was captured for a while.";
    SlowServer "slow_server" Note "The server answered late; where the capture does not exclude it, its answer may have been lost first.";
    UnansweredRequest "unanswered_request" Warning "The server acknowledged a request, and the connection was closed without an answer.";
    KeepAlive "keep_alive" Note "Checks whether the peer still has the connection (RFC 1122 §4.2.3.6).";
    OtherHost "other_host" Warning "Another host sends packets with one side's address: a proxy, firewall or load balancer on the path.";
    MirroredCapture "mirrored_capture" Note "The capture holds each packet twice: a mirror port, or several interfaces.";
    SynFlood "syn_flood" Problem "Many SYNs to one port, few or none of whose handshakes completed (RFC 4987).";
    PortScan "port_scan" Warning "One host tried many ports of another, or one port of many.";
    Backscatter "backscatter" Note "Answers to many hosts, whose SYNs are not in the capture.";
    Abandoned "abandoned" Problem "The connection never opened, or the last data sent was never acknowledged.";
    EchoIdentical "echo_identical" Note "The answer is the request, byte for byte.";
    EchoUpper "echo_upper" Note "The answer is the request in upper case.";
    EchoPrefixed "echo_prefixed" Note "The answer is a prefix followed by the request.";
    EchoRepeated "echo_repeated" Note "The answer is the request, repeated.";
    EchoPartial "echo_partial" Warning "The answer is only the beginning of the request.";
    EchoDifferent "echo_different" Note "The answer is not an echo of the request.";
    SendsMerged "sends_merged" Note "Several requests were answered as one: TCP does not keep message boundaries.";
    UrgentData "urgent_data" Note "Urgent data: the URG flag is set (RFC 6093).";
    EcnMarked "ecn_marked" Note "Congestion signalled without loss (RFC 3168).";
    Fragmented "fragmented" Note "The IP packet was fragmented and reassembled.";
    ChecksumOffloaded "checksum_offloaded" Note "The checksum was not computed yet when the packet was captured; the packet is not corrupted.";
    ChecksumAbsent "checksum_absent" Note "Without a checksum, which UDP allows over IPv4 (RFC 768).";
    ChecksumAccepted "checksum_accepted" Note "The checksum is invalid, but the receiver accepted the packet: it was not corrupted in transit.";
    ChecksumInvalid "checksum_invalid" Problem "The checksum is invalid; the packet was corrupted in transit, or changed after the checksum was computed.";
    NoReply "no_reply" Warning "No answer was captured.";
    ReplyFromOtherAddress "reply_from_other_address" Warning "The answer comes from another address than the request was sent to: a server with several addresses, or a NAT.";
    ReplyToGroup "reply_to_group" Note "A host answers a request to a multicast or broadcast address from its own address.";
    ReplyFromOtherPort "reply_from_other_port" Note "The answer comes from another port than the request was sent to, as with TFTP (RFC 1350 §4).";
    PortUnreachable "port_unreachable" Problem "An ICMP error reports that no program receives packets on the port.";
    IcmpError "icmp_error" Warning "An ICMP error, other than port unreachable, about a packet.";
    UdpDuplicate "udp_duplicate" Note "The same datagram twice: captured twice, or duplicated in transit.";
    UdpReordered "udp_reordered" Note "Datagrams or their answers arrived in another order than they were sent.";
    ConnectBeforeListen "connect_before_listen" Problem "The client's call came before the server's listen() or bind(), as the traced calls show.";
    OtherPort "other_port" Problem "The client went to another port than the server listens on, as the traced calls show.";
    BoundToLoopback "bound_to_loopback" Problem "The server is bound to the loopback address, and its client comes from another host.";
    AddressInUse "address_in_use" Problem "bind() failed: another socket has the address, or a connection in TIME-WAIT and SO_REUSEADDR is not set.";
    Deadlock "deadlock" Problem "Both programs wait in recv(), each for data of the other.";
    PartialReceive "partial_receive" Warning "A program called recv() once where the message came in several segments: TCP keeps no message boundaries.";
    ShortWrite "short_write" Warning "send() took only a part of the bytes, and the program did not send the rest.";
    DatagramTruncated "datagram_truncated" Warning "A datagram was longer than the buffer of the call that received it; the rest is lost.";
    SmallWrites "small_writes" Warning "A message was sent with several calls, and Nagle's algorithm held back the later ones (RFC 896).";
    WireDropped "wire_dropped" Warning "The lab's link dropped a packet, which was sent and never received.";
    WireCorrupted "wire_corrupted" Warning "The lab's link corrupted a packet, which was sent intact and arrived with a changed byte.";
    WireDuplicated "wire_duplicated" Note "The lab's link duplicated a packet, which was sent once and received twice.";
    WireMarked "wire_marked" Note "The lab's link marked a packet Congestion Experienced (RFC 3168).";
    WireReordered "wire_reordered" Note "The lab's link delivered a later packet first.";
    WireDelayed "wire_delayed" Note "The lab's link delayed a packet longer than others.";
}

impl FindingCode {
    /// Returns `true` if it reports an action of echolab's own link, and no inference.
    pub fn is_of_the_wire(self) -> bool {
        use FindingCode::{WireCorrupted, WireDelayed, WireDropped, WireDuplicated, WireMarked, WireReordered};
        matches!(self, WireDropped | WireCorrupted | WireDuplicated | WireMarked | WireReordered | WireDelayed)
    }
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Self; 3] = [Self::Problem, Self::Warning, Self::Note];

    /// The name in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Takes diagnoses as they are made. A count takes their codes alone, so that no text is made only to be counted.
pub(crate) trait FindingSink {
    /// Takes a finding; `text` is called only where its words are kept.
    fn add<T: Into<Cow<'static, str>>>(
        &mut self,
        code: FindingCode,
        frames: impl IntoIterator<Item = u64>,
        text: impl FnOnce() -> T,
    );

    /// Takes a finding that is made already.
    fn push(&mut self, finding: Finding);

    /// Takes all of these.
    fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

impl FindingSink for Vec<Finding> {
    fn add<T: Into<Cow<'static, str>>>(
        &mut self,
        code: FindingCode,
        frames: impl IntoIterator<Item = u64>,
        text: impl FnOnce() -> T,
    ) {
        self.push(Finding::new(code, text(), frames));
    }

    fn push(&mut self, finding: Finding) {
        Self::push(self, finding);
    }
}

impl Finding {
    /// The same, proved by these traced calls as well.
    #[must_use]
    pub fn with_calls(self, calls: impl IntoIterator<Item = u32>) -> Self {
        let mut calls: Vec<u32> = calls.into_iter().filter(|call| *call > 0).collect();
        calls.sort_unstable();
        calls.dedup();
        Self { calls, ..self }
    }

    /// A finding proved by these frames; they are put in order, and 0 (no frame) is left out.
    pub fn new(code: FindingCode, text: impl Into<Cow<'static, str>>, frames: impl IntoIterator<Item = u64>) -> Self {
        let mut frames: Vec<u64> = frames.into_iter().filter(|frame| *frame > 0).collect();
        frames.sort_unstable();
        frames.dedup();
        Self { code, text: text.into(), frames, calls: Vec::new() }
    }
}
