//! Which answer bytes echo which request bytes: across segment borders in a TCP stream, by datagram in UDP.

mod datagrams;
mod form;
mod found;
mod in_order;
mod relation;
mod reserve;
mod story;
mod turn;

pub use form::{Echo, EchoForm, EchoKind};
pub use story::{EchoSeen, EchoStory, EchoTotals, GaveUp};

pub(super) use datagrams::{Datagrams, Identity, Likeness};
pub(super) use found::Found;
pub(super) use reserve::Reserve;
pub(super) use turn::{Part, Turns};
