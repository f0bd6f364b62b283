//! The time ledger of a sender: the reason for the wait before each segment.
//!
//! The event that ends a wait shows its reason. A sender with data at hand sends when the ACK comes that allows it, or
//! spreads full segments over the round trip (pacing); one whose last segment was not full, or that sends long after
//! everything was acknowledged, had been waiting for its program.

use crate::model::Nanos;
use crate::model::thresholds::AT_ONCE;

/// The reason of a sender's wait, as far as its sequence numbers show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WaitReason {
    /// Everything is acknowledged, and the window has room.
    #[default]
    Idle,
    /// An ACK, or its program.
    Ack,
    /// Room in the receiver's window for another full segment.
    Window,
    /// The ACK of retransmitted data.
    Repair,
}

/// The event after which a segment was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendTrigger {
    /// A retransmission.
    Loss,
    /// This long after an ACK that may have allowed it.
    Ack(Nanos),
    /// The persist timer, as the receiver's window has less room than a full segment.
    Window,
    /// Nothing that the capture shows: the program gave it, or the sender spreads what it has.
    Nothing,
}

/// The time that each wait took, in nanoseconds, until the last segment or zero-window probe was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TimeSpent {
    pub(super) program: i64,
    pub(super) window: i64,
    pub(super) repair: i64,
    pub(super) network: i64,
    /// The part of `network` that was a wait for a delayed ACK, or because of Nagle's algorithm.
    pub(super) held: i64,
    /// Waits too short to show what ended them.
    pub(super) unclear: i64,
    waiting: i64,
    idling: i64,
    at_window: i64,
    in_repair: i64,
    holding: i64,
}

impl TimeSpent {
    /// Time passes.
    pub(super) fn pass(&mut self, waits: WaitReason, time: Nanos) {
        let slot = match waits {
            WaitReason::Idle => &mut self.idling,
            WaitReason::Ack => &mut self.waiting,
            WaitReason::Window => &mut self.at_window,
            WaitReason::Repair => &mut self.in_repair,
        };
        *slot = slot.saturating_add(time.0.max(0));
    }

    /// An ACK came that was held back for this time.
    pub(super) fn hold(&mut self, time: Nanos) {
        self.holding = self.holding.saturating_add(time.0.max(0));
    }

    /// The whole wait was one for a delayed ACK, or because of Nagle's algorithm.
    pub(super) fn hold_all(&mut self) {
        self.holding = i64::MAX;
    }

    /// A segment ends the wait; the one before it was full, or not.
    pub(super) fn end(&mut self, send_trigger: SendTrigger, full: bool) {
        let idled = std::mem::take(&mut self.idling);
        let waited = std::mem::take(&mut self.waiting).saturating_add(idled);
        let held = std::mem::take(&mut self.holding).min(waited);
        let network = self.network;
        let slot = match send_trigger {
            SendTrigger::Loss => &mut self.repair,
            SendTrigger::Window => &mut self.window,
            SendTrigger::Ack(since) if since < AT_ONCE && since.0 <= waited / 4 => &mut self.network,
            _ if waited < AT_ONCE.0 => &mut self.unclear,
            SendTrigger::Ack(since) if since < AT_ONCE => &mut self.network,
            SendTrigger::Ack(_) | SendTrigger::Nothing if full && idled < AT_ONCE.0 => &mut self.network,
            SendTrigger::Ack(_) | SendTrigger::Nothing => &mut self.program,
        };
        *slot = slot.saturating_add(waited);
        if self.network > network {
            self.held = self.held.saturating_add(held);
        }
        self.window = self.window.saturating_add(std::mem::take(&mut self.at_window));
        self.repair = self.repair.saturating_add(std::mem::take(&mut self.in_repair));
    }

    /// A zero-window probe is sent.
    pub(super) fn asks(&mut self) {
        self.window = self.window.saturating_add(std::mem::take(&mut self.at_window));
    }

    pub(super) fn sum(&self) -> i64 {
        [self.program, self.window, self.repair, self.network, self.unclear].into_iter().fold(0, i64::saturating_add)
    }

    /// Percent of the whole that `part` is.
    pub(super) fn percent(&self, part: i64) -> f64 {
        part as f64 * 100.0 / self.sum().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(waits: &[(WaitReason, i64)], send_trigger: SendTrigger, full: bool) -> TimeSpent {
        let mut spent = TimeSpent::default();
        waits.iter().for_each(|(waits, millis)| spent.pass(*waits, Nanos::from_millis(*millis)));
        spent.end(send_trigger, full);
        spent
    }

    #[test]
    fn packet_that_ends_a_wait_gives_its_reason() {
        let waits = [(WaitReason::Ack, 10)];
        let (after, later) = (SendTrigger::Ack(Nanos(20_000)), SendTrigger::Ack(Nanos::from_millis(5)));
        for (send_trigger, full) in [(after, true), (after, false), (later, true), (SendTrigger::Nothing, true)] {
            assert_eq!(spent(&waits, send_trigger, full).network, 10_000_000, "{send_trigger:?} {full}");
        }
        for send_trigger in [later, SendTrigger::Nothing] {
            assert_eq!(spent(&waits, send_trigger, false).program, 10_000_000, "{send_trigger:?}");
            let idle = [(WaitReason::Ack, 9), (WaitReason::Idle, 1)];
            assert_eq!(spent(&idle, send_trigger, true).program, 10_000_000, "{send_trigger:?}");
        }
        assert_eq!(spent(&waits, SendTrigger::Loss, true).repair, 10_000_000);
        let both = spent(&[(WaitReason::Window, 30), (WaitReason::Repair, 10)], after, true);
        assert_eq!((both.window, both.repair, both.sum()), (30_000_000, 10_000_000, 40_000_000));
        assert_eq!(both.percent(both.window), 75.0);
    }

    #[test]
    fn microsecond_wait_proves_nothing_unless_an_ack_ends_it() {
        let end = |since| {
            let mut spent = TimeSpent::default();
            spent.pass(WaitReason::Ack, Nanos(80_000));
            spent.end(SendTrigger::Ack(Nanos(since)), true);
            (spent.network, spent.unclear)
        };
        assert_eq!((end(5_000), end(60_000)), ((80_000, 0), (0, 80_000)));
    }
}
