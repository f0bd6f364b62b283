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
mod hosts;
mod index;
mod kind;
mod ledger;
mod maybe_owned;
mod mirror;
mod overview;
mod packet_ref;
mod retransmission;
mod retransmission_proof;
mod roles;
mod rtt;
mod slots;
mod stop_reason;
mod stream;
mod surges;
mod tcp;
mod totals;
mod tracker;
mod udp;
mod udp_clients;

pub use analysis::{Analysis, AnalysisCounts, AnalysisFlag};
pub use capture_point::{CapturePoint, CapturePointBasis, CapturePointEvidence, HandshakeTimes, Measures, Opening};
pub use cause::{Candidates, Cause, CauseEvent};
pub use event::{Body, Event, IcmpFacts, TcpFacts, UdpFacts};
pub use facts::{
    Acked, Life, Observations, Probe, Refusal, ReorderedDatagram, SegmentRole, SlowAnswer, SynData, UdpPlace,
};
pub use ledger::{Ledger, Share, Wait};
pub use maybe_owned::MaybeOwned;
pub use mirror::MirrorSummary;
pub use overview::CaptureOverview;
pub use retransmission::Retransmission;
pub use retransmission_proof::{FirstCopy, PacketIds, RetransmissionProof, View};
pub use rtt::{Distribution, RttSample, RttTotals, smoothed};
pub use stop_reason::StopReason;
pub use stream::{RolesFrom, StreamId};
pub use surges::{Attempts, Surge};
pub use tcp::fragments::EarlierFragments;
pub use tcp::rules::close::{CloseEffect, CloseProof, Closes, Reply, TimeWait};
pub use tcp::rules::port_reuse::{PortReuse, ReuseEffect, ReuseProof, ReusedPorts};
pub use tcp::rules::probe_answer::Answered;
pub use tcp::rules::registry::{ListedRule, rules};
pub use tcp::rules::reset::family::{Ends, ResetEffect, ResetFamily};
pub use tcp::rules::reset::proof::ResetProof;
pub use tcp::rules::retransmission::family::{Delivery, RetransmissionFamily, Transmission};
pub use tcp::rules::rule::{Family, Rule, Verdict, Words};
pub use tcp::rules::waiting::AckDelayProof;
pub use udp_clients::{AnswersFrom, LinkedConversation};

pub use tcp::rules::window::ZeroWindowStretch;
pub use tcp::{
    AfterFin, Asks, BadChecksums, Ecn, FasterAnswer, Fins, KeepAlives, Negotiated, PathMtu, RareEvents, SameTtl, State,
    StillZeroWindow, TcpSummary, TwoTtls, Unacceptable, Unacked, UnansweredRequest, UnfilledGap, ZeroWindow,
};
pub use totals::{AnsweredInvalid, Close, ConversationTotals, Handshake, RetransmittedRequest, TcpTotals, UdpTotals};
pub use tracker::{Last, Tracker};

pub(crate) use tcp::rules::close;
#[cfg(test)]
pub(crate) use tcp::rules::probe::{PROBES, ProbeProof};
pub(crate) use tcp::rules::retransmission::sent_before;
