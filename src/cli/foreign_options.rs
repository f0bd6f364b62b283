//! Options of tcpdump, tshark, nc and the programs of courses, and their names here.

/// An option or word of another program, and the tip for it.
pub(super) struct ForeignOption {
    /// The subcommand; empty where none is named.
    pub(super) subcommand: &'static str,
    /// Its spellings.
    pub(super) typed: &'static [&'static str],
    /// The spelling to use here.
    pub(super) tip: &'static str,
}

const fn foreign(subcommand: &'static str, typed: &'static [&'static str], tip: &'static str) -> ForeignOption {
    ForeignOption { subcommand, typed, tip }
}

const ANALYZE: &str = "echolab analyze FILE explains a capture file";
const OWN: &str = "echolab capture captures any program's packets and explains them as they come";
const RUN: &str = "echolab run --server COMMAND --client COMMAND runs your own programs";
const COLUMNS: &str = "--columns +NAME adds a column (echolab formats columns lists them)";
const PROGRAMS: &str =
    "echolab serve is the server, echolab connect the client; echolab session runs and explains both";
const UDP: &str = "--proto udp";
const TCP: &str = "--proto tcp, which is the default";
const PORT: &str = "--port N";
const HOST: &str = "--ip ADDR, an address of either family or a host name";

pub(super) const FOREIGN_OPTIONS: &[ForeignOption] = &[
    foreign("", &["-r", "--read", "-n", "read", "explain", "show", "file"], ANALYZE),
    foreign("", &["-i", "--interface", "-w", "--write", "listen", "sniff", "live"], OWN),
    foreign("", &["start", "test", "demo"], "echolab session runs a session and explains it"),
    foreign("", &["version"], "echolab --version"),
    foreign(
        "",
        &[
            "-t", "-p", "-c", "-s", "-u", "-ip", "--ip", "--bind", "--port", "--proto", "--tcp", "--udp", "--server",
            "--client", "server", "client", "echo",
        ],
        PROGRAMS,
    ),
    foreign("analyze", &["-r", "--read", "--file"], "the file needs no option: echolab analyze FILE"),
    foreign("analyze", &["-n"], "there is no need for it: addresses and ports are shown as numbers anyway"),
    foreign("analyze", &["-S"], "--absolute shows numbers as on the wire"),
    foreign("analyze", &["-t", "--time"], "--columns +date shows dates, --utc in UTC"),
    foreign("analyze", &["-v", "-e", "--verbose"], COLUMNS),
    foreign("analyze", &["-q", "--quiet", "-l"], "--format lines writes one line a step, as it goes"),
    foreign("analyze", &["-A", "--ascii-payload", "--text"], "--payload text shows what was sent"),
    foreign("analyze", &["-x", "-X", "--hex"], "--payload hex shows the bytes"),
    foreign("analyze", &["-w"], "--output FILE writes the report, with --format pcapng the annotated capture"),
    foreign(
        "analyze",
        &["-Y", "-R", "--display-filter"],
        "--filter takes a filter in tcpdump's language (man pcap-filter), not Wireshark's",
    ),
    foreign("analyze", &["-T"], "--format jsonl and --format csv are for programs"),
    foreign("analyze", &["-z", "--statistics"], "--summary shows the conversations"),
    foreign("analyze", &["--stream", "--follow"], "--conversation tcp:N"),
    foreign("analyze", &["-p"], PORT),
    foreign("analyze", &["-ip", "--ip", "--host"], "--filter 'host ADDR'"),
    foreign("analyze", &["-4", "-6"], "--filter ip or --filter ip6 chooses"),
    foreign("analyze", &["-i", "--interface"], "it reads files and pipes; echolab capture -i IF captures an interface"),
    foreign("session", &["-u", "--udp"], UDP),
    foreign("session", &["--tcp"], TCP),
    foreign("session", &["-m"], "--message TEXT"),
    foreign("session", &["-n"], "--count N"),
    foreign("session", &["run", "-s", "--server", "--client"], RUN),
    foreign("session", &["--size", "--bytes"], "--message-bytes N"),
    foreign("session", &["--host", "--address", "--addr"], HOST),
    foreign("session", &["-r", "--read"], ANALYZE),
    foreign(
        "session",
        &["-f", "--filter"],
        "its capture holds the session and nothing else; echolab analyze FILE --filter BPF chooses",
    ),
    foreign("capture", &["-p"], PORT),
    foreign("capture", &["-n"], "there is no need for it: addresses and ports are shown as numbers anyway"),
    foreign("capture", &["-D", "--interfaces"], "--list names the interfaces"),
    foreign("capture", &["-r", "--read"], ANALYZE),
    foreign("capture", &["-S"], "--absolute shows numbers as on the wire"),
    foreign("capture", &["-U", "-l"], "there is no need for it: every packet is written as it comes"),
    foreign("capture", &["-x", "-X"], "--payload hex shows the bytes"),
    foreign("capture", &["-A"], "--payload text shows what was sent"),
    foreign("capture", &["-B"], "--buffer MIB"),
    foreign("capture", &["-s", "--snaplen"], "there is no need for it: frames are captured whole"),
    foreign("capture", &["-v", "-e", "--verbose"], COLUMNS),
    foreign("capture", &["-ip", "--ip"], "--host ADDR"),
    foreign("run", &["-s"], "--server COMMAND"),
    foreign("run", &["-c"], "--client COMMAND"),
    foreign("serve", &["-u", "--udp"], UDP),
    foreign("serve", &["--tcp"], TCP),
    foreign("serve", &["-l"], PORT),
    foreign("serve", &["-4", "-6", "--host", "--address", "--addr", "--listen"], HOST),
    foreign("connect", &["-u", "--udp"], UDP),
    foreign("connect", &["--tcp"], TCP),
    foreign("connect", &["-4", "-6", "--host", "--address", "--addr"], HOST),
];
