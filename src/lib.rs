//! echolab runs a TCP or UDP echo session, captures it without losing a packet, and explains every one of them; it
//! reads anybody's capture file too.
//!
//! The folders are floors: imports go down only, and data flows through once.
//!
//! ```text
//!  capture file ─┐                                                      ┌─ terminal, markdown, html, svg
//!                ├─ Source ─ Frame ─ decode ─ Packet ─ track ─ Event ─ explain ─ Step ─ Sink ─┤
//!  live interface┘                                                      └─ json lines, csv, lines (streamed)
//!        ▲
//!        └── the wire ◄── drive: echo server, echo client, scenarios, faults
//! ```
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 0 | [`model`] | plain values |
//! | 1 | [`capture`] | where frames come from and go to |
//! | 1 | [`decode`] | bytes to packets |
//! | 1 | [`drive`] | makes traffic |
//! | 2 | [`echo`] | which bytes echo which |
//! | 2 | [`track`] | conversations: facts |
//! | 3 | [`explain`] | what a step means: words |
//! | 4 | [`report`] | what is kept to be shown |
//! | 5 | [`render`] | one file a format |
//! | 6 | `pipeline`, `session` | the loop |
//! | 7 | [`cli`] | arguments; the only place that prints |

pub mod capture;
pub mod cli;
pub mod decode;
pub mod drive;
pub mod echo;
pub mod explain;
pub mod model;
pub mod pipeline;
pub mod render;
pub mod report;
pub mod session;
pub mod track;
