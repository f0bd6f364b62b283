//! The table of what the programs did.

use super::cell::{Cell, Tone};
use super::column::Align;
use super::transcript::TracedCall;
use super::view::View;
use crate::model::{KernelView, Side};

/// Name of the column of a call's conversation; left out where there is only one conversation.
pub(crate) const CONVERSATION: &str = "Conversation";

/// A column of the calls.
pub(crate) struct CallColumn {
    /// Its head.
    pub header: &'static str,
    /// The alignment of its values.
    pub align: Align,
    /// The text for a call; empty where the column does not apply.
    pub text: fn(&TracedCall, &View) -> Cell,
}

/// Every column of the calls; those that say nothing of any call are left out.
pub(crate) static CALL_COLUMNS: &[CallColumn] = &[
    CallColumn { header: "Call", align: Align::Right, text: |traced, _| traced.number.to_string().into() },
    CallColumn {
        header: "Time",
        align: Align::Right,
        text: |traced, _| traced.since_start.map_or_else(String::new, View::seconds).into(),
    },
    CallColumn {
        header: "Program",
        align: Align::Left,
        text: |traced, _| {
            let tone = if traced.call.side == Side::Client { Tone::Client } else { Tone::Server };
            Cell::from(traced.call.program.as_ref()).tone(tone)
        },
    },
    CallColumn {
        header: CONVERSATION,
        align: Align::Right,
        text: |traced, _| traced.stream.map_or_else(String::new, |stream| stream.number.to_string()).into(),
    },
    CallColumn { header: "Action", align: Align::Left, text: |traced, _| traced.what().into() },
    CallColumn { header: "Frames", align: Align::Left, text: |traced, _| frames(&traced.frames).into() },
    CallColumn {
        header: "After frames",
        align: Align::Right,
        text: |traced, _| traced.after.map_or_else(String::new, |after| after.human().to_string()).into(),
    },
    CallColumn { header: "Client's kernel", align: Align::Left, text: |traced, _| kernel(traced, Side::Client).into() },
    CallColumn { header: "Server's kernel", align: Align::Left, text: |traced, _| kernel(traced, Side::Server).into() },
];

/// Most frames named one by one.
const NAMED: usize = 6;

fn frames(frames: &[u64]) -> String {
    let named: Vec<_> = frames.iter().take(NAMED).map(u64::to_string).collect();
    match (frames.len() > NAMED, frames.last()) {
        (true, Some(last)) => format!("{}, … {last}", named.join(", ")),
        _ => named.join(", "),
    }
}

fn kernel(traced: &TracedCall, side: Side) -> String {
    traced.call.kernel_of(side).map_or_else(String::new, |view| {
        let KernelView { state, cwnd, rtt, unacked, retransmits, .. } = view;
        let mut text = format!("{state} cwnd {cwnd} rtt {}", rtt.human());
        if *unacked > 0 {
            text.push_str(&format!(" unacked {unacked}"));
        }
        if *retransmits > 0 {
            text.push_str(&format!(" retransmits {retransmits}"));
        }
        text
    })
}
