//! Several clients of the same server at the same time.

use std::io;
use std::thread;

use socket2::Socket;

use super::behaviour::Behaviour;
use super::client::{Client, ClientFault, Plan, Tally};
use super::network::Network;
use crate::model::Side;

/// Runs the plan of each client, all at the same time, and adds up their results.
pub(super) fn run_together(
    network: &Network,
    client: &Client,
    plan: &Plan,
    behaviour: &Behaviour,
    sockets: Vec<Socket>,
) -> Tally {
    let start = |(number, socket)| {
        let (client, actions) = (Client { number, ..client.clone() }, plan.actions(behaviour));
        let run = move || client.run_on(socket, actions);
        let spawn = move || thread::Builder::new().name(format!("client {number}")).spawn(run);
        network.on(Side::Client, spawn).map_err(io::Error::other).flatten()
    };
    let started: Vec<_> = (1..).zip(sockets).map(start).collect();
    let mut total = Tally::default();
    for started in started {
        let broke_down = || io::Error::other("the client's thread broke down");
        match started.and_then(|thread| thread.join().map_err(|_| broke_down())) {
            Ok(tally) => {
                total.sent += tally.sent;
                total.received += tally.received;
                total.fault = total.fault.or(tally.fault);
            }
            Err(error) => {
                let what = "can't start a client of";
                total.fault.get_or_insert(ClientFault::Failed { what, server: client.server, error });
            }
        }
    }
    total
}
