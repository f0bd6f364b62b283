//! Round trips beside the steps, against numbers that were worked out by hand.

use crate::run::echolab;

/// Frames with a sample: RTT, SRTT and RTTVAR in nanoseconds, worked out by hand from the frames' times with α = 1/8 and
/// β = 1/4, RTTVAR before SRTT (RFC 6298 §2).
///
/// Frame 4 was sent at 15.615 ms and acknowledged at 25.946: 10.331. Frame 5: 20.786, 31.107: 10.321, so
/// RTTVAR = 3/4 × 5.1655 + 1/4 × |10.331 - 10.321|. Frame 6: 20.839, 31.115: 10.276. Frame 7 was sent twice, and the
/// ACKs that waited for it give no sample (Karn's rule).
const LOSS_FAST: &[(u64, i64, i64, i64)] = &[
    (14, 10_331_000, 10_331_000, 5_165_500),
    (16, 10_321_000, 10_329_750, 3_876_625),
    (17, 10_276_000, 10_323_031, 2_920_906),
];

fn nanoseconds(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').expect("a decimal number");
    format!("{whole}{part:0<9}").parse().expect("a number")
}

#[test]
fn columns_match_hand_computed_values() {
    let arguments =
        ["analyze", "fixtures/kernel/loss_fast.pcap", "--format", "csv", "--columns", "frame,rtt,srtt,rttvar"];
    let text = echolab(arguments).done();
    let mut samples = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let [frame, times @ ..] = cells.as_slice() else { panic!("an empty line") };
        assert_eq!(times.len(), 3, "{line}");
        if let [rtt, srtt, rttvar] = times
            && !rtt.is_empty()
        {
            let frame: u64 = frame.parse().expect("a number");
            samples.push((frame, nanoseconds(rtt), nanoseconds(srtt), nanoseconds(rttvar)));
        }
    }
    assert_eq!(samples, LOSS_FAST);
}

#[test]
fn page_names_them_with_the_capture_point() {
    let text = echolab(["analyze", "fixtures/kernel/loss_fast.pcap", "--format", "html"]).done();
    let wanted = "Round trip of the data in frame 5: 10.3 ms (captured at the client); after it SRTT 10.3 ms, RTTVAR 3.88 ms (RFC 6298)";
    assert!(text.contains(wanted), "{text}");
    let text = echolab(["analyze", "fixtures/kernel/loss_fast_o.pcap", "--format", "html"]).done();
    assert!(!text.contains("Round trip of the data"), "the receiver sees no round trip");
}

#[test]
fn a_summary_has_a_column_for_the_place_of_the_capture() {
    for (capture, wanted) in [
        ("kernel/loss_fast", "client,0.010321"),
        ("kernel/loss_fast_o", "server,"),
        ("lab-echo-ten-steps", "both,0.000013500"),
        ("lab-v0", ","),
        ("kernel/simopen", "client,0.010441"),
    ] {
        let file = format!("fixtures/{capture}.pcap");
        let text = echolab(["analyze", &file, "--summary", "--format", "csv", "--columns", "seen_from,rtt"]).done();
        assert_eq!(text.lines().nth(1), Some(wanted), "{capture}");
    }
}
