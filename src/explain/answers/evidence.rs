//! Evidence for the answers, collected from the steps in bounded memory.
//!
//! Totals are exact, whatever a limit of the output leaves out; lists keep their first entries.

use super::{acks, close, data, duplicates, handshake, headers, options, replies, retransmissions, udp, windows};
use crate::explain::transfer::Transfer;
use crate::model::PerDirection;
use crate::track::{Body, Event};

/// The evidence of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub(super) handshake: handshake::Seen,
    pub(super) options: options::Seen,
    pub(super) data: PerDirection<data::Seen>,
    pub(super) windows: windows::Seen,
    pub(super) retransmissions: retransmissions::Seen,
    pub(super) acks: PerDirection<acks::Seen>,
    pub(super) duplicates: PerDirection<duplicates::Seen>,
    pub(in crate::explain) transfer: Transfer,
    pub(super) close: close::Seen,
    pub(super) headers: headers::Seen,
    pub(super) udp: udp::Seen,
    pub(super) replies: replies::Seen,
}

impl Evidence {
    /// Takes the conversation's next step.
    pub fn see(&mut self, event: &Event<'_>) {
        if event.captured_twice().is_some() {
            return;
        }
        self.headers.see(event);
        self.transfer.see(event);
        match &event.body {
            Body::Tcp(facts) => {
                let direction = event.direction;
                self.handshake.see(event, facts);
                self.options.see(event, facts);
                self.data.get_mut(direction).sent(event, facts);
                self.data.get_mut(!direction).acknowledged(event, facts);
                self.windows.see(event, facts);
                self.retransmissions.see(event, facts);
                self.acks.get_mut(direction).see(event, facts);
                self.duplicates.get_mut(direction).see(event, facts);
                self.duplicates.get_mut(!direction).answered(event, facts);
                self.close.see(event, facts);
            }
            Body::Udp(facts) => {
                self.udp.see(event, facts);
                self.replies.see(event, facts);
            }
            Body::Icmp(facts) => self.udp.see_error(event, facts),
        }
    }
}
