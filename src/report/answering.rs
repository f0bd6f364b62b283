//! Keeps what the answers need of the steps, and hands it on with the conversation when it ends.

use std::collections::HashMap;
use std::io;

use super::Sink;
use super::relay::Relay;
use crate::explain::{Conversation, Evidence, Step};
use crate::model::CaptureInfo;
use crate::track::StreamId;

/// The sink before all others where answers are asked for: it sees every step, whatever they leave out.
///
/// It keeps evidence of the conversations that are open, as many as the tracker follows.
#[derive(Debug)]
pub struct Answering<S> {
    inner: S,
    open: HashMap<StreamId, Evidence>,
}

impl<S: Sink> Answering<S> {
    /// Passes everything on to `inner`, conversations with their evidence.
    pub fn new(inner: S) -> Self {
        Self { inner, open: HashMap::new() }
    }
}

impl<S: Sink> Relay for Answering<S> {
    type To = S;

    const SEES_ALL: bool = true;

    fn to(&self) -> &Self::To {
        &self.inner
    }

    fn to_mut(&mut self) -> &mut Self::To {
        &mut self.inner
    }

    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.open.clear();
        self.inner.capture(info)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.open.entry(step.event.stream).or_default().see(&step.event);
        self.inner.step(step)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let evidence = self.open.remove(&conversation.totals.stream).unwrap_or_default();
        // one before this has seen more
        if conversation.has_evidence() {
            return self.inner.conversation(conversation);
        }
        self.inner.conversation(&conversation.clone().with_evidence(evidence))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{play, ten_steps};
    use super::super::{CaptureTotals, Selection, Wanted};
    use super::*;

    /// Keeps the conversations.
    #[derive(Default)]
    struct Kept(Vec<Conversation>);

    impl Sink for &mut Kept {
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

    fn text_of(kept: &Kept, id: &str) -> String {
        let answers = kept.0.first().and_then(Conversation::answers).expect("evidence was kept");
        answers.into_iter().find(|answered| answered.question.id == id).expect("a question").answer.text
    }

    #[test]
    fn a_limit_of_steps_takes_nothing_from_the_answers() {
        let (mut all, mut few) = (Kept::default(), Kept::default());
        play(&ten_steps(), &mut Answering::new(&mut all));
        let wanted = Wanted { steps: Some(2), ..Wanted::default() };
        play(&ten_steps(), &mut Answering::new(Selection::new(wanted, &mut few)));
        assert!(text_of(&all, "closed_first").starts_with("The client closed first, with the FIN in frame 8"));
        assert_eq!(text_of(&few, "closed_first"), text_of(&all, "closed_first"));
    }

    #[test]
    fn nobody_asked_nobody_is_answered() {
        let mut kept = Kept::default();
        play(&ten_steps(), &mut &mut kept);
        assert!(kept.0.iter().all(|conversation| conversation.answers().is_none()));
    }
}
