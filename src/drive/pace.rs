//! Who holds a program up that sends faster than its packets can be captured.

use std::fmt;
use std::sync::Arc;

use crate::model::Side;

/// Is told of each send, and returns when the program may go on. Clones are the same.
#[derive(Clone)]
pub struct Pace(Arc<Sent>);

type Sent = dyn Fn(Side, u64) + Send + Sync;

impl Pace {
    /// `sent` is called after each send: by whom, and how many bytes.
    pub fn new(sent: impl Fn(Side, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sent))
    }

    pub(super) fn sent(&self, side: Side, bytes: u64) {
        (self.0)(side, bytes);
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}
