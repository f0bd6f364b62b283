//! The parts of a report on a conversation, each of which can be asked for alone.

/// A part of what is shown of a conversation: a new one is one entry in [`PARTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The cause that matters most.
    Verdict,
    /// The diagnoses.
    Findings,
    /// The shares of the time ledger.
    Ledger,
    /// The lines around the steps: start, roles, times, close.
    Facts,
    /// The table of the steps.
    Steps,
    /// The sequence diagram.
    Ladder,
    /// The graphs.
    Graphs,
    /// The answers to the questions of labs.
    Answers,
}

/// Every part with its name on the command line and what it is.
pub(crate) static PARTS: &[(Part, &str, &str)] = &[
    (Part::Verdict, "verdict", "the cause that matters most, in one to three lines"),
    (Part::Findings, "findings", "the findings, the most severe first"),
    (Part::Ledger, "ledger", "the time ledger: the kinds of wait with their shares"),
    (Part::Facts, "facts", "start, roles, response times, close and the other lines around the steps"),
    (Part::Steps, "steps", "the table of the steps"),
    (Part::Ladder, "ladder", "the sequence diagram, in formats that draw one"),
    (Part::Graphs, "graphs", "the graphs, in formats that draw them"),
    (Part::Answers, "answers", "the answers to the questions of labs"),
];

/// The parts of a report to show; all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Option<Vec<Part>>);

impl Parts {
    /// Reads `findings,facts`.
    ///
    /// # Errors
    /// The name that no part has.
    pub fn parse(names: &str) -> Result<Self, String> {
        let part = |name: &str| {
            let found = PARTS.iter().find(|(_, known, _)| *known == name);
            found.map(|(part, ..)| *part).ok_or_else(|| name.to_owned())
        };
        let parts = names.split(',').map(str::trim).map(part).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Some(parts)))
    }

    /// Returns `true` if the part is shown.
    pub fn has(&self, part: Part) -> bool {
        self.0.as_ref().is_none_or(|parts| parts.contains(&part))
    }

    /// Returns `true` if the part is asked for by name.
    pub fn names(&self, part: Part) -> bool {
        self.0.is_some() && self.has(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_in_any_order() {
        let parts = Parts::parse("steps, findings").expect("known names");
        let has: Vec<_> = PARTS.iter().filter(|(part, ..)| parts.has(*part)).map(|(_, name, _)| *name).collect();
        assert_eq!(has, ["findings", "steps"]);
        assert_eq!(Parts::parse("steps,stpes"), Err("stpes".to_owned()));
        assert!(PARTS.iter().all(|(part, ..)| Parts::default().has(*part) && !Parts::default().names(*part)));
    }
}
