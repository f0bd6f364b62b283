//! Keeps what the answers need of the steps, and hands it on with the conversation when it ends.

use std::collections::HashMap;
use std::io;

use super::Sink;
use super::forward_sink::ForwardSink;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Evidence, Questions, Step};
use crate::model::CaptureInfo;
use crate::track::{Event, StreamId};

/// Most open conversations of which evidence is kept. Each takes about 9 kB, so that all together stay below 160 MB,
/// where the tracker follows a million.
const MAX_OPEN: usize = 16_384;

/// The sink before all others where answers are asked for: it sees every step, whatever they leave out.
///
/// It keeps evidence of the conversations that are open and can still be shown.
#[derive(Debug)]
pub struct AnswerCollector<S> {
    inner: S,
    asked: Questions,
    max: usize,
    /// At most `max`.
    open: HashMap<StreamId, Evidence>,
    unanswered: u64,
}

impl<S: Sink> AnswerCollector<S> {
    /// Passes everything on to `inner`, conversations with their evidence.
    pub fn new(inner: S) -> Self {
        Self { inner, asked: Questions::default(), max: MAX_OPEN, open: HashMap::new(), unanswered: 0 }
    }

    /// The same, for these questions alone.
    #[must_use]
    pub fn asked(self, asked: Questions) -> Self {
        Self { asked, ..self }
    }

    /// The evidence of a step's conversation; `None` where none is kept, since answers need the first step too.
    fn evidence(&mut self, event: &Event<'_>) -> Option<&mut Evidence> {
        if event.number == 1 && self.inner.may_show(event) {
            if self.open.len() < self.max {
                return Some(self.open.entry(event.stream).or_default());
            }
            self.unanswered += 1;
        }
        self.open.get_mut(&event.stream)
    }
}

impl<S: Sink> ForwardSink for AnswerCollector<S> {
    type Inner = S;

    const SEES_ALL: bool = true;

    fn inner(&self) -> &Self::Inner {
        &self.inner
    }

    fn inner_mut(&mut self) -> &mut Self::Inner {
        &mut self.inner
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.open.clear();
        self.unanswered = 0;
        self.inner.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        if let Some(evidence) = self.evidence(&step.event) {
            evidence.record(&step.event);
        }
        self.inner.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        match self.open.remove(&conversation.totals.stream) {
            // one before this has seen more
            Some(evidence) if !conversation.has_evidence() => {
                self.inner.conversation(&conversation.clone().with_evidence(evidence, self.asked.clone()))
            }
            _ => self.inner.conversation(conversation),
        }
    }

    fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
        // one before this counts the same ones
        let unanswered = totals.unanswered.max(self.unanswered);
        self.inner.finish(&CaptureTotals { unanswered, ..totals.clone() })
    }
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::super::samples::{play, ten_steps};
    use super::super::{Bounds, Collector, Renderer, Report, Selection, SelectionSink};
    use super::*;

    /// Keeps the conversations.
    #[derive(Default)]
    struct CollectedConversation(Vec<Conversation>);

    impl Sink for &mut CollectedConversation {
        fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
            Ok(())
        }

        fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
            Ok(())
        }

        fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
            self.0.push(conversation.clone());
            Ok(())
        }

        fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
            Ok(())
        }
    }

    fn text_of(kept: &CollectedConversation, id: &str) -> String {
        let answers = kept.0.first().and_then(Conversation::answers).expect("evidence was kept");
        answers.into_iter().find(|answered| answered.question.id == id).expect("a question").answer.text
    }

    #[test]
    fn step_limit_does_not_change_the_answers() {
        let (mut all, mut few) = (CollectedConversation::default(), CollectedConversation::default());
        play(&ten_steps(), &mut AnswerCollector::new(&mut all));
        let wanted = Selection { steps: Some(2), ..Selection::default() };
        play(&ten_steps(), &mut AnswerCollector::new(SelectionSink::new(wanted, &mut few)));
        assert!(text_of(&all, "closed_first").starts_with("The client closed first, with the FIN in frame 8"));
        assert_eq!(text_of(&few, "closed_first"), text_of(&all, "closed_first"));
    }

    #[test]
    fn questions_are_answered_only_if_asked() {
        let mut kept = CollectedConversation::default();
        play(&ten_steps(), &mut &mut kept);
        assert!(kept.0.iter().all(|conversation| conversation.answers().is_none()));
    }

    /// As many SYNs, each of another conversation that stays open.
    fn syns(conversations: u16) -> Vec<Vec<u8>> {
        let syn = |port| {
            let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
            let mut frame = Vec::new();
            builder.tcp(1_024 + port, 7, 9, 512).syn().write(&mut frame, b"").expect("a small packet");
            frame
        };
        (0..conversations).map(syn).collect()
    }

    /// Plays a capture up to its end, which is left to come; gives of how many conversations evidence is kept.
    fn kept_of<S: Sink>(frames: &[Vec<u8>], max: usize, inner: S) -> usize {
        struct Open<S>(AnswerCollector<S>, usize);
        impl<S: Sink> Sink for Open<S> {
            fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
                Sink::capture(&mut self.0, info)
            }

            fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
                Sink::step(&mut self.0, step)?;
                self.1 = self.1.max(self.0.open.len());
                Ok(())
            }

            fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
                Sink::conversation(&mut self.0, conversation)
            }

            fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
                Sink::finish(&mut self.0, totals)
            }
        }
        let mut open = Open(AnswerCollector { max, ..AnswerCollector::new(inner) }, 0);
        play(frames, &mut open);
        open.1
    }

    /// Keeps the last report.
    #[derive(Default)]
    struct Last(Option<Report>);

    impl Renderer for &mut Last {
        fn render(&mut self, report: &Report) -> io::Result<()> {
            self.0 = Some(report.clone());
            Ok(())
        }

        fn end(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn evidence_is_kept_only_for_conversations_that_can_be_shown() {
        for conversations in [100, 200, 400] {
            let mut last = Last::default();
            let bounds = Bounds { conversations: 3, ..Bounds::default() };
            assert_eq!(kept_of(&syns(conversations), MAX_OPEN, Collector::new(bounds, &mut last)), 3);
            let report = last.0.expect("a report");
            assert!(report.conversations.iter().all(|kept| kept.conversation.has_evidence()));
            assert_eq!((report.conversations.len(), report.totals.unanswered), (3, 0));
        }
    }

    #[test]
    fn conversations_without_answers_are_counted() {
        for conversations in [100, 200, 400] {
            let mut last = Last::default();
            assert_eq!(kept_of(&syns(conversations), 50, Collector::new(Bounds::NONE, &mut last)), 50);
            let report = last.0.expect("a report");
            let answered = report.conversations.iter().filter(|kept| kept.conversation.has_evidence()).count();
            assert_eq!((answered, report.totals.unanswered), (50, u64::from(conversations) - 50));
        }
    }
}
