//! Makes traffic: the echo server and the echo client, and keeps a transcript of what they did.
//!
//! Both are driven by data: a server by a [`Behaviour`], a client by a list of [`Action`]s. Nothing here prints, and
//! nothing sleeps: every wait is for a socket, a time limit or the [`Signal`] to halt.

mod address;
mod behaviour;
mod client;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod ground;
mod kernel;
mod meeting;
mod pace;
mod privileges;
mod programs;
mod proxy;
pub mod scenario;
mod server;
mod signal;
mod socket_option;
mod stage;
mod stream;
mod transcript;
mod troupe;

pub use address::{reachable, resolve};
pub use behaviour::{Behaviour, Transform};
pub use client::{Action, Client, ClientFault, Connection, Plan, Tally, Until};
pub use fault::Fault;
pub use ground::{Ground, WireStory};
pub use kernel::KernelWatch;
pub use pace::Pace;
pub use privileges::{Files, Privileges, bar_new_privileges, clear_capabilities, give_up, give_up_except_faults};
pub use programs::{
    ClientInput, Command, CommandError, ProgramHosts, ProgramOptions, ProgramOutcome, Show, run_programs,
};
pub use scenario::{SCENARIOS, Scenario, Topic, scenario};
pub use server::{BoundServer, Ending, Ignored, RunningServer, ServerEvent, ServerLog, ServerOptions, UdpLimits};
pub use signal::{Signal, Woken, poll};
pub use socket_option::{SOCKET_OPTIONS, SocketOption, SocketOptionName, UnknownSocketOption};
pub use stage::{Broken, may_lose};
pub use transcript::{Transcript, merged};
pub use troupe::{Act, Curtain, Performance, Ready, Stagecraft, Troupe, Typist};
