//! `--report DIR`: everything that is to be handed in, in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::destination::{Named, create, is_same};
use crate::render::{self, Format};
use crate::report::Sink;

/// The reports of a folder: a format and the name of its file.
const REPORTS: [(&str, &str); 4] =
    [("markdown", "report.md"), ("html", "report.html"), ("svg", "ladder.svg"), ("graphs", "graphs.svg")];
/// The capture of a session, which keeps its frames too.
const CAPTURE: &str = "capture.pcapng";

/// A folder of reports.
#[derive(Clone, Debug)]
pub(super) struct ReportDir(PathBuf);

impl ReportDir {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file of a session's capture.
    pub(super) fn capture(&self) -> PathBuf {
        self.0.join(CAPTURE)
    }

    /// The files of the reports.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        REPORTS.iter().map(|(_, name)| self.0.join(name))
    }

    /// Fails before any work whose result could not be kept.
    ///
    /// # Errors
    /// When a report exists already, or the folder is none.
    pub(super) fn ensure_free(&self, force: bool) -> Result<()> {
        if self.0.exists() && !self.0.is_dir() {
            bail!("{} is no folder: --report needs one, and makes it where there is none", self.0.display());
        }
        let there = self.files().find(|file| !force && file.exists());
        there.map_or(Ok(()), |file| bail!("{} exists already; --force overwrites it", file.display()))
    }

    /// Fails where another output of the same command goes to one of the reports.
    ///
    /// # Errors
    /// When it does.
    pub(super) fn ensure_apart(&self, file: &Path) -> Result<()> {
        match self.files().any(|report| is_same(&report, file)) {
            true => bail!("{} would be written twice: it is one of the files that --report makes", file.display()),
            false => Ok(()),
        }
    }

    /// Makes the folder, if need be.
    ///
    /// # Errors
    /// When it can't be made.
    pub(super) fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.0).with_context(|| format!("can't make the folder {}", self.0.display()))
    }

    /// Makes the reports.
    ///
    /// # Errors
    /// When one exists and `force` is not given, or can't be made.
    pub(super) fn open(&self, force: bool, options: &render::Options) -> Result<Vec<Box<dyn Sink>>> {
        self.make()?;
        REPORTS.iter().map(|(format, name)| self.open_one(format, name, force, options)).collect()
    }

    fn open_one(&self, format: &str, name: &str, force: bool, options: &render::Options) -> Result<Box<dyn Sink>> {
        let format: &Format = render::format(format).with_context(|| format!("there is no format {format}"))?;
        let path: &Path = &self.0.join(name);
        let out = Named { name: path.display().to_string(), inner: create(path, force)? };
        Ok((format.sink)(Box::new(out), &render::Options { color: false, ..options.clone() }))
    }
}
