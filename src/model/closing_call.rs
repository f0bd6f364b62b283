//! A traced call that closed a socket, as the proof of a RST.

use std::collections::HashMap;

/// The way in which a program closed its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// It called `close()`.
    Close,
    /// It ended, and its kernel closed the socket.
    Exit,
    /// A signal killed it, and its kernel closed the socket.
    Killed,
}

/// A call that made the caller's kernel send a RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosingCall {
    /// Its number among the traced calls, from 1.
    pub number: u32,
    /// The way in which the socket was closed.
    pub by: ClosedBy,
    /// Bytes that had arrived and were never received by the program.
    pub unread: u64,
    /// SO_LINGER was set with a zero timeout.
    pub lingers: bool,
}

/// The calls that became RSTs, by the frames of these.
pub(crate) type ClosingCalls = HashMap<u64, ClosingCall>;
