//! The expected content of a scenario's report, in the terms of the machine-readable output.

/// The expected content of a report. Findings of loss or failure that are neither in `shows` nor in `may_show` must be
/// absent: a scenario shows its own behaviour and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// Number of conversations.
    pub conversations: u64,
    /// Finding codes that must be present.
    pub shows: &'static [&'static str],
    /// Finding codes that may be present: they depend on timing.
    pub may_show: &'static [&'static str],
    /// Finding codes that must be absent, whatever their severity.
    pub hides: &'static [&'static str],
    /// Handshake of the first conversation: `complete`, `refused` …; empty for UDP.
    pub handshake: &'static str,
    /// Close of the first conversation: `fin`, `rst`, `none` …; empty for UDP.
    pub close: &'static str,
    /// The side that closed the first conversation first; empty if neither did, or either may.
    pub closed_first: &'static str,
    /// Number of the first conversation's requests that the echo answers in full.
    pub echoed: Option<u64>,
    /// Number of steps in total.
    pub steps: Count,
    /// Number of times that each of Wireshark's flags is set, over all conversations.
    pub analysis: &'static [(&'static str, Count)],
    /// Number of steps by checksum status: `absent`, `invalid` …
    pub checksums: &'static [(&'static str, Count)],
}

/// Findings that a busy machine may add to any session. Where the round-trip time is microseconds, an ACK that is a few
/// milliseconds late makes the sender probe; where the lab's wire has to wait for a processor, the retransmission timer
/// may expire. The receiver then reports duplicate bytes, and a duplicate may arrive after the socket is closed.
pub const BUSY: &[&str] =
    &["tail_loss_probe", "retransmit", "timeout_retransmit", "spurious_retransmit", "reset_after_close"];

/// The expected number of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly this number.
    Exactly(u64),
    /// This number or more.
    AtLeast(u64),
}

impl Count {
    /// `true` if `count` is as expected.
    pub fn allows(self, count: u64) -> bool {
        match self {
            Self::Exactly(wanted) => count == wanted,
            Self::AtLeast(least) => count >= least,
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(count) => write!(f, "{count}"),
            Self::AtLeast(count) => write!(f, "at least {count}"),
        }
    }
}

impl Expectation {
    /// One TCP conversation, opened and closed in order, the client first, with nothing lost.
    pub(super) const TCP: Self = Self {
        conversations: 1,
        shows: &[],
        may_show: &[],
        hides: &[],
        handshake: "complete",
        close: "fin",
        closed_first: "client",
        echoed: None,
        steps: Count::AtLeast(1),
        analysis: &[],
        checksums: &[],
    };

    /// One UDP conversation with nothing lost.
    pub(super) const UDP: Self = Self { handshake: "", close: "", closed_first: "", ..Self::TCP };
}
