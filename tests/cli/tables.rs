//! Tables of steps at several widths.

use crate::run::echolab;

const LOSS: &str = "fixtures/kernel/loss_fast.pcap";

/// Captures with long sentences, with many columns, and with both.
const CAPTURES: &[&str] = &[
    LOSS,
    "fixtures/lab-echo-ten-steps.pcap",
    "fixtures/lab-v3.pcap",
    "fixtures/cases/bulk-both-ways.pcap",
    "fixtures/cases/ece-until-cwr-arrives.pcap",
    "fixtures/cases/rst-per-segment-called-copies.pcap",
    "fixtures/cases/window-update-lost-at-server.pcap",
];

#[test]
fn wider_terminal_never_makes_a_report_longer() {
    for capture in CAPTURES {
        let mut before = usize::MAX;
        for width in ["80", "100", "120", "160"] {
            let lines = echolab(["analyze", capture, "--limit", "60", "--width", width]).done().lines().count();
            assert!(lines <= before, "{capture}: {lines} lines at {width}, {before} before");
            before = lines;
        }
    }
}

#[test]
fn a_table_marks_phases_and_losses_and_breaks_no_sum() {
    for width in ["80", "120"] {
        let text = echolab(["analyze", LOSS, "--width", width, "--no-fold"]).done();
        let headings: Vec<_> = text.lines().filter(|line| ["Handshake", "Data", "Close"].contains(line)).collect();
        assert_eq!(headings, ["Handshake", "Data", "Close"], "{text}");
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("(lost; retransmitted in frame"), "{text}");
        assert!(text.contains(" 1 + 100 = 101"), "{text}");
        assert!(!text.contains('\u{a0}') && !text.contains('\u{1}'), "{text}");
    }
}

#[test]
fn a_column_that_does_not_fit_is_named() {
    let narrow = echolab(["analyze", LOSS, "--width", "80"]).done();
    assert!(narrow.contains("Not shown at this width: window"), "{narrow}");
    let wide = echolab(["analyze", LOSS, "--width", "250"]).done();
    assert!(!wide.contains("Not shown at this width"), "{wide}");
}
