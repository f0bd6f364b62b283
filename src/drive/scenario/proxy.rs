//! A caching proxy between clients and an origin server.

use super::expectation::{Count, Expectation};
use super::{LabSetup, Programs, RunsOn, Scenario, Topic, ms};
use crate::model::Protocol;

pub(super) static PROXY: Scenario = Scenario {
    name: "proxy",
    topic: Topic::Echo,
    about: "a caching proxy: the first request needs two conversations, the second only one",
    description: "A client asks a proxy for a document of an origin server (HTTP/1.1 GET). The proxy does not have the \
            document. While the client waits, the proxy opens a second conversation, to the origin, and stores the \
            answer. When the client asks again, there is only the conversation between client and proxy; the origin \
            is not contacted. Then eight more clients ask at the same time, and all of them are served from the \
            cache. The side that sends the answer closes first, so the proxy holds the connections in TIME-WAIT. In \
            the lab the origin runs on the client's host.",
    runs: RunsOn::Anywhere,
    takes: ms(100),
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
