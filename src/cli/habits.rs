//! What people type who are used to tcpdump, tshark, nc and their like, and what it is called here.

/// A habit, and the tip for it.
pub(super) struct Habit {
    /// The subcommand; empty where none is named.
    pub(super) subcommand: &'static str,
    /// What is typed.
    pub(super) typed: &'static [&'static str],
    /// What to type.
    pub(super) tip: &'static str,
}

const fn habit(subcommand: &'static str, typed: &'static [&'static str], tip: &'static str) -> Habit {
    Habit { subcommand, typed, tip }
}

const ANALYZE: &str = "echolab analyze FILE explains a capture file";
const OWN: &str = "echolab capture captures any program's packets and explains them as they come";
const COLUMNS: &str = "--columns +NAME adds a column (echolab formats columns lists them)";
const UDP: &str = "--proto udp";
const TCP: &str = "--proto tcp, which is the default";
const PORT: &str = "--port N";
const HOST: &str = "--ip ADDR, an address of either family or a host name";

pub(super) const HABITS: &[Habit] = &[
    habit("", &["-r", "--read", "-n", "read", "explain", "show", "file"], ANALYZE),
    habit("", &["-i", "--interface", "-w", "--write", "listen", "sniff", "live"], OWN),
    habit("", &["start", "test", "demo"], "echolab session runs a session and explains it"),
    habit("", &["-v", "version"], "echolab --version"),
    habit("analyze", &["-r", "--read", "--file"], "the file needs no option: echolab analyze FILE"),
    habit("analyze", &["-n"], "there is no need for it: addresses and ports are shown as numbers anyway"),
    habit("analyze", &["-S"], "--absolute shows numbers as on the wire"),
    habit("analyze", &["-t", "--time"], "--columns +date shows dates, --utc in UTC"),
    habit("analyze", &["-v", "-e", "--verbose"], COLUMNS),
    habit("analyze", &["-q", "--quiet", "-l"], "--format lines writes one line a step, as it goes"),
    habit("analyze", &["-A", "--ascii-payload", "--text"], "--payload text shows what was sent"),
    habit("analyze", &["-x", "-X", "--hex"], "--payload hex shows the bytes"),
    habit("analyze", &["-w"], "--output FILE writes the report, with --format pcapng the annotated capture"),
    habit(
        "analyze",
        &["-Y", "-R", "--display-filter"],
        "--filter takes a filter in tcpdump's language (man pcap-filter), not Wireshark's",
    ),
    habit("analyze", &["-T"], "--format jsonl and --format csv are for programs"),
    habit("analyze", &["-z", "--statistics"], "--summary shows the conversations"),
    habit("analyze", &["--stream", "--follow"], "--conversation tcp:N"),
    habit("analyze", &["-p"], PORT),
    habit("analyze", &["-4", "-6"], "--filter ip or --filter ip6 chooses"),
    habit("analyze", &["-i", "--interface"], "it reads files and pipes; echolab capture -i IF captures an interface"),
    habit("session", &["-u", "--udp"], UDP),
    habit("session", &["--tcp"], TCP),
    habit("session", &["-p"], PORT),
    habit("session", &["-m"], "--message TEXT"),
    habit("session", &["-n", "-c"], "--count N"),
    habit("session", &["-s", "--size", "--bytes"], "--message-bytes N"),
    habit("session", &["--host", "--address", "--addr"], HOST),
    habit("session", &["-r", "--read"], ANALYZE),
    habit(
        "session",
        &["-f", "--filter"],
        "its capture holds the session and nothing else; echolab analyze FILE --filter BPF chooses",
    ),
    habit("capture", &["-p"], PORT),
    habit("capture", &["-n"], "there is no need for it: addresses and ports are shown as numbers anyway"),
    habit("capture", &["-D", "--interfaces"], "--list names the interfaces"),
    habit("capture", &["-r", "--read"], ANALYZE),
    habit("capture", &["-S"], "--absolute shows numbers as on the wire"),
    habit("capture", &["-U", "-l"], "there is no need for it: every packet is written as it comes"),
    habit("capture", &["-x", "-X"], "--payload hex shows the bytes"),
    habit("capture", &["-A"], "--payload text shows what was sent"),
    habit("capture", &["-B"], "--buffer MIB"),
    habit("capture", &["-s", "--snaplen"], "there is no need for it: frames are captured whole"),
    habit("capture", &["-v", "-e", "--verbose"], COLUMNS),
    habit("serve", &["-u", "--udp"], UDP),
    habit("serve", &["--tcp"], TCP),
    habit("serve", &["-p", "-l"], PORT),
    habit("serve", &["-4", "-6", "--host", "--address", "--addr", "--listen"], HOST),
    habit("connect", &["-u", "--udp"], UDP),
    habit("connect", &["--tcp"], TCP),
    habit("connect", &["-p"], PORT),
    habit("connect", &["-4", "-6", "--host", "--address", "--addr"], HOST),
];
