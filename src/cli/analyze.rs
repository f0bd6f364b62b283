//! `echolab analyze CAPTURE...`: explains capture files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};

use super::destination::is_same;
use super::exit::{self, Exit, say};
use super::input::Input;
use super::interrupt::interrupt;
use super::no_match::MatchCheck;
use super::output::{OutputArgs, OutputOptions, Scope};
use super::privileges;
use super::progress::Progress;
use super::questions_arg::parse_questions;
use super::report_output::ReportOutput;
use crate::capture::file::from_reader;
use crate::capture::filter::Filter;
use crate::capture::save::{CaptureWriter, create};
use crate::capture::{CopyingSource, Source};
use crate::drive::Signal;
use crate::explain::Questions;
use crate::model::{CaptureFormat, FindingCode, LinkType, Protocol, Severity};
use crate::pipeline;
use crate::pipeline::annotate::AnnotatedSource;
use crate::report::{Order, Scan, Selection, SelectionSink};
use crate::track::StreamId;

/// Explain every packet of capture files.
///
/// Reads pcap and pcapng, and packets as text of tcpdump, tshark or Wireshark, plain or packed with gzip or zstd, follows each TCP and UDP conversation and says what every
/// packet does in it and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echolab analyze echo.pcap                           every conversation, step by step
  echolab analyze echo.pcap --columns +options,+payload
                                                      the same with two more columns
  echolab analyze big.pcapng.gz --summary             the 50 worst conversations
  echolab analyze big.pcapng.gz --conversation tcp:7  one of them, step by step
  echolab analyze echo.pcap --answers                 with answers to the questions of labs
  echolab analyze echo.pcap --format markdown -o echo.md
                                                      for a report
  echolab analyze echo.pcap --format pcapng -o echo.pcapng
                                                      for Wireshark, each step as its packet's comment
  echolab analyze echo.pcap --report echo             page, Markdown and drawings in the folder echo
  echolab analyze *.pcap --format lines | grep -F '[R'
                                                      every reset, one line per step
  sudo tcpdump -i lo -U -w - port 7 | echolab analyze - --format lines
                                                      live
  echolab analyze session.txt --write session.pcapng  text printed by tcpdump, tshark or Wireshark

Exit status: 0 done, 1 stopped by Ctrl-C, or nothing matches, 2 an error, also in a truncated
capture. Everything that was read before is shown.")]
pub(super) struct AnalyzeArgs {
    /// Capture files; - is standard input.
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,

    /// Only frames that match this pcap filter, as for tcpdump (man pcap-filter).
    #[arg(short, long, value_name = "BPF", help_heading = "Selection")]
    filter: Option<String>,

    /// Only this conversation: tcp:N or udp:N, numbered as in Wireshark; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = stream, help_heading = "Selection")]
    conversation: Vec<StreamId>,

    /// Only conversations with this port at either end.
    #[arg(long, value_name = "N", help_heading = "Selection")]
    port: Option<u16>,

    /// Only conversations with one of these findings: codes of `echolab formats findings`, or problem, warning, note.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', value_parser = finding, help_heading = "Selection")]
    find: Vec<Codes>,

    /// Stop after N frames (of those that pass the filter).
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(help_heading = "Selection")]
    count: Option<u64>,

    /// Show only conversations: exact totals, then one row for each of the 50 worst.
    #[arg(long, help_heading = "Selection")]
    summary: bool,

    /// Sort order of conversations.
    #[arg(
        long,
        value_enum,
        value_name = "BY",
        requires = "summary",
        default_value = "trouble",
        help_heading = "Selection"
    )]
    sort: Sort,

    /// Answer the questions of networking labs, with frames and formulas: those with these ids, or all (`echolab formats
    /// questions` lists them).
    #[arg(long, value_name = "ID,…", value_parser = parse_questions, num_args = 0..=1, require_equals = true, conflicts_with = "summary")]
    #[arg(default_missing_value = "", help_heading = "Selection")]
    answers: Option<Questions>,

    /// Convert the packets of a text to this capture file (pcapng); bytes that it does not show are zero, and a comment
    /// says so.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    write: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sort {
    /// Problems first, then warnings, each by the time lost, then the bytes; the others by bytes.
    Trouble,
    /// Most bytes on the wire first.
    Bytes,
    /// Most packets first.
    Packets,
    /// Earliest start first.
    Start,
    /// Longest duration first.
    Duration,
}

impl From<Sort> for Order {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Trouble => Self::Trouble,
            Sort::Bytes => Self::Bytes,
            Sort::Packets => Self::Packets,
            Sort::Start => Self::Start,
            Sort::Duration => Self::Duration,
        }
    }
}

/// The codes that a name stands for.
#[derive(Clone, Debug)]
struct Codes(Vec<FindingCode>);

/// Reads the code of a finding, or a severity.
fn finding(name: &str) -> Result<Codes> {
    let of = |fits: &dyn Fn(FindingCode) -> bool| FindingCode::ALL.iter().copied().filter(|code| fits(*code)).collect();
    let codes: Vec<FindingCode> = match Severity::ALL.into_iter().find(|severity| severity.name() == name) {
        Some(severity) => of(&|code| code.severity() == severity),
        None => of(&|code| code.name() == name),
    };
    match codes.is_empty() {
        true => {
            bail!("no finding has this code; `echolab formats findings` lists them, or take problem, warning or note")
        }
        false => Ok(Codes(codes)),
    }
}

/// Reads `tcp:0`.
fn stream(text: &str) -> Result<StreamId> {
    let parsed = text.split_once(':').and_then(|(protocol, number)| {
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return None,
        };
        Some(StreamId { protocol, number: number.parse().ok()? })
    });
    parsed.ok_or_else(|| anyhow!("a conversation is named tcp:N or udp:N, as in the reports"))
}

/// The options that apply to every capture.
struct Request {
    filter: Option<String>,
    count: Option<u64>,
    wanted: Selection,
    several: bool,
    /// Conversations only, so that none has to be known before its steps come.
    summary: bool,
    write: Option<PathBuf>,
    force: bool,
}

impl AnalyzeArgs {
    pub(super) fn run(self, command: String) -> Result<Exit> {
        let order = self.summary.then(|| self.sort.into());
        let findings = self.find.into_iter().flat_map(|codes| codes.0).collect();
        let wanted = Selection { streams: self.conversation, port: self.port, findings, steps: None };
        let triage = !self.summary && self.answers.is_none() && wanted.streams.is_empty() && wanted.port.is_none();
        let several = self.captures.len() > 1;
        let scope = Scope {
            summary: order,
            wanted: wanted.clone(),
            several,
            captures: self.captures.len() as u64,
            folder: common_folder(&self.captures),
            triage,
            answers: self.answers,
            command,
            live: false,
        };
        let force = self.output.force;
        let output = self.output.check(scope)?;
        if several && self.write.is_some() {
            bail!("--write makes a capture file of one text: name one");
        }
        let request = Request {
            filter: self.filter,
            count: self.count,
            wanted,
            several,
            summary: self.summary,
            write: self.write,
            force,
        };
        if let Some(filter) = &request.filter {
            check_filter(filter)?;
        }
        if self.captures.iter().filter(|capture| capture.as_os_str() == "-").count() > 1 {
            bail!("- stands for standard input, which can be read only once");
        }
        refuse_to_overwrite(&self.captures, &output)?;
        let inputs: Vec<Result<Input>> = self.captures.iter().map(|path| Input::open(path)).collect();
        refuse_filter(&self.captures, &inputs)?;
        if let Some(path) = &request.write
            && (self.captures.iter().any(|capture| is_same(path, capture))
                || output.files().iter().any(|file| is_same(path, file)))
        {
            bail!("can't write the capture to {}: it is read, or is the report", path.display());
        }
        let written = output.files().into_iter().chain(request.write.clone()).collect::<Vec<_>>();
        privileges::give_up(privileges::files(&written))?;
        let halt = interrupt()?;

        let (mut worst, mut matched) = (Exit::Done, false);
        let mut output =
            Some(output).filter(|_| inputs.iter().any(Result::is_ok)).map(OutputOptions::open).transpose()?;
        for (input, path) in inputs.into_iter().zip(&self.captures) {
            let done = match (&mut output, input) {
                (Some(output), Ok(input)) => request.analyze(input, &halt, output, &mut matched)?,
                (_, Err(error)) => Err(error),
                (None, Ok(_)) => Ok(()),
            };
            if halt.is_raised() {
                say("stopped: what had been read until then is shown");
                worst = worst.and(Exit::Unmet);
                break;
            }
            if let Err(error) = done {
                if let Some(output) = &mut output {
                    output.sink().failed(&path.to_string_lossy(), &in_short(&error));
                }
                worst = worst.and(exit::fail(&error));
            }
        }
        output.map_or(Ok(()), ReportOutput::end)?;
        Ok(if matched || halt.is_raised() { worst } else { worst.and(Exit::Unmet) })
    }
}

/// The reason that a capture can't be read, for a cell of a table: standard error has the whole of it.
fn in_short(error: &anyhow::Error) -> String {
    let cause = error.root_cause().to_string();
    cause.split([':', ';', '(']).next().unwrap_or_default().trim_end().to_owned()
}

/// A mistake in the language is found before any work; a link type other than Ethernet may still refuse it later.
pub(super) fn check_filter(filter: &str) -> Result<()> {
    let links = [LinkType::LINUX_SLL2, LinkType::RAW, LinkType::NULL, LinkType(105)];
    match Filter::new(filter, LinkType::ETHERNET) {
        Err(error) if links.iter().all(|link| Filter::new(filter, *link).is_err()) => Err(error),
        _ => Ok(()),
    }
}

/// Words with which filters usually begin.
const FIRST_WORDS: &[&str] = &[
    "tcp",
    "udp",
    "icmp",
    "ip",
    "ip6",
    "arp",
    "host",
    "net",
    "port",
    "portrange",
    "src",
    "dst",
    "not",
    "less",
    "greater",
];

/// The folder that holds all captures, where there are several.
fn common_folder(captures: &[PathBuf]) -> Option<String> {
    let first = captures.first()?.parent()?;
    let holds_all = |folder: &&Path| captures.iter().all(|capture| capture.starts_with(folder));
    let folder = first.ancestors().find(holds_all).filter(|_| captures.len() > 1)?.to_str()?;
    // the root is no news, and stands before every name
    (!folder.is_empty() && folder != "/").then(|| folder.to_owned())
}

/// tcpdump takes a filter behind a capture; this error says so, instead of reporting each of its words as a missing
/// file.
fn refuse_filter(captures: &[PathBuf], inputs: &[Result<Input>]) -> Result<()> {
    let words = inputs.iter().zip(captures).rev().take_while(|(input, path)| input.is_err() && !path.exists());
    let mut words: Vec<_> = words.map(|(_, path)| path.to_string_lossy()).collect();
    words.reverse();
    let filter = words.join(" ");
    // libpcap would look up the names of files as those of hosts
    let is_known = words.first().is_some_and(|first| FIRST_WORDS.contains(&first.as_ref()));
    if words.len() < 2 || !is_known || Filter::new(&filter, LinkType::ETHERNET).is_err() {
        return Ok(());
    }
    bail!("there are no files {filter:?}, but that is a filter: write --filter {filter:?}")
}

/// `--force` is for old reports; a capture that is being read is never meant.
fn refuse_to_overwrite(captures: &[PathBuf], output: &OutputOptions) -> Result<()> {
    let written = output.files();
    match captures.iter().find(|capture| written.iter().any(|file| is_same(file, capture))) {
        Some(capture) => bail!("can't write the report to {}: it is one of the captures", capture.display()),
        None => Ok(()),
    }
}

/// Most conversations with the finding that is looked for.
const FOUND: usize = 10_000;

impl Request {
    /// Reads the capture a first time, where its conversations must be known before their steps are shown: those with the
    /// findings that are looked for, or the `worst`. `None` where one reading is enough.
    fn scan(&self, input: &mut Input, halt: &Signal, output: &ReportOutput) -> Result<Option<HashSet<StreamId>>> {
        let finds = !self.wanted.findings.is_empty() && !self.summary;
        let max = match output.details() {
            _ if finds => FOUND,
            Some(worst) => worst,
            None => return Ok(None),
        };
        let Some(twin) = input.twin() else {
            match finds && !output.reads_once() {
                true => bail!(
                    "--find with steps reads the capture twice, which a pipe does not allow: take --summary, or write the \
                     capture to a file"
                ),
                false => return Ok(None),
            }
        };
        let name = twin.name.clone();
        let mut source = from_reader(name.clone(), Box::new(twin.until(halt)))?;
        let link = source.info().link_types.first().copied().unwrap_or(LinkType::ETHERNET);
        let filter = self.filter.as_deref().map(|filter| Filter::new(filter, link)).transpose()?;
        let mut options = pipeline::Options {
            filter,
            max_frames: self.count,
            halt: Some(halt.clone()),
            ahead: true,
            ..pipeline::Options::default()
        };
        let mut scan = Scan::new(&self.wanted, max);
        pipeline::run(&mut source, &mut options, &mut scan)?;
        drop(source);
        input.rewind()?;
        Ok(Some(scan.found()))
    }

    /// Opens the file that the frames are copied to, if one is named.
    fn writer(&self, source: &impl Source) -> Result<Option<CaptureWriter>> {
        let Some(path) = &self.write else { return Ok(None) };
        if source.info().format != Some(CaptureFormat::Text) {
            bail!("--write converts text to a capture file; the input is a capture file already");
        }
        let comment =
            "Made by echolab from packets as text: bytes that the text does not show are zero, and so are times.";
        let writer = CaptureWriter::annotated(create(path, self.force)?, CaptureFormat::Pcapng, source.info(), comment);
        writer.map(Some).with_context(|| format!("cannot write the capture {path:?}"))
    }

    /// Analyses one capture. The outer error is one of the output, which ends everything; the inner is the capture's.
    fn analyze(
        &self,
        mut input: Input,
        halt: &Signal,
        output: &mut ReportOutput,
        matched: &mut bool,
    ) -> Result<Result<()>> {
        let Input { name, size, .. } = &input;
        let (name, size) = (name.clone(), *size);
        let mut wanted = Selection::default();
        match self.scan(&mut input, halt, output) {
            Ok(None) => {}
            Ok(Some(found)) if self.wanted.findings.is_empty() => output.sink().prefer(&found),
            // none of them has this name
            Ok(Some(found)) => {
                wanted.streams = found.into_iter().collect();
                wanted.findings.clone_from(&self.wanted.findings);
                if wanted.streams.is_empty() {
                    wanted.streams.push(StreamId { protocol: Protocol::Tcp, number: u32::MAX });
                }
            }
            Err(error) => return Ok(Err(error)),
        }
        let reader = Box::new(input.until(halt));
        let (reader, progress) = match output.shows_as_it_reads() {
            false => Progress::watch(reader, &name, size),
            true => (reader as _, Progress::default()),
        };
        let as_it_reads = output.shows_as_it_reads();
        let mut source = match from_reader(name.clone(), reader) {
            Ok(source) => source,
            Err(error) => return Ok(Err(error)),
        };
        let link = source.info().link_types.first().copied().unwrap_or(LinkType::ETHERNET);
        let filter = match self.filter.as_deref().map(|filter| Filter::new(filter, link)).transpose() {
            Ok(filter) => filter,
            Err(error) => return Ok(Err(error)),
        };
        let mut options = pipeline::Options {
            filter,
            max_frames: self.count,
            halt: Some(halt.clone()),
            // a file does not make anybody wait for the rest of a batch
            ahead: size.is_some() && output.may_read_ahead(),
            ..pipeline::Options::default()
        };
        let mut no_match = MatchCheck::new(&self.wanted);
        let comment_writer = output.comment_writer();
        let mut selection = SelectionSink::new(wanted, output.sink());
        let mut sink = no_match.before(progress.before(&mut selection));
        let mut written = Ok(());
        let totals = match (comment_writer, self.writer(&source)) {
            (_, Err(error)) => return Ok(Err(error)),
            (None, Ok(None)) => pipeline::run(&mut source, &mut options, &mut sink)?,
            (Some(comment_writer), Ok(None)) => {
                pipeline::run(&mut AnnotatedSource::new(source, comment_writer), &mut options, &mut sink)?
            }
            (comment_writer, Ok(Some(writer))) => {
                let mut copied = CopyingSource::new(source, writer);
                let totals = match comment_writer {
                    None => pipeline::run(&mut copied, &mut options, &mut sink)?,
                    Some(comment_writer) => {
                        pipeline::run(&mut AnnotatedSource::new(&mut copied, comment_writer), &mut options, &mut sink)?
                    }
                };
                written = copied.finish();
                totals
            }
        };
        drop(sink);
        if as_it_reads {
            totals.remarks.iter().for_each(|remark| say(remark));
        }
        if let Err(error) = written {
            return Ok(Err(anyhow!(error).context("cannot write the capture")));
        }
        let shown = if name == "-" { "standard input" } else { &name };
        let place = if self.several { shown } else { "the capture" };
        *matched |= no_match.report_missing(place, &totals, self.filter.is_some());
        Ok(match totals.truncated {
            None => Ok(()),
            Some(why) => Err(anyhow!("{shown} breaks off: {why}; everything before that is shown")),
        })
    }
}
