//! Conversations: who talks to whom, relative numbers, Wireshark's analysis, round-trip times, echoes.
//!
//! Facts only; the words are made on the floor above.

mod analysis;
mod capture_point;
mod cause;
mod conversation;
mod ended;
mod ending;
mod event;
mod facts;
mod index;
mod kind;
mod maybe_owned;
mod reset;
mod retransmission;
mod roles;
mod rtt;
mod slots;
mod stop_reason;
mod tcp;
mod totals;
mod tracker;
mod udp;

pub use analysis::{Analysis, AnalysisCounts, AnalysisFlag};
pub use capture_point::{CapturePoint, CapturePointBasis, CapturePointEvidence, Measures};
pub use cause::{Candidates, Cause, CauseEvent};
pub use event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts, UdpFacts};
pub use facts::{
    Acked, EcnSignal, Life, Observations, Overtaken, Probe, RttSample, SegmentRole, SlowAnswer, SynData, UdpPlace,
};
pub use maybe_owned::MaybeOwned;
pub use reset::Reset;
pub use retransmission::{
    DsackReport, FirstCopy, PacketIds, Retransmission, RetransmitCause, RtoBackoff, SpuriousEvidence,
};
pub use rtt::{Distribution, smoothed};
pub use stop_reason::StopReason;
pub use tcp::rules::handshake::{HandshakeRetry, RetryCase, RetryEffect, RetryProof};
pub use tcp::rules::port_reuse::{PortReuse, ReuseEffect, ReuseProof, ReusedPorts};
pub use tcp::rules::{Family, Rule, Words};
pub use tcp::{
    AfterFin, Ecn, Fins, KeepAlives, Negotiated, State, StillZeroWindow, TcpSummary, Unacceptable, ZeroWindow,
};
pub use totals::{
    Close, ConversationSize, ConversationTotals, EarlierFragments, Handshake, RttTotals, SentAgain, TcpTotals,
    UdpTotals,
};
pub use tracker::{Last, Tracker};
