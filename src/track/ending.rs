//! The totals of a conversation, made at its end.

use super::conversation::Conversation;
use super::kind::Kind;
use super::ledger::OpenLedger;
use super::rtt::RttTotals;
use super::totals::{ConversationTotals, TcpTotals, UdpTotals};
use crate::echo::{EchoLog, EchoTotals};
use crate::model::Direction;

impl Conversation {
    /// Everything that is known of it at its end; what was noted moves out.
    pub(super) fn totals(&mut self) -> ConversationTotals {
        let (transport, echo, times, ledger) = match &mut self.kind {
            Kind::Tcp(tcp) => {
                for direction in [Direction::ClientToServer, Direction::ServerToClient] {
                    tcp.skip_lost(self.last_frame, direction);
                }
                tcp.echo_matcher.finish();
                let (pending, bytes) = tcp.echo_matcher.pending();
                let found = &mut tcp.echo_matcher.found;
                let echo = (found.totals(pending, bytes), found.take_log());
                let times = (tcp.connection.rtt_totals(), tcp.connection.response_times.totals(None));
                let ledger = tcp.connection.ledger(self.last_at);
                ((Some(tcp.connection.totals()), None), echo, times, Some(ledger))
            }
            Kind::Udp(exchange) => {
                let (pending, bytes) = exchange.datagrams.pending();
                let totals = exchange.totals();
                let found = &mut exchange.datagrams.found;
                let echo = (found.totals(pending, bytes), found.take_log());
                ((None, Some(totals)), echo, (None, exchange.response_times.totals(None)), exchange.ledger())
            }
        };
        self.totals_with(transport, echo, times, ledger)
    }

    fn totals_with(
        &self,
        (tcp, udp): (Option<TcpTotals>, Option<Box<UdpTotals>>),
        (echo, echo_log): (Option<EchoTotals>, EchoLog),
        (rtt, response_times): (Option<RttTotals>, Option<RttTotals>),
        ledger: Option<OpenLedger>,
    ) -> ConversationTotals {
        ConversationTotals {
            stream: self.stream,
            client: self.client,
            server: self.server,
            roles_from: self.roles_from,
            first_frame: self.first_frame,
            last_frame: self.last_frame,
            start: self.start,
            duration: self.duration(),
            resets: self.resets,
            longest_stall: self.last_at.get().map(|_| self.longest_stall),
            ledger: ledger.zip(self.duration()).map(|(ledger, duration)| ledger.closed(duration, self.last_frame)),
            packets: self.packets,
            bytes: self.bytes,
            payload: self.payload,
            tcp,
            udp,
            echo,
            echo_log,
            rtt,
            response_times,
            in_surge: false,
            unknown: self.unknown,
            early: None,
        }
    }
}
