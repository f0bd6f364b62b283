//! The capture itself, with each step as a comment of its packet.
//!
//! A sink gets steps, never frames, so `pipeline::annotate` writes the file; its name and properties are those of a format.

use super::{Format, Triaged};

pub(super) static FORMAT: Format = Format {
    name: "pcapng",
    extension: "pcapng",
    about: "the capture with each step as a comment of its packet, for Wireshark",
    streams: true,
    // frames are copied with their headers
    headers: true,
    answers: false,
    triage: Triaged::No,
    sink: None,
};
