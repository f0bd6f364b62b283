//! The values of `--format`.

use std::io;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::render::{FORMATS, Format, Options};

pub(super) fn formats() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about)))
}

/// The formats that have a place for what programs did.
pub(super) fn formats_with_calls() -> Vec<&'static str> {
    let shows = |format: &&&Format| {
        format.report(Box::new(io::sink()), &Options::default()).is_some_and(|sink| sink.shows_calls())
    };
    FORMATS.iter().filter(shows).map(|format| format.name).collect()
}

pub(super) fn format_help() -> String {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    format!("What the report looks like: {} [default: table]", names.join(", "))
}
