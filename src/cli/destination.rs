//! Destinations of output, with errors that name what could not be written.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::capture::save::open_new;

/// The destination of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Stdout,
    Stderr,
    File(PathBuf),
}

impl Destination {
    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdout | Self::Stderr => None,
            Self::File(path) => Some(path),
        }
    }
}

/// Returns `true` if the path stands for standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    [Path::new("-"), Path::new("/dev/stdout")].contains(&path)
}

/// Creates a file for output: a new one, unless `force` allows to overwrite; a device or a pipe is there already.
///
/// # Errors
/// If it exists or can't be created.
pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<File> {
    open_new(path, force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => anyhow::anyhow!("{} exists already; --force overwrites it", path.display()),
        _ => anyhow::Error::from(error).context(format!("can't create {}", path.display())),
    })
}

/// Returns `true` if both paths are the same file; a file that does not exist yet is identified by its folder.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| path.metadata().map(|meta| (meta.dev(), meta.ino()));
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.canonicalize().map(|folder| folder.join(path.file_name().unwrap_or_default()))
    };
    match (identity(one), identity(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => one == other || place(one).is_ok_and(|one| place(other).is_ok_and(|other| one == other)),
        _ => false,
    }
}

/// Writes everything to standard output.
///
/// # Errors
/// If that fails.
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
