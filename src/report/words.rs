//! The sentences around the tables: titles, how the roles were decided, findings, what was counted and left out.

use super::cell::{Cell, Tone};
use super::collector::{CollectedConversation, Report};
use super::totals::CaptureTotals;
use super::transcript::TracedCall;
use super::triage::Worst;
use super::view::View;
use crate::explain::{Conversation, Fact, FindingDigest, MergedFinding};
use crate::model::{CaptureInfo, Nanos, Program, Protocol, Side};
use crate::model::{FindingCode, FindingCounts, Severity};
pub(crate) use crate::model::{counted, thousands as count};
use crate::track::{ConversationTotals, RolesFrom, StopReason, Wait};

/// Most frames named as a finding's evidence.
pub(super) const FRAMES_NAMED: usize = 12;

/// The title of a capture: `lab.pcap (pcap, ETHERNET, filter tcp)`.
pub(crate) fn capture_title(info: &CaptureInfo) -> String {
    title_with(info, info.filter.as_deref())
}

/// The title of a report: that of its capture, and whether that was stopped.
pub(crate) fn report_title(report: &Report) -> String {
    let title = capture_title(&report.info);
    match report.totals.stopped {
        None | Some(StopReason::CaptureEnd) => title,
        Some(StopReason::Count(frames)) => format!("{title}, stopped after {}", counted(frames, "frame")),
        Some(_) => format!("{title}, stopped early"),
    }
}

/// The title of a capture whose setting is told below, the filter with it: `lab.pcap (pcap, ETHERNET)`.
pub(crate) fn capture_heading(info: &CaptureInfo) -> String {
    title_with(info, None)
}

fn title_with(info: &CaptureInfo, filter: Option<&str>) -> String {
    let mut parts = Vec::new();
    parts.extend(info.format.map(|format| format.name().to_owned()));
    parts.extend(info.link_types.iter().map(|link| link.name().into_owned()));
    parts.extend(info.interface.as_ref().map(|interface| format!("captured on {interface}")));
    parts.extend(filter.filter(|filter| !filter.trim().is_empty()).map(|filter| format!("filter {filter}")));
    let file_name = |file: &str| file.rsplit('/').next().unwrap_or(file).to_owned();
    if let Some(title) = &info.title {
        return title.clone();
    }
    let session = info.programs.as_ref().map(|programs| format!("session of {programs}"));
    let captured = session.as_deref().unwrap_or(if info.live { "live capture" } else { "echo session" });
    let name = match (info.file.as_deref(), &info.interface) {
        (None, _) => captured.to_owned(),
        (Some(file), Some(_)) => format!("{captured}, kept in {}", file_name(file)),
        (Some("-"), None) => "standard input".to_owned(),
        (Some(file), None) => file_name(file),
    };
    match parts.is_empty() {
        true => name,
        false => format!("{name} ({})", parts.join(", ")),
    }
}

/// The setting of the capture and the command that made this report, as far as they are known.
pub(crate) fn capture_setting(info: &CaptureInfo, totals: &CaptureTotals, command: Option<&str>) -> Vec<Fact> {
    let links: Vec<_> = info.link_types.iter().map(|link| link.name()).collect();
    let file = info.file.as_deref().map(|file| if file == "-" { "standard input" } else { file });
    let facts = [
        ("Author", info.author.clone()),
        ("Command", command.map(str::to_owned)),
        ("File", file.map(str::to_owned)),
        ("Format", info.format.map(|format| format.name().to_owned())),
        ("Link type", (!links.is_empty()).then(|| links.join(", "))),
        ("Interface", info.interface.clone()),
        ("Filter", info.filter.clone().filter(|filter| !filter.trim().is_empty())),
        ("Kept of a frame", info.snaplen.map(|max| format!("at most {} bytes", count(u64::from(max))))),
        ("Ended", totals.stopped.map(stop_reason)),
        ("Dropped by the kernel", totals.dropped.map(|dropped| counted(dropped, "packet"))),
    ];
    facts.into_iter().filter_map(|(label, text)| Some(Fact { label, text: text? })).collect()
}

/// The reason for the early end of a capture.
fn stop_reason(early: StopReason) -> String {
    match early {
        StopReason::Session | StopReason::Reading => "stopped early, by Ctrl-C, SIGTERM or SIGHUP".to_owned(),
        StopReason::CaptureEnd => "the capture was ended".to_owned(),
        StopReason::Count(frames) => format!("stopped after {}, as asked for", counted(frames, "frame")),
        StopReason::Break => "it breaks off".to_owned(),
    }
}

/// The title of a conversation: `TCP conversation 0: client 10.0.0.1:1024 → server 10.0.0.2:7`.
pub(crate) fn conversation_title(totals: &ConversationTotals, view: &View) -> String {
    let ConversationTotals { stream, client, server, .. } = totals;
    format!("{} conversation {}: client {client} {} server {server}", stream.protocol, stream.number, view.arrow())
}

/// The lines above a conversation's table: its start, its roles, X and Y.
pub(crate) fn conversation_notes(conversation: &Conversation, view: &View) -> Vec<Fact> {
    let totals = &conversation.totals;
    let mut notes = vec![Fact { label: "Roles", text: roles(totals) }];
    if let Some(start) = totals.start {
        notes.push(Fact { label: "Start", text: view.date(start) });
    }
    if totals.tcp.is_some() {
        let (client, server) = totals.isns();
        let sides = [("X", client, "client"), ("Y", server, "server")];
        notes.extend(sides.map(|(label, isn, side)| {
            let isn = isn.map_or_else(|| "unknown".to_owned(), |number| number.to_string());
            Fact { label, text: format!("{isn}, the {side}'s initial sequence number") }
        }));
    }
    notes
}

fn roles(totals: &ConversationTotals) -> String {
    let why = match (totals.roles_from, totals.stream.protocol) {
        (RolesFrom::Session, _) => "known: echolab ran the session",
        (RolesFrom::Syn, _) if totals.tcp.as_ref().is_some_and(|tcp| tcp.client_isn.or(tcp.server_isn).is_none()) => {
            "other connections in this capture were opened to the server"
        }
        (RolesFrom::Syn, _) => "the client sent the SYN",
        (RolesFrom::Port, _) if totals.server.port < 1024 => "the server has the port below 1024",
        (RolesFrom::Port, _) => "the server has a registered service port",
        (RolesFrom::FirstFrame, Protocol::Udp)
            if totals.udp.as_ref().is_some_and(|udp| udp.request_elsewhere.is_some()) =>
        {
            "the client sent the request, in another conversation"
        }
        (RolesFrom::FirstFrame, Protocol::Udp) => "the client sent the first datagram",
        (RolesFrom::FirstFrame, Protocol::Tcp) => {
            "guessed: no SYN was captured, so the sender of the first segment is taken as the client"
        }
    };
    why.to_owned()
}

/// A finding with all its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FindingLine {
    /// The finding's code.
    pub code: FindingCode,
    /// The text, with the frames that prove it: `… (frames 3, 5)`.
    pub text: String,
    /// The text alone.
    pub sentence: String,
    /// The frames that prove it, in ascending order.
    pub frames: Vec<u64>,
}

/// One share of the time ledger.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LedgerLine {
    /// The kind of wait.
    pub wait: Wait,
    /// The same in words.
    pub label: &'static str,
    /// Its time.
    pub time: Nanos,
    /// Percent of the conversation's duration.
    pub percent: f64,
    /// Its longest interval.
    pub longest: Nanos,
    /// The frames between which that lies.
    pub frames: (u64, u64),
}

/// The findings of a conversation and of its steps, merged by their cause, the gravest first.
pub(crate) fn finding_lines(kept: &CollectedConversation) -> Vec<FindingLine> {
    finding_lines_of(&kept.conversation, &kept.digest)
}

/// The same, of a conversation and the findings of its steps alone.
pub(crate) fn finding_lines_of(conversation: &Conversation, of_steps: &FindingDigest) -> Vec<FindingLine> {
    let line = |finding: MergedFinding| {
        let MergedFinding { code, text, frames, frames_left_out, .. } = finding;
        FindingLine {
            code,
            text: format!("{text}{}", frame_list(&frames, frames_left_out)),
            sentence: text.into_owned(),
            frames,
        }
    };
    conversation.merged_findings(of_steps).into_iter().map(line).collect()
}

/// The kinds of wait that took time, the longest first.
pub(crate) fn ledger_lines(totals: &ConversationTotals) -> Vec<LedgerLine> {
    let (Some(ledger), Some(duration)) = (&totals.ledger, totals.duration) else { return Vec::new() };
    let mut lines: Vec<_> = ledger
        .shares()
        .filter(|(_, share)| share.time.0 > 0)
        .map(|(wait, share)| LedgerLine {
            wait,
            label: wait_label(wait),
            time: share.time,
            percent: share.time.0 as f64 * 100.0 / duration.0.max(1) as f64,
            longest: share.longest,
            frames: (share.from, share.to),
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.time));
    lines
}

impl LedgerLine {
    /// `95.3%`, or `<0.1%`.
    pub(crate) fn share(&self) -> String {
        if self.percent < 0.05 { "<0.1%".to_owned() } else { format!("{:.1}%", self.percent) }
    }

    /// `203 ms, the longest 203 ms (frames 4 to 5)`.
    pub(crate) fn evidence(&self) -> String {
        let (from, to) = self.frames;
        let longest =
            if self.longest == self.time { String::new() } else { format!("longest {} ", self.longest.human()) };
        format!("{longest}(frames {from} to {to})")
    }
}

/// The kind of a wait, in words.
fn wait_label(wait: Wait) -> &'static str {
    match wait {
        Wait::ClientApplication => "client's program",
        Wait::ServerApplication => "server's program",
        Wait::Network => "network",
        Wait::Timeout => "retransmission timer",
        Wait::Recovery => "loss recovery",
        Wait::Window => "receiver's window",
        Wait::Congestion => "cwnd, pacing or link",
        Wait::DelayedAck => "delayed ACK or Nagle",
        Wait::Idle => "idle",
        Wait::Unknown => "unknown",
    }
}

/// ` (frame 3)`, ` (frames 3, 5 and 20 more)`, or nothing.
pub(super) fn frame_list(frames: &[u64], left_out: u64) -> String {
    // one more costs no more room than its number
    let room = if frames.len() == FRAMES_NAMED + 1 && left_out == 0 { frames.len() } else { FRAMES_NAMED };
    let named: Vec<String> = frames.iter().take(room).map(u64::to_string).collect();
    match (frames.len(), frames.len().saturating_sub(named.len()) as u64 + left_out) {
        (0, _) => String::new(),
        (1, _) => format!(" (frame {})", named.concat()),
        (_, 0) => format!(" (frames {})", named.join(", ")),
        (_, more) => format!(" (frames {} and {} more)", named.join(", "), count(more)),
    }
}

/// The notes about the capture: counts, problems, and items not shown.
pub(crate) fn capture_notes(report: &Report) -> Vec<Cell> {
    call_note(&report.calls).map(Cell::from).into_iter().chain(capture_notes_of(&report.totals)).collect()
}

/// The note that relates the kernels' view to the captured frames; `None` if no call has one.
pub(crate) fn call_note(calls: &[TracedCall]) -> Option<&'static str> {
    let closed = |side, told: &TracedCall| told.call.kernel_of(side).is_some_and(|view| view.state == "CLOSE");
    let any = calls.iter().any(|told| closed(Side::Client, told) || closed(Side::Server, told));
    any.then_some(
        "CLOSE: Linux shows this state for a socket that is still open in its program, also while the connection is in \
         TIME-WAIT",
    )
}

/// The same, of the totals alone.
pub(crate) fn capture_notes_of(totals: &CaptureTotals) -> Vec<Cell> {
    let mut notes = notes_of(totals, "--limit 0 shows all, --conversation chooses");
    for program in &totals.programs {
        let label = program.label();
        notes.push(program_ending(program));
        notes.extend(program_output(program).map(|line| Cell::from(format!("{label}| {line}"))));
    }
    notes
}

/// The same, for a page, which holds only so much whatever the limit is, and shows the programs' output below.
pub(crate) fn page_notes_of(totals: &CaptureTotals) -> Vec<Cell> {
    let mut notes = notes_of(totals, "--conversation chooses; other formats show all with --limit 0");
    notes.extend(totals.programs.iter().map(program_ending));
    notes
}

/// The notes; `way` tells how what is left out can be seen.
fn notes_of(totals: &CaptureTotals, way: &str) -> Vec<Cell> {
    let other = totals.other().map(|(_, frames)| frames).sum();
    let kinds = [(totals.tcp, "TCP"), (totals.udp, "UDP"), (totals.icmp, "ICMP error"), (other, "other")];
    let kinds = kinds.into_iter().filter(|(frames, _)| *frames > 0);
    let kinds: Vec<_> = kinds.map(|(frames, kind)| format!("{} {kind}", count(frames))).collect();
    let frames = match kinds.is_empty() {
        true => "no frames".to_owned(),
        false => format!("{} ({})", counted(totals.frames, "frame"), kinds.join(", ")),
    };
    let conversations = counted(totals.tcp_conversations + totals.udp_conversations, "conversation");
    let mut notes = vec![Cell::from(format!("{frames}, {conversations}"))];
    for (reason, frames) in totals.other() {
        notes.push(Cell::from(format!("  {}: {}", counted(frames, "frame"), reason.meaning())).tone(Tone::Dim));
    }
    notes.extend(findings_counts(&totals.findings_count));
    for finding in &totals.findings {
        let text = format!("{}: {}{}", finding.code, finding.text, frame_list(&finding.frames, 0));
        notes.push(Cell::from(text).tone(Tone::Finding(finding.code.severity())));
    }
    // the title of a triage counts what it lists
    notes.extend(left_out(totals, way).filter(|_| totals.triage.is_none()).map(Cell::from));
    if totals.unanswered > 0 {
        let text = format!(
            "{} without answers, since too many were open at once; --conversation chooses",
            counted(totals.unanswered, "conversation")
        );
        notes.push(Cell::from(text));
    }
    if totals.evicted > 0 {
        let text = format!(
            "{} given up before the end, since too many were open at once; late packets start new ones",
            counted(totals.evicted, "conversation")
        );
        notes.push(Cell::from(text).tone(Tone::Reset));
    }
    if totals.others > 0 {
        notes.push(Cell::from(foreign_packets_note(totals.others)).tone(Tone::Reset));
    }
    if let Some(dropped) = totals.dropped.filter(|dropped| *dropped > 0) {
        let text = format!("the kernel dropped {}: the capture is not complete", counted(dropped, "packet"));
        notes.push(Cell::from(text).tone(Tone::Reset));
    }
    if let Some(stopped) = totals.stopped {
        let then = match stopped {
            StopReason::Session => {
                "what was open then was closed for that reason, whatever had been read, and may lack its end"
            }
            StopReason::CaptureEnd => "later packets are not in it, and nothing is concluded from their absence",
            _ => "whatever follows is not read, and nothing is concluded from its absence",
        };
        let tone = if stopped == StopReason::CaptureEnd { Tone::Dim } else { Tone::Reset };
        notes.push(Cell::from(format!("{}: {then}", stop_reason(stopped))).tone(tone));
    }
    notes.extend(totals.remarks.iter().map(|remark| Cell::from(remark.as_str())));
    if let Some(truncated) = &totals.truncated {
        notes.push(Cell::from(format!("the capture breaks off: {truncated}")).tone(Tone::Reset));
    }
    notes
}

/// A program, and how it ended.
fn program_ending(program: &Program) -> Cell {
    let tone = if program.failed() { Tone::Reset } else { Tone::Plain };
    Cell::from(format!("{} (`{}`) {}", program.label(), program.command, program.ending())).tone(tone)
}

/// The lines of a program's output.
pub(crate) fn program_output(program: &Program) -> impl Iterator<Item = String> {
    let left_out =
        (program.output_left_out > 0).then(|| format!("… {} more not kept", counted(program.output_left_out, "line")));
    program.output.iter().cloned().chain(left_out)
}

/// The sentence about packets that do not belong to the session.
pub(crate) fn foreign_packets_note(packets: u64) -> String {
    format!(
        "the capture has {} of other programs, which used the port of this session; its own conversation is shown first",
        counted(packets, "packet")
    )
}

/// The line above the table of a triage.
pub(crate) fn triage_title(worst: &Worst) -> String {
    let shown = worst.conversations.len() as u64;
    match worst.troubled {
        0 => {
            let which = if shown == worst.of { "by size".to_owned() } else { format!("the largest {}", count(shown)) };
            format!("None of {} has a warning or problem of its own; {which}", counted(worst.of, "conversation"))
        }
        troubled if troubled <= shown => {
            format!(
                "{} of {} with a warning or problem, the worst first",
                count(troubled),
                counted(worst.of, "conversation")
            )
        }
        troubled => format!(
            "{} of {} with a warning or problem; the worst {}",
            count(troubled),
            counted(worst.of, "conversation"),
            count(shown)
        ),
    }
}

/// The commands to go on with after a triage, each with what it shows; `analyze` makes the one that reads a
/// capture.
pub(crate) fn triage_lines(
    worst: &Worst,
    info: &CaptureInfo,
    analyze: Option<fn(&str) -> String>,
) -> Vec<(String, String)> {
    let file = info.file.as_deref().filter(|file| *file != "-");
    let Some(analyze) = analyze.zip(file).map(|(analyze, file)| analyze(file)) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(first) = worst.conversations.first() {
        let stream = first.totals.stream;
        let text = format!("{stream} step by step");
        lines.push((format!("{analyze} --conversation {stream}"), text));
        if let Some((code, _)) = first.findings_count().worst().filter(|_| worst.troubled > 0) {
            lines.push((format!("{analyze} --find {code} --summary"), format!("all conversations with {code}")));
        }
    }
    lines.push((format!("{analyze} --summary --limit 0"), "all conversations".to_owned()));
    lines
}

/// Counts the findings of each severity, with their codes: `2 problems: refused 1, port_unreachable 1`.
pub(crate) fn findings_counts(counts: &FindingCounts) -> Vec<Cell> {
    let line = |severity: Severity| {
        let codes = counts.of_severity(severity);
        let total: u64 = codes.iter().map(|(_, count)| count).sum();
        let codes: Vec<_> = codes.iter().map(|(code, number)| format!("{code} {}", count(*number))).collect();
        let text = format!("{}: {}", counted(total, severity.name()), codes.join(", "));
        (total > 0).then(|| Cell::from(text).tone(Tone::Finding(severity)))
    };
    Severity::ALL.into_iter().filter_map(line).collect()
}

fn left_out(totals: &CaptureTotals, way: &str) -> Option<String> {
    let left_out = totals.left_out;
    let mut parts = Vec::new();
    if left_out.conversations > 0 {
        parts.push(counted(left_out.conversations, "conversation"));
    }
    if left_out.steps > 0 {
        parts.push(counted(left_out.steps, "step"));
    }
    let way = match left_out.example {
        Some(stream) => format!("{way}; --conversation {stream} shows the first with such a finding"),
        None => way.to_owned(),
    };
    if left_out.findings > 0 {
        parts.push(counted(left_out.findings, "finding"));
    }
    (!parts.is_empty()).then(|| format!("Not shown: {} ({way})", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(counted(1, "frame"), "1 frame");
        assert_eq!(counted(2_314, "frame"), "2,314 frames");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(count(999), "999");
    }

    #[test]
    fn evidence_is_named_up_to_a_bound() {
        assert_eq!(frame_list(&[], 0), "");
        assert_eq!(frame_list(&[3], 0), " (frame 3)");
        assert_eq!(frame_list(&[3, 5], 0), " (frames 3, 5)");
        assert!(frame_list(&(1..=13).collect::<Vec<_>>(), 0).ends_with(", 12, 13)"));
        assert!(frame_list(&(1..=20).collect::<Vec<_>>(), 1).ends_with("12 and 9 more)"));
    }
}
