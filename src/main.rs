//! The `echolab` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    echolab::cli::run(std::env::args_os())
}
