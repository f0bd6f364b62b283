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
    pub(super) handshake: handshake::HandshakeEvidence,
    pub(super) options: options::OptionEvidence,
    pub(super) data: PerDirection<data::DataEvidence>,
    pub(super) windows: windows::WindowEvidence,
    pub(super) retransmissions: retransmissions::RetransmissionEvidence,
    pub(super) acks: PerDirection<acks::AckEvidence>,
    pub(super) duplicates: PerDirection<duplicates::DuplicateEvidence>,
    pub(in crate::explain) transfer: Transfer,
    pub(super) close: close::CloseEvidence,
    pub(super) headers: headers::HeaderEvidence,
    pub(super) udp: udp::DatagramEvidence,
    pub(super) replies: replies::ReplyEvidence,
}

impl Evidence {
    /// Takes the conversation's next step.
    pub fn record(&mut self, event: &Event<'_>) {
        if event.captured_twice().is_some() {
            return;
        }
        self.headers.record(event);
        self.transfer.record(event);
        match &event.body {
            Body::Tcp(facts) => {
                let direction = event.direction;
                self.handshake.record(event, facts);
                self.options.record(event, facts);
                self.data.get_mut(direction).sent(event, facts);
                self.data.get_mut(!direction).acknowledged(event, facts);
                self.windows.record(event, facts);
                self.retransmissions.record(event, facts);
                self.acks.get_mut(direction).record(event, facts);
                self.duplicates.get_mut(direction).record(event, facts);
                self.duplicates.get_mut(!direction).answered(event, facts);
                self.close.record(event, facts);
            }
            Body::Udp(facts) => {
                self.udp.record(event, facts);
                self.replies.record(event, facts);
            }
            Body::Icmp(facts) => self.udp.see_error(event, facts),
        }
    }
}
