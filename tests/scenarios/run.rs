//! One run of a scenario, and what its own report must say.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use echolab::capture::file;
use echolab::drive::Scenario;
use echolab::drive::scenario::Runs;
use echolab::explain::{Conversation, Step};
use echolab::model::{CaptureInfo, Endpoint};
use echolab::pipeline;
use echolab::report::{CaptureTotals, Sink};
use echolab::session::{Observer, unmet};
use libtest_mimic::Failed;
use serde_json::Value;

/// Whom the lab's sessions run as: nobody that exists.
pub(crate) const USER_ID: &str = "12345";

/// Time that starting a process and writing its report may take where the machine is held up.
const HELD_UP: Duration = Duration::from_secs(15);

/// Time by which its programs may be late on a busy machine.
const LATE: Duration = Duration::from_millis(1500);

/// Where a scenario runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    Loopback,
    Lab,
}

impl Net {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Lab => "lab",
        }
    }
}

/// Where `scenario` is run: wherever it can.
pub(crate) fn nets(scenario: &Scenario) -> &'static [Net] {
    match scenario.runs {
        Runs::Anywhere => &[Net::Loopback, Net::Lab],
        Runs::Loopback => &[Net::Loopback],
        Runs::Lab => &[Net::Lab],
    }
}

/// A run that has ended, in good order.
pub(crate) struct Run {
    pub(crate) scenario: &'static Scenario,
    pub(crate) net: Net,
    /// The capture file.
    pub(crate) capture: PathBuf,
    /// The records of the report.
    pub(crate) records: Vec<Value>,
}

/// `echolab session` on this network, by whoever is right for it.
pub(crate) fn session(program: &Path, net: Net) -> Result<Command, Failed> {
    if !nix::unistd::geteuid().is_root() {
        return Err("capturing on loopback needs root: run the tests as root, as CI does".into());
    }
    let mut command = match net {
        Net::Loopback => Command::new(program),
        Net::Lab => {
            let mut command = Command::new("setpriv");
            let (user, group) = (format!("--reuid={USER_ID}"), format!("--regid={USER_ID}"));
            command.args([&user, &group, "--clear-groups", "--inh-caps=-all"]).arg(program);
            command
        }
    };
    command.args(["session", "--network", net.name(), "--port", "0"]).stdin(Stdio::null()).current_dir("/tmp");
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    Ok(command)
}

impl Run {
    /// Where its capture file is.
    pub(crate) fn capture(folder: &Path, scenario: &Scenario, net: Net, time: u32) -> PathBuf {
        folder.join(format!("{}-{}-{time}.pcapng", scenario.name, net.name()))
    }

    /// Runs it.
    pub(crate) fn make(
        program: &Path,
        folder: &Path,
        scenario: &'static Scenario,
        net: Net,
        time: u32,
    ) -> Result<Self, Failed> {
        let capture = Self::capture(folder, scenario, net, time);
        let mut command = session(program, net)?;
        command.args(["--scenario", scenario.name, "--format", "jsonl", "--kernel", "--write"]).arg(&capture);
        let begin = Instant::now();
        let output = command.output()?;
        let took = begin.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        // where chance decides, its seed is told; nothing else is
        let has_chance = net == Net::Lab && scenario.lab.has_chance();
        let lines =
            said.lines().filter(|line| !(has_chance && line.starts_with("echolab: the wire, seed 1, the same")));
        let seeds = said.lines().count() - lines.clone().count();
        if output.status.code() != Some(0) || lines.count() > 0 || seeds != usize::from(has_chance) {
            return Err(format!("{}\n{said}", output.status).into());
        }
        if took > scenario.lasts + HELD_UP {
            return Err(format!("it took {took:?}, more than {:?}", scenario.lasts).into());
        }
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let records = lines.map(serde_json::from_slice).collect::<Result<_, _>>()?;
        Ok(Self { scenario, net, capture, records })
    }

    /// The records of a kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.records.iter().filter(|record| record["kind"] == kind).collect()
    }

    /// The capture file, read again, meets the expectation, nothing was lost, and every frame was told.
    pub(crate) fn check(&self) -> Result<(), Failed> {
        let summary = self.of_kind("summary").pop().ok_or("no summary")?;
        if summary["dropped"] != 0 {
            return Err(format!("frames were lost: {summary}").into());
        }
        let seconds = |record: &&Value| record["time"].as_str().and_then(|time| time.parse::<f64>().ok());
        let begin = self.of_kind("step").iter().find_map(seconds).ok_or("no step")?;
        let end = self.of_kind("call").iter().rev().find_map(seconds).ok_or("no call")?;
        if end - begin > (self.scenario.lasts + LATE).as_secs_f64() {
            return Err(format!("it lasted {:.1} s, more than {:?}", end - begin, self.scenario.lasts).into());
        }
        let mut source = file::open(&self.capture)?;
        let mut nowhere = Nowhere;
        let mut observer = Observer::new(&mut nowhere);
        // with one exception, who is the client can be read from the capture
        let conversation = self.of_kind("conversation").into_iter().next().ok_or("no conversation")?;
        let server = &conversation["server"];
        let address: std::net::IpAddr = server["address"].as_str().ok_or("no server")?.parse()?;
        let port = u16::try_from(server["port"].as_u64().ok_or("no port")?)?;
        let server = Some(Endpoint::new(address, port));
        let totals =
            pipeline::run(&mut source, &mut pipeline::Options { server, ..Default::default() }, &mut observer)?;
        if Some(totals.frames) != summary["frames"].as_u64() {
            return Err(format!("{} frames in the file, not {}", totals.frames, summary["frames"]).into());
        }
        let unmet = unmet(&self.scenario.expects, observer.observed().first().ok_or("no capture")?);
        if unmet.is_empty() { Ok(()) } else { Err(unmet.join("\n").into()) }
    }
}

/// Shows nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, _: &Step<'_>) -> io::Result<()> {
        Ok(())
    }

    fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}
