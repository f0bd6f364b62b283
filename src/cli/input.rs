//! A capture to be read: a file, a pipe or standard input, to its end or until Ctrl-C.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::poll::PollFlags;

use crate::capture::file::open_unread;
use crate::drive::{Signal, WakeReason};

/// A capture that is open, with nothing of it read yet.
pub(super) struct Input {
    /// Its name in messages, `-` for standard input.
    pub(super) name: String,
    /// Number of bytes to read; `None` for a pipe.
    pub(super) size: Option<u64>,
    file: File,
}

/// Reads until the end, or until the signal, which is an end too.
struct ReadUntil {
    file: File,
    halt: Signal,
}

impl Input {
    /// Opens the capture; `-` is standard input.
    ///
    /// # Errors
    /// If it can't be opened, or is a directory.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = if path.as_os_str() == "-" {
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            File::from(stdin.context("cannot open standard input")?)
        } else {
            open_unread(path)?
        };
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
        Ok(Self { name: path.to_string_lossy().into_owned(), size, file })
    }

    /// The same file once more, for a reading before this one; `None` for what can be read only once.
    pub(super) fn twin(&self) -> Option<Self> {
        let file = self.size.and_then(|_| self.file.try_clone().ok())?;
        Some(Self { name: self.name.clone(), size: self.size, file })
    }

    /// Goes back to its beginning, after the reading of its twin.
    pub(super) fn rewind(&mut self) -> Result<()> {
        self.file.rewind().with_context(|| format!("cannot read {} a second time", self.name))
    }

    /// Its content, up to the signal.
    pub(super) fn until(self, halt: &Signal) -> impl Read + Send + 'static {
        ReadUntil { file: self.file, halt: halt.clone() }
    }
}

impl Read for ReadUntil {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.halt.wait_with(&self.file, PollFlags::POLLIN, None)? {
            WakeReason::Signalled => Ok(0),
            WakeReason::Ready | WakeReason::TimedOut => self.file.read(buffer),
        }
    }
}
