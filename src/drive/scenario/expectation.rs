//! What the report of a scenario must show, in the words of the machine output.

/// What a report must show. Findings that mean loss or failure and are neither in `shows` nor in `may_show` must not be
/// there: a scenario shows what it is about and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// How many conversations.
    pub conversations: u64,
    /// Finding codes that must be there.
    pub shows: &'static [&'static str],
    /// Finding codes that may be there: what depends on the moment.
    pub may_show: &'static [&'static str],
    /// Finding codes that must not be there, whatever their weight.
    pub hides: &'static [&'static str],
    /// How the first conversation opened: `complete`, `refused` …; empty for UDP.
    pub handshake: &'static str,
    /// How the first conversation ended: `fin`, `rst`, `none` …; empty for UDP.
    pub close: &'static str,
    /// Who closed the first conversation first; empty where that is nobody, or chance.
    pub closed_first: &'static str,
    /// How many requests the first conversation's echo answers in full.
    pub echoed: Option<u64>,
    /// How many steps there are altogether.
    pub steps: Count,
    /// How often Wireshark's flags are set, over all conversations.
    pub analysis: &'static [(&'static str, Count)],
    /// How many steps have these checksums: `absent`, `invalid` …
    pub checksums: &'static [(&'static str, Count)],
}

/// What a busy machine may bring to any session: where the round trip takes microseconds, an ACK that is a few milliseconds
/// late makes the sender probe or, where the lab's wire has to wait for a processor, its timer run out; the receiver says
/// that it had the bytes, and a copy may come when the socket is closed.
pub const BUSY: &[&str] =
    &["tail_loss_probe", "retransmit", "timeout_retransmit", "spurious_retransmit", "reset_after_close"];

/// How often something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So often.
    Exactly(u64),
    /// So often or more.
    AtLeast(u64),
}

impl Count {
    /// Whether `count` is right.
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
