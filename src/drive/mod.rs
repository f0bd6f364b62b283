//! Makes traffic: the echo server and the echo client, and keeps a transcript of what they did.
//!
//! Both are driven by data: a server by a [`Behaviour`], a client by a list of [`Action`]s. Nothing here prints, and
//! nothing sleeps: every wait is for a socket, a time limit or the [`Signal`] to halt.

mod address;
mod behaviour;
mod client;
mod fault;
mod ground;
pub mod lab;
mod privileges;
mod server;
mod signal;
mod socket_option;
mod stream;
mod transcript;

pub use address::{reachable, resolve};
pub use behaviour::{Behaviour, Transform};
pub use client::{Action, Client, ClientFault, Connection, Plan, Tally, Until};
pub use fault::Fault;
pub use ground::{Ground, WireStory};
pub use privileges::{Privileges, give_up};
pub use server::{BoundServer, Ignored, RunningServer, ServerEvent, ServerLog, ServerOptions, UdpLimits};
pub use signal::{Signal, Woken, poll};
pub use socket_option::{SOCKET_OPTIONS, SocketOption, SocketOptionName, UnknownSocketOption};
pub use transcript::Transcript;
