//! The options of every subcommand that shows a report: format, destination, columns.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::command_line;
use super::destination::{Destination, Named, create, is_stdout};
use super::format_names::{format_help, formats};
use super::report_dir::ReportDir;
use super::report_output::ReportOutput;
use super::{similar, width};
use crate::explain::Questions;
use crate::pipeline::annotate::{AnnotationSink, CommentWriter};
use crate::render::{self, FORMATS, Format, Triaged};
use crate::report::{
    AnswerCollector, Bounds, COLUMNS, CONVERSATION_COLUMNS, Choice, Column, LargestConversations, MergedSink, Order,
    PARTS, Part, Parts, PayloadView, Selection, SelectionSink, Sink, TeeSink, TitledSink, View,
};

/// Options of the output, as typed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the report.
    #[arg(long, value_name = "FORMAT", value_parser = formats(), hide_possible_values = true)]
    #[arg(help = format_help())]
    format: Option<String>,

    /// Write the report to FILE, which must not exist; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Also write complete reports into the folder DIR: report.md, report.html, ladder.svg, graphs.svg.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Overwrite existing files.
    #[arg(long)]
    pub(super) force: bool,

    /// Show these columns, in this order; +NAME adds one to the usual columns (`echolab formats columns` lists them).
    #[arg(long, value_name = "NAME,…", allow_hyphen_values = false)]
    columns: Option<String>,

    /// Show at most N steps of a conversation (with --summary: N conversations); 0 shows all.
    #[arg(long, value_name = "N")]
    #[arg(help = "Show at most N steps of a conversation, or with --summary N conversations; 0 shows all \
                  [default: 1000, 50; formats that stream show all steps]")]
    limit: Option<u64>,

    /// Show every step of a table or a ladder; do not fold runs of equal steps.
    #[arg(long)]
    no_fold: bool,

    /// Show only these parts of each conversation (`echolab formats parts` lists them).
    #[arg(long, value_name = "PART,…", value_parser = parts)]
    only: Option<Parts>,

    /// The report's title [default: the file's name].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// The report's author.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,

    /// Write LaTeX for \\input into another document.
    #[arg(long)]
    fragment: bool,

    /// Show sequence numbers, acknowledgments and windows as on the wire, not relative and scaled.
    #[arg(long)]
    absolute: bool,

    /// Add a column with the payload.
    #[arg(long, value_enum, value_name = "text|hex", hide_possible_values = true)]
    payload: Option<Payload>,

    /// Show dates in UTC instead of local time.
    #[arg(long)]
    utc: bool,

    /// Draw with ASCII characters only.
    #[arg(long)]
    ascii: bool,

    /// Make tables at most N characters wide [default: the terminal's width, or 80].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(i64::from(render::MIN_WIDTH)..))]
    width: Option<u16>,

    /// Colour the table.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: When,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Payload {
    Text,
    Hex,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set; also where CLICOLOR_FORCE is.
    Auto,
    Always,
    Never,
}

/// Reads `findings,facts`.
fn parts(names: &str) -> Result<Parts, String> {
    Parts::parse(names).map_err(|name| {
        let known = PARTS.iter().map(|(_, name, _)| *name);
        similar::unknown("part", &name, known, "echolab formats parts")
    })
}

/// Reads the names of columns.
fn columns<T>(registry: &'static [Column<T>], names: &str) -> anyhow::Result<Choice<T>> {
    Choice::parse(registry, names).map_err(|error| match error.name() {
        "" => anyhow::anyhow!("no column is named (`echolab formats columns` lists them)"),
        name => {
            let known = registry.iter().map(|column| column.name);
            anyhow::anyhow!(similar::unknown("column", name, known, "echolab formats columns"))
        }
    })
}

/// The content of a report, beyond the options of every subcommand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Conversations only, in this order.
    pub summary: Option<Order>,
    /// The conversations to show.
    pub wanted: Selection,
    /// `true` if there are several captures.
    pub several: bool,
    /// Number of captures named.
    pub captures: u64,
    /// The folder that holds all of several captures.
    pub folder: Option<String>,
    /// `true` if a capture of many conversations may be shown by its worst ones.
    pub triage: bool,
    /// The lab questions to answer.
    pub answers: Option<Questions>,
    /// The command as a shell would take it.
    pub command: String,
    /// `true` if packets of an interface are shown as they come: step by step on a terminal, as lines to a pipe.
    pub live: bool,
}

/// Options of the output, checked.
pub(crate) struct OutputOptions {
    /// `None` for an annotated capture.
    format: &'static Format,
    render: render::Options,
    scope: Scope,
    most_conversations: usize,
    /// `true` if a triage of many captures chooses their worst conversations.
    ranked: bool,
    destination: Destination,
    report: Option<ReportDir>,
    /// The title and the author.
    names: (Option<String>, Option<String>),
    force: bool,
    color: When,
}

impl OutputArgs {
    /// Returns `true` if standard output is the report's destination, which it is by default.
    pub(super) fn names_stdout(&self) -> bool {
        self.output.as_deref().is_some_and(is_stdout)
    }

    /// Checks what was typed, before any work starts.
    ///
    /// # Errors
    /// If a column does not exist, or the format has no place for what is asked.
    pub(crate) fn check(self, scope: Scope) -> anyhow::Result<OutputOptions> {
        let to_stdout = self.output.as_deref().is_none_or(is_stdout);
        let to_terminal = to_stdout && io::stdout().is_terminal();
        let usual = if scope.live && to_stdout && !to_terminal { "lines" } else { "table" };
        let name = self.format.as_deref().unwrap_or(usual);
        let format = render::format(name).with_context(|| format!("no format {name}"))?;
        let shows_steps = scope.live && to_terminal && name == "table" && scope.answers.is_none();
        if scope.answers.is_some() && !format.answers {
            let names: Vec<_> = FORMATS.iter().filter(|format| format.answers).map(|format| format.name).collect();
            bail!("--format {name} has no place for --answers; use one of {}", names.join(", "));
        }
        if format.is_capture_file() && scope.summary.is_some() {
            bail!("--format {name} holds packets, and --summary shows none");
        }
        if format.is_capture_file() && scope.several {
            bail!("--format {name} annotates one capture at a time");
        }
        if format.is_capture_file() && self.output.is_none() && io::stdout().is_terminal() {
            bail!("--format {name} is not for a terminal: name a file with --output");
        }
        let report = self.report.map(ReportDir::new);
        report.as_ref().map_or(Ok(()), |folder| folder.ensure_free(self.force))?;
        let destination = match self.output {
            Some(path) if !is_stdout(&path) => Destination::File(path),
            _ => Destination::Stdout,
        };
        report.as_ref().zip(destination.file()).map_or(Ok(()), |(folder, file)| folder.ensure_apart(file))?;
        let view = View {
            absolute: self.absolute,
            payload: match self.payload {
                Some(Payload::Hex) => PayloadView::Hex,
                _ => PayloadView::Text,
            },
            shown: None,
            ascii: self.ascii,
            time_zone: if self.utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() },
        };
        let width = width::width(self.width, destination == Destination::Stdout);
        if self.fragment && name != "latex" {
            bail!("--fragment is for --format latex");
        }
        if self.only.is_some() && (scope.summary.is_some() || !format.has_parts()) {
            bail!("--only chooses parts of a report by table, markdown, html or latex on single conversations");
        }
        let parts = self.only.unwrap_or_default();
        let mut scope = scope;
        if parts.names(Part::Answers) && format.answers {
            scope.answers.get_or_insert_default();
        }
        let triage = scope.triage && self.columns.is_none() && self.limit.is_none() && !self.absolute;
        let many = scope.captures > render::SHOWN as u64 && self.payload.is_none() && report.is_none();
        let ranked = triage && many && format.triage == Triaged::Instead;
        if ranked {
            scope.summary = Some(Order::Trouble);
        }
        let mut render = render::Options {
            view,
            width,
            several: scope.several,
            command: Some(scope.command.clone()),
            analyze: Some(command_line::analyze),
            triage: triage && self.payload.is_none(),
            parts,
            fragment: self.fragment,
            ..render::Options::default()
        };
        let mut names = self.columns;
        if self.payload.is_some() && scope.summary.is_none() {
            match &mut names {
                Some(names) => names.push_str(",payload"),
                None => names = Some("+payload".to_owned()),
            }
        }
        match (&names, scope.summary) {
            (None, _) => {}
            (Some(names), None) => render.columns = columns(COLUMNS, names)?,
            (Some(names), Some(_)) => render.conversation_columns = columns(CONVERSATION_COLUMNS, names)?,
        }
        render.summary = scope.summary.is_some();
        render.steps_shown = shows_steps;
        render.bounds = match (render.summary, self.limit) {
            // the triage keeps the worst of all
            (true, _) if ranked => Bounds::default(),
            // what is passed on is bounded already
            (true, _) | (false, Some(0)) => Bounds::NONE,
            (false, Some(steps)) => Bounds { steps: at_most(steps), ..Bounds::default() },
            (false, None) => Bounds::default(),
        };
        render.bounds.fold = !self.no_fold;
        if format.streams && !render.summary {
            scope.wanted.steps = self.limit.filter(|limit| *limit > 0);
        }
        let most_conversations = match self.limit {
            None => 50,
            Some(0) => usize::MAX,
            Some(limit) => at_most(limit),
        };
        Ok(OutputOptions {
            format,
            render,
            scope,
            most_conversations,
            ranked,
            destination,
            report,
            names: (self.title, self.author),
            force: self.force,
            color: self.color,
        })
    }
}

fn at_most(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl OutputOptions {
    /// Returns `true` if the format shows calls of programs.
    pub(crate) fn shows_calls(&self) -> bool {
        self.format.report(Box::new(io::sink()), &self.render).is_some_and(|sink| sink.shows_calls())
    }

    /// Opens the destination and makes the sink that writes the report there.
    ///
    /// To be called after root was given up: the file belongs to the caller.
    ///
    /// # Errors
    /// If the file exists and `--force` was not given, or can't be created.
    pub(crate) fn open(mut self) -> anyhow::Result<ReportOutput> {
        let out: Box<dyn Write + Send> = match &self.destination {
            Destination::Stdout => {
                let stdout = io::stdout();
                self.render.color = match self.color {
                    When::Always => true,
                    When::Never => false,
                    When::Auto => anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
                };
                Box::new(Named { name: "standard output".to_owned(), inner: stdout })
            }
            Destination::Stderr => {
                self.render.color = matches!(self.color, When::Always);
                Box::new(Named { name: "standard error".to_owned(), inner: io::stderr() })
            }
            Destination::File(path) => {
                self.render.color = matches!(self.color, When::Always);
                Box::new(Named { name: path.display().to_string(), inner: create(path, self.force)? })
            }
        };
        let mut comment_writer = None;
        let mut sink: Box<dyn Sink> = if self.annotates() {
            let writer = comment_writer.insert(CommentWriter::new(out));
            Box::new(AnnotationSink::new(writer.clone()))
        } else {
            let report = self.format.open(out, &self.render).context("a capture file is no report")?;
            match self.render.steps_shown {
                true => render::live(Box::new(io::stdout()), &self.render, report),
                false => report,
            }
        };
        // the folder's reports show them
        self.render.steps_shown = false;
        if let Some(folder) = &self.report {
            let several = TeeSink::default().and(sink);
            sink = Box::new(folder.open(several, self.force, &self.render)?);
        }
        if let Some(order) = self.scope.summary {
            if !self.ranked {
                sink = Box::new(LargestConversations::new(order, self.most_conversations, sink));
            }
            // formats for readers show one table; formats for programs give the records of each capture
            if self.scope.captures > 1 && self.format.triage == Triaged::Instead {
                sink = Box::new(MergedSink::new(self.scope.captures, self.scope.folder.clone(), sink));
            }
        }
        if self.scope.wanted != Selection::default() {
            sink = Box::new(SelectionSink::new(self.scope.wanted, sink));
        }
        // before the selection: a limit of steps takes nothing from the answers
        if let Some(asked) = self.scope.answers {
            sink = Box::new(AnswerCollector::new(sink).asked(asked));
        }
        if let (title, author) = self.names
            && (title.is_some() || author.is_some())
        {
            sink = Box::new(TitledSink::new(title, author, sink));
        }
        let to_terminal = self.destination == Destination::Stdout && io::stdout().is_terminal();
        let streams = self.format.streams;
        let shows_as_it_reads = to_terminal && streams && !self.render.summary;
        let shows_headers = self.report.is_some() || self.format.headers;
        let triage = self.render.triage && self.format.triage == Triaged::Instead;
        let collects = self.report.is_some() || !self.format.streams && !triage;
        let bounded = self.render.bounds.conversations < Bounds::NONE.conversations;
        let details = (collects && bounded && !self.render.summary).then_some(self.render.bounds.conversations);
        let reads_once = triage && self.report.is_none();
        Ok(ReportOutput { sink, comment_writer, shows_as_it_reads, shows_headers, details, reads_once })
    }

    /// Returns `true` if the capture itself is to be annotated.
    pub(super) fn annotates(&self) -> bool {
        self.format.is_capture_file()
    }

    /// The folder of reports, where one is asked for.
    pub(super) fn report(&self) -> Option<&ReportDir> {
        self.report.as_ref()
    }

    /// Leaves standard output to something else: a report that would go there goes to standard error.
    pub(crate) fn make_way(&mut self) {
        if self.destination == Destination::Stdout {
            self.render.steps_shown = false;
            self.destination = Destination::Stderr;
        }
    }

    /// The file that the report goes to; `None` for standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.destination.file()
    }

    /// Every file that will be written.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let folder = self.report.iter().flat_map(ReportDir::files);
        self.file().map(Path::to_owned).into_iter().chain(folder).collect()
    }
}
