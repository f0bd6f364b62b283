//! Generates traffic: the echo server and the echo client, with a transcript of their calls.
//!
//! Both are driven by data: a server by a [`Behaviour`], a client by a list of [`Action`]s. Nothing here prints, and
//! nothing sleeps: every wait is for a socket, a time limit or the [`Signal`] to halt.

mod address;
mod behaviour;
mod client;
mod concurrent_clients;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod kernel;
mod network;
mod pace;
mod privileges;
mod programs;
mod proxy;
pub mod scenario;
pub mod script;
mod server;
mod session_context;
mod session_kind;
mod session_runner;
mod signal;
mod socket;
mod socket_option;
mod stream;
mod traced_socket;
mod transcript;

pub use address::{reachable, resolve};
pub use behaviour::{Behaviour, Transform};
pub use client::{Action, Client, ClientFault, Connection, Plan, Tally, Until};
pub use fault::Fault;
pub use kernel::KernelWatch;
pub use network::{LinkRecord, Network};
pub use pace::Pace;
pub use privileges::{Files, Privileges, bar_new_privileges, clear_capabilities, give_up, give_up_except_faults};
pub use programs::{
    ClientInput, Command, CommandError, ProgramHosts, ProgramOptions, ProgramOutcome, Show, run_programs,
};
pub use scenario::{SCENARIOS, Scenario, Topic, scenario};
pub use script::{ScriptError, SocketOp, may_lose};
pub use server::{BoundServer, Ending, Ignored, RunningServer, ServerEvent, ServerLog, ServerOptions, UdpLimits};
pub use session_context::{SessionContext, Typist};
pub use session_kind::SessionKind;
pub use session_runner::{OnFinished, Ready, SessionOutcome, SessionRunner};
pub use signal::{Signal, WakeReason, poll};
pub use socket_option::{SOCKET_OPTIONS, SocketOption, SocketOptionName, UnknownSocketOption};
pub use transcript::{Transcript, merged};
