//! The documentation holds: the commands of every page give the output shown, tables are those of the program, links lead
//! somewhere.
//!
//! Pages are README.md and its companions at the top level, and every Markdown file below `docs`. The commands of a page
//! run one after another in a folder of their own, as a reader would type them. Some capture, so this needs CAP_NET_RAW,
//! and fails without it. `just bless PAGE` writes outputs and tables of a page again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod background;
mod commands;
mod fence;
mod findings;
mod generated;
mod links;
mod live;
mod output;
mod page;
mod records;
mod schema;
mod stage;
