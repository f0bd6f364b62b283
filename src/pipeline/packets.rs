//! Frames with what they say, one after the other.

use crate::capture::Source;
use crate::capture::filter::Filter;
use crate::decode::Decoder;
use crate::model::{Frame, Packet, Skip};

/// What comes next.
#[allow(clippy::large_enum_variant, reason = "nearly always a frame, and a box would be an allocation a packet")]
pub(super) enum Taken<'a> {
    /// A frame, and its packet or the reason why there is none.
    Frame(Frame<'a>, Result<Packet<'a>, Skip>),
    /// Nothing: the source is at its end.
    End,
    /// The source breaks off: where and why.
    Broken(String),
}

/// A source of decoded frames.
pub(super) trait Packets {
    /// Takes the next frame.
    fn take(&mut self) -> Taken<'_>;

    /// How many fragments wait for the rest of their packet, once the source is at its end.
    fn incomplete_fragments(&self) -> u64;
}

/// Reads and decodes when asked: for live sessions, where a frame is wanted as soon as it comes, and for filters.
pub(super) struct Inline<'s> {
    source: &'s mut (dyn Source + Send),
    filter: Option<&'s mut Filter>,
    decoder: Decoder,
}

impl<'s> Inline<'s> {
    pub(super) fn new(source: &'s mut (dyn Source + Send), filter: Option<&'s mut Filter>) -> Self {
        Self { source, filter, decoder: Decoder::new() }
    }
}

impl Packets for Inline<'_> {
    fn take(&mut self) -> Taken<'_> {
        let frame = match self.source.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Taken::End,
            Err(error) => return Taken::Broken(error.to_string()),
        };
        match self.filter.as_mut().map(|filter| filter.matches(&frame)) {
            None | Some(Ok(true)) => Taken::Frame(frame, self.decoder.decode(&frame)),
            Some(Ok(false)) => Taken::Frame(frame, Err(Skip::Filtered)),
            // the expression makes no sense for this frame's link type
            Some(Err(error)) => Taken::Broken(error.to_string()),
        }
    }

    fn incomplete_fragments(&self) -> u64 {
        self.decoder.incomplete_fragments()
    }
}
