//! Groups lines into packets: a line begins a packet or belongs to the one before.

use std::io;

use super::super::file::read_buffer::ReadBuffer;
use super::scan::Scan;
use super::{Form, dump, tcpdump, wireshark};

/// Longest line that is kept; the rest of it is not read.
const LINE: usize = 64 * 1024;
/// Longest text of one packet: 64 KiB in hexadecimal and as characters, with room.
const RECORD: usize = 512 * 1024;
/// Lines kept that belong to no packet, until they are counted.
const MAX_UNPARSED: usize = 16;

/// The text of one packet.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Number of its first line, from 1.
    pub(super) line: u64,
    pub(super) text: String,
    /// The text ends with it, without the end of its line.
    pub(super) is_cut: bool,
}

impl Record {
    /// Returns `true` for a dump whose packet line is missing.
    pub(super) fn is_dump(&self) -> bool {
        dump::is_line(&self.text)
    }
}

/// Puts lines together.
#[derive(Debug)]
pub(super) struct RecordReader {
    form: Form,
    pending: Record,
    /// The rest of a line, behind the beginning of another packet in it.
    rest: Option<String>,
    line: u64,
    in_dump: bool,
    /// `true` if the packets have times; for tcpdump's text.
    timed: Option<bool>,
    unparsed: Vec<(u64, String)>,
    more_unparsed: u64,
    ended: bool,
}

impl RecordReader {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            pending: Record::default(),
            rest: None,
            line: 0,
            in_dump: false,
            timed: None,
            unparsed: Vec::new(),
            more_unparsed: 0,
            ended: false,
        }
    }

    /// The text of the next packet; `None` at the end.
    pub(super) fn next(&mut self, window: &mut ReadBuffer) -> io::Result<Option<Record>> {
        loop {
            let Some((line, is_whole)) = self.line(window)? else {
                self.ended = true;
                let last = std::mem::take(&mut self.pending);
                return Ok(Some(last).filter(|record| !record.text.is_empty()));
            };
            let line = tcpdump::unquoted(&line);
            let is_dump = dump::is_line(line) && self.form == Form::Tcpdump;
            let begins = match self.form {
                Form::Tcpdump => tcpdump::begins(line, self.timed) || is_dump && self.begins_dump(line),
                Form::Wireshark => wireshark::begins(line),
            };
            if begins {
                if !is_dump {
                    self.timed.get_or_insert(tcpdump::time(&mut Scan::new(line)).is_some());
                }
                let next = Record { line: self.line, text: format!("{line}\n"), is_cut: !is_whole };
                self.in_dump = dump::start(&next.text).is_some();
                let done = std::mem::replace(&mut self.pending, next);
                if !done.text.is_empty() {
                    return Ok(Some(done));
                }
            } else if self.form == Form::Tcpdump
                && !self.pending.text.is_empty()
                && self.pending.text.len() < RECORD
                && !is_markup(line)
            {
                self.in_dump |= dump::start(line).is_some();
                self.pending.text.push_str(line);
                self.pending.text.push('\n');
                self.pending.is_cut = !is_whole;
            } else if !line.trim().is_empty() && !is_markup(line) && !is_head(line) {
                match self.unparsed.len() {
                    0..MAX_UNPARSED => self.unparsed.push((self.line, line.chars().take(200).collect())),
                    _ => self.more_unparsed += 1,
                }
            }
        }
    }

    /// Returns `true` if a line of a dump is the first of another packet's, whose own line is missing.
    fn begins_dump(&self, line: &str) -> bool {
        dump::start(line.trim_start()) == Some(0) && (self.in_dump || self.pending.text.is_empty())
    }

    /// Lines that belong to no packet, with their numbers.
    pub(super) fn unparsed(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.unparsed)
    }

    /// Number of further unreadable lines.
    pub(super) fn more_unparsed(&mut self) -> u64 {
        std::mem::take(&mut self.more_unparsed)
    }

    /// The next line without its end, and whether it had one; a line in which another packet begins is two.
    fn line(&mut self, window: &mut ReadBuffer) -> io::Result<Option<(String, bool)>> {
        let (line, is_whole) = match self.rest.take() {
            Some(rest) => (rest, true),
            None => {
                let Some((line, is_whole)) = read(window)? else { return Ok(None) };
                self.line += 1;
                (line, is_whole)
            }
        };
        if self.form == Form::Tcpdump
            && let Some(at) = tcpdump::begins_within(&line)
            && let Some((before, after)) = line.split_at_checked(at)
        {
            self.rest = Some(after.to_owned());
            return Ok(Some((before.trim_end().to_owned(), true)));
        }
        Ok(Some((line, is_whole)))
    }
}

/// A line, of which at most [`LINE`] bytes are kept.
fn read(window: &mut ReadBuffer) -> io::Result<Option<(String, bool)>> {
    let mut line: Vec<u8> = Vec::new();
    loop {
        if !window.holds(1)? {
            return Ok((!line.is_empty()).then(|| (text(&line), false)));
        }
        let bytes = window.bytes();
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let room = LINE.saturating_sub(line.len());
        line.extend(part.iter().take(room));
        let read = part.len() + usize::from(end.is_some());
        window.take(read);
        if end.is_some() {
            return Ok(Some((text(&line), true)));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).replace('\u{a0}', " ")
}

/// A line that Markdown puts around text.
fn is_markup(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// The line above a packet list, or tcpdump's own messages.
fn is_head(line: &str) -> bool {
    const STARTS: [&str; 6] =
        ["No.", "reading from file", "tcpdump:", "listening on", "Running as user", "dropped privs"];
    let line = line.trim_start();
    let counts = ["packets captured", "packets received by filter", "packets dropped by kernel", "packet captured"];
    STARTS.iter().any(|start| line.starts_with(start)) || counts.iter().any(|end| line.ends_with(end))
}
