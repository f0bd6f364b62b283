//! The sentences around the tables: titles, how the roles were decided, findings, what was counted and left out.

use std::collections::BTreeMap;

use super::cell::{Cell, Tone};
use super::collector::{Kept, Report};
use super::view::View;
use crate::explain::{Conversation, Fact, Finding, FindingCode};
use crate::model::{CaptureInfo, Protocol};
use crate::track::{ConversationTotals, RolesFrom};

/// Most frames named as a finding's evidence.
const FRAMES_NAMED: usize = 12;

/// The title of a capture: `lab.pcap (pcap, ETHERNET)`.
pub fn capture_title(info: &CaptureInfo) -> String {
    let mut parts = Vec::new();
    parts.extend(info.format.map(|format| format.name().to_owned()));
    parts.extend(info.link_types.iter().map(|link| link.name().into_owned()));
    parts.extend(info.interface.as_ref().map(|interface| format!("captured on {interface}")));
    parts.extend(info.filter.as_ref().map(|filter| format!("filter {filter}")));
    let name = match info.file.as_deref() {
        Some("-") => "standard input",
        Some(file) => file,
        None => "echo session",
    };
    match parts.is_empty() {
        true => name.to_owned(),
        false => format!("{name} ({})", parts.join(", ")),
    }
}

/// The title of a conversation: `TCP conversation 0: 10.0.0.1:1024 → 10.0.0.2:7`.
pub fn conversation_title(totals: &ConversationTotals, view: &View) -> String {
    let ConversationTotals { stream, client, server, .. } = totals;
    format!("{} conversation {}: {client} {} {server}", stream.protocol, stream.number, view.arrow())
}

/// What the reader of the table needs to know first: the start, the roles, X and Y.
pub fn conversation_notes(conversation: &Conversation, view: &View) -> Vec<Fact> {
    let totals = &conversation.totals;
    let mut notes = vec![Fact { label: "roles", text: roles(totals) }];
    if let Some(start) = totals.start {
        notes.push(Fact { label: "start", text: view.date(start) });
    }
    if let Some(tcp) = &totals.tcp {
        let isn = |value: Option<u32>| value.map_or_else(|| "unknown (no SYN captured)".to_owned(), |n| n.to_string());
        let text = format!(
            "X = {}, Y = {}: the initial sequence numbers of client and server",
            isn(tcp.client_isn),
            isn(tcp.server_isn)
        );
        notes.push(Fact { label: "X, Y", text });
    }
    notes
}

fn roles(totals: &ConversationTotals) -> String {
    let ConversationTotals { client, server, .. } = totals;
    let why = match (totals.roles_from, totals.stream.protocol) {
        (RolesFrom::Session, _) => "echolab drove the session",
        (RolesFrom::Syn, _) => "the client sent the SYN",
        (RolesFrom::Port, _) => "only the server's port is below 1024",
        (RolesFrom::FirstFrame, Protocol::Udp) => "the client spoke first",
        (RolesFrom::FirstFrame, Protocol::Tcp) => "a guess: no SYN was captured, and the client sent the first frame",
    };
    format!("client {client}, server {server} ({why})")
}

/// The findings of a conversation and of its steps, one cell each: `code: text (frames 3, 5)`.
///
/// What is said alike of several steps is said once, with all their frames.
pub fn finding_lines(kept: &Kept) -> Vec<Cell> {
    let mut order: Vec<&Finding> = Vec::new();
    let mut frames: BTreeMap<(FindingCode, &str), Vec<u64>> = BTreeMap::new();
    let of_steps = kept.steps.iter().flat_map(|step| step.findings.iter());
    for finding in kept.conversation.findings.iter().chain(of_steps) {
        let evidence = frames.entry((finding.code, finding.text.as_ref())).or_insert_with(|| {
            order.push(finding);
            Vec::new()
        });
        evidence.extend(&finding.frames);
    }
    let line = |finding: &Finding| {
        let mut evidence = frames.get(&(finding.code, finding.text.as_ref())).cloned().unwrap_or_default();
        evidence.sort_unstable();
        evidence.dedup();
        let text = format!("{}: {}{}", finding.code, finding.text, frame_list(&evidence));
        Cell::from(text).tone(Tone::Finding(finding.code.severity()))
    };
    order.into_iter().map(line).collect()
}

/// ` (frame 3)`, ` (frames 3, 5 and 20 more)`, or nothing.
fn frame_list(frames: &[u64]) -> String {
    let named: Vec<String> = frames.iter().take(FRAMES_NAMED).map(u64::to_string).collect();
    match (frames.len(), frames.len().saturating_sub(named.len())) {
        (0, _) => String::new(),
        (1, _) => format!(" (frame {})", named.concat()),
        (_, 0) => format!(" (frames {})", named.join(", ")),
        (_, more) => format!(" (frames {} and {} more)", named.join(", "), count(more as u64)),
    }
}

/// What was counted, what went wrong, and what is not shown.
pub fn capture_notes(report: &Report) -> Vec<Cell> {
    let totals = &report.totals;
    let mut counts = vec![format!("{} TCP", count(totals.tcp)), format!("{} UDP", count(totals.udp))];
    if totals.icmp > 0 {
        counts.push(format!("{} ICMP errors", count(totals.icmp)));
    }
    let other: u64 = totals.other().map(|(_, frames)| frames).sum();
    if other > 0 {
        counts.push(format!("{} other", count(other)));
    }
    let conversations = totals.tcp_conversations + totals.udp_conversations;
    let mut notes = vec![Cell::from(format!(
        "{} ({}), {}",
        counted(totals.frames, "frame"),
        counts.join(", "),
        counted(conversations, "conversation")
    ))];
    for (reason, frames) in totals.other() {
        notes.push(Cell::from(format!("  {}: {}", count(frames), reason.meaning())).tone(Tone::Dim));
    }
    notes.extend(left_out(report).map(Cell::from));
    if totals.evicted > 0 {
        let text = format!(
            "{} given up before the end, since too many were open at once; late packets start new ones",
            counted(totals.evicted, "conversation")
        );
        notes.push(Cell::from(text).tone(Tone::Reset));
    }
    if let Some(dropped) = totals.dropped.filter(|dropped| *dropped > 0) {
        let text = format!("the kernel dropped {}: the capture is not complete", counted(dropped, "packet"));
        notes.push(Cell::from(text).tone(Tone::Reset));
    }
    if let Some(truncated) = &totals.truncated {
        notes.push(Cell::from(format!("the capture breaks off: {truncated}")).tone(Tone::Reset));
    }
    notes
}

fn left_out(report: &Report) -> Option<String> {
    let left_out = report.totals.left_out;
    let mut parts = Vec::new();
    if left_out.conversations > 0 {
        parts.push(counted(left_out.conversations, "conversation"));
    }
    if left_out.steps > 0 {
        parts.push(counted(left_out.steps, "step"));
    }
    (!parts.is_empty())
        .then(|| format!("Not shown: {} (--limit 0 shows all, --conversation chooses)", parts.join(", ")))
}

/// `1 frame`, `2,314 frames`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// `2,314`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
        assert_eq!(frame_list(&[]), "");
        assert_eq!(frame_list(&[3]), " (frame 3)");
        assert_eq!(frame_list(&[3, 5]), " (frames 3, 5)");
        assert!(frame_list(&(1..=20).collect::<Vec<_>>()).ends_with("12 and 8 more)"));
    }
}
