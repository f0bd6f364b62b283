//! Numbers for keys, in the order in which they first appear.

use std::collections::HashMap;
use std::hash::Hash;

/// Gives each key a number, from 0. It grows with the keys: its user bounds them.
#[derive(Debug)]
pub(super) struct Numbering<K> {
    numbers: HashMap<K, u32>,
}

/// The number of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) number: u32,
    /// `true` if the key appears for the first time.
    pub(super) is_new: bool,
}

impl<K> Default for Numbering<K> {
    fn default() -> Self {
        Self { numbers: HashMap::new() }
    }
}

impl<K: Eq + Hash> Numbering<K> {
    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number of `key` if it has one.
    pub(super) fn known(&self, key: &K) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// The number of `key`; the next one where it is new.
    pub(super) fn number(&mut self, key: K) -> Numbered {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(key).or_insert(next);
        Numbered { number, is_new: number == next }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;

    use super::*;

    thread_local! {
        static COMPARISONS: Cell<u64> = const { Cell::new(0) };
    }

    /// A key that counts how often it is compared.
    #[derive(Clone, Copy)]
    struct Key(u32);

    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Key {}

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn keys_are_numbered_as_they_appear() {
        let mut numbering = Numbering::default();
        let numbers: Vec<_> = [7, 9, 7, 8].map(|key| numbering.number(key)).map(|key| (key.number, key.is_new)).into();
        assert_eq!(numbers, [(0, true), (1, true), (0, false), (2, true)]);
        assert_eq!((numbering.len(), numbering.known(&9), numbering.known(&1)), (3, Some(1), None));
    }

    #[test]
    fn comparisons_grow_linearly_with_the_keys() {
        let comparisons = |keys: u32| {
            COMPARISONS.set(0);
            let mut numbering = Numbering::default();
            (0..keys).chain(0..keys).for_each(|key| {
                numbering.number(Key(key));
            });
            COMPARISONS.get()
        };
        for keys in [10_000, 20_000, 40_000] {
            // a table may compare keys whose hashes share a few bits
            assert!(comparisons(keys) < 2 * u64::from(keys), "{} for {keys} keys", comparisons(keys));
        }
    }
}
