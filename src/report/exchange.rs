//! Messages among several programs: what conversations that depend on each other do together.

use crate::track::StreamId;

/// Messages among programs, in the order of their frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The programs, from left to right.
    pub programs: Vec<&'static str>,
    /// The messages that are shown.
    pub messages: Vec<Message>,
    /// Number of further messages that were not kept.
    pub left_out: u64,
}

/// A message from one program to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first frame.
    pub frame: u64,
    /// Its conversation.
    pub stream: StreamId,
    /// The sender's place among the programs.
    pub from: usize,
    /// The receiver's place.
    pub to: usize,
    /// Its beginning.
    pub text: String,
}
