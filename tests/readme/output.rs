//! The JSON Lines that echolab writes.

use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

use crate::page::project;

/// Has a command write JSON Lines.
pub(crate) fn jsonl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    let mut command = Command::new(cargo_bin!("echolab"));
    command.args(arguments).args(["--format", "jsonl"]).current_dir(project()).env_remove("SUDO_UID");
    command.output().unwrap()
}

/// The records of an output; that of a damaged capture has some, too.
pub(crate) fn records(output: &Output) -> Vec<Value> {
    let text = str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
