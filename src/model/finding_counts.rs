//! Counts of findings by code.

use std::borrow::Cow;

use super::finding::{Finding, FindingCode, FindingSink, Severity};

/// The number of findings by code. Empty, it takes no memory beside itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts(Vec<(FindingCode, u64)>);

impl FindingCounts {
    /// Counts one finding more.
    pub fn count(&mut self, code: FindingCode) {
        self.add_many(code, 1);
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts all findings of another.
    pub fn add_all(&mut self, other: &Self) {
        other.iter().for_each(|(code, count)| self.add_many(code, count));
    }

    fn add_many(&mut self, code: FindingCode, more: u64) {
        match self.0.binary_search_by_key(&code, |(code, _)| *code) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count += more;
                }
            }
            Err(at) => self.0.insert(at, (code, more)),
        }
    }

    /// The codes that occurred, in their fixed order, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (FindingCode, u64)> + '_ {
        self.0.iter().copied()
    }

    /// Returns `true` if there is no finding.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of findings.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The count of this code.
    pub fn of(&self, code: FindingCode) -> u64 {
        self.iter().find(|(other, _)| *other == code).map_or(0, |(_, count)| count)
    }

    /// The codes of this severity with their counts, the most frequent first.
    pub fn of_severity(&self, severity: Severity) -> Vec<(FindingCode, u64)> {
        let mut codes: Vec<_> = self.iter().filter(|(code, _)| code.severity() == severity).collect();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        codes
    }

    /// The gravest finding: of the highest severity, and of several such the most frequent.
    pub fn worst(&self) -> Option<(FindingCode, u64)> {
        self.iter().reduce(|worst, next| {
            let rank = |(code, count): (FindingCode, u64)| (code.severity(), count);
            if rank(next) > rank(worst) { next } else { worst }
        })
    }

    /// The highest severity, where it is above a note: something cost time or bytes, or failed.
    pub fn trouble(&self) -> Option<Severity> {
        self.iter().map(|(code, _)| code.severity()).max().filter(|severity| *severity > Severity::Note)
    }
}

/// Counts what it is given.
impl FindingSink for FindingCounts {
    fn add<T: Into<Cow<'static, str>>>(
        &mut self,
        code: FindingCode,
        _: impl IntoIterator<Item = u64>,
        _: impl FnOnce() -> T,
    ) {
        self.add_many(code, 1);
    }

    fn push(&mut self, finding: Finding) {
        self.add_many(finding.code, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_counted_by_code_and_severity() {
        let mut counts = FindingCounts::default();
        assert!(counts.is_empty() && counts.worst().is_none() && counts.trouble().is_none());
        for code in [FindingCode::NoReply, FindingCode::CloseFour, FindingCode::ZeroWindow, FindingCode::NoReply] {
            counts.count(code);
        }
        let mut twice = counts.clone();
        twice.add_all(&counts);
        assert_eq!((twice.total(), twice.of(FindingCode::NoReply), twice.of(FindingCode::Refused)), (8, 4, 0));
        let warnings = vec![(FindingCode::NoReply, 2), (FindingCode::ZeroWindow, 1)];
        assert_eq!(counts.of_severity(Severity::Warning), warnings, "the most frequent first");
        assert_eq!((counts.worst(), counts.trouble()), (Some((FindingCode::NoReply, 2)), Some(Severity::Warning)));
        counts.count(FindingCode::Refused);
        assert_eq!(counts.worst(), Some((FindingCode::Refused, 1)), "severity comes before frequency");
        assert!(counts.iter().is_sorted());
    }
}
