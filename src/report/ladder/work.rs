//! How much is looked at to lay a ladder out: tests hold that to the size of the ladder. Nothing is counted elsewhere.

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

/// How much was looked at in this thread since the last call.
#[cfg(test)]
pub(super) fn looks() -> u64 {
    LOOKS.take()
}
