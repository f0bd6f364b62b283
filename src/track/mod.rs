//! Conversations: who talks to whom, relative numbers, Wireshark's analysis, round-trip times, echoes.
//!
//! Facts only; the words are made on the floor above.

mod analysis;
mod conversation;
mod early;
mod echo;
mod ended;
mod ending;
mod event;
mod facts;
mod index;
mod kind;
mod lent;
mod repeat;
mod reset;
mod roles;
mod rtt;
mod slots;
mod tcp;
mod totals;
mod tracker;
mod udp;
mod vantage;
mod when;

pub use analysis::{Analysis, AnalysisCounts, AnalysisFlag};
pub use early::Early;
pub use echo::{Echo, EchoForm, EchoKind, EchoSeen, EchoStory, EchoTotals, GaveUp};
pub use event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts, UdpFacts};
pub use facts::{Acked, Hints, Life, Overtaken, PairedBy, Probe, RttSample, SlowAnswer, SynData, TcpPlace, UdpPlace};
pub use lent::Lent;
pub use repeat::{Arrived, FirstCopy, Marks, Repeat, RepeatVerdict, Twice, Wait};
pub use reset::Reset;
pub use rtt::{Distribution, smoothed};
pub use tcp::{AfterFin, Fins, KeepAlives, Negotiated, Sighting, StillShut, TcpStory, ZeroWindow};
pub use totals::{
    Close, ConversationTotals, EarlierFragments, Extent, Handshake, RttTotals, SentAgain, TcpTotals, UdpTotals,
};
pub use tracker::{Last, Tracker};
pub use vantage::{Clue, Measures, Standpoint, Vantage};
