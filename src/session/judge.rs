//! Compares a report with its scenario's expectation.

use super::observed::Observed;
use crate::drive::scenario::{BUSY, Expectation};
use crate::model::Severity;

/// The expectations that are not met, a sentence each; empty if all are met.
pub fn unmet(expects: &Expectation, seen: &Observed) -> Vec<String> {
    let mut unmet = Vec::new();
    let mut hold = |holds: bool, text: String| {
        if !holds {
            unmet.push(text);
        }
    };
    hold(
        seen.conversations == expects.conversations,
        format!("{} conversations, not {}", seen.conversations, expects.conversations),
    );
    hold(expects.steps.allows(seen.steps), format!("{} steps, not {}", seen.steps, expects.steps));
    let shown = |code: &str| seen.findings.keys().any(|found| found.name() == code);
    for code in expects.shows {
        hold(shown(code), format!("no finding {code}"));
    }
    for code in expects.hides {
        hold(!shown(code), format!("a finding {code}, which must not be there"));
    }
    // a fault of the link is part of its script, not a diagnosis
    let diagnoses = seen.findings.keys().filter(|code| !code.is_of_the_wire());
    for code in diagnoses.filter(|code| code.severity() > Severity::Note) {
        let expected = expects.shows.iter().chain(expects.may_show).chain(BUSY).any(|name| *name == code.name());
        hold(expected, format!("a finding {code}, which is not part of it"));
    }
    let first = seen.first.as_ref();
    let tcp = first.and_then(|first| first.tcp.as_ref());
    let handshake = tcp.map_or("", |tcp| tcp.handshake.name());
    hold(handshake == expects.handshake, format!("the handshake is {handshake:?}, not {:?}", expects.handshake));
    let close = tcp.map_or("", |tcp| tcp.close.name());
    hold(close == expects.close, format!("the close is {close:?}, not {:?}", expects.close));
    let closed_first = tcp.and_then(|tcp| tcp.closed_first).map_or("", |direction| direction.sender());
    hold(
        expects.closed_first.is_empty() || closed_first == expects.closed_first,
        format!("closed first by {closed_first:?}, not by {:?}", expects.closed_first),
    );
    let echoed = first.and_then(|first| first.echo).map_or(0, |echo| echo.matched);
    hold(
        expects.echoed.is_none_or(|wanted| echoed == wanted),
        format!("{echoed} requests echoed, not {}", expects.echoed.unwrap_or_default()),
    );
    for (flag, wanted) in expects.analysis {
        let count = seen.analysis(flag);
        hold(wanted.allows(count), format!("{count} times {flag}, not {wanted}"));
    }
    for (checksum, wanted) in expects.checksums {
        let count = seen.checksums(checksum);
        hold(wanted.allows(count), format!("{count} checksums {checksum}, not {wanted}"));
    }
    unmet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::SCENARIOS;
    use crate::model::FindingCode;
    use crate::track::AnalysisFlag;

    #[test]
    fn scenarios_name_existing_findings() {
        for scenario in SCENARIOS {
            let Expectation { shows, may_show, hides, analysis, .. } = scenario.expects;
            for code in shows.iter().chain(may_show).chain(hides).chain(BUSY) {
                assert!(FindingCode::ALL.iter().any(|known| known.name() == *code), "{}: {code}", scenario.name);
            }
            for (flag, _) in analysis {
                assert!(AnalysisFlag::ALL.iter().any(|known| known.name() == *flag), "{}: {flag}", scenario.name);
            }
        }
    }

    #[test]
    fn empty_report_meets_no_expectation() {
        for scenario in SCENARIOS {
            assert!(!unmet(&scenario.expects, &Observed::default()).is_empty(), "{}", scenario.name);
        }
    }
}
