//! The README holds: its commands do what it shows, its tables are those of the program, its links lead somewhere.
//!
//! The commands run one after another in a folder of their own, as a reader would type them. Some capture, so this needs
//! CAP_NET_RAW, and fails without it. `just bless README.md` writes outputs and tables anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod commands;
mod generated;
mod links;
mod records;
mod stage;

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn text() -> String {
    fs::read_to_string(path()).unwrap()
}

/// Held by the test that looks at the README, since it may write it.
static README: Mutex<()> = Mutex::new(());

/// Fails where the README says other than it should, or blesses it; `right` makes the README of today's right.
fn hold(right: impl Fn(&str) -> String) {
    let _held = README.lock();
    let written = text();
    let right = right(&written);
    if written == right {
        return;
    }
    let bless = std::env::var("ECHOLAB_BLESS").unwrap_or_default();
    assert!(["1", "README.md"].contains(&bless.as_str()), "{}", first_difference(&written, &right));
    fs::write(path(), right).unwrap();
}

fn first_difference(written: &str, right: &str) -> String {
    let number = written.lines().zip(right.lines()).take_while(|(written, right)| written == right).count();
    let line = |text: &str| text.lines().nth(number).unwrap_or("(the end)").to_owned();
    format!(
        "README.md:{}: it says\n  {}\nwhere this is right:\n  {}\n`just bless README.md` writes it anew",
        number + 1,
        line(written),
        line(right)
    )
}
