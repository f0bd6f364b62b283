//! Captures of many conversations: exact totals, the worst first; and what chooses conversations and parts.

use crate::run::echolab;

/// More than 20 conversations.
const MANY: &str = "fixtures/cases/port-scan.pcap";
const LOSS: &str = "fixtures/kernel/loss_fast.pcap";

/// The lines of a text that count findings.
fn totals(text: &str) -> Vec<String> {
    let is_total = |line: &&str| {
        let mut words = line.trim_start_matches("- ").split([' ', ':']).skip(1);
        words.next().is_some_and(|noun| ["problem", "warning", "note"].contains(&noun.trim_end_matches('s')))
    };
    text.lines().filter(is_total).map(|line| line.trim_start_matches("- ").replace('\\', "")).collect()
}

#[test]
fn many_conversations_are_shown_by_the_worst() {
    let text = echolab(["analyze", MANY, "--width", "300"]).done();
    let summary = echolab(["analyze", MANY, "--summary", "--width", "300"]).done();
    assert!(!totals(&summary).is_empty(), "{summary}");
    assert_eq!(totals(&text), totals(&summary));
    for command in ["--conversation tcp:", "--summary --limit 0"] {
        assert!(text.contains(&format!("echolab analyze {MANY} {command}")), "{text}");
    }
    assert!(!text.contains("what happens"), "no steps:\n{text}");
    let markdown = echolab(["analyze", MANY, "--format", "markdown"]).done();
    assert_eq!(totals(&markdown), totals(&summary));
    for limit in ["1", "5", "1000"] {
        let text = echolab(["analyze", MANY, "--limit", limit, "--width", "300"]).done();
        assert_eq!(totals(&text), totals(&summary), "--limit {limit}");
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let text = echolab(["analyze", LOSS, "--summary", "--width", "80"]).done();
    assert!(text.contains("Columns left out at this width: ") && text.contains("fast_retransmit"), "{text}");
    let text = echolab(["analyze", LOSS, "--summary", "--width", "300"]).done();
    assert!(!text.contains("Columns left out"), "{text}");
}

#[test]
fn conversations_are_found_by_their_findings() {
    let lines = |find: &str| echolab(["analyze", LOSS, "--find", find, "--format", "lines"]);
    let all = echolab(["analyze", LOSS, "--format", "lines"]).done();
    for find in ["fast_retransmit", "refused,fast_retransmit", "warning"] {
        assert_eq!(lines(find).done(), all, "{find}");
    }
    let ran = lines("refused").run().exits(1).complains(&["has refused"]);
    assert_eq!(ran.stdout, "");
    lines("fast").run().exits(2).complains(&["echolab formats findings"]);
    let summary = ["analyze", LOSS, "--summary", "--format", "lines", "--find", "problem"];
    assert_eq!(echolab(summary).run().exits(1).stdout, "");
}

#[test]
fn a_filter_that_nothing_passes_is_said() {
    echolab(["analyze", LOSS, "--filter", "udp"]).run().exits(1).complains(&["no packet of the capture passes"]);
}

#[test]
fn parts_are_shown_alone() {
    let only = |part: &str| echolab(["analyze", LOSS, "--only", part]).done();
    let findings = only("findings");
    assert!(findings.contains("Fast retransmission: ") && !findings.contains("what happens"), "{findings}");
    assert!(only("steps").contains("what happens") && !only("steps").contains("Fast retransmission: "));
    assert!(only("answers").contains("Which side closed the connection first"), "{}", only("answers"));
    echolab(["analyze", LOSS, "--only", "stpes"])
        .run()
        .exits(2)
        .complains(&["verdict, findings, ledger, facts, steps"]);
    echolab(["analyze", LOSS, "--only", "steps", "--format", "lines"]).run().exits(2).complains(&["--only"]);
}

#[test]
fn a_report_has_the_title_and_author_that_are_asked_for() {
    let title = ["analyze", LOSS, "--title", "Lab 3", "--author", "Group 7", "--format", "markdown"];
    let text = echolab(title).done();
    assert!(text.starts_with("# Lab 3") && text.contains("**Author**: Group 7"), "{text}");
    let text = echolab(["analyze", LOSS, "--format", "latex", "--fragment"]).done();
    assert!(!text.contains("documentclass") && !text.contains("{document}") && text.contains("longtable"), "{text}");
    echolab(["analyze", LOSS, "--fragment"]).run().exits(2).complains(&["--format latex"]);
}
