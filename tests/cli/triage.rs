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

/// The first line of each verdict of a report, by the name of its conversation.
fn verdicts(report: &str) -> Vec<(String, String)> {
    let mut lines = report.lines().peekable();
    let mut verdicts = Vec::new();
    while let Some(line) = lines.next() {
        let mut words = line.split(' ');
        if let (Some(protocol @ ("TCP" | "UDP")), Some("conversation"), Some(number)) =
            (words.next(), words.next(), words.next())
        {
            let name = format!("{}:{}", protocol.to_lowercase(), number.trim_end_matches(':'));
            verdicts.push((name, lines.peek().expect("a verdict").trim().to_owned()));
        }
    }
    verdicts.sort();
    verdicts
}

#[test]
fn row_shows_the_verdict_of_the_report() {
    // of retransmissions a report tells the first with its cause, a row the cause alone
    let label = |(name, verdict): &(String, String)| {
        let label = verdict.split(':').next().unwrap_or_default().to_lowercase();
        let retransmitted = ["retransmi", "tail-loss"].iter().any(|word| label.contains(word));
        (name.clone(), if retransmitted { "retransmission".to_owned() } else { label })
    };
    let mut compared = 0;
    for folder in ["fixtures", "fixtures/kernel", "fixtures/scripted"] {
        for file in std::fs::read_dir(folder).expect("captures") {
            let path = file.expect("a file").path();
            let capture = path.to_str().expect("a name");
            if !capture.ends_with(".pcap") {
                continue;
            }
            let rows = ["analyze", capture, "--summary", "--format", "csv", "--columns", "conversation,verdict"];
            let rows = echolab(rows).done();
            let rows = csv::Reader::from_reader(rows.as_bytes()).into_deserialize::<(String, String)>();
            let mut rows: Vec<_> = rows.map(|row| row.expect("two cells")).collect();
            rows.sort();
            let told = verdicts(&echolab(["analyze", capture, "--only", "verdict", "--width", "900"]).done());
            let labels = |verdicts: &[(String, String)]| verdicts.iter().map(label).collect::<Vec<_>>();
            assert_eq!(labels(&rows), labels(&told), "{capture}");
            compared += rows.len();
        }
    }
    assert!(compared > 100, "{compared} verdicts");
}

#[test]
fn row_that_needs_attention_shows_its_verdict_below() {
    for width in ["80", "120", "200"] {
        let text = echolab(["analyze", "fixtures/kernel/refused.pcap", "--summary", "--width", width]).done();
        let row = text.lines().position(|line| line.starts_with("tcp:0 ")).expect("a row");
        let below = text.lines().nth(row + 1).expect("a line").trim();
        assert_eq!(below, "Refused: the SYN was answered by a RST (frame 2).");
    }
    let healthy = echolab(["analyze", "fixtures/lab-echo-ten-steps.pcap", "--summary", "--width", "80"]).done();
    assert!(!healthy.contains("Healthy"), "{healthy}");
    let markdown = echolab(["analyze", "fixtures/lab-echo-ten-steps.pcap", "--summary", "--format", "markdown"]).done();
    assert!(markdown.contains("| Healthy: 1 of 1 requests echoed; both sides closed. |"), "{markdown}");
    let chosen = ["analyze", "fixtures/kernel/refused.pcap", "--summary", "--columns", "conversation,worst"];
    assert!(!echolab(chosen).done().contains("Refused:"), "columns that were asked for stand alone");
}

/// The names of the conversations of a summary in JSON, in their order.
fn named(records: &[serde_json::Value]) -> Vec<String> {
    let name = |of: &serde_json::Value| format!("{}:{}", of["protocol"].as_str().expect("a protocol"), of["stream"]);
    records.iter().map(name).collect()
}

#[test]
fn a_limit_keeps_the_worst_in_every_format() {
    let summary = |format: &str, more: &[&str]| {
        let arguments = ["analyze", MANY, "--summary", "--width", "300", "--format", format];
        echolab(arguments.into_iter().chain(more.iter().copied())).done()
    };
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let every = parsed(&summary("json", &["--limit", "0"]));
    let every = every["captures"][0]["conversations"].as_array().expect("a list");
    let trouble = |of: &serde_json::Value| {
        let counts = of["findings_count"].as_object().expect("counts");
        let severity = |code: &str| match code {
            "refused" | "abandoned" | "port_unreachable" => 2,
            "handshake_retried" | "reset_abort" | "reset_unread" | "capture_gap" | "stray_syn" => 1,
            _ => 0,
        };
        counts.keys().map(|code| severity(code)).max().unwrap_or(0)
    };
    let ranks: Vec<i32> = every.iter().map(trouble).collect();
    assert!(ranks.is_sorted_by(|one, next| one >= next) && ranks.first() > ranks.last(), "{ranks:?}");
    let order = named(every);
    for limit in [1, 3, 10] {
        let wanted = &order[..limit];
        let limited = ["--limit", &limit.to_string()];
        let json = parsed(&summary("json", &limited));
        assert_eq!(named(json["captures"][0]["conversations"].as_array().expect("a list")), wanted);
        let jsonl = summary("jsonl", &limited);
        let records = jsonl.lines().map(parsed).filter(|record| record["kind"] == "conversation");
        assert_eq!(named(&records.collect::<Vec<_>>()), wanted);
        let csv = summary("csv", &[&limited[..], &["--columns", "conversation"]].concat());
        assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), wanted);
        for format in ["table", "markdown"] {
            let text = summary(format, &limited);
            let rows = text.lines().map(|line| line.trim_start_matches("| ").split(' ').next().expect("a word"));
            let rows: Vec<_> = rows.filter(|word| word.starts_with("tcp:") || word.starts_with("udp:")).collect();
            assert_eq!(rows, wanted, "{text}");
        }
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let text = echolab(["analyze", LOSS, "--summary", "--width", "80"]).done();
    assert!(text.contains("Not shown at this width: ") && text.contains("fast_retransmit"), "{text}");
    let text = echolab(["analyze", LOSS, "--summary", "--width", "300"]).done();
    assert!(!text.contains("Not shown at this width"), "{text}");
}

#[test]
fn conversations_are_found_by_their_findings() {
    let lines = |find: &str| echolab(["analyze", LOSS, "--find", find, "--format", "lines"]);
    let all = echolab(["analyze", LOSS, "--format", "lines"]).done();
    for find in ["fast_retransmit", "refused,fast_retransmit", "warning"] {
        assert_eq!(lines(find).done(), all, "{find}");
    }
    let ran = lines("refused").run().exits(1).complains(&["has the finding refused"]);
    assert_eq!(ran.stdout, "");
    lines("fast").run().exits(2).complains(&["echolab formats findings"]);
    let summary = ["analyze", LOSS, "--summary", "--format", "lines", "--find", "problem"];
    assert_eq!(echolab(summary).run().exits(1).stdout, "");
}

#[test]
fn filter_without_matches_is_reported() {
    echolab(["analyze", LOSS, "--filter", "udp"]).run().exits(1).complains(&["no packet of the capture passes"]);
}

#[test]
fn parts_are_shown_alone() {
    let only = |part: &str| echolab(["analyze", LOSS, "--only", part]).done();
    let findings = only("findings");
    assert!(findings.contains("Fast retransmission: ") && !findings.contains("what happens"), "{findings}");
    assert!(only("steps").contains("what happens") && !only("steps").contains("Fast retransmission: "));
    assert!(only("answers").contains("Which side closed the connection first"), "{}", only("answers"));
    echolab(["analyze", LOSS, "--only", "stpes"]).run().exits(2).complains(&["nearest: steps, "]);
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

#[test]
fn questions_are_chosen_by_their_ids() {
    let all = echolab(["analyze", LOSS, "--answers"]).done();
    let some = echolab(["analyze", "--answers", "rtt,closed_first", LOSS]).done();
    assert_eq!(echolab(["analyze", "--answers=rtt,closed_first", LOSS]).done(), some);
    let (first, other) = ("Which side closed the connection first", "What makes the segment a SYN");
    assert!(all.contains(first) && some.contains(first), "{some}");
    assert!(some.lines().count() < all.lines().count() && !some.contains(other), "{some}");
    echolab(["analyze", "--answers", "rrt", LOSS]).run().exits(2).complains(&["unknown question \"rrt\"", "rtt"]);
}

#[test]
fn resets_and_response_times_have_columns() {
    let columns = ["--summary", "--columns", "resets,response_time,response_time_max", "--format", "csv"];
    let cells = |file: &str| {
        let text = echolab(["analyze", file].into_iter().chain(columns)).done();
        text.lines().nth(1).unwrap_or_default().to_owned()
    };
    let refused = cells("fixtures/kernel/refused.pcap");
    assert!(refused.starts_with("1,"), "{refused}");
    let echoed = cells("fixtures/lab-echo-ten-steps.pcap");
    let times: Vec<f64> = echoed.split(',').skip(1).filter_map(|cell| cell.parse().ok()).collect();
    assert!(matches!(times[..], [median, max] if 0.0 < median && median <= max), "{echoed}");
}

#[test]
fn conversations_are_selected_from_a_pipe_in_one_pass() {
    let capture = std::fs::read(LOSS).expect("a fixture");
    let find = |find: &str, more: &[&str]| {
        let arguments = ["analyze", "-", "--find", find].into_iter().chain(more.iter().copied());
        echolab(arguments).stdin(capture.clone()).run()
    };
    let shown = find("fast_retransmit", &[]).exits(0).stdout;
    assert!(shown.contains("what happens") && shown.contains("fast_retransmit"), "{shown}");
    assert!(find("fast_retransmit", &["--summary"]).exits(0).stdout.contains("tcp:0"));
    find("refused", &[]).exits(1).complains(&["has the finding refused"]);
    find("fast_retransmit", &["--format", "lines"]).exits(2).complains(&["reads the capture twice", "a pipe"]);
}

#[test]
fn several_captures_are_one_table_with_a_row_for_a_bad_file() {
    let files =
        ["fixtures/lab-echo-ten-steps.pcap", LOSS, "fixtures/formats/junk.pcap", "fixtures/kernel/refused.pcap"];
    let arguments = ["analyze", "--summary", "--width", "400"].into_iter().chain(files);
    let ran = echolab(arguments).run().exits(2).complains(&["junk.pcap"]);
    assert!(ran.stdout.starts_with("4 captures in fixtures\n"), "{}", ran.stdout);
    // the folder of all is told once
    let names = files.map(|file| file.trim_start_matches("fixtures/"));
    let is_row = |line: &&str| names.iter().any(|name| line.starts_with(name));
    let rows: Vec<&str> = ran.stdout.lines().filter(is_row).collect();
    let at = |file: &str| rows.iter().position(|row| row.starts_with(file)).unwrap_or_else(|| panic!("{}", ran.stdout));
    let [healthy, lossy, bad, refused] = names.map(at);
    assert_eq!((refused, lossy, healthy, bad), (0, 1, 2, 3), "the worst first:\n{}", ran.stdout);
    assert_eq!(ran.stdout.matches("worst finding").count(), 1, "{}", ran.stdout);
}

#[test]
fn many_captures_are_shown_by_one_table() {
    let files = std::iter::repeat_n("fixtures/lab-echo-ten-steps.pcap", 21);
    let text = echolab(["analyze", "--width", "300"].into_iter().chain(files)).done();
    assert!(text.contains("21 captures") && !text.contains("what happens"), "{text}");
    assert!(text.contains("210 frames"), "{text}");
}
