//! The text on an arrow: `[P.] seq 1:13 ack 1 len 12`.

use crate::explain::Step;
use crate::report::View;
use crate::track::{Body, TcpFacts};

/// The text on an arrow, in the parts that may be left out where there is little room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Label {
    /// `[P.]`, `UDP`, `ICMP port unreachable`.
    pub head: String,
    /// `seq 1:13`.
    pub seq: Option<String>,
    /// `ack 1`.
    pub ack: Option<String>,
    /// `len 12`; `win 0` for a zero window.
    pub len: Option<String>,
}

impl Label {
    pub(super) fn of(step: &Step<'_>, view: &View) -> Self {
        match &step.event.body {
            Body::Tcp(facts) => Self::segment(facts, view),
            Body::Udp(facts) => {
                Self { head: "UDP".to_owned(), len: Some(format!("len {}", facts.len)), ..Self::default() }
            }
            Body::Icmp(facts) => {
                let about = facts.quotes_frame.map(|frame| format!("about frame {frame}"));
                Self { head: format!("ICMP {}", facts.error.name()), len: about, ..Self::default() }
            }
        }
    }

    fn segment(facts: &TcpFacts, view: &View) -> Self {
        let (seq, ack) = match view.absolute {
            true => (facts.seq_raw, facts.ack.map(|_| facts.ack_raw)),
            false => (facts.seq, facts.ack),
        };
        Self {
            head: format!("[{}]", facts.flags.tcpdump()),
            seq: Some(match facts.len {
                0 => format!("seq {seq}"),
                len => format!("seq {seq}:{}", seq.wrapping_add(len)),
            }),
            ack: ack.map(|ack| format!("ack {ack}")),
            len: match (facts.len, facts.observations.zero_window.is_some()) {
                (0, false) => None,
                (0, true) => Some("win 0".to_owned()),
                (len, false) => Some(format!("len {len}")),
                (len, true) => Some(format!("len {len} win 0")),
            },
        }
    }

    /// As many parts as fit into `room` characters; the length goes first, then the acknowledgment.
    pub(crate) fn within(&self, room: usize) -> String {
        let all = [Some(&self.head), self.seq.as_ref(), self.ack.as_ref(), self.len.as_ref()];
        for parts in [&all[..], &all[..3], &all[..2]] {
            let text = join(parts);
            if text.chars().count() <= room {
                return text;
            }
        }
        let head: String = self.head.chars().take(room).collect();
        head
    }
}

fn join(parts: &[Option<&String>]) -> String {
    parts.iter().flatten().map(|part| part.as_str()).collect::<Vec<_>>().join(" ")
}

/// All of it.
impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.within(usize::MAX))
    }
}
