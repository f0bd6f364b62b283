//! Events of a live capture while it runs.

use std::fmt;

/// Something that a capture goes on after, and that its user should know at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The interface went down; the capture goes on when it is up again.
    Down,
    /// The capture file can't be written any more, for this reason; the report goes on.
    Unwritten(String),
}

/// One sentence.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("the interface went down: no packet comes until it is up again"),
            Self::Unwritten(why) => write!(f, "{why}; the report goes on"),
        }
    }
}

/// Takes notices, in the capture's thread.
pub(crate) type Notify = Box<dyn Fn(&Notice) + Send>;
