//! `--write` and `--report` of `serve` and `connect`: their traffic is captured, and reported at the end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::capture_files::CaptureFiles;
use super::exit_status::capture_exit;
use super::report_dir::ReportDir;
use super::{Exit, privileges};
use crate::capture::{Interface, LiveCapture, Ring, StopHandle, interfaces};
use crate::drive::Files;
use crate::model::{Protocol, Side};
use crate::report::{Sink, TeeSink};
use crate::{pipeline, render};

/// The file that records the connection, if any.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Capture (needs root or CAP_NET_RAW)")]
pub(super) struct RecordArgs {
    /// Keep a capture of it in FILE as it comes: pcapng if its name ends so, else pcap.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Write the capture and whole reports into the folder DIR at the end: report.md, report.html, ladder.svg, graphs.svg.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Overwrite files that exist.
    #[arg(long)]
    force: bool,
}

/// An open capture, not yet read.
pub(super) struct OpenRecording {
    live: LiveCapture,
    files: CaptureFiles,
    report: Option<ReportDir>,
    force: bool,
}

/// A capture that is being kept and followed.
pub(super) struct Recording {
    stopper: StopHandle,
    thread: JoinHandle<Result<Exit>>,
}

impl RecordArgs {
    /// The files that are still to be made.
    pub(super) fn files(&self) -> Files {
        let named: Vec<_> = self.write.iter().chain(&self.report).cloned().collect();
        privileges::files(&named)
    }

    /// Opens the capture of what is talked with the server at `server`, where one is asked for; `side` is this program's.
    ///
    /// # Errors
    /// If there is no right to capture, or a file exists.
    pub(super) fn open(&self, protocol: Protocol, server: SocketAddr, side: Side) -> Result<Option<OpenRecording>> {
        if self.write.is_none() && self.report.is_none() {
            return Ok(None);
        }
        let report = self.report.clone().map(ReportDir::new);
        report.as_ref().map_or(Ok(()), |folder| folder.ensure_free(self.force))?;
        let write = self.write.clone().or_else(|| report.as_ref().map(ReportDir::capture));
        let files = CaptureFiles::new(write, false)?;
        anyhow::ensure!(!files.take_stdout(), "standard output shows something else: name a file with --write");
        files.ensure_apart(&report.iter().flat_map(ReportDir::files).collect::<Vec<_>>())?;
        files.ensure_free(self.force)?;
        let loopback = interfaces()?.into_iter().find(|one| one.is_loopback && server.ip().is_loopback());
        let interface = Interface::shared(&loopback.map_or_else(|| "any".to_owned(), |one| one.name))?;
        let mut live = LiveCapture::open(&interface, Ring::LARGEST)?;
        // a server on all addresses has clients at each of them
        let host = (side == Side::Client && !server.ip().is_unspecified()).then(|| server.ip().to_string());
        let hosts: Vec<_> = host.into_iter().collect();
        live.choose(&[server.port()], &hosts, Some(protocol.name()))?;
        Ok(Some(OpenRecording { live, files, report, force: self.force }))
    }
}

impl OpenRecording {
    /// Starts to keep and follow it; to be called after root was given up.
    ///
    /// # Errors
    /// If a file can't be made.
    pub(super) fn start(self, command: String) -> Result<Recording> {
        let Self { live, files, report, force } = self;
        report.as_ref().map_or(Ok(()), ReportDir::make)?;
        let (writer, _) = files.open(force, (live.info(), None))?;
        let [kept, _] = files.kept();
        let (mut source, stopper) = live.start(writer).context("can't start the capture")?;
        let follow = move || {
            let options = render::Options { command: Some(command), ..render::Options::default() };
            let sink = TeeSink::default();
            let mut sink = match &report {
                Some(folder) => folder.open(sink, force, &options)?,
                None => sink,
            };
            let name = kept.as_ref().map_or_else(String::new, |(name, _)| name.clone());
            let mut options = pipeline::Options { kept, live: true, ..pipeline::Options::default() };
            let ran = pipeline::run(&mut source, &mut options, &mut sink).and_then(|totals| {
                sink.end()?;
                Ok(totals)
            });
            // a report that can't be written is no reason to lose the capture
            let written = source.finish().with_context(|| format!("can't write {name}"));
            let exit = capture_exit(&ran?);
            written?;
            Ok(exit)
        };
        let thread =
            thread::Builder::new().name("recording".to_owned()).spawn(follow).context("can't start the capture")?;
        Ok(Recording { stopper, thread })
    }
}

impl Recording {
    /// Ends it with what the kernel has seen so far; its reports are complete when this returns.
    ///
    /// # Errors
    /// If a file can't be written.
    pub(super) fn end(self) -> Result<Exit> {
        self.stopper.stop();
        self.thread.join().unwrap_or_else(|_| Err(anyhow!("the capture's thread broke down")))
    }
}
