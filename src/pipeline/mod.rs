//! The only loop: frames in, steps and conversations out, every frame accounted for.

pub(crate) mod annotate;
mod own_conversations;
mod packet_source;
mod reader_thread;

use std::io;
use std::ops::ControlFlow;

use own_conversations::OwnConversations;
use packet_source::{End, InlineReader, PacketHandler, PacketSource};
use reader_thread::ReaderThread;

use crate::capture::Source;
use crate::capture::filter::Filter;
use crate::drive::Signal;
use crate::explain::{Step, capture_findings};
use crate::model::{CaptureFormat, ClosingCalls, Endpoint, FlowKey, Frame, Packet, Skip, Transport};
use crate::report::{CaptureTotals, Sink, Tally};
use crate::track::{CapturePoint, StopReason, Tracker};

/// Options of a run of the pipeline.
#[derive(Default)]
pub struct Options {
    /// Only frames that it matches; the others are counted.
    pub filter: Option<Filter>,
    /// Stop after this number of frames, of those that pass the filter. A live capture ends there by itself.
    pub max_frames: Option<u64>,
    /// `true` for a live capture of any program's traffic: its end is not that of its conversations.
    pub live: bool,
    /// The server of a session that echolab drives itself: then the roles are known.
    pub server: Option<Endpoint>,
    /// The ports of the session's clients, where others may use the server's port as well.
    pub clients: Option<Vec<u16>>,
    /// The capture point, if it is known.
    pub capture_point: Option<CapturePoint>,
    /// Traced calls that became RSTs, by the frames of these.
    pub closing: ClosingCalls,
    /// The file that a live capture is kept in, and its format.
    pub kept: Option<(String, CaptureFormat)>,
    /// The signal that ends the source early, if there is one.
    pub halt: Option<Signal>,
    /// Take every segment through all rules, also one that is predicted: the report is the same, and takes longer.
    pub without_prediction: bool,
    /// Read and decode ahead in a thread of its own: for files, which do not wait for anybody.
    pub ahead: bool,
}

/// Pushes everything that `source` yields through to `sink`.
///
/// A source that breaks off is no error here: what it yielded is reported, and [`CaptureTotals::truncated`] says where
/// and why it broke.
///
/// # Errors
/// If the sink can't write.
pub fn run(source: &mut (impl Source + Send), options: &mut Options, sink: &mut dyn Sink) -> io::Result<CaptureTotals> {
    let mut info = source.info().clone();
    if let Some(filter) = &options.filter {
        info.filter = Some(filter.expression().to_owned());
    }
    if let Some((file, format)) = &options.kept {
        (info.file, info.format) = (Some(file.clone()), Some(*format));
    }
    sink.capture(&info)?;
    let mut tracker = Tracker::new(options.server)
        .captured_at(options.capture_point)
        .with_closing_calls(std::mem::take(&mut options.closing))
        .without_prediction(options.without_prediction);
    let max = options.max_frames.filter(|_| !options.live).unwrap_or(u64::MAX);
    let own =
        options.server.zip(options.clients.take()).map(|(server, clients)| OwnConversations::new(server.port, clients));
    // rejected frames must not be decoded, since their fragments would be reassembled
    let mut counter = sink.wants_conversations().then(Tally::default);
    let mut totals = if options.ahead && options.filter.is_none() {
        std::thread::scope(|scope| {
            follow(&mut ReaderThread::start(scope, source), &mut tracker, max, own, (sink, &mut counter))
        })?
    } else {
        follow(&mut InlineReader::new(source, options.filter.as_mut()), &mut tracker, max, own, (sink, &mut counter))?
    };
    if options.live && totals.truncated.is_none() {
        let count = options.max_frames.filter(|max| totals.frames >= *max);
        totals.stopped = Some(count.map_or(StopReason::CaptureEnd, StopReason::Count));
    }
    if totals.stopped.is_none() && options.halt.as_ref().is_some_and(Signal::is_raised) {
        totals.stopped = Some(if options.server.is_some() { StopReason::Session } else { StopReason::Reading });
    }
    if totals.stopped == Some(StopReason::Reading) {
        // it was left in the middle of a frame, which is no fault of the capture
        totals.truncated = None;
    }
    let early = totals.stopped.or(totals.truncated.is_some().then_some(StopReason::Break));
    totals.dropped = source.dropped();
    totals.remarks = source.remarks();
    totals.evicted = tracker.evicted();
    totals.findings = capture_findings(&tracker.overview());
    (totals.tcp_conversations, totals.udp_conversations) = tracker.counts();
    for mut ended in tracker.finish(counter.is_some()) {
        ended.early = early;
        if let Some(counter) = &mut counter {
            sink.conversation(&counter.conversation(ended))?;
        }
    }
    totals.findings_count = counter.unwrap_or_default().finish(&totals.findings);
    sink.finish(&totals)?;
    Ok(totals)
}

/// Follows all packets, at most `max` frames of those that the filter lets through.
fn follow(
    packets: &mut impl PacketSource,
    tracker: &mut Tracker,
    max: u64,
    own: Option<OwnConversations>,
    (sink, counter): (&mut dyn Sink, &mut Option<Tally>),
) -> io::Result<CaptureTotals> {
    let mut run = Run { tracker, sink, counter, wants_steps: true, own, totals: CaptureTotals::default(), left: max };
    while run.left > 0 {
        match packets.each(&mut run) {
            End::Pause => run.sink.flush()?,
            End::Source => break,
            End::Broken(why) => {
                run.totals.truncated = Some(why);
                break;
            }
            End::Enough(why) => why?,
        }
    }
    let Run { mut totals, left, .. } = run;
    totals.stopped = (left == 0).then_some(StopReason::Count(max));
    totals.recount(Skip::Fragment, Skip::FragmentIncomplete, packets.incomplete_fragments());
    Ok(totals)
}

/// The state of the loop from frame to frame.
struct Run<'r> {
    tracker: &'r mut Tracker,
    sink: &'r mut dyn Sink,
    /// Counts the findings, where they are to be counted.
    counter: &'r mut Option<Tally>,
    wants_steps: bool,
    own: Option<OwnConversations>,
    totals: CaptureTotals,
    /// Number of frames that are still wanted.
    left: u64,
}

impl PacketHandler for Run<'_> {
    type Enough = io::Result<()>;

    #[inline]
    fn expect(&mut self, keys: impl Iterator<Item = FlowKey>) {
        self.tracker.expect(keys);
    }

    #[inline]
    fn handle(&mut self, frame: &Frame<'_>, packet: Result<&Packet<'_>, Skip>) -> ControlFlow<io::Result<()>> {
        self.left -= u64::from(!matches!(packet, Err(Skip::Filtered)));
        match self.follow(frame, packet) {
            Ok(()) if self.left > 0 => ControlFlow::Continue(()),
            enough => ControlFlow::Break(enough),
        }
    }
}

impl Run<'_> {
    /// Follows one packet, or counts why there is none.
    #[inline]
    fn follow(&mut self, frame: &Frame<'_>, packet: Result<&Packet<'_>, Skip>) -> io::Result<()> {
        self.totals.frames += 1;
        match packet.map(|packet| (packet, self.tracker.follow(frame, packet))) {
            Ok((packet, Ok(()))) => {
                match packet.headers.transport {
                    Transport::Segment(_) => self.totals.tcp += 1,
                    Transport::Datagram(_) => self.totals.udp += 1,
                    Transport::IcmpError(_) => self.totals.icmp += 1,
                }
                self.wants_steps = self.wants_steps && self.sink.wants_steps();
                if !self.wants_steps {
                    self.tracker.hide_steps();
                    if let Some(counter) = self.counter.as_mut()
                        && !self.tracker.is_ordinary(packet)
                        && let Some(last) = self.tracker.last(packet)
                    {
                        let event = last.event(frame, packet);
                        counter.event(&event);
                    }
                } else if let Some(last) = self.tracker.last(packet) {
                    let event = last.event(frame, packet);
                    if let Some(own) = &mut self.own {
                        self.totals.others += u64::from(!own.is_own(&event, self.sink));
                    }
                    let step = Step::explain(&event);
                    if let Some(counter) = self.counter.as_mut() {
                        counter.step(&step);
                    }
                    self.sink.step(&step)?;
                }
            }
            Ok((_, Err(reason))) | Err(reason) => self.totals.skip(reason, 1),
        }
        while let Some(ended) = self.tracker.released(self.counter.is_some()) {
            if let Some(counter) = self.counter.as_mut() {
                self.sink.conversation(&counter.conversation(ended))?;
            }
        }
        Ok(())
    }
}
