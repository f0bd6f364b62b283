//! Memory that all conversations share: the few that have many request bytes under way at once take of it.
//!
//! What one conversation keeps by itself is little, since there may be a million of them. A bulk transfer that is echoed
//! has megabytes between a request byte and its echo; it borrows room for them, and gives it back as soon as it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that all loans together may have.
const ALL: usize = 64 * 1024 * 1024;

/// What is left to be borrowed.
#[derive(Clone, Debug)]
pub(crate) struct MemoryBudget(Arc<AtomicUsize>);

impl Default for MemoryBudget {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(ALL)))
    }
}

impl MemoryBudget {
    /// Borrows so many bytes; `None` where so many are not left.
    pub(super) fn borrow(&self, bytes: usize) -> Option<Arc<BudgetGuard>> {
        let take = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        Some(Arc::new(BudgetGuard { of: self.clone(), bytes }))
    }
}

/// Borrowed bytes; they go back when it is dropped.
#[derive(Debug)]
pub(super) struct BudgetGuard {
    of: MemoryBudget,
    pub(super) bytes: usize,
}

impl Drop for BudgetGuard {
    fn drop(&mut self) {
        self.of.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_borrowed_comes_back() {
        let budget = MemoryBudget::default();
        let first = budget.borrow(ALL - 10).unwrap();
        assert!(budget.borrow(11).is_none());
        let second = budget.borrow(10);
        assert!(second.is_some() && budget.borrow(1).is_none());
        drop(first);
        assert_eq!(budget.borrow(ALL - 10).unwrap().bytes, ALL - 10);
    }
}
