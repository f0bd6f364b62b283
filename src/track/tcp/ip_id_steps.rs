//! The steps between one side's IP identifications, which show packets of it that were not captured.

use super::scoreboard::CLOSELY;

/// The steps between the identifications of one side's packets.
///
/// Linux counts up by one for each packet of a connection, other systems for each packet of the host (RFC 6864 §4.1 asks
/// for neither). Where a connection has its own counter, a number that is skipped is a packet that did not pass the
/// capture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IpIdSteps {
    single: u8,
    larger: u8,
    /// A number is missing before the newest packet.
    skipped: bool,
}

impl IpIdSteps {
    /// Takes the identifications of two packets in a row; `None` for one that has none, or that shows nothing.
    #[inline]
    pub(super) fn take(&mut self, before: Option<u16>, id: Option<u16>) {
        self.skipped = false;
        let (Some(before), Some(id)) = (before, id) else { return };
        // 0 is the identification of a packet that needs none
        if before == 0 || id == 0 {
            return;
        }
        match id.wrapping_sub(before) {
            // 256: a counter that is sent in the byte order of the host
            1 | 256 => self.single = self.single.saturating_add(1),
            2..CLOSELY => {
                // a counter of the host skips numbers all the time
                self.skipped = self.larger <= self.single / 2;
                self.larger = self.larger.saturating_add(1);
            }
            _ => {}
        }
    }

    /// `true` if a packet between the newest and the one before it was not captured, as far as the counter is the
    /// connection's own.
    #[inline]
    pub(super) fn has_skipped(self) -> bool {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skips(ids: &[u16]) -> Vec<bool> {
        let mut steps = IpIdSteps::default();
        let pairs = ids.windows(2);
        pairs.map(|pair| (steps.take(Some(pair[0]), Some(pair[1])), steps.has_skipped()).1).collect()
    }

    #[test]
    fn skipped_number_is_an_uncaptured_packet() {
        assert_eq!(skips(&[0xfffe, 0xffff, 0, 1, 3, 4]), [false, false, false, true, false]);
    }

    #[test]
    fn host_counter_proves_nothing_after_its_first_step() {
        assert_eq!(skips(&[10, 13, 19, 20, 31]), [true, false, false, false]);
    }

    #[test]
    fn random_constant_and_swapped_identifications_skip_nothing() {
        assert_eq!(skips(&[700, 50_000, 9_000, 9_000]), [false; 3]);
        assert_eq!(skips(&[0x0100, 0x0200, 0x0300]), [false; 2]);
        assert_eq!(skips(&[0, 5, 0]), [false; 2]);
    }
}
