//! The values that every other floor speaks in: plain data, no clock, no I/O, no library types.

mod call;
mod capture_info;
mod endpoint;
mod flags;
mod flow;
mod fragments;
mod frame;
mod link_type;
mod number;
mod options;
mod packet;
mod protocol;
mod seq;
mod skip;
mod text;
mod timestamp;
mod wire_mark;

pub use call::{Call, CallKind, FailedCall, KernelView, Side};
pub use capture_info::{CaptureFormat, CaptureInfo};
pub use endpoint::Endpoint;
pub use flags::TcpFlags;
pub use flow::{Flow, FlowKey, FlowKeyV4, FlowKeyV6};
pub use fragments::EarlierFrames;
pub use frame::Frame;
pub use link_type::LinkType;
pub use number::{counted, thousands};
pub use options::{OptionKinds, SackBlocks, TcpOptions, TcpTimestamps};
pub use packet::{Checksum, Datagram, Headers, IcmpError, IpHeader, Packet, Quoted, Segment, Transport};
pub use protocol::{Direction, PerDirection, Protocol};
pub use seq::SeqNumber;
pub use skip::Skip;
pub use text::{is_hidden, push_visible, visible};
pub use timestamp::{Nanos, Timestamp};
pub use wire_mark::{WireCause, WireDeed, WireMark};
