//! A count of occurrences with the first frames.

use smallvec::SmallVec;

/// Most frames named for one observation.
const NAMED: usize = 8;

/// Something seen several times: how often, and the first frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// The count.
    pub count: u64,
    /// The first frames.
    pub frames: SmallVec<[u64; 2]>,
}

impl Occurrences {
    /// Counts one more.
    pub fn see(&mut self, frame: u64) {
        self.count += 1;
        if self.frames.len() < NAMED && self.frames.last() != Some(&frame) {
            self.frames.push(frame);
        }
    }

    /// Counts all of another's.
    pub fn extend(&mut self, other: &Self) {
        let room = NAMED.saturating_sub(self.frames.len());
        self.frames.extend(other.frames.iter().copied().take(room));
        self.count += other.count;
    }
}
