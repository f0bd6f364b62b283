//! What is fuzzed, one function for each target: it takes any bytes and panics where a promise is broken.
//!
//! `fuzz_targets/` hands these functions to libFuzzer; `tests/fuzz_seeds.rs` runs them over the inputs in `seeds/`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken promise is to panic")]

#[path = "../../tests/properties/check.rs"]
mod check;
mod decoding;
mod dialogue;
#[path = "../../tests/properties/frames.rs"]
#[allow(dead_code, reason = "the properties read fixtures too")]
mod frames;
mod input;
mod lab;
mod reading;
mod rendering;
mod tracking;

pub use decoding::decoder;
pub use lab::{http, link_rules, netlink};
pub use reading::{packed, pcap, pcapng, text};
pub use rendering::renderers;
pub use tracking::tracker;

/// A target: any bytes go in.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its file in `fuzz_targets/` and of its folder in `seeds/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("packed", packed),
    ("text", text),
    ("decoder", decoder),
    ("tracker", tracker),
    ("renderers", renderers),
    ("link_rules", link_rules),
    ("http", http),
    ("netlink", netlink),
];
