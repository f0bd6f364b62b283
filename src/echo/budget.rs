//! A memory budget shared by all conversations, borrowed from by the few with many unanswered request bytes.
//!
//! Each conversation keeps little of its own, since there may be a million of them. A bulk transfer that is echoed has
//! megabytes between a request byte and its echo; it borrows memory for them and returns it as soon as possible.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Limit of all borrowed memory together, in bytes.
const ALL: usize = 64 * 1024 * 1024;

/// The bytes that can still be borrowed.
#[derive(Clone, Debug)]
pub(crate) struct MemoryBudget(Arc<AtomicUsize>);

impl Default for MemoryBudget {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(ALL)))
    }
}

impl MemoryBudget {
    /// Borrows `bytes`; `None` if fewer are left.
    pub(super) fn borrow(&self, bytes: usize) -> Option<Arc<BudgetGuard>> {
        let take = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        Some(Arc::new(BudgetGuard { of: self.clone(), bytes }))
    }
}

/// Borrowed bytes; dropping the guard returns them to the budget.
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
    fn borrowed_budget_is_returned() {
        let budget = MemoryBudget::default();
        let first = budget.borrow(ALL - 10).unwrap();
        assert!(budget.borrow(11).is_none());
        let second = budget.borrow(10);
        assert!(second.is_some() && budget.borrow(1).is_none());
        drop(first);
        assert_eq!(budget.borrow(ALL - 10).unwrap().bytes, ALL - 10);
    }
}
