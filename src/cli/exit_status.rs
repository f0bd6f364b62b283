//! The exit status of a session, with the messages that explain it.

use crate::cli::Exit;
use crate::cli::exit::say;
use crate::drive::{ClientFault, Scenario, SessionOutcome, Tally};
use crate::report::{CaptureTotals, foreign_packets_note};
use crate::session::{Observed, unmet};

/// The exit status for the outcome of the client.
pub(super) fn client_exit(tally: &Tally) -> Exit {
    match &tally.fault {
        None => Exit::Done,
        Some(fault) => {
            say(&format!("the client: {fault}"));
            match fault {
                ClientFault::Failed { .. } => Exit::Error,
                _ => Exit::Unmet,
            }
        }
    }
}

/// Compares the report with what the scenario demonstrates, where the capture can show it.
pub(super) fn scenario_exit(scenario: &Scenario, outcome: &SessionOutcome, seen: Option<&Observed>) -> Exit {
    if let Some(script_error) = &outcome.script_error {
        say(&if script_error.halted { "stopped before the end".to_owned() } else { script_error.to_string() });
        return Exit::Unmet;
    }
    if matches!(outcome.tally.fault, Some(ClientFault::Halted)) {
        return client_exit(&outcome.tally);
    }
    let Some(seen) = seen else {
        let side = scenario.lab.capture_at.name();
        say(&format!("scenario {}: it shows at the {side}, so this capture is not compared with it", scenario.name));
        return Exit::Done;
    };
    let unmet = unmet(&scenario.expects, seen);
    for text in &unmet {
        say(&format!("scenario {}: {text}", scenario.name));
    }
    if unmet.is_empty() { Exit::Done } else { Exit::Unmet }
}

/// The exit status for the capture: an error if it lacks packets.
pub(super) fn capture_exit(totals: &CaptureTotals) -> Exit {
    let mut exit = Exit::Done;
    if totals.others > 0 {
        say(&foreign_packets_note(totals.others));
    }
    if let Some(dropped) = totals.dropped.filter(|dropped| *dropped > 0) {
        say(&format!(
            "the kernel dropped {dropped} packets because the capture buffer was full: the report lacks them"
        ));
        exit = Exit::Error;
    }
    if let Some(reason) = &totals.truncated {
        say(&format!("the report ends early: {reason}"));
        exit = Exit::Error;
    }
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_with_gaps_is_an_error_and_a_client_without_its_echo_is_not() {
        let mut totals = CaptureTotals::default();
        totals.dropped = Some(0);
        assert_eq!(capture_exit(&totals), Exit::Done);
        totals.dropped = Some(3);
        assert_eq!(capture_exit(&totals), Exit::Error);
        let mut broken = CaptureTotals::default();
        broken.truncated = Some("the interface is gone".to_owned());
        assert_eq!(capture_exit(&broken), Exit::Error);
        let tally = |fault| Tally { fault, ..Tally::default() };
        assert_eq!(client_exit(&tally(None)), Exit::Done);
        assert_eq!(client_exit(&tally(Some(ClientFault::Halted))), Exit::Unmet);
    }
}
