//! Where output goes, with errors that say what could not be written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Creates a file for output: a new one, unless `force` allows to overwrite.
///
/// # Errors
/// When it exists or can't be created.
pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    let opened =
        if force { options.create(true).truncate(true).open(path) } else { options.create_new(true).open(path) };
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow::anyhow!("{} exists already; --force overwrites it", path.display()),
        _ => anyhow::Error::from(error).context(format!("can't create {}", path.display())),
    })
}

/// Writes everything to standard output.
///
/// # Errors
/// When that fails.
pub(super) fn print(out: impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = Named { name: "standard output".to_owned(), inner: out };
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// A writer whose errors say what could not be written.
pub(super) struct Named<W> {
    pub(super) name: String,
    pub(super) inner: W,
}

impl<W> Named<W> {
    fn explain(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("can't write to {}: {error}", self.name))
    }
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(|error| self.explain(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush().map_err(|error| self.explain(&error))
    }
}
