//! ICMP errors about a connection.

use super::{Connection, PacketRef};
use crate::model::IcmpError;

impl Connection {
    /// An ICMP error to the sender of the segment that it quotes; the newest frame that carried that.
    pub(in crate::track) fn take_error(&mut self, moment: &PacketRef, error: &IcmpError) -> Option<u64> {
        self.recorder.see_error(moment.frame);
        let sender = self.sides.get_mut(!moment.direction);
        if error.is_too_big() {
            sender.loss_mut().too_big = moment.place();
        }
        sender.sent.carrying(error.quoted.seq?).map(|sent| sent.last.0)
    }
}
