//! The program as its users run it: arguments in, whole outputs and exit statuses out.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "a test that finds something else than it expects is to panic"
)]

mod bad_input;
mod drawings;
mod early;
mod explanations;
mod facts;
mod folding;
mod golden;
#[path = "../hostile/mod.rs"]
mod hostile;
mod install;
mod live_input;
mod made;
mod markdown;
mod mistakes;
mod options;
mod reports;
mod round_trips;
mod run;
mod schema;
mod tables;
mod texts;
mod triage;
mod verdict;
