//! A proxy between clients and the server that they mean.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, Runs, Scenario, ms};
use crate::model::Protocol;

pub(super) static PROXY: Scenario = Scenario {
    name: "proxy",
    about: "a caching proxy: the first request opens two conversations, the second only one",
    story: "A client asks a proxy for a document of an origin server (HTTP/1.1 GET). The proxy does not have it, so while the \
            client waits it opens a conversation of its own to the origin, nested in the client's, and keeps what it gets. \
            The client asks again: now there is only its own conversation with the proxy, and the origin hears nothing. \
            Eight more clients ask at once, and all are answered from the cache. Whoever sent the answer closes first, so it \
            is the proxy that keeps the connections in TIME-WAIT. In the lab the origin is on the client's host.",
    runs: Runs::Anywhere,
    lasts: ms(1500),
    protocol: Protocol::Tcp,
    programs: Programs::Proxy,
    lab: LabSetup::PLAIN,
    expects: Expectation {
        conversations: 11,
        may_show: &["echo_partial", "timeout_retransmit"],
        closed_first: "server",
        steps: Count::AtLeast(90),
        ..Expectation::TCP
    },
};
