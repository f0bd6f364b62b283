//! Command lines as people type them who are used to other programs: each error says what to type.

use crate::run::echolab;

const PROGRAMS: &str =
    "echolab serve is the server, echolab connect the client; echolab session runs and explains both";

/// The command line, and the tip.
const MISTAKES: &[(&str, &str)] = &[
    ("analyse x", "a similar subcommand exists: 'analyze'"),
    ("session --protocol tcp", "a similar argument exists: '--proto'"),
    ("session --udp", "--proto udp"),
    ("session -port 80", "a long option has two dashes: --port"),
    ("session -write x.pcap", "a long option has two dashes: --write"),
    ("connect -timeout=3s", "a long option has two dashes: --timeout"),
    ("session -n 3", "--count N"),
    ("session --close first server", "the option is one word: --close-first"),
    ("session --read size 5", "the option is one word: --read-size"),
    ("session --message bytes 5", "the option is one word: --message-bytes"),
    ("session --client read size 5", "the option is one word: --client-read-size"),
    ("session --close-frist server", "a similar argument exists: '--close-first'"),
    ("session --capture_at both", "a similar argument exists: '--capture-at'"),
    ("session --client-raed-sise 5", "a similar argument exists: '--client-read-size'"),
    ("session zero-windw", "echolab session --scenario zero-window"),
    ("session run", "echolab run --server COMMAND --client COMMAND runs your own programs"),
    (
        "session --scenario zero-windw",
        "similar names: zero-window, two-sizes, linger-reset; `echolab scenarios` lists all",
    ),
    ("analyze x --col time", "similar arguments exist: '--columns', '--color'"),
    ("run -v", "echolab --version"),
    ("run -c x -s y", "--client COMMAND"),
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
    ("anlayze x", "a similar subcommand exists: 'analyze'"),
    ("sesion run", "a similar subcommand exists: 'session'"),
    ("help anlayze", "a similar subcommand exists: 'analyze'"),
    ("zero-windw", "echolab session --scenario zero-window"),
    ("-c -ip 127.0.0.1", PROGRAMS),
    ("-ip 127.0.0.1 -t TCP", PROGRAMS),
    ("server -p 4002", PROGRAMS),
    ("capture -ip 127.0.0.1", "--host ADDR"),
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
fn usage_error_shows_what_to_type() {
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

/// The lines of standard error without empty ones.
fn complaint(typed: &str) -> Vec<String> {
    let ran = echolab(typed.split(' ')).run().exits(2);
    ran.stderr.lines().filter(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn tip_precedes_the_list_of_values() {
    let network = ["tip: a similar value exists: 'lab'", "[possible values: auto, loopback, lab]"];
    assert_eq!(complaint("session --network labb")[1..3], network);
    let lists = ["tip: a similar value exists: 'columns'"];
    assert_eq!(complaint("formats colunms")[1..2], lists);
    // no slip, so no tip
    let protocol = ["[possible values: tcp, udp]", "For more information, try '--help'."];
    assert_eq!(complaint("serve -t sctp")[1..3], protocol);
}

#[test]
fn unknown_name_suggests_three_similar_ones() {
    for (typed, near) in [
        (
            "analyze x --columns +dat",
            "column \"dat\"; nearest: date, destination, delta (`echolab formats columns` lists all)",
        ),
        (
            "analyze x --only finding",
            "part \"finding\"; nearest: findings, verdict, facts (`echolab formats parts` lists all)",
        ),
        ("man anlayze", "subcommand \"anlayze\"; nearest: analyze, man, capture (`echolab help` lists all)"),
    ] {
        let complaint = complaint(typed).join(" ");
        assert!(complaint.contains(&format!("unknown {near}")), "{complaint}");
    }
}

#[test]
fn course_project_options_are_accepted() {
    // read to the end, and only then refused
    for typed in ["-c -ip 127.0.0.1 -p 0 -t TCP", "-ip=::1 -p0 -t UDP"] {
        let arguments = ["connect"].into_iter().chain(typed.split(' '));
        echolab(arguments).run().exits(2).complains(&["--port 0 is not a port to connect to"]);
    }
    for command in [&["-v"][..], &["-V"], &["session", "-v"], &["serve", "-V"], &["connect", "--version"]] {
        let version = echolab(command.iter().copied()).done();
        assert!(version.trim().ends_with(concat!(" ", env!("CARGO_PKG_VERSION"))), "{version}");
    }
    for command in [&["-h"][..], &["-help"], &["help", "-h"], &["help", "--help"], &["help", "session", "-h"]] {
        assert!(echolab(command.iter().copied()).done().contains("Usage: echolab"), "{command:?}");
    }
    let help = echolab(["session", "-h"]).done();
    assert!(help.contains("-c, --continuous ") && help.contains("-p, --port <PORT>"), "{help}");
}

#[test]
fn misplaced_filter_is_recognized() {
    let ran = echolab(["analyze", "fixtures/lab-v0.pcap", "tcp", "port", "80"]).run().exits(2);
    let expected =
        "echolab: there are no files \"tcp port 80\", but that is a filter: write --filter \"tcp port 80\"\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", expected));
    // one word may well be a file
    let ran = echolab(["analyze", "fixtures/lab-v0.pcap", "tcp"]).run().exits(2);
    ran.complains(&["cannot open the capture \"tcp\": there is no such file"]);
}
