//! Counts of findings by code.

use std::borrow::Cow;

use super::finding::{Finding, FindingCode, FindingSink, Severity};
use super::protocol::Direction;

/// The number of findings by code, and the first packet that showed each. Empty, it takes no memory beside itself.
#[derive(Clone, Debug, Default)]
pub struct FindingCounts(Vec<FindingCount>);

/// The count of one code.
#[derive(Clone, Copy, Debug)]
struct FindingCount {
    code: FindingCode,
    count: u64,
    first: Option<ShownBy>,
}

/// A packet that shows a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownBy {
    /// Its frame.
    pub frame: u64,
    /// Its sender.
    pub sender: Direction,
}

/// The same codes, as often.
impl PartialEq for FindingCounts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for FindingCounts {}

impl FindingCounts {
    /// Counts one finding more.
    pub fn count(&mut self, code: FindingCode) {
        self.add_many(code, 1, None);
    }

    /// Counts one finding more that a packet shows.
    pub fn count_shown(&mut self, code: FindingCode, by: ShownBy) {
        self.add_many(code, 1, Some(by));
    }

    /// Takes back all findings of a code: what came later has refuted them.
    pub(crate) fn take_back(&mut self, code: FindingCode) {
        self.0.retain(|of| of.code != code);
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts all findings of another.
    pub fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|of| self.add_many(of.code, of.count, of.first));
    }

    /// Counts all findings of another, which one packet shows.
    pub fn add_shown(&mut self, other: &Self, by: ShownBy) {
        other.0.iter().for_each(|of| self.add_many(of.code, of.count, Some(by)));
    }

    fn add_many(&mut self, code: FindingCode, more: u64, by: Option<ShownBy>) {
        match self.place(code) {
            Ok(at) => {
                if let Some(of) = self.0.get_mut(at) {
                    of.count += more;
                    of.first = of.first.or(by);
                }
            }
            Err(at) => self.0.insert(at, FindingCount { code, count: more, first: by }),
        }
    }

    fn place(&self, code: FindingCode) -> Result<usize, usize> {
        self.0.binary_search_by_key(&code, |of| of.code)
    }

    /// The codes that occurred, in their fixed order, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (FindingCode, u64)> + '_ {
        self.0.iter().map(|of| (of.code, of.count))
    }

    /// Returns `true` if there is no finding.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of findings.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// The count of this code.
    pub fn of(&self, code: FindingCode) -> u64 {
        self.place(code).ok().and_then(|at| self.0.get(at)).map_or(0, |of| of.count)
    }

    /// The first packet that showed this code; `None` where no single packet does.
    pub fn first(&self, code: FindingCode) -> Option<ShownBy> {
        self.place(code).ok().and_then(|at| self.0.get(at)).and_then(|of| of.first)
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
        self.count(code);
    }

    fn push(&mut self, finding: Finding) {
        self.count(finding.code);
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

    #[test]
    fn the_first_packet_of_a_code_is_kept() {
        let by = |frame| ShownBy { frame, sender: Direction::ServerToClient };
        let mut counts = FindingCounts::default();
        counts.count(FindingCode::NoReply);
        assert_eq!(counts.first(FindingCode::NoReply), None);
        counts.count_shown(FindingCode::NoReply, by(7));
        let mut of_step = FindingCounts::default();
        of_step.count(FindingCode::NoReply);
        of_step.count(FindingCode::ZeroWindow);
        counts.add_shown(&of_step, by(9));
        assert_eq!((counts.of(FindingCode::NoReply), counts.first(FindingCode::NoReply)), (3, Some(by(7))));
        assert_eq!(counts.first(FindingCode::ZeroWindow), Some(by(9)));
        assert_eq!(counts.first(FindingCode::Refused), None);
    }
}
