//! A first reading of a capture: which conversations are to be shown.

use std::collections::HashSet;
use std::io;

use super::Sink;
use super::ranking::{Order, Ranking};
use super::selection::Selection;
use super::totals::CaptureTotals;
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::track::StreamId;

/// The sink that looks for the worst of the wanted conversations and shows nothing.
#[derive(Debug)]
pub struct Scan<'a> {
    wanted: &'a Selection,
    ranking: Ranking,
}

impl<'a> Scan<'a> {
    /// Looks for the `max` worst of the `wanted`.
    pub fn new(wanted: &'a Selection, max: usize) -> Self {
        Self { wanted, ranking: Ranking::new(Order::Trouble, max) }
    }

    /// The conversations found.
    pub fn found(mut self) -> HashSet<StreamId> {
        self.ranking.take().0.iter().map(|conversation| conversation.totals.stream).collect()
    }
}

impl Sink for Scan<'_> {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn wants_steps(&self) -> bool {
        false
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        if self.wanted.has(conversation) {
            self.ranking.offer(conversation);
        }
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}
