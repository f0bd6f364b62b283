//! The windows that the receivers advertised, and whether they held the senders back.

use super::answer::{Answer, AnswerTable};
use super::data::BOTH;
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of, seconds};
use crate::explain::conversation_findings::times;
use crate::explain::conversation_findings::window::{never_opened, since};
use crate::explain::describe::thousands;
use crate::model::{Direction, Nanos, PerDirection, TcpFlags};
use crate::track::{Event, Measures, StillZeroWindow, TcpFacts, TcpTotals};

pub(super) static SMALLEST: Question = Question {
    id: "smallest_window",
    text: "What is the smallest window advertised, and did the lack of buffer space ever limit the sender?",
    topic: Topic::Tcp(smallest),
    of_all_steps: true,
};

pub(super) static ZERO: Question = Question {
    id: "zero_window",
    text: "Was a window ever zero, and for how long?",
    topic: Topic::Tcp(zero),
    of_all_steps: true,
};

pub(super) static EACH: Question = Question {
    id: "windows",
    text: "Which window does each packet advertise?",
    topic: Topic::Tcp(each),
    of_all_steps: true,
};

/// Maximum number of packets in the table.
const ROWS: usize = 20;

/// A window as one packet advertises it.
#[derive(Clone, Copy, Debug)]
struct AdvertisedWindow {
    frame: u64,
    sender: Direction,
    raw: u16,
    factor: Option<u32>,
    bytes: u32,
    on_syn: bool,
}

/// The windows of both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct WindowEvidence {
    min: PerDirection<Option<AdvertisedWindow>>,
    /// Every window of the side was in bytes.
    scaled: PerDirection<bool>,
    first: Vec<AdvertisedWindow>,
    count: u64,
    /// A segment that is no reset was left out because its receiver would not accept it.
    unacceptable: bool,
}

impl WindowEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        // a reset's window means nothing, and nothing in an unacceptable segment counts
        if facts.flags.contains(TcpFlags::RST) || facts.unacceptable.is_some() {
            self.unacceptable |= !facts.flags.contains(TcpFlags::RST);
            return;
        }
        let window = AdvertisedWindow {
            frame: event.frame,
            sender: event.direction,
            raw: facts.window_raw,
            factor: facts.window_scale,
            bytes: facts.window,
            on_syn: facts.flags.contains(TcpFlags::SYN),
        };
        let min = self.min.get_mut(event.direction);
        let scaled = self.scaled.get_mut(event.direction);
        *scaled = window.factor.is_some() && (*scaled || min.is_none());
        if min.is_none_or(|min| window.bytes < min.bytes) {
            *min = Some(window);
        }
        self.count += 1;
        if self.first.len() < ROWS {
            self.first.push(window);
        }
    }
}

impl AdvertisedWindow {
    fn product(&self) -> String {
        match (self.on_syn, self.factor) {
            (true, _) => format!("{} (a window on a SYN is never scaled)", self.raw),
            (false, Some(factor)) => format!("{} × {factor} = {}", self.raw, self.bytes),
            (false, None) => format!("{} × an unknown factor", self.raw),
        }
    }
}

fn smallest(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    let lacking = case.not_captured(tcp);
    for owner in BOTH {
        let Some(min) = *case.seen.windows.min.get(owner) else { continue };
        let (who, sender) = (owner.sender(), owner.receiver());
        let known = *case.seen.windows.scaled.get(owner);
        let unit = if known { "bytes" } else { "(unscaled: the window scale is unknown)" };
        answer = answer
            .add(format!("The {who}'s smallest is {} {unit}, in frame {}.", thousands(u64::from(min.bytes)), min.frame))
            .line(format!("frame {}: window = {}", min.frame, min.product()))
            .frames([min.frame]);
        let (filled, closings) =
            (tcp.summary.rare().window_filled.get(!owner), &tcp.summary.rare().zero_window.get(owner).closings);
        let flight = case.seen.transfer.flows().get(!owner).most_in_flight;
        if lacking == Some(!owner) {
            answer =
                answer.but(format!("Whether it limited the {sender}: the capture has no packet from the {sender}."));
        } else if *case.totals.payload.get(!owner) == 0 {
            answer = answer.add(format!("The {sender} sent no data, so it limited nothing."));
        } else if closings.count > 0 {
            answer = answer
                .add(format!(
                    "It limited the {sender}: the window was zero in {}.",
                    frames_of(closings.count, &closings.frames)
                ))
                .frames(closings.frames.iter().copied());
        } else if filled.count > 0 {
            answer = answer
                .add(format!(
                    "It limited the {sender}: {} filled the window to the last byte.",
                    frames_of(filled.count, &filled.frames)
                ))
                .frames(filled.frames.iter().copied());
        } else if !known {
            answer = answer.but(format!(
                "Whether it limited the {sender}: the {who}'s window scale was on a SYN that is not in the capture, so its windows are unknown in bytes."
            ));
        } else if Measures::of(tcp.summary.capture_point_evidence.capture_point, !owner) == Measures::Delay {
            answer = answer.but(format!(
                "Whether it limited the {sender}: it was never full in this capture, but a capture at the {who} does not show the {sender}'s data in flight."
            ));
        } else if flight < min.bytes {
            answer = answer.add(format!("It never limited the {sender}.")).line(format!(
                "max bytes in flight from the {sender} = {} < {}",
                thousands(u64::from(flight)),
                thousands(u64::from(min.bytes))
            ));
        } else {
            answer = answer.add(format!(
                "The {sender} never filled it to the last byte in this capture, so nothing shows that it was limited."
            ));
        }
    }
    if answer.text.is_empty() { Answer::unknown("No segment in the capture advertises a window.") } else { answer }
}

fn zero(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let mut answer = Answer::default();
    for owner in BOTH {
        let window = tcp.summary.rare().zero_window.get(owner);
        let (who, sender) = (owner.sender(), owner.receiver());
        if window.closings.count == 0 {
            continue;
        }
        let closings = frames_of(window.closings.count, &window.closings.frames);
        let why = window.how.map_or("its receive buffer was full", |how| how.rule.effect.reason);
        answer = answer
            .add(format!("The {who}'s window was zero in {closings}: {why}."))
            .frames(window.closings.frames.iter().copied());
        if window.opened.count > 0 {
            answer = answer
                .add(format!(
                    "It reopened in {}; it was zero for {} in total.",
                    frames_of(window.opened.count, &window.opened.frames),
                    window.blocked.human()
                ))
                .line(format!(
                    "{who}: zero-window time = sum of (reopened - zero) over {} = {} s",
                    counted(window.opened.count, "time"),
                    seconds(Nanos(window.blocked.0))
                ))
                .frames(window.opened.frames.iter().copied());
        }
        if window.probes.count > 0 {
            answer = answer
                .add(format!("The {sender} probed it {}.", times(window.probes.count)))
                .frames(window.probes.frames.iter().copied());
        }
        if let Some(still) = tcp.summary.rare().still_zero_window.get(owner) {
            answer = still_zero_window(answer, who, still);
        }
    }
    let lacking = case.not_captured(tcp);
    let answer = match (answer.text.is_empty(), lacking) {
        (true, None) => Answer::new("No: no segment advertises a zero window (the window field of a RST is ignored)."),
        (true, Some(side)) => Answer::new(format!(
            "No segment of the {} advertises a zero window (the window field of a RST is ignored).",
            side.receiver()
        )),
        (false, _) => answer,
    };
    match lacking.map(Direction::sender) {
        Some(who) => {
            answer.but(format!("Whether the {who}'s window was ever 0: the capture has no packet from the {who}."))
        }
        None => answer,
    }
}

/// Adds how long a window was zero that did not reopen.
fn still_zero_window(mut answer: Answer, who: &str, still: &StillZeroWindow) -> Answer {
    let ends = [("the last segment with window 0", Some(still.last)), ("the RST", still.reset)];
    for (what, end) in ends {
        let Some((frame, at)) = end.filter(|(frame, _)| *frame > still.by.0) else { continue };
        answer = answer.frames([frame]);
        if let Some((until, from)) = at.zip(still.by.1) {
            let (until, from, took) = (seconds(until), seconds(from), seconds(until.minus(from)));
            answer = answer.line(format!(
                "{who}: zero until {what} (frame {frame}) = {until} s - {from} s (frame {}) = {took} s",
                still.by.0
            ));
        }
    }
    match still.reset {
        Some(_) => answer.add(never_opened(still)),
        None => {
            let since = since(still);
            answer.but(format!("How long it stayed zero {since}: the capture ends before it reopens."))
        }
    }
}

fn each(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let seen = &case.seen.windows;
    if seen.first.is_empty() {
        return Answer::unknown("No segment in the capture advertises a window.");
    }
    let mut table = AnswerTable::new("Windows", &["frame", "from", "field", "factor", "window (bytes)"]);
    for window in &seen.first {
        let factor = window.factor.map_or_else(|| "unknown".to_owned(), |factor| factor.to_string());
        let bytes = window.factor.map_or_else(|| "unknown".to_owned(), |_| window.bytes.to_string());
        table.push([
            window.frame.to_string(),
            window.sender.sender().to_owned(),
            window.raw.to_string(),
            factor,
            bytes,
        ]);
    }
    table.left_out = seen.count - seen.first.len() as u64;
    let shown = if table.left_out > 0 {
        format!("the first {ROWS} of {}", counted(seen.count, "segment"))
    } else {
        "all segments".to_owned()
    };
    let besides = if seen.unacceptable { "resets and unacceptable segments" } else { "resets" };
    let answer = Answer::new(format!("The table lists {shown}, without {besides}."))
        .line("window in bytes = window field × 2^shift; the shift is the sender's own, from its SYN (RFC 7323 §2.2)")
        .frames(seen.first.iter().map(|window| window.frame))
        .table(table);
    match BOTH.iter().all(|side| seen.min.get(*side).is_none() || *seen.scaled.get(*side)) {
        true => answer,
        false => answer.but("Some windows in bytes: the window scale is only on the SYNs, and not both were captured."),
    }
}
