//! The one table of thresholds that an explanation may depend on, nearly all of them times, each with its source.
//!
//! A threshold separates what a timer, a program or the network can have done from what it cannot. None of them decides
//! alone: a rule also needs the frames that fit.

use crate::model::Nanos;

/// The shortest retransmission timeout in common use. Linux: `TCP_RTO_MIN`, 200 ms (include/net/tcp.h); RFC 6298 §2.4
/// asks for 1 s. Less 10 %, since a capture's clock and the sender's timer wheel differ. A route or socket may be set to
/// less (`rto_min`).
pub(crate) const MIN_RTO: Nanos = Nanos::from_millis(180);

/// Linux's longest retransmission timeout (`TCP_RTO_MAX`, 120 s); RFC 6298 §2.5 allows 60 s or more. At the limit the
/// timer no longer doubles.
pub(crate) const MAX_RTO: Nanos = Nanos::from_millis(54_000);

/// The shortest wait of a tail-loss probe: Linux, `TCP_TIMEOUT_MIN`, 2 jiffies; less a tick.
pub(crate) const MIN_TLP: Nanos = Nanos::from_millis(1);

/// A sender reacts to an ACK within a round trip (RFC 8985 §6.2: the reordering window is at most one), and on a short
/// path within this time: a timer of a few jiffies and a busy host.
pub(crate) const ACK_REACTION: Nanos = Nanos::from_millis(20);

/// An ACK releases segments at once, or paced over a part of the round trip; a busy host adds no more than this.
pub(crate) const PACING: Nanos = Nanos::from_millis(2);

/// A segment of at most this payload fits any path: the default MSS (RFC 9293 §3.7.1) and the least IPv4 MTU in use.
pub(crate) const MIN_MTU_SEGMENT: u32 = 536;

/// The longest delay of an ACK that RFC 1122 §4.2.3.2 allows. Linux: 40 to 200 ms (`TCP_DELACK_MIN`, `TCP_DELACK_MAX`).
pub(crate) const MAX_DELAYED_ACK: Nanos = Nanos::from_millis(500);

/// An ACK this much later than the path takes waited for the receiver's timer. Half of Linux's `TCP_DELACK_MIN` (40 ms).
pub(crate) const DELAYED_ACK: Nanos = Nanos::from_millis(20);

/// Two captured copies of one packet lie no further apart. Mirror ports and network duplication add less than this, and
/// the IP identification of a sender that counts up does not come round in it (RFC 6864 §4.1).
pub(crate) const DUPLICATE_WITHIN: Nanos = Nanos::from_millis(50);

/// Only the arrival of a segment makes a TCP send within this time of its last packet: Linux's timers are counted in
/// jiffies of 1 ms or more (include/net/tcp.h, `TCP_TIMEOUT_MIN` is 2 jiffies).
pub(crate) const NO_TIMER_WITHIN: Nanos = Nanos(200_000);

/// Within this time an equal timestamp is the same packet's: timestamp clocks tick every 1 ms to 1 s (RFC 7323 §5.4).
pub(crate) const TIMESTAMP_TICK: Nanos = Nanos::from_millis(5);

/// A program or kernel that only waited for an event acts within this time after it.
pub(crate) const AT_ONCE: Nanos = Nanos(500_000);

/// A program that wakes, reads and closes needs no longer, on a host that is not overloaded.
pub(crate) const PROGRAM_AT_ONCE: Nanos = Nanos::from_millis(2);

/// A program that reads at all has read by then what arrived.
pub(crate) const PROGRAM_HAS_READ: Nanos = Nanos::from_millis(1_000);

/// A shorter round trip does not stand out from the delays of a busy host, so nothing is concluded from half of it.
pub(crate) const COMPARABLE_RTT: Nanos = Nanos::from_millis(1);

/// A shorter half of a handshake may be the delay of a busy host instead of a path.
pub(crate) const PATH_DELAY: Nanos = Nanos(400_000);

/// A host answers a SYN or SYN-ACK in its kernel, without a program: within this time even under load (measured on Linux
/// 6.18: 20 to 100 µs).
pub(crate) const HOST_REACTION: Nanos = Nanos::from_millis(1);

/// Within this time an answer to a SYN or SYN-ACK has crossed no router: there and back, and through a kernel, takes longer
/// (measured on Linux 6.18: a kernel alone takes 20 to 100 µs).
pub(crate) const NO_ROUTER: Nanos = Nanos(60_000);

/// An answer to a SYN or SYN-ACK that takes longer has come over a path: one tick of a kernel with 250 Hz, the longest
/// that Linux puts off its receive work (kernel/softirq.c, `MAX_SOFTIRQ_TIME`, 2 ms) twice over.
pub(crate) const NO_HOST: Nanos = Nanos::from_millis(4);

/// A silence from this length on is reported.
pub(crate) const IDLE: Nanos = Nanos::from_millis(1_000);

/// A response that takes longer is reported as slow: the shortest wait that a user of an interactive program notices.
pub(crate) const SLOW_RESPONSE: Nanos = Nanos::from_millis(200);

/// A zero window shorter than this costs no throughput worth reporting.
pub(crate) const NOTICEABLE_ZERO_WINDOW: Nanos = Nanos::from_millis(10);

/// A datagram that waits longer for its response is taken as unanswered when a newer one fits as well: resolvers
/// retransmit after 1 s or more (RFC 1035 §4.2.1 asks for 2 to 5 s).
pub(crate) const STALE_REQUEST: Nanos = Nanos::from_millis(1_000);

/// Wireshark: a retransmission within this time of a duplicate ACK is a fast one (packet-tcp.c).
pub(crate) const WIRESHARK_FAST_RETRANSMISSION: Nanos = Nanos::from_millis(20);

/// Wireshark: a segment below the highest number within this time, if no round trip is known, is out of order
/// (packet-tcp.c).
pub(crate) const WIRESHARK_OUT_OF_ORDER: Nanos = Nanos::from_millis(3);

/// A kernel answers a segment for a socket that it does not have at once (RFC 9293 §3.10.7.1). A RST that comes later than
/// two round trips and this is no answer to it.
pub(crate) const ANSWERED_WITHIN: Nanos = Nanos::from_millis(1_000);

/// A silence from this length on may have run out an idle timer. The shortest in common use: Apache httpd's
/// `KeepAliveTimeout` and Node.js' `keepAliveTimeout`, 5 s.
pub(crate) const IDLE_TIMEOUT: Nanos = Nanos::from_millis(4_900);

/// Usual settings of idle timers: HTTP servers 5, 15, 60, 65 and 75 s (Apache, nginx), AWS Application Load Balancer 60 s,
/// Azure Load Balancer 240 s, F5 BIG-IP 300 s, AWS Network Load Balancer and NAT Gateway 350 s, Google Cloud 600 s, firewalls
/// 900, 1,800 and 3,600 s, RFC 5382 §5 7,440 s.
pub(crate) const IDLE_TIMEOUTS: &[Nanos] = &[
    Nanos::from_millis(5_000),
    Nanos::from_millis(15_000),
    Nanos::from_millis(30_000),
    Nanos::from_millis(60_000),
    Nanos::from_millis(65_000),
    Nanos::from_millis(75_000),
    Nanos::from_millis(120_000),
    Nanos::from_millis(240_000),
    Nanos::from_millis(300_000),
    Nanos::from_millis(350_000),
    Nanos::from_millis(600_000),
    Nanos::from_millis(900_000),
    Nanos::from_millis(1_800_000),
    Nanos::from_millis(3_600_000),
    Nanos::from_millis(7_200_000),
    Nanos::from_millis(7_440_000),
];

/// A silence is that of a timer if it differs from the setting by no more than this: timers are checked once a second, and
/// the path adds a round trip.
pub(crate) const IDLE_TIMEOUT_SPREAD: Nanos = Nanos::from_millis(1_000);

/// Datagrams without any from the server from which the service may be one that sends none. A client that retries a lost
/// request gives up earlier: a resolver after 2 to 3 attempts (resolv.conf(5)).
pub(crate) const ONE_WAY_DATAGRAMS: u64 = 10;

/// TIME-WAIT lasts twice the maximum segment lifetime; that is 2 minutes in RFC 9293 §3.4.2.
pub(crate) const LONGEST_TIME_WAIT: Nanos = Nanos::from_millis(240_000);

/// The shortest TIME-WAIT in common use. Linux: `TCP_TIMEWAIT_LEN`, 60 s (include/net/tcp.h).
pub(crate) const SHORTEST_TIME_WAIT: Nanos = Nanos::from_millis(60_000);
