//! The output of programs: shown with a label as it arrives, and kept line by line.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::pty::openpty;
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};

/// Lines kept of each program.
const LINES: usize = 1_000;

/// Bytes kept of a line; a longer one is continued on the next.
const LINE_BYTES: usize = 4_096;

/// Shows output while it comes: the program's label and bytes, which may end within a line.
pub type Show = Arc<dyn Fn(&str, &[u8]) + Send + Sync>;

/// The output of a program.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) lines: Vec<String>,
    pub(super) left_out: u64,
    open: Vec<u8>,
}

impl Output {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                byte => {
                    if self.open.len() >= LINE_BYTES {
                        self.end_line();
                    }
                    self.open.push(*byte);
                }
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.open);
        if self.lines.len() < LINES {
            let line = String::from_utf8_lossy(&line);
            self.lines.push(line.trim_end_matches('\r').to_owned());
        } else {
            self.left_out += 1;
        }
    }

    fn end(mut self) -> Self {
        if !self.open.is_empty() {
            self.end_line();
        }
        self
    }
}

/// The output of a running program.
#[derive(Debug)]
pub(super) struct ProgramOutput {
    reader: JoinHandle<Output>,
}

impl ProgramOutput {
    /// Starts the reading thread; returns with it the descriptor that the program writes to: a terminal, since most
    /// languages buffer lines that are written to a pipe.
    ///
    /// # Errors
    /// If the system refuses a descriptor or a thread.
    pub(super) fn open(label: String, show: Show) -> io::Result<(Self, OwnedFd)> {
        let (reader, writer): (Box<dyn Read + Send>, OwnedFd) = match terminal() {
            Ok((reader, writer)) => (Box::new(std::fs::File::from(reader)), writer),
            Err(_) => {
                let (reader, writer) = io::pipe()?;
                (Box::new(reader), writer.into())
            }
        };
        let reader = thread::Builder::new().name("output".to_owned()).spawn(move || read(reader, &label, &show))?;
        Ok((Self { reader }, writer))
    }

    /// The program's output; call it once no process has the descriptor any more.
    pub(super) fn end(self) -> Output {
        self.reader.join().unwrap_or_default()
    }
}

/// Both ends of a pseudo-terminal that passes bytes on unchanged.
fn terminal() -> nix::Result<(OwnedFd, OwnedFd)> {
    let ends = openpty(None, None)?;
    let mut settings = tcgetattr(&ends.slave)?;
    settings.output_flags.remove(OutputFlags::OPOST);
    tcsetattr(&ends.slave, SetArg::TCSANOW, &settings)?;
    Ok((ends.master, ends.slave))
}

fn read(mut reader: impl Read, label: &str, show: &Show) -> Output {
    let mut output = Output::default();
    let mut buffer = [0; 4_096];
    loop {
        match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // a terminal that no process has open any more is EIO
            Ok(0) | Err(_) => return output.end(),
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                show(label, bytes);
                output.push(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_up_to_a_bound() {
        let mut output = Output::default();
        output.push(b"one\r\ntwo\n> ");
        output.push(b"three");
        assert_eq!(output.end().lines, ["one", "two", "> three"]);
        let mut output = Output::default();
        output.push(&b"x\n".repeat(LINES + 7));
        let output = output.end();
        assert_eq!((output.lines.len(), output.left_out), (LINES, 7));
        let mut output = Output::default();
        output.push(&vec![b'x'; LINE_BYTES + 1]);
        assert_eq!(output.end().lines.len(), 2);
    }

    #[test]
    fn output_of_a_descriptor_is_read_to_its_end() -> io::Result<()> {
        let (outlet, writer) = ProgramOutput::open("server".to_owned(), Arc::new(|_, _| {}))?;
        nix::unistd::write(&writer, b"ready\nno end")?;
        drop(writer);
        assert_eq!(outlet.end().lines, ["ready", "no end"]);
        Ok(())
    }
}
