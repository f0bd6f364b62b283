//! The capture files of a command: their names, and that they can be made.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::destination::{is_same, is_stdout};
use super::output::{OutputArgs, OutputOptions};
use super::report_dir::ReportDir;
use crate::capture::save::{CaptureWriter, create, format_of};
use crate::model::{CaptureFormat, CaptureInfo, Side};
use crate::session::Writers;

/// The files that keep the captures of a session, if any.
pub(super) struct CaptureFiles {
    first: Option<PathBuf>,
    second: Option<PathBuf>,
}

/// Ends of names that would promise a packed file.
const PACKED: &[&str] = &["gz", "zst", "zstd", "xz", "bz2", "lz4"];

/// A capture file's name and format.
pub(super) type Kept = Option<(String, CaptureFormat)>;

impl CaptureFiles {
    /// The file that was named; for two captures `x.pcap` means `x-client.pcap` and `x-server.pcap`.
    pub(super) fn new(write: Option<PathBuf>, both: bool) -> Result<Self> {
        let packed =
            |path: &PathBuf| path.extension().is_some_and(|end| PACKED.iter().any(|one| end.eq_ignore_ascii_case(one)));
        match write {
            Some(path) if packed(&path) => bail!(
                "a capture is not packed while it is written: name a file that ends in .pcap or .pcapng, not {}",
                path.display()
            ),
            Some(path) if both && is_stdout(&path) => {
                bail!("--capture-at both makes two captures, and standard output takes one: name a file with --write")
            }
            Some(path) if both => {
                Ok(Self { first: Some(with_side(&path, Side::Client)), second: Some(with_side(&path, Side::Server)) })
            }
            first => Ok(Self { first, second: None }),
        }
    }

    /// The file named by `--write`, or else the one in the folder of `--report`.
    ///
    /// # Errors
    /// As [`CaptureFiles::new`], and where the format annotates a capture that exists already.
    pub(super) fn of_command(write: Option<&PathBuf>, both: bool, output: &OutputOptions) -> Result<Self> {
        if output.annotates() {
            bail!("keep the capture with --write FILE; echolab analyze FILE --format pcapng annotates it");
        }
        Self::new(write.cloned().or_else(|| output.report().map(ReportDir::capture)), both)
    }

    /// Takes standard output from the report where the capture goes there, and checks that every file can be made.
    ///
    /// # Errors
    /// Where two outputs would share a destination, or a file exists and `--force` was not given.
    pub(super) fn claim(&self, arguments: &OutputArgs, output: &mut OutputOptions) -> Result<()> {
        if self.take_stdout() {
            ensure!(
                !arguments.names_stdout(),
                "--write and --output can't both take standard output: name a file for one of them"
            );
            ensure!(
                !io::stdout().is_terminal(),
                "a capture is not for a terminal: name a file with --write, or pipe it to another program"
            );
            output.make_way();
        }
        self.ensure_apart(&output.files())?;
        self.ensure_free(arguments.force)?;
        output.file().map_or(Ok(()), |path| ensure_free(path, arguments.force))
    }

    /// Their names and formats, where they are files.
    pub(super) fn kept(&self) -> [Kept; 2] {
        let kept = |path: &PathBuf| (!is_stdout(path)).then(|| (path.to_string_lossy().into_owned(), format_of(path)));
        [&self.first, &self.second].map(|path| path.as_ref().and_then(kept))
    }

    /// Returns `true` if standard output is used.
    pub(super) fn take_stdout(&self) -> bool {
        self.first.as_deref().is_some_and(is_stdout)
    }

    /// Those that are made by their names.
    pub(super) fn named(&self) -> impl Iterator<Item = PathBuf> {
        [&self.first, &self.second].into_iter().flatten().filter(|path| !is_stdout(path)).cloned()
    }

    /// Fails before a session is run whose captures could not be kept.
    pub(super) fn ensure_free(&self, force: bool) -> Result<()> {
        let files = [self.first.as_deref(), self.second.as_deref()];
        files.into_iter().flatten().try_for_each(|path| ensure_free(path, force))
    }

    /// Fails where a report would go to the same file as a capture.
    pub(super) fn ensure_apart(&self, reports: &[PathBuf]) -> Result<()> {
        let captures = [self.first.as_deref(), self.second.as_deref()];
        let both = |capture: &&Path| reports.iter().any(|report| is_same(report, capture));
        match captures.into_iter().flatten().find(both) {
            Some(path) => bail!("{} can't be the capture and a report: name two files", path.display()),
            None => Ok(()),
        }
    }

    /// Makes them.
    pub(super) fn open(&self, force: bool, infos: (&CaptureInfo, Option<&CaptureInfo>)) -> Result<Writers> {
        let open = |path: &PathBuf, info| open_capture(path, force, info);
        let first = self.first.as_ref().map(|path| open(path, infos.0)).transpose()?;
        let second = self.second.as_ref().zip(infos.1).map(|(path, info)| open(path, info)).transpose()?;
        Ok((first, second))
    }
}

/// `x-client.pcap` for `x.pcap`.
fn with_side(path: &Path, side: Side) -> PathBuf {
    let mut name: OsString = path.file_stem().unwrap_or_default().to_owned();
    name.push("-");
    name.push(side.name());
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Fails before a session is run whose result could not be kept.
fn ensure_free(path: &Path, force: bool) -> Result<()> {
    if !force && !is_stdout(path) && path.metadata().is_ok_and(|meta| meta.is_file()) {
        bail!("{} exists already; --force overwrites it", path.display());
    }
    Ok(())
}

fn open_capture(path: &Path, force: bool, info: &CaptureInfo) -> Result<CaptureWriter> {
    let format = format_of(path);
    let writer = if is_stdout(path) {
        CaptureWriter::new(io::stdout(), format, info)
    } else {
        CaptureWriter::to_file(create(path, force)?, format, info)
    };
    writer.with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_captures_are_named_after_their_hosts() {
        for (name, client) in [("a/x.pcap", "a/x-client.pcap"), ("x", "x-client"), ("x.y.pcapng", "x.y-client.pcapng")]
        {
            assert_eq!(with_side(Path::new(name), Side::Client), PathBuf::from(client));
        }
        assert!(CaptureFiles::new(Some("-".into()), true).is_err());
        assert!(CaptureFiles::new(Some("-".into()), false).unwrap().take_stdout());
    }
}
