//! Shows what the server answers: as it is to a pipe, without control characters on a terminal.

use std::io::{self, IsTerminal, Stdout, Write};

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::render::escape;

/// Asks for a line.
const PROMPT: &[u8] = b"> ";

/// Stands before an answer.
const LABEL: &[u8] = b"Echo: ";

/// Standard output.
pub(super) struct Screen {
    out: Stdout,
    terminal: bool,
    raw: bool,
    /// The beginning of a character whose rest has not come yet.
    partial: Vec<u8>,
    /// `true` if there is a prompt before each line and a label before each answer.
    dialogue: bool,
    /// `true` if the next byte begins an answer.
    begins: bool,
    /// `true` if the last line is a prompt behind which nothing was typed yet.
    asks: bool,
}

impl Screen {
    /// `raw` says that the terminal does not turn a newline into a new line.
    pub(super) fn new(raw: bool, dialogue: bool) -> Self {
        let out = io::stdout();
        let terminal = out.is_terminal();
        Self { out, terminal, raw, partial: Vec::new(), dialogue, begins: true, asks: false }
    }

    /// Asks for a line, where lines are asked for; below an answer that did not end its line.
    pub(super) fn prompt(&mut self) -> io::Result<()> {
        if !self.dialogue {
            return Ok(());
        }
        let mut out = self.out.lock();
        if !self.begins {
            out.write_all(b"\n")?;
        }
        (self.begins, self.asks) = (true, true);
        out.write_all(PROMPT)?;
        out.flush()
    }

    /// A line was typed: a terminal has shown it.
    pub(super) fn typed(&mut self) {
        self.asks = false;
    }

    /// Leaves the terminal at the beginning of a line.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        let inside = self.asks || !self.begins;
        match self.terminal && inside && (self.dialogue || self.raw) {
            true => self.out.lock().write_all(if self.raw { b"\r\n" } else { b"\n" }),
            false => Ok(()),
        }
    }

    /// Shows bytes at once.
    pub(super) fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.out.lock();
        if self.dialogue && self.begins && !bytes.is_empty() {
            out.write_all(LABEL)?;
        }
        self.begins = bytes.ends_with(b"\n");
        if self.terminal {
            self.partial.extend_from_slice(bytes);
            out.write_all(visible(&mut self.partial, self.raw).as_bytes())?;
        } else {
            out.write_all(bytes)?;
        }
        out.flush()
    }
}

/// Takes what can be shown from `bytes`; the beginning of a character stays.
fn visible(bytes: &mut Vec<u8>, raw: bool) -> String {
    let mut shown = String::new();
    let mut rest = 0;
    for chunk in bytes.utf8_chunks() {
        for (index, line) in chunk.valid().split('\n').enumerate() {
            if index > 0 {
                shown.push_str(if raw { "\r\n" } else { "\n" });
            }
            shown.push_str(&escape::plain(line));
        }
        rest += chunk.valid().len();
        let at_end = rest + chunk.invalid().len() == bytes.len();
        if at_end && is_beginning(chunk.invalid()) {
            break;
        }
        rest += chunk.invalid().len();
        chunk.invalid().iter().for_each(|byte| shown.push_str(&format!("\\x{byte:02x}")));
    }
    bytes.drain(..rest);
    shown
}

/// Returns `true` if the bytes are the beginning of a UTF-8 character.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A terminal in raw mode, restored when dropped, whatever way the program leaves.
pub(in crate::cli) struct RawMode(Termios);

impl RawMode {
    /// Puts the terminal at standard input into raw mode.
    pub(in crate::cli) fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // nothing can be done about a terminal that has gone
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(bytes: &[u8], raw: bool) -> (String, Vec<u8>) {
        let mut bytes = bytes.to_vec();
        let shown = visible(&mut bytes, raw);
        (shown, bytes)
    }

    #[test]
    fn control_characters_and_invalid_bytes_are_escaped() {
        let (shown, rest) = show(b"a\x1b[2Jb\xff\n", false);
        assert!(!shown.contains('\x1b') && shown.starts_with('a') && shown.ends_with("b\\xff\n"), "{shown}");
        assert!(rest.is_empty());
    }

    #[test]
    fn a_new_line_in_a_raw_terminal_needs_a_carriage_return() {
        assert_eq!(show(b"a\nb", true).0, "a\r\nb");
    }

    #[test]
    fn incomplete_character_waits_for_its_remaining_bytes() {
        assert_eq!(show(b"a\xc3", false), ("a".to_owned(), b"\xc3".to_vec()));
        assert_eq!(show("é".as_bytes(), false).0, "é");
        assert_eq!(show(b"\xc3a", false).0, "\\xc3a");
    }
}
