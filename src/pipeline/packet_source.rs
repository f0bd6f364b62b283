//! Frames with what they say, one after the other.

use std::ops::ControlFlow;

use crate::capture::Source;
use crate::capture::filter::Filter;
use crate::decode::Decoder;
use crate::model::{FlowKey, Frame, Packet, Skip};

/// The reason why no more frames come.
pub(super) enum End<B> {
    /// The source is at its end.
    Source,
    /// The source breaks off: where and why.
    Broken(String),
    /// Whoever takes them has had enough.
    Enough(B),
    /// No end: the next has to be waited for. To be asked again.
    Pause,
}

/// A source of decoded frames.
pub(super) trait PacketSource {
    /// Gives each frame, with its packet or the reason why there is none, to `handler` until that has enough.
    ///
    /// They are lent rather than handed over: moving them would cost more than much of what is done with them.
    fn each<H: PacketHandler>(&mut self, handler: &mut H) -> End<H::Enough>;

    /// Number of fragments that wait for the rest of their packet, once the source is at its end.
    fn incomplete_fragments(&self) -> u64;
}

/// A consumer of decoded frames.
pub(super) trait PacketHandler {
    /// The reason why it has enough.
    type Enough;

    /// Packets of these conversations come next.
    fn expect(&mut self, keys: impl Iterator<Item = FlowKey>);

    /// Takes one frame, with its packet or the reason why there is none.
    fn handle(&mut self, frame: &Frame<'_>, packet: Result<&Packet<'_>, Skip>) -> ControlFlow<Self::Enough>;
}

/// Reads and decodes when asked: for live sessions, where a frame is wanted as soon as it comes, and for filters.
pub(super) struct InlineReader<'s> {
    source: &'s mut (dyn Source + Send),
    filter: Option<&'s mut Filter>,
    decoder: Decoder,
    paused: bool,
}

impl<'s> InlineReader<'s> {
    pub(super) fn new(source: &'s mut (dyn Source + Send), filter: Option<&'s mut Filter>) -> Self {
        Self { source, filter, decoder: Decoder::new(), paused: false }
    }
}

impl PacketSource for InlineReader<'_> {
    fn each<H: PacketHandler>(&mut self, handler: &mut H) -> End<H::Enough> {
        loop {
            self.paused = !self.paused && !self.source.is_ready();
            if self.paused {
                return End::Pause;
            }
            let frame = match self.source.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => return End::Source,
                Err(error) => return End::Broken(error.to_string()),
            };
            let packet = match self.filter.as_mut().map(|filter| filter.matches(&frame)) {
                None | Some(Ok(true)) => self.decoder.decode(&frame),
                Some(Ok(false)) => Err(Skip::Filtered),
                // the expression makes no sense for this frame's link type
                Some(Err(error)) => return End::Broken(error.to_string()),
            };
            if let ControlFlow::Break(enough) = handler.handle(&frame, packet.as_ref().map_err(|reason| *reason)) {
                return End::Enough(enough);
            }
        }
    }

    fn incomplete_fragments(&self) -> u64 {
        self.decoder.incomplete_fragments()
    }
}
