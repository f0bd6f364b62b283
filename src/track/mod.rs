//! Conversations: who talks to whom, relative numbers, Wireshark's analysis, round-trip times, echoes.
//!
//! Facts only; the words are made on the floor above.

mod analysis;
mod event;
mod facts;
mod totals;

pub use analysis::{Analysis, AnalysisCounts, AnalysisFlag};
pub use event::{Body, Event, IcmpFacts, RolesFrom, StreamId, TcpFacts, UdpFacts};
pub use facts::{Acked, Echo, EchoKind, Repeat, Reset, RttSample, TcpPlace, UdpPlace};
pub use totals::{Close, ConversationTotals, EchoTotals, Handshake, RttTotals, TcpTotals};
