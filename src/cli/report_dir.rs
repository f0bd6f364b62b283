//! `--report DIR`: everything that is to be handed in, in one folder.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::destination::{Named, is_same};
use crate::render;
use crate::report::{Bounds, TeeSink};

/// The format of the drawing that grows with every step.
const LADDER: &str = "svg";
/// The reports of a folder: a format and the name of its file.
const REPORTS: [(&str, &str); 4] =
    [("markdown", "report.md"), ("html", "report.html"), (LADDER, "ladder.svg"), ("graphs", "graphs.svg")];
/// The drawings that the Markdown report links to.
const DRAWINGS: &[(&str, &str)] = &[("Ladder", "ladder.svg"), ("Graphs", "graphs.svg")];
/// The capture of a session, which keeps its frames too.
const CAPTURE: &str = "capture.pcapng";

/// The end of the name of a report that is being written.
const INCOMPLETE: &str = ".incomplete";

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
    /// If a report exists already, or the folder is none.
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
    /// If it does.
    pub(super) fn ensure_apart(&self, file: &Path) -> Result<()> {
        match self.files().any(|report| is_same(&report, file)) {
            true => bail!("{} would be written twice: it is one of the files that --report makes", file.display()),
            false => Ok(()),
        }
    }

    /// Makes the folder, if need be.
    ///
    /// # Errors
    /// If it can't be made.
    pub(super) fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.0).with_context(|| format!("can't make the folder {}", self.0.display()))
    }

    /// Adds the reports to `several`. Each is written aside and has its name once it is whole.
    ///
    /// # Errors
    /// If the folder or a file in it can't be made.
    pub(super) fn open<'a>(
        &self,
        mut several: TeeSink<'a>,
        force: bool,
        options: &render::Options,
    ) -> Result<TeeSink<'a>> {
        self.make()?;
        for (format, name) in REPORTS {
            let format = render::format(format).with_context(|| format!("there is no format {format}"))?;
            let path = self.0.join(name);
            let (file, aside) = self.aside(name)?.into_parts();
            let out = Named { name: path.display().to_string(), inner: file };
            let sink = format.open(Box::new(out), &of_folder(format.name, options));
            several =
                several.and_on_complete(sink.with_context(|| format!("{} is no report", format.name))?, move || {
                    let kept = if force { aside.persist(&path) } else { aside.persist_noclobber(&path) };
                    kept.map_err(|refused| {
                        io::Error::new(
                            refused.error.kind(),
                            format!("can't make {}: {}", path.display(), refused.error),
                        )
                    })
                });
        }
        Ok(several)
    }

    /// A file beside the reports, which is gone unless it is kept. If the program is killed its name says what it is.
    fn aside(&self, name: &str) -> Result<NamedTempFile> {
        let prefix = format!("{name}.");
        let mut builder = tempfile::Builder::new();
        // like that of any new file, less what the umask takes
        builder.prefix(&prefix).suffix(INCOMPLETE).permissions(Permissions::from_mode(0o666));
        builder.tempfile_in(&self.0).with_context(|| format!("can't create {}", self.0.join(name).display()))
    }
}

/// No colours; and the drawing is folded whatever the limit is: no browser shows one of a hundred thousand steps.
fn of_folder(format: &str, options: &render::Options) -> render::Options {
    let mut bounds = options.bounds;
    if format == LADDER && bounds.steps == Bounds::NONE.steps {
        bounds.steps = Bounds::default().steps;
    }
    let drawings = if format == "markdown" { DRAWINGS } else { &[] };
    render::Options { color: false, bounds, drawings, ..options.clone() }
}
