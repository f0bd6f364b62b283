//! Messages about conversations that were asked for and are not in a capture: an empty report would say nothing.

use std::io;

use super::exit::say;
use crate::explain::Conversation;
use crate::model::{Endpoint, counted, thousands};
use crate::report::{CaptureTotals, ForwardSink, Selection, Sink};
use crate::track::StreamId;

/// Looks for what is wanted while a capture is read.
pub(super) struct MatchCheck<'a> {
    wanted: &'a Selection,
    /// `true` if a conversation has the port, and if one of those that are named has it.
    has_port: bool,
    named_has_port: bool,
    /// Number of selected conversations.
    matched: u64,
}

/// The sink that lets `no_match` see every conversation before `sink` does.
struct MatchCheckSink<'s, 'a, S> {
    no_match: &'s mut MatchCheck<'a>,
    sink: S,
}

impl<'a> MatchCheck<'a> {
    pub(super) fn new(wanted: &'a Selection) -> Self {
        Self { wanted, has_port: false, named_has_port: false, matched: 0 }
    }

    /// Looks at what `sink` is told.
    pub(super) fn before<'s>(&'s mut self, sink: impl Sink + 's) -> impl Sink + 's
    where
        'a: 's,
    {
        MatchCheckSink { no_match: self, sink }
    }

    fn see(&mut self, stream: StreamId, ends: [Endpoint; 2]) {
        let has_port = self.wanted.port.is_some_and(|port| ends.iter().any(|end| end.port == port));
        self.has_port |= has_port;
        self.named_has_port |= has_port && self.wanted.streams.contains(&stream);
    }

    /// Says what is not there, and why there is nothing at all; `place` is where it was sought. Returns whether there is
    /// anything of what was asked for.
    pub(super) fn report_missing(&self, place: &str, totals: &CaptureTotals, filtered: bool) -> bool {
        let named = place;
        let place = if filtered { format!("what passes the filter in {place}") } else { place.to_owned() };
        let mut all_there = true;
        for named in &self.wanted.streams {
            let count = totals.conversations(named.protocol);
            if u64::from(named.number) < count {
                continue;
            }
            all_there = false;
            let protocol = named.protocol.name();
            say(&match count {
                0 => format!("no conversation {named}: {place} has none of {}", named.protocol),
                1 => format!("no conversation {named}: {place} has only {protocol}:0"),
                _ => format!("no conversation {named}: {place} has {protocol}:0 to {protocol}:{}", count - 1),
            });
        }
        if let Some(port) = self.wanted.port {
            if !self.has_port {
                say(&format!("no conversation of {place} has port {port}; --summary lists all conversations"));
            } else if !self.named_has_port && !self.wanted.streams.is_empty() && all_there {
                say(&format!("no conversation selected by --conversation has port {port}; others of {place} have"));
            }
        }
        let steps = totals.tcp + totals.udp + totals.icmp;
        // frames that a filter rejects are not expected
        if steps == 0 && totals.frames > 0 && !filtered {
            let why: Vec<_> =
                totals.other().map(|(why, frames)| format!("{} {}", thousands(frames), why.meaning())).collect();
            say(&format!("nothing to explain in {}: {}", counted(totals.frames, "frame"), why.join("; ")));
        }
        if steps == 0 && filtered {
            if *self.wanted == Selection::default() {
                say(&format!("no packet of {named} passes the filter"));
            }
            return false;
        }
        if self.matched == 0 && !self.wanted.findings.is_empty() && steps > 0 {
            let codes: Vec<_> = self.wanted.findings.iter().map(|code| code.name()).collect();
            say(&format!("no selected conversation of {place} has the finding {}", codes.join(" or ")));
        }
        *self.wanted == Selection::default() || self.matched > 0
    }
}

impl<S: Sink> ForwardSink for MatchCheckSink<'_, '_, S> {
    type Inner = S;

    fn inner(&self) -> &Self::Inner {
        &self.sink
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        &mut self.sink
    }

    fn wants_conversations(&self) -> bool {
        *self.no_match.wanted != Selection::default() || self.sink.wants_conversations()
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let totals = &conversation.totals;
        self.no_match.see(totals.stream, [totals.client, totals.server]);
        self.no_match.matched += u64::from(self.no_match.wanted.has(conversation));
        self.sink.conversation(conversation)
    }
}
