//! `echolab capture`: captures any program's traffic and explains it while it happens.

mod list;
mod until_close;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use nix::poll::PollFlags;

use self::until_close::UntilClose;
use super::analyze::check_filter;
use super::capture_files::CaptureFiles;
use super::exit::say;
use super::exit_status::capture_exit;
use super::interrupt::interrupt;
use super::output::{OutputArgs, Scope};
use super::questions_arg::parse_questions;
use super::report_dir::ReportDir;
use super::report_output::ReportOutput;
use super::{Exit, privileges};
use crate::capture::save::CaptureWriter;
use crate::capture::{Interface, LiveCapture, Ring};
use crate::drive::Signal;
use crate::explain::Questions;
use crate::model::{CaptureFormat, counted};
use crate::pipeline;
use crate::report::CaptureTotals;

/// Capture the traffic of any program and explain every packet as it comes.
///
/// On a terminal each packet is a line, and the report follows at the end: at Ctrl-C, or when --count, --for or
/// --until-close is reached. Into a pipe or file it writes lines, unless --format chooses another format.
///
/// Root or CAP_NET_RAW is needed to open the capture, and given up before the first packet is parsed; files belong
/// to the caller.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo \"$(command -v echolab)\" capture --port 12345
                                                      a program's conversations on any interface
  sudo \"$(command -v echolab)\" capture -i lo --port 12345 --until-close
                                                      one TCP connection, from its SYN to its close
  sudo \"$(command -v echolab)\" capture -i eth0 --host 192.0.2.7 -w lab.pcapng --report lab
                                                      write the capture and the reports as well
  sudo \"$(command -v echolab)\" capture -f 'udp port 53' --for 10s --format jsonl
  sudo \"$(command -v echolab)\" capture --port 80 | grep -F '[R'
                                                      every reset, live
  echolab capture --list                              the interfaces of this host

Exit status: 0 done, 1 --until-close saw no close, 2 an error, or packets are missing.")]
pub(super) struct CaptureArgs {
    /// Capture on this interface; any is all of them.
    #[arg(short, long, value_name = "NAME", default_value = "any")]
    interface: String,

    /// List the interfaces of this host.
    #[arg(long, exclusive = true)]
    list: bool,

    /// Only packets from or to this port; repeatable.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Selection")]
    port: Vec<u16>,

    /// Only packets from or to this host, an address or a name; repeatable.
    #[arg(long, value_name = "HOST", value_parser = host, help_heading = "Selection")]
    host: Vec<String>,

    /// Only packets that match this pcap filter, as for tcpdump (man pcap-filter); ICMP errors always match.
    #[arg(short, long, value_name = "BPF", help_heading = "Selection")]
    filter: Option<String>,

    /// Stop after N packets.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "End")]
    count: Option<u64>,

    /// Stop after this time, for example 30s.
    #[arg(long = "for", value_name = "DUR", value_parser = humantime::parse_duration, help_heading = "End")]
    time: Option<Duration>,

    /// Stop when the first TCP connection that was captured from its SYN on is closed or reset.
    #[arg(long, help_heading = "End")]
    until_close: bool,

    /// Write the packets to FILE as they come: pcapng if the name ends in .pcapng, else pcap; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Size of the kernel's buffer for packets that are not read yet, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(Ring::MAX_MEBIBYTES)))]
    buffer: u32,

    /// Answer the questions of networking labs, with frames and formulas: those with these ids, or all (`echolab formats
    /// questions` lists them).
    #[arg(long, value_name = "ID,…", value_parser = parse_questions, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", help_heading = "Output")]
    answers: Option<Questions>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Reads an address or the name of a host, which goes into a filter.
fn host(text: &str) -> Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:-_".contains(c);
    ensure!(
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':') && text.chars().all(is_plain),
        "name a host or an address, as in --host 192.0.2.7"
    );
    Ok(text.to_owned())
}

impl CaptureArgs {
    pub(super) fn run(self, command: String) -> Result<Exit> {
        if self.list {
            return list::print_list();
        }
        let scope = Scope { answers: self.answers.clone(), command, live: true, ..Scope::default() };
        let mut output = self.output.clone().check(scope)?;
        let files = CaptureFiles::of_command(self.write.as_ref(), false, &output)?;
        files.claim(&self.output, &mut output)?;
        if let Some(filter) = &self.filter {
            check_filter(filter)?;
        }
        let halt = interrupt()?;

        let interface = Interface::shared(&self.interface)?;
        let mut live = LiveCapture::open(&interface, Ring::of_mebibytes(self.buffer))?;
        live.choose(&self.port, &self.host, self.filter.as_deref())?;
        let mut named = output.files();
        named.extend(files.named());
        privileges::give_up(privileges::files(&named))?;

        output.report().map_or(Ok(()), ReportDir::make)?;
        let (writer, _) = files.open(self.output.force, (live.info(), None))?;
        let [kept, _] = files.kept();
        let mut output = output.open()?;
        let about = self.about();
        let taken = Capture { live, writer, kept, count: self.count, time: self.time, until_close: self.until_close }
            .run(&halt, &about, &mut output)?;
        let ended = output.end();

        let mut exit = capture_exit(&taken.totals);
        if taken.totals.frames == 0 {
            say(&format!("no packet was captured {about}"));
        } else {
            say(&format!("{} captured", counted(taken.totals.frames, "packet")));
        }
        if self.until_close && !taken.closed {
            say("--until-close: no connection was captured from its SYN to its close");
            exit = exit.and(Exit::Unmet);
        }
        taken.written?;
        ended?;
        Ok(exit)
    }

    /// Describes the interface and the packets: `on lo (port 7)`.
    fn about(&self) -> String {
        let ports = self.port.iter().map(|port| format!("port {port}"));
        let hosts = self.host.iter().map(|host| format!("host {host}"));
        let parts: Vec<_> =
            ports.chain(hosts).chain(self.filter.iter().map(|filter| format!("filter {filter}"))).collect();
        match parts.is_empty() {
            true => format!("on {}", self.interface),
            false => format!("on {} ({})", self.interface, parts.join(", ")),
        }
    }
}

/// An open capture, and when it ends.
struct Capture {
    live: LiveCapture,
    writer: Option<CaptureWriter>,
    kept: Option<(String, CaptureFormat)>,
    count: Option<u64>,
    time: Option<Duration>,
    until_close: bool,
}

/// A capture that has ended.
struct CaptureResult {
    totals: CaptureTotals,
    /// The result of writing the capture file.
    written: Result<()>,
    /// `true` if the connection that `--until-close` waits for was closed.
    closed: bool,
}

impl Capture {
    /// Sends every packet through the pipeline until `halt`, or what else ends the capture.
    fn run(self, halt: &Signal, about: &str, output: &mut ReportOutput) -> Result<CaptureResult> {
        let Self { live, writer, kept, count, time, until_close } = self;
        let (mut source, stopper) = live
            .start_for(writer, count, Box::new(|notice| say(&notice.to_string())))
            .context("can't start the capture")?;
        let over = Signal::new()?;
        let watcher = {
            let (halt, over) = (halt.clone(), over.clone());
            thread::Builder::new().name("end".to_owned()).spawn(move || {
                // where it can't wait, the capture ends at once rather than never
                let _ = halt.wait_with(&over, PollFlags::POLLIN, time);
                stopper.stop();
            })
        }
        .context("can't start the capture")?;
        say(&format!("capturing {about}; Ctrl-C stops"));
        let name = kept.as_ref().map_or("standard output", |(name, _)| name).to_owned();
        let mut options = pipeline::Options { kept, live: true, max_frames: count, ..pipeline::Options::default() };
        let mut sink = UntilClose::new(output.sink(), until_close.then(|| over.clone()));
        let ran = pipeline::run(&mut source, &mut options, &mut sink);
        let closed = sink.has_closed();
        over.raise();
        // it has nothing to say
        let _ = watcher.join();
        // a report that can't be written is no reason to lose the capture
        let written = source.finish().with_context(|| format!("can't write {name}"));
        Ok(CaptureResult { totals: ran?, written, closed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_and_addresses_and_no_filters() {
        for good in ["192.0.2.7", "::1", "2001:db8::2", "lab-2.example.org"] {
            assert_eq!(host(good).unwrap(), good);
        }
        for bad in ["", "-x", "a or b", "a)", "192.0.2.0/24"] {
            assert!(host(bad).is_err(), "{bad:?}");
        }
    }
}
