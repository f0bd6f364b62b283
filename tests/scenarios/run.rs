//! One run of a scenario on a network: its report as JSON Lines, its capture file, what tshark reads from that, and the
//! kernel's count of frames.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use echolab::drive::Scenario;
use echolab::drive::scenario::RunsOn;
use libtest_mimic::Failed;
use serde_json::Value;

use crate::counters::{Frames, counted};
use crate::tshark::{self, Dissected};

/// The user whom the lab's sessions run as; it exists nowhere.
pub(crate) const USER_ID: &str = "12345";

/// The network on which a scenario runs.
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

/// The networks on which `scenario` can run.
pub(crate) fn nets(scenario: &Scenario) -> &'static [Net] {
    match scenario.runs {
        RunsOn::Anywhere => &[Net::Loopback, Net::Lab],
        RunsOn::Loopback => &[Net::Loopback],
        RunsOn::Lab => &[Net::Lab],
    }
}

/// A run that has ended.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) scenario: &'static Scenario,
    pub(crate) net: Net,
    /// The program that ran it.
    pub(crate) program: PathBuf,
    /// The capture file.
    pub(crate) capture: PathBuf,
    /// The exit status.
    pub(crate) status: Option<i32>,
    /// The output on standard error.
    pub(crate) stderr: String,
    /// The records of the report.
    pub(crate) records: Vec<Value>,
    /// Frames at the captured interface, by the kernel's count.
    pub(crate) counted: Frames,
    /// Time that one of its threads waited for a processor, if that is known.
    pub(crate) waited: Duration,
    /// The frames of the capture file, by tshark.
    pub(crate) dissected: Vec<Dissected>,
}

/// Sets up the loopback of a new network namespace and becomes the program that the arguments name.
const BECOME: &str = r#"ip link set lo up && exec "$@""#;

/// The same, but stays until the program has ended and writes the interface counters to the file `$0`.
const COUNT: &str = r#"ip link set lo up && "$@"; status=$?; cat /proc/net/dev >"$0"; exit $status"#;

/// `echolab session` on this network: on loopback as root in a network namespace of its own, in the lab as a user without
/// any right.
pub(crate) fn session(program: &Path, net: Net) -> Result<Command, Failed> {
    session_by(program, net, BECOME, Path::new("sh"))
}

fn session_by(program: &Path, net: Net, script: &str, name: &Path) -> Result<Command, Failed> {
    if !nix::unistd::geteuid().is_root() {
        return Err("capturing on loopback needs root: run the tests as root, as CI does".into());
    }
    let mut command;
    match net {
        Net::Loopback => {
            command = Command::new("unshare");
            command.args(["--net", "sh", "-c", script]).arg(name).arg(program);
        }
        Net::Lab => {
            command = Command::new("setpriv");
            let (user, group) = (format!("--reuid={USER_ID}"), format!("--regid={USER_ID}"));
            command.args([&user, &group, "--clear-groups", "--inh-caps=-all"]).arg(program);
        }
    }
    command.args(["session", "--network", net.name(), "--port", "0"]).stdin(Stdio::null()).current_dir("/tmp");
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    Ok(command)
}

impl Run {
    /// The path of the capture file.
    pub(crate) fn capture(folder: &Path, scenario: &Scenario, net: Net, time: u32) -> PathBuf {
        folder.join(format!("{}-{}-{time}.pcapng", scenario.name, net.name()))
    }

    /// RunsOn it.
    pub(crate) fn make(
        program: &Path,
        folder: &Path,
        scenario: &'static Scenario,
        net: Net,
        time: u32,
    ) -> Result<Self, Failed> {
        let capture = Self::capture(folder, scenario, net, time);
        let file = capture.with_extension("counters");
        let mut command = session_by(program, net, COUNT, &file)?;
        command
            .args(["--scenario", scenario.name, "--format", "jsonl", "--answers", "--kernel", "--write"])
            .arg(&capture);
        let (output, counted, waited): (Output, Frames, Duration) = match net {
            Net::Loopback => {
                let output = command.output()?;
                (output, Frames::of_loopback(&file)?, Duration::ZERO)
            }
            Net::Lab => {
                let (output, frames) = counted(command)?;
                (output, *frames.at(scenario.lab.capture_at), frames.waited)
            }
        };
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let records = lines.map(serde_json::from_slice).collect::<Result<_, _>>()?;
        let dissected = tshark::dissect(&capture)?;
        Ok(Self {
            scenario,
            net,
            program: program.to_owned(),
            capture,
            status: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            records,
            counted,
            waited,
            dissected,
        })
    }

    /// The records of a kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.records.iter().filter(|record| record["kind"] == kind).collect()
    }

    /// The only record of a kind.
    pub(crate) fn only(&self, kind: &str) -> Result<&Value, String> {
        match self.of_kind(kind)[..] {
            [one] => Ok(one),
            ref records => Err(format!("{} records of kind {kind}, instead of one", records.len())),
        }
    }
}
