//! The scripted captures were made at the host of the kernel under test: each says so, and none names the other end.

use super::{Said, names};

/// Captures in which the kernel under test is the client.
const CLIENTS: &[&str] = &[
    "o18-syn-retx",
    "o24-rst-synsent",
    "o55-icmp-portunreach-syn",
    "o65-urg-simopen",
    "o66-wrong-synack",
    "o73-synack-zerowin",
    "o74-dup-synack",
];

/// The one in which the other end says nothing, so that no fact is needed.
const ONE_SIDED: &str = "o19-syn-timeout";

#[test]
fn every_scripted_capture_was_made_at_its_kernel() {
    let mut wrong = Vec::new();
    for name in names("fixtures/scripted", ".pcap") {
        let said = Said::of(&format!("fixtures/scripted/{name}.pcap"));
        let facts = said.facts("Captured at");
        let (here, there) = match CLIENTS.contains(&name.as_str()) {
            true => ("the client: ", "the server: "),
            false => ("the server: ", "the client: "),
        };
        let is_right = facts.iter().all(|fact| fact.contains(here) && !fact.contains(there));
        if !is_right || facts.is_empty() != (name == ONE_SIDED) {
            wrong.push(format!("{name}: {facts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
