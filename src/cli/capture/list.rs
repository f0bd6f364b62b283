//! `echolab capture --list`: the interfaces of this host.

use std::io;

use crate::capture::interfaces;
use crate::cli::Exit;
use crate::cli::destination::print;
use crate::cli::listing::row;
use crate::render::escape;

/// Prints one line per interface: its name, its state, its addresses.
pub(super) fn print_list() -> anyhow::Result<Exit> {
    let all = interfaces()?;
    let widest = all.iter().map(|one| one.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for one in &all {
        let state = match (one.name.as_str(), one.is_up) {
            ("any", _) => "all interfaces",
            (_, true) => "up",
            (_, false) => "down",
        };
        let addresses: Vec<_> = one.addresses.iter().map(ToString::to_string).collect();
        let about = if addresses.is_empty() { state.to_owned() } else { format!("{state}, {}", addresses.join(", ")) };
        row(&mut text, &format!("{:widest$}  ", escape::plain(&one.name)), &about, None);
    }
    print(io::stdout(), text.as_bytes())?;
    Ok(Exit::Done)
}
