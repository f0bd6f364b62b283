//! Command lines as people type them who are used to other programs: each error says what to type.

use crate::run::echolab;

/// What is typed, and the tip.
const MISTAKES: &[(&str, &str)] = &[
    ("analyse x", "a similar subcommand exists: 'analyze'"),
    ("session --protocol tcp", "a similar argument exists: '--proto'"),
    ("session --udp", "--proto udp"),
    ("session -p 80", "--port N"),
    ("session --host ::1", "--ip ADDR, an address of either family or a host name"),
    ("session --json", "--format json"),
    (
        "session --filter tcp",
        "its capture holds the session and nothing else; echolab analyze FILE --filter BPF chooses",
    ),
    ("session hello", "--message TEXT sends a text, --scenario NAME runs a session by name"),
    ("session zero-window", "echolab session --scenario zero-window"),
    ("session x.pcap", "echolab analyze x.pcap explains a capture file"),
    ("analyze -r x.pcap", "the file needs no option: echolab analyze FILE"),
    ("analyze -nn x.pcap", "there is no need for it: addresses and ports are shown as numbers anyway"),
    ("analyze x.pcap -tttt", "--columns +date shows dates, --utc in UTC"),
    ("analyze x.pcap -X", "--payload hex shows the bytes"),
    ("analyze x.pcap --html", "--format html"),
    ("analyze x.pcap --limit -1", "a number can't be negative here"),
    ("analyze x.pcap --sumary", "a similar argument exists: '--summary'"),
    ("analyze x.pcap --scenario loss", "it is an option of echolab session"),
    ("analyze -i lo", "it reads files and pipes; echolab capture -i IF captures an interface"),
    ("-i lo", "echolab capture captures any program's packets and explains them as they come"),
    ("capture -p 80", "--port N"),
    ("fixtures/lab-v0.pcap", "echolab analyze fixtures/lab-v0.pcap explains a capture file"),
    ("-r x.pcap", "echolab analyze FILE explains a capture file"),
    ("zero-window", "echolab session --scenario zero-window"),
    ("version", "echolab --version"),
    ("serve 8000", "--port 8000"),
    ("connect ::1 8000", "--ip ::1 --port N"),
    ("connect -6", "--ip ADDR, an address of either family or a host name"),
    ("analyze x.pcap --port http", "write a whole number, in digits alone"),
    ("session --count many", "write a whole number, in digits alone"),
    ("analyze x.pcap -c 0", ""),
    // nothing is like it here, and `--` before it would be no help
    ("analyze x.pcap --unheard-of", ""),
    ("session --filtre 3", ""),
];

#[test]
fn a_mistake_is_answered_with_what_to_type() {
    for (typed, tip) in MISTAKES {
        let ran = echolab(typed.split(' ')).run().exits(2);
        assert_eq!(ran.stdout, "", "{typed}");
        let tips: Vec<_> = ran.stderr.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
        let expected: Vec<_> = [*tip].into_iter().filter(|tip| !tip.is_empty()).collect();
        assert_eq!(tips, expected, "{typed}: {}", ran.stderr);
        let has_usage = ran.stderr.contains("Usage: echolab") || ran.stderr.contains("invalid value");
        assert!(ran.stderr.starts_with("error: ") && has_usage, "{typed}: {}", ran.stderr);
    }
}

#[test]
fn a_filter_behind_the_capture_is_told_to_be_one() {
    let ran = echolab(["analyze", "fixtures/lab-v0.pcap", "tcp", "port", "80"]).run().exits(2);
    let expected =
        "echolab: there are no files \"tcp port 80\", but that is a filter: write --filter \"tcp port 80\"\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", expected));
    // one word may well be a file
    let ran = echolab(["analyze", "fixtures/lab-v0.pcap", "tcp"]).run().exits(2);
    ran.complains(&["cannot open the capture \"tcp\": there is no such file"]);
}
