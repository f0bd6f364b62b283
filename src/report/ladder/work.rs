//! A counter of the comparisons made to lay out a ladder, for tests of its complexity. Nothing is counted elsewhere.

#[cfg(test)]
thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts a look at `value`.
#[inline]
pub(super) fn looked<T>(value: T) -> T {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
    value
}

/// The number of comparisons in this thread since the last call.
#[cfg(test)]
pub(super) fn looks() -> u64 {
    LOOKS.take()
}
