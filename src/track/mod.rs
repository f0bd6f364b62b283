//! Conversations: who talks to whom, relative numbers, Wireshark's analysis, round-trip times, echoes.
//!
//! Facts only; the words are made on the floor above.

mod analysis;
mod askers;
mod capture_point;
mod cause;
mod conversation;
mod ended;
mod ending;
mod event;
mod facts;
mod hosts;
mod index;
mod kind;
mod ledger;
mod maybe_owned;
mod mirror;
mod overview;
mod retransmission;
mod roles;
mod rtt;
mod slots;
mod stop_reason;
mod surges;
mod tcp;
mod totals;
mod tracker;
mod udp;

pub use analysis::{Analysis, AnalysisCounts, AnalysisFlag};
pub use askers::{AnswersFrom, LinkedConversation};
pub use capture_point::{CapturePoint, CapturePointBasis, CapturePointEvidence, Measures};
pub use cause::{Candidates, Cause, CauseEvent};
pub use event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts, UdpFacts};
pub use facts::{
    Acked, EcnSignal, Life, Observations, Overtaken, Probe, RttSample, SegmentRole, SlowAnswer, SynData, UdpPlace,
};
pub use ledger::{Ledger, Share, Wait};
pub use maybe_owned::MaybeOwned;
pub use mirror::MirrorSummary;
pub use overview::CaptureOverview;
pub use retransmission::{
    DsackReport, FirstCopy, PacketIds, Retransmission, RetransmissionProof, SpuriousEvidence, View,
};
pub use rtt::{Distribution, smoothed};
pub use stop_reason::StopReason;
pub use surges::{Attempts, Surge};
pub use tcp::rules::port_reuse::{PortReuse, ReuseEffect, ReuseProof, ReusedPorts};
#[cfg(test)]
pub(crate) use tcp::rules::probe::{PROBES, ProbeProof};
pub use tcp::rules::reset::{Ends, ResetEffect, ResetFamily, ResetProof};
pub(crate) use tcp::rules::retransmission::sent_before;
pub use tcp::rules::retransmission::{Delivery, RetransmissionFamily, Transmission};
pub use tcp::rules::waiting::AckDelayProof;
pub use tcp::rules::window::ZeroWindowCause;
pub use tcp::rules::{Family, Rule, Verdict, Words};
pub use tcp::{
    AfterFin, Ecn, Fins, KeepAlives, Negotiated, Quicker, SameTtl, State, StillZeroWindow, TcpSummary, TwoTtls,
    Unacceptable, Unacked, UnansweredRequest, UnfilledGap, ZeroWindow,
};
pub use totals::{
    Close, ConversationSize, ConversationTotals, EarlierFragments, Handshake, RttTotals, SentAgain, TcpTotals,
    UdpTotals,
};
pub use tracker::{Last, Tracker};
