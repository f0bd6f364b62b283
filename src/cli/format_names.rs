//! The values of `--format`.

use std::io;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::render::{FORMATS, Format, Options};

/// The capture itself, annotated: its name and what it is good for. It is no report, since reports never see a frame.
pub(super) const ANNOTATED: (&str, &str) =
    ("pcapng", "the capture with each step as a comment of its packet, for Wireshark");

pub(super) fn formats() -> impl TypedValueParser<Value = String> {
    let names = FORMATS.iter().map(|format| (format.name, format.about)).chain([ANNOTATED]);
    PossibleValuesParser::new(names.map(|(name, about)| PossibleValue::new(name).help(about)))
}

/// The formats that have a place for what programs did.
pub(super) fn formats_with_calls() -> Vec<&'static str> {
    let shows = |format: &&&Format| (format.sink)(Box::new(io::sink()), &Options::default()).shows_calls();
    FORMATS.iter().filter(shows).map(|format| format.name).collect()
}

pub(super) fn format_help() -> String {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).chain([ANNOTATED.0]).collect();
    format!("What the report looks like: {} [default: table]", names.join(", "))
}
