//! The `echolab` program.

fn main() {}
