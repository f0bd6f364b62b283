//! The state machine of RFC 9293 §3.3.2: the states of one end, and the events that move it from one to the next.

/// A state of RFC 9293 §3.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// There is no connection.
    Closed,
    /// Waits for anybody's SYN.
    Listen,
    /// Has sent a SYN and waits for the peer's.
    SynSent,
    /// Has received a SYN and answered it, and waits for the ACK.
    SynReceived,
    /// Open: data flows.
    Established,
    /// Has sent a FIN, and waits for its ACK or the peer's FIN.
    FinWait1,
    /// Its FIN is acknowledged; waits for the peer's.
    FinWait2,
    /// The peer has closed; its own program has not.
    CloseWait,
    /// Both have sent a FIN; waits for the ACK of its own.
    Closing,
    /// The peer closed first; waits for the ACK of its own FIN.
    LastAck,
    /// Waits until no old segment can be in transit any more.
    TimeWait,
}

impl State {
    /// After sending a SYN, with ACK or without.
    #[must_use]
    pub fn after_sending_syn(state: Option<Self>, with_ack: bool) -> Option<Self> {
        match (state, with_ack) {
            (None | Some(Self::Closed | Self::Listen), false) => Some(Self::SynSent),
            (None | Some(Self::Closed | Self::Listen | Self::SynSent), true) => Some(Self::SynReceived),
            (other, _) => other,
        }
    }

    /// After sending a FIN.
    #[must_use]
    pub fn after_sending_fin(state: Option<Self>) -> Option<Self> {
        match state {
            Some(Self::CloseWait) => Some(Self::LastAck),
            None | Some(Self::Established | Self::SynReceived) => Some(Self::FinWait1),
            other => other,
        }
    }

    /// After the peer's FIN has arrived, and all bytes before it.
    #[must_use]
    pub fn after_receiving_fin(state: Option<Self>) -> Option<Self> {
        match state {
            None | Some(Self::Established | Self::SynReceived) => Some(Self::CloseWait),
            Some(Self::FinWait1) => Some(Self::Closing),
            Some(Self::FinWait2) => Some(Self::TimeWait),
            other => other,
        }
    }

    /// After the ACK of its own FIN has arrived.
    #[must_use]
    pub fn after_fin_acked(state: Option<Self>) -> Option<Self> {
        match state {
            Some(Self::FinWait1) => Some(Self::FinWait2),
            Some(Self::Closing) => Some(Self::TimeWait),
            Some(Self::LastAck) => Some(Self::Closed),
            other => other,
        }
    }

    /// After an acceptable RST has arrived; `passive` is the end that accepts connections.
    #[must_use]
    pub fn after_reset(state: Option<Self>, passive: bool) -> Self {
        match state {
            Some(Self::Listen) => Self::Listen,
            Some(Self::SynReceived) if passive => Self::Listen,
            _ => Self::Closed,
        }
    }

    /// The name of RFC 9293.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }
}
