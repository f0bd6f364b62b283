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
//! | 1 | [`lab`] | two hosts and the link between them, in network namespaces |
//! | 2 | [`capture`] | where frames come from and go to |
//! | 2 | [`decode`] | bytes to packets |
//! | 2 | [`drive`] | makes traffic |
//! | 3 | [`echo`] | which bytes echo which |
//! | 4 | [`track`] | conversations: facts |
//! | 5 | [`explain`] | what a step means: words |
//! | 6 | [`report`] | what is kept to be shown |
//! | 7 | [`render`] | one file a format |
//! | 8 | `pipeline`, `session` | the loop |
//! | 9 | [`cli`] | arguments; the only place that prints |

pub mod capture;
pub mod cli;
pub mod decode;
pub mod drive;
pub mod echo;
pub mod explain;
pub mod lab;
pub mod model;
pub mod pipeline;
pub mod render;
pub mod report;
pub mod session;
pub mod track;
