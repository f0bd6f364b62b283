//! Where a step's numbers come from: `X+1`, `Y+13`.

use std::fmt;

/// A number of a segment in terms of the initial sequence numbers X (client) and Y (server).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// `X` or `Y`.
    pub base: char,
    /// What SYN, FIN and data have added to it.
    pub offset: u32,
}

/// `X`, `X+1`.
impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            0 => write!(f, "{}", self.base),
            offset => write!(f, "{}+{offset}", self.base),
        }
    }
}
