//! The output of programs on standard error while they run, each line with the program's label.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::drive::Show;
use crate::render::escape;

/// Bytes of a character that was cut by the end of what was read.
const CUT: usize = 3;

/// The position of the next byte on the screen.
#[derive(Default)]
struct Screen {
    /// The program whose line is not complete.
    open: Option<String>,
    /// The beginning of a character of each program.
    cut: Vec<(String, Vec<u8>)>,
}

/// Shows output on standard error as it comes. A prompt, which has no line end, is shown at once too.
pub(super) fn show() -> Show {
    let screen = Mutex::new(Screen::default());
    Arc::new(move |label, bytes| {
        let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = screen.text(label, bytes);
        // a terminal that is gone is no reason to end the programs
        let _ = io::stderr().lock().write_all(text.as_bytes());
    })
}

impl Screen {
    /// The text to write for these bytes of a program.
    fn text(&mut self, label: &str, bytes: &[u8]) -> String {
        let mut all = self.take_cut(label);
        all.extend_from_slice(bytes);
        let whole = whole(&all);
        let (now, rest) = all.split_at(whole);
        if !rest.is_empty() {
            self.cut.push((label.to_owned(), rest.to_vec()));
        }
        let mut written = String::new();
        for line in String::from_utf8_lossy(now).split_inclusive('\n') {
            if self.open.as_deref() != Some(label) {
                if self.open.take().is_some() {
                    written.push('\n');
                }
                written.push_str(label);
                written.push_str("| ");
            }
            let (text, ended) = line.strip_suffix('\n').map_or((line, false), |text| (text, true));
            written.push_str(&escape::plain(text.trim_end_matches('\r')));
            self.open = if ended { None } else { Some(label.to_owned()) };
            if ended {
                written.push('\n');
            }
        }
        written
    }

    fn take_cut(&mut self, label: &str) -> Vec<u8> {
        let place = self.cut.iter().position(|(of, _)| of == label);
        place.map(|place| self.cut.swap_remove(place).1).unwrap_or_default()
    }
}

/// Number of bytes before an incomplete character at the end.
fn whole(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && bytes.len() - error.valid_up_to() <= CUT => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_label_and_a_prompt_is_continued() {
        let mut screen = Screen::default();
        assert_eq!(screen.text("server", b"ready\n"), "server| ready\n");
        assert_eq!(screen.text("client", b"> "), "client| > ");
        assert_eq!(screen.text("client", b"Echo\nnext"), "Echo\nclient| next");
        assert_eq!(screen.text("server", b"\x1b[2J\n"), "\nserver| \\x1b[2J\n");
        assert_eq!(screen.text("client", &[0xc3]), "");
        assert_eq!(screen.text("client", &[0xa9, b'\n']), "client| \u{e9}\n");
    }
}
