//! Facts that are borrowed while they are looked at, and boxed when they are kept.

use std::fmt;
use std::ops::Deref;

/// A large value: borrowed while it passes through the pipeline, where moving it would cost more than making it.
#[derive(Clone)]
pub enum MaybeOwned<'a, T> {
    /// The tracker's own; gone with the next packet.
    Borrowed(&'a T),
    /// Kept by a sink.
    Kept(Box<T>),
}

impl<T: Copy> MaybeOwned<'_, T> {
    /// The same, free of the tracker.
    pub fn keep(&self) -> MaybeOwned<'static, T> {
        MaybeOwned::Kept(Box::new(**self))
    }
}

impl<T> Deref for MaybeOwned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(value) => value,
            Self::Kept(value) => value,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MaybeOwned<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
