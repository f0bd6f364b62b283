//! Typed input, divided into sends.

/// The division of input into sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Mode {
    /// Return sends a line; `quit` ends the input.
    Lines,
    /// Every key press is a send, as a raw terminal delivers it; Ctrl-C and Ctrl-D end the input.
    Keys,
    /// Every byte is a send: continuous mode without a terminal.
    Bytes,
}

/// Cuts input into sends.
#[derive(Debug)]
pub(super) struct Input {
    mode: Mode,
    line: Vec<u8>,
    ended: bool,
}

/// Ctrl-C and Ctrl-D, as a raw terminal delivers them.
const LEAVE: [u8; 2] = [0x03, 0x04];

impl Input {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, line: Vec::new(), ended: false }
    }

    /// Returns `true` if the input has ended.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Bytes of a line that is not complete.
    pub(super) fn begun(&self) -> usize {
        self.line.len()
    }

    /// Takes what was read; gives the sends that it completes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        match self.mode {
            Mode::Bytes => bytes.iter().map(|byte| vec![*byte]).collect(),
            Mode::Keys => {
                let kept: Vec<u8> = bytes.iter().copied().take_while(|byte| !LEAVE.contains(byte)).collect();
                self.ended = kept.len() < bytes.len();
                // a raw terminal's Return is a carriage return
                let keys: Vec<u8> = kept.into_iter().map(|byte| if byte == b'\r' { b'\n' } else { byte }).collect();
                if keys.is_empty() { vec![] } else { vec![keys] }
            }
            Mode::Lines => self.lines(bytes),
        }
    }

    /// The input is at its end; gives the last line if it had no newline.
    pub(super) fn end(&mut self) -> Option<Vec<u8>> {
        self.ended = true;
        let line = std::mem::take(&mut self.line);
        (!line.is_empty() && !is_quit(&line)).then_some(line)
    }

    fn lines(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut sends = Vec::new();
        for byte in bytes {
            self.line.push(*byte);
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                if is_quit(&line) {
                    self.ended = true;
                    break;
                }
                sends.push(line);
            }
        }
        sends
    }
}

fn is_quit(line: &[u8]) -> bool {
    line.trim_ascii_end() == b"quit"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sent_whole_until_quit() {
        let mut input = Input::new(Mode::Lines);
        assert_eq!(input.feed(b"HEL"), Vec::<Vec<u8>>::new());
        assert_eq!(input.feed(b"LO\n\nqu"), [b"HELLO\n".to_vec(), b"\n".to_vec()]);
        assert!(!input.ended());
        assert_eq!(input.feed(b"it\r\nmore\n"), Vec::<Vec<u8>>::new());
        assert!(input.ended());
    }

    #[test]
    fn last_line_without_newline_is_sent() {
        let mut input = Input::new(Mode::Lines);
        assert_eq!(input.feed(b"one\ntwo"), [b"one\n".to_vec()]);
        assert_eq!(input.end(), Some(b"two".to_vec()));
        assert!(input.ended());
        let mut input = Input::new(Mode::Lines);
        input.feed(b"quit");
        assert_eq!(input.end(), None);
    }

    #[test]
    fn keys_are_sent_as_they_come_until_one_that_leaves() {
        let mut input = Input::new(Mode::Keys);
        assert_eq!(input.feed("é".as_bytes()), ["é".as_bytes()]);
        assert_eq!(input.feed(b"\r"), [b"\n"]);
        assert_eq!(input.feed(b"ab\x03c"), [b"ab"]);
        assert!(input.ended());
        assert_eq!(Input::new(Mode::Keys).feed(b"\x04"), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn without_a_terminal_each_byte_is_a_send() {
        assert_eq!(Input::new(Mode::Bytes).feed(b"ab\x03"), [b"a", b"b", b"\x03"]);
    }
}
