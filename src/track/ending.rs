//! What is left of a conversation at its end: its totals.

use super::conversation::Conversation;
use super::kind::{Kind, TcpKind};
use super::rtt::RttTotals;
use super::totals::{ConversationTotals, TcpTotals, UdpTotals};
use crate::echo::{EchoStory, EchoTotals};
use crate::model::Direction;

impl Conversation {
    /// Everything that is known of it at its end; what was noted moves out.
    pub(super) fn totals(mut self) -> ConversationTotals {
        let (tcp, udp, echo, echo_story, rtt) = match std::mem::replace(&mut self.kind, Kind::Retired) {
            Kind::Tcp(mut tcp) => return self.tcp_totals(&mut tcp),
            Kind::Udp(mut exchange) => {
                let (pending, bytes) = exchange.datagrams.pending();
                let totals = exchange.totals();
                let found = &mut exchange.datagrams.found;
                (None, Some(totals), found.totals(pending, bytes), found.take_story(), None)
            }
            Kind::Retired => (None, None, None, EchoStory::default(), None),
        };
        self.totals_with(tcp, udp, echo, echo_story, rtt)
    }

    /// The same for a connection whose state is kept elsewhere.
    pub(super) fn tcp_totals(&self, tcp: &mut TcpKind) -> ConversationTotals {
        for direction in [Direction::ClientToServer, Direction::ServerToClient] {
            tcp.skip_lost(self.last_frame, direction);
        }
        tcp.echo_matcher.finish();
        let (pending, bytes) = tcp.echo_matcher.pending();
        let found = &mut tcp.echo_matcher.found;
        let (echo, story) = (found.totals(pending, bytes), found.take_story());
        let rtt = tcp.connection.rtt_totals();
        self.totals_with(Some(tcp.connection.totals()), None, echo, story, rtt)
    }

    fn totals_with(
        &self,
        tcp: Option<TcpTotals>,
        udp: Option<UdpTotals>,
        echo: Option<EchoTotals>,
        echo_story: EchoStory,
        rtt: Option<RttTotals>,
    ) -> ConversationTotals {
        let extent = self.extent();
        ConversationTotals {
            stream: self.stream,
            client: self.client,
            server: self.server,
            roles_from: self.roles_from,
            first_frame: extent.first_frame,
            last_frame: self.last_frame,
            start: extent.start,
            duration: extent.duration,
            packets: extent.packets,
            bytes: extent.bytes,
            payload: self.payload,
            tcp,
            udp,
            echo,
            echo_story,
            rtt,
            in_surge: false,
            early: None,
        }
    }
}
