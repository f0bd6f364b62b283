//! Counts of findings by code.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::finding::{Finding, FindingCode, FindingSink, Severity};
use super::protocol::Direction;

/// The number of findings by code, and the first packet that showed each. Most conversations have one, the way they were
/// closed: it takes no memory beside itself.
#[derive(Clone, Debug, Default)]
pub struct FindingCounts(SmallVec<[FindingCount; 1]>);

/// The count of one code.
#[derive(Clone, Copy, Debug)]
struct FindingCount {
    code: FindingCode,
    count: u64,
    /// Those of the count that later packets refuted: no more than notes.
    refuted: u64,
    first: Option<ShownBy>,
}

impl FindingCount {
    /// The number of findings that still hold.
    fn holding(&self) -> u64 {
        self.count.saturating_sub(self.refuted)
    }
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
        self.add_one(code, None);
    }

    /// Counts one finding more that a packet shows.
    pub fn count_shown(&mut self, code: FindingCode, by: ShownBy) {
        self.add_one(code, Some(by));
    }

    /// Later packets refuted all findings of a code so far: they are counted still, but as notes.
    pub(crate) fn refute(&mut self, code: FindingCode) {
        if let Some(of) = self.place(code).ok().and_then(|at| self.0.get_mut(at)) {
            of.refuted = of.count;
        }
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts all findings of another.
    pub fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|of| self.add_many(of, of.first));
    }

    /// Counts all findings of another, which one packet shows.
    pub fn add_shown(&mut self, other: &Self, by: ShownBy) {
        other.0.iter().for_each(|of| self.add_many(of, Some(by)));
    }

    fn add_one(&mut self, code: FindingCode, by: Option<ShownBy>) {
        self.add_many(&FindingCount { code, count: 1, refuted: 0, first: by }, by);
    }

    fn add_many(&mut self, more: &FindingCount, by: Option<ShownBy>) {
        match self.place(more.code) {
            Ok(at) => {
                if let Some(of) = self.0.get_mut(at) {
                    of.count += more.count;
                    of.refuted += more.refuted;
                    of.first = of.first.or(by);
                }
            }
            Err(at) => self.0.insert(at, FindingCount { first: by, ..*more }),
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

    /// The codes with findings that no later packet refuted, with the number of these.
    pub(crate) fn holding(&self) -> impl Iterator<Item = (FindingCode, u64)> + '_ {
        self.0.iter().map(|of| (of.code, of.holding())).filter(|(_, count)| *count > 0)
    }

    /// The codes of this severity with their counts, the most frequent first. Refuted findings are notes.
    pub fn of_severity(&self, severity: Severity) -> Vec<(FindingCode, u64)> {
        let of = |of: &FindingCount| {
            let holding = if of.code.severity() == severity { of.holding() } else { 0 };
            let refuted = if severity == Severity::Note { of.refuted } else { 0 };
            (of.code, holding + refuted)
        };
        let mut codes: Vec<_> = self.0.iter().map(of).filter(|(_, count)| *count > 0).collect();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        codes
    }

    /// The gravest finding that was not refuted: of the highest severity, and of several such the most frequent.
    pub fn worst(&self) -> Option<(FindingCode, u64)> {
        self.holding().reduce(|worst, next| {
            let rank = |(code, count): (FindingCode, u64)| (code.severity(), count);
            if rank(next) > rank(worst) { next } else { worst }
        })
    }

    /// The highest severity, where it is above a note: something cost time or bytes, or failed.
    pub fn trouble(&self) -> Option<Severity> {
        self.holding().map(|(code, _)| code.severity()).max().filter(|severity| *severity > Severity::Note)
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
    fn refuted_findings_are_counted_as_notes() {
        let mut counts = FindingCounts::default();
        counts.count(FindingCode::ChecksumInvalid);
        counts.refute(FindingCode::ChecksumInvalid);
        counts.count(FindingCode::ChecksumAccepted);
        assert_eq!((counts.of_severity(Severity::Problem), counts.of_severity(Severity::Note).len()), (vec![], 2));
        assert_eq!((counts.total(), counts.of(FindingCode::ChecksumInvalid)), (2, 1), "the totals stay exact");
        assert_eq!((counts.trouble(), counts.worst()), (None, Some((FindingCode::ChecksumAccepted, 1))));
        let mut both = FindingCounts::default();
        both.count(FindingCode::ChecksumInvalid);
        both.add_all(&counts);
        assert_eq!((both.of(FindingCode::ChecksumInvalid), both.trouble()), (2, Some(Severity::Problem)));
        assert_eq!(both.of_severity(Severity::Problem), [(FindingCode::ChecksumInvalid, 1)]);
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
