//! `echolab session` on its private network, as root and as a user without any right.
//!
//! They need root (setpriv drops it for the user's part) and fail without it, and where the system forbids namespaces.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::OnceLock;

use assert_cmd::cargo::cargo_bin;
use echolab::capture::{Source, file};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Nobody that exists.
const USER: u32 = 12_345;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    User,
}

const BOTH: [Who; 2] = [Who::Root, Who::User];

/// The program, where every user may run it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PROGRAM.get_or_init(|| {
        let folder = open_folder();
        let path = folder.path().join("echolab");
        fs::copy(cargo_bin!("echolab"), &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    });
    path
}

/// A folder that every user may write to.
fn open_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn session(who: Who, arguments: &[&str]) -> Command {
    assert!(nix::unistd::geteuid().is_root(), "these tests need root");
    let mut command = match who {
        Who::Root => Command::new(program()),
        Who::User => {
            let mut command = Command::new("setpriv");
            let (user, group) = (format!("--reuid={USER}"), format!("--regid={USER}"));
            command.args([&user, &group, "--clear-groups", "--inh-caps=-all"]).arg(program());
            command
        }
    };
    command.arg("session").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

fn run(who: Who, arguments: &[&str]) -> Output {
    session(who, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The records of a session in the lab that ends with `status`.
fn records_of(who: Who, arguments: &[&str], status: i32) -> Vec<Value> {
    let output = run(who, &[&["--network", "lab", "--format", "jsonl"], arguments].concat());
    assert_eq!(output.status.code(), Some(status), "{who:?} {arguments:?}: {}", said(&output));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn records(who: Who, arguments: &[&str]) -> Vec<Value> {
    records_of(who, arguments, 0)
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["kind"] == kind).collect()
}

/// The findings on steps: the step's frame, the code, the text.
fn findings(records: &[Value]) -> Vec<(u64, String, String)> {
    let of_step = |step: &&Value| -> Vec<(u64, String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let findings = step["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| (step["frame"].as_u64().unwrap(), text(&finding["code"]), text(&finding["text"])))
            .collect()
    };
    of_kind(records, "step").iter().flat_map(of_step).collect()
}

fn count(records: &[Value], code: &str) -> usize {
    findings(records).iter().filter(|finding| finding.1 == code).count()
}

fn seconds(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn frames_in(path: &Path) -> Vec<Vec<u8>> {
    let mut source = file::open(path).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = source.next_frame().unwrap() {
        frames.push(frame.data.to_vec());
    }
    frames
}

#[test]
fn an_echo_runs_over_tcp_and_udp_and_both_ip_versions() {
    for who in BOTH {
        for (options, client, server) in [
            (&[][..], "192.0.2.1", "192.0.2.2"),
            (&["-6"], "2001:db8::1", "2001:db8::2"),
            (&["--ip", "::1"], "2001:db8::1", "2001:db8::2"),
        ] {
            for protocol in ["tcp", "udp"] {
                let records = records(who, &[options, &["-t", protocol]].concat());
                assert_eq!(of_kind(&records, "capture")[0]["interface"], "client:eth0");
                let conversation = of_kind(&records, "conversation")[0];
                assert_eq!(
                    (&conversation["client"]["address"], &conversation["server"]["address"]),
                    (&client.into(), &server.into())
                );
                assert_eq!(
                    (&conversation["server"]["port"], &conversation["roles_from"]),
                    (&6542.into(), &"session".into())
                );
                assert_eq!(conversation["echo"]["matched"], 1);
                let summary = of_kind(&records, "summary")[0];
                let steps = of_kind(&records, "step");
                assert_eq!(
                    (&summary["frames"], &summary["dropped"]),
                    (&steps.len().into(), &0.into()),
                    "{who:?} {options:?} {protocol}"
                );
                assert!(protocol == "tcp" || steps.len() == 2, "{steps:?}");
                assert!(steps.iter().all(|step| step["checksum"] == "valid"));
            }
        }
    }
}

#[test]
fn auto_is_loopback_with_capture_rights_and_the_lab_without() {
    let root = run(Who::Root, &["--port", "0"]);
    assert_eq!((root.status.code(), said(&root)), (Some(0), String::new()));
    assert!(String::from_utf8_lossy(&root.stdout).contains("client 127.0.0.1"));
    let user = run(Who::User, &["--proto", "tcp"]);
    assert_eq!(user.status.code(), Some(0), "{}", said(&user));
    assert!(said(&user).contains("no right to capture on loopback (--network lab)"), "{}", said(&user));
    assert_eq!(said(&user).lines().count(), 1);
    assert!(String::from_utf8_lossy(&user.stdout).contains("client 192.0.2.1"));
    // what only the lab has is reason enough
    let root = run(Who::Root, &["--delay", "1ms"]);
    assert!(said(&root).contains("since --delay needs it (--network lab)"), "{}", said(&root));
    let root = run(Who::Root, &["--scenario", "fragments"]);
    assert!(said(&root).contains("since the scenario needs it (--network lab)"), "{}", said(&root));
    assert_eq!((root.status.code(), said(&root).lines().count()), (Some(0), 1));
}

#[test]
fn delay_jitter_and_rate_are_applied() {
    for who in BOTH {
        let handshake =
            |arguments: &[&str]| seconds(&of_kind(&records(who, arguments), "conversation")[0]["rtt"]["handshake"]);
        let delayed = handshake(&["--delay", "20ms"]);
        assert!(delayed >= 0.040, "{delayed}");
        let one_way = handshake(&["--delay", "server:20ms"]);
        assert!(one_way >= 0.020, "{one_way}");
        let jittered =
            of_kind(&records(who, &["--jitter", "40ms", "--seed", "1", "--count", "10"]), "conversation")[0].clone();
        let spread = seconds(&jittered["rtt"]["max"]) - seconds(&jittered["rtt"]["min"]);
        assert!(spread > 0.005, "{spread}");
        let slow = of_kind(&records(who, &["--rate", "1mbit", "--message-bytes", "30000"]), "conversation")[0].clone();
        // 30,000 bytes there and the first of them back
        assert!(seconds(&slow["duration"]) > 0.240, "{slow}");
    }
}

#[test]
fn every_impairment_is_marked_at_its_packet() {
    let udp = ["-t", "udp", "--no-wait", "--message", "a", "--message", "b", "--message", "c", "--message", "d"];
    for who in BOTH {
        let with = |options: &[&str], status| records_of(who, &[&udp[..], options].concat(), status);
        let lost = with(&["--loss", "client:100%", "--reads", "1", "--timeout", "50ms"], 1);
        assert_eq!((count(&lost, "wire_dropped"), of_kind(&lost, "step").len()), (4, 4));
        let doubled = with(&["--duplicate", "server:100", "--capture-at", "server"], 0);
        assert_eq!(count(&doubled, "wire_duplicated"), 4);
        // fragments of one datagram leave together, so that one overtakes another whatever the scheduler does
        let datagram = ["-t", "udp", "--message-bytes", "4000", "--capture-at", "server", "--reorder", "client:100%"];
        let overtaken = records_of(who, &datagram, 0);
        assert_eq!(count(&overtaken, "wire_reordered"), 1, "{:?}", findings(&overtaken));
        let damaged = with(&["--corrupt", "client:100%", "--reads", "1", "--timeout", "50ms"], 1);
        assert_eq!(count(&damaged, "wire_corrupted"), 4);
        let held = with(&["--wire", "delay datagram 2 of client by 30ms"], 0);
        let held: Vec<_> = findings(&held).into_iter().filter(|finding| finding.1 == "wire_delayed").collect();
        assert!(
            held.len() == 1 && held[0].2.contains("30.0 ms (the rule `delay datagram 2 of client by 30ms`)"),
            "{held:?}"
        );
    }
}

#[test]
fn fragment_events_are_reported_with_their_datagram() {
    fn with(rule: &str, options: &[&str], status: i32) -> Vec<(u64, String, String)> {
        let udp = ["--proto", "udp", "--message-bytes", "4000", "--timeout", "1s", "--wire", rule];
        findings(&records_of(Who::User, &[&udp[..], options].concat(), status))
    }
    for (number, options) in [(1, &[][..]), (2, &["--capture-at", "both"]), (3, &["-6"])] {
        let found = with(&format!("drop fragment {number}"), options, 1);
        let lost: Vec<_> = found.iter().filter(|finding| finding.1 == "wire_dropped").collect();
        assert!(
            lost.len() == 1 && lost[0].2.starts_with(&format!("A fragment (frame {number}): Dropped")),
            "{found:?}"
        );
    }
    for rule in ["duplicate fragment 3 of client", "delay fragment 1 of client by 20ms"] {
        let found = with(rule, &["--capture-at", "server"], 0);
        assert_eq!(found.iter().filter(|finding| finding.1.starts_with("wire_")).count(), 1, "{rule}: {found:?}");
    }
}

#[test]
fn tcp_recovers_from_every_link_rule() {
    for who in BOTH {
        let records = records(who, &["--wire", "drop data 1 twice; drop syn", "--wire", "swap ack 2 3"]);
        let dropped: Vec<u64> =
            findings(&records).iter().filter(|finding| finding.1 == "wire_dropped").map(|finding| finding.0).collect();
        assert!(dropped.len() == 3 && dropped[0] == 1, "{dropped:?}");
        assert_eq!(count(&records, "handshake_retried"), 1);
        assert_eq!(of_kind(&records, "conversation")[0]["echo"]["matched"], 1);
    }
}

#[test]
fn same_seed_gives_the_same_impairments() {
    // datagrams of different lengths; each gets lost or not, whatever comes after
    let lengths: Vec<String> = (1..=40).map(|length| length.to_string()).collect();
    let lost = |seed: &str| {
        let mut arguments = vec!["-t", "udp", "--no-wait", "--reads", "1", "--loss", "client:30%", "--seed", seed];
        arguments.extend(lengths.iter().flat_map(|length| ["--message-bytes", length]));
        let records = records(Who::User, &arguments);
        let dropped = |step: &&&Value| {
            step["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "wire_dropped")
        };
        let datagrams =
            of_kind(&records, "step").into_iter().filter(|step| step["protocol"] == "udp").collect::<Vec<_>>();
        datagrams.iter().filter(dropped).map(|step| step["len"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let seven = lost("7");
    assert!((4..24).contains(&seven.len()), "{seven:?}");
    assert_eq!(seven, lost("7"));
    assert_ne!(seven, lost("8"));
    // a seed of its own is told, too
    let output = run(Who::User, &["--loss", "0.001%"]);
    assert!(said(&output).contains("--seed"), "{}", said(&output));
}

#[test]
fn rule_without_a_matching_packet_is_reported() {
    let output = run(Who::User, &["--wire", "drop data 9; drop rst"]);
    assert_eq!(output.status.code(), Some(0));
    for rule in ["the rule `drop data 9` met no packet", "the rule `drop rst` met no packet"] {
        assert!(said(&output).contains(rule), "{}", said(&output));
    }
    let output = run(Who::User, &["--wire", "mark data 1"]);
    assert!(said(&output).contains("met only packets whose sender does not use ECN"));
    let output = run(Who::User, &["--wire", "mark data 1", "--sysctl", "net.ipv4.tcp_ecn=1"]);
    assert!(!said(&output).contains("the rule"), "{}", said(&output));
}

#[test]
fn hosts_and_sockets_are_configured_separately() {
    for who in BOTH {
        let syns = |arguments: &[&str]| {
            let records = records(who, arguments);
            let steps = of_kind(&records, "step");
            [steps[0].clone(), steps[1].clone()]
        };
        let [syn, syn_ack] = syns(&["--mtu", "1280", "--sysctl", "client:net.ipv4.tcp_timestamps=0"]);
        assert_eq!((&syn["options"]["mss"], &syn_ack["options"]["mss"]), (&1240.into(), &1240.into()));
        assert_eq!(syn["options"]["timestamps"], Value::Null);
        let [syn, _] = syns(&["--sysctl", "net.ipv4.tcp_sack=0", "--congestion", "reno"]);
        assert_eq!(syn["options"]["sack_permitted"], false);
        let [syn, syn_ack] = syns(&["--socket", "client:mss=500", "--socket", "server:rcvbuf=4096"]);
        assert_eq!((&syn["options"]["mss"], &syn_ack["options"]["mss"]), (&500.into(), &1460.into()));
        assert!(syn["window"].as_u64() > Some(10_000) && syn_ack["window"].as_u64() < Some(10_000), "{syn_ack}");
        // Nagle's algorithm makes the second message wait for the first one's ACK, though the program has sent it by then
        let waits = |option: &[&str]| {
            let no_wait = ["--delay", "100ms", "--no-wait", "--message", "a", "--message", "b", "--transcript"];
            let records = records(who, &[&no_wait[..], option].concat());
            let steps = of_kind(&records, "step");
            let carries = |seq: u64| {
                let first = steps
                    .iter()
                    .find(|step| step["direction"] == "client_to_server" && step["seq"] == seq && step["len"] == 1);
                seconds(&first.unwrap()["time"])
            };
            let acked = steps
                .iter()
                .find(|step| step["direction"] == "server_to_client" && step["ack"].as_u64() >= Some(2))
                .unwrap();
            let calls = of_kind(&records, "call");
            let sends: Vec<_> =
                calls.iter().filter(|call| call["side"] == "client" && call["call"] == "send").collect();
            let acked = seconds(&acked["time"]);
            seconds(&sends[1]["time"]) < acked && carries(2) >= acked
        };
        assert!(!waits(&["--socket", "nodelay", "--socket", "sndbuf=8192"]));
        // a program that is held up for a round trip between its sends has nothing that waits
        assert!((0..10).any(|_| waits(&[])));
    }
}

#[test]
fn lab_hosts_allow_restricted_congestion_controls() {
    let of_kernel =
        |kind: &str| fs::read_to_string(format!("/proc/sys/net/ipv4/tcp_{kind}_congestion_control")).unwrap();
    let (available, allowed) = (of_kernel("available"), of_kernel("allowed"));
    let restricted = available.split_whitespace().find(|name| !allowed.split_whitespace().any(|one| one == *name));
    // where the kernel restricts none, any will do
    let name = restricted.unwrap_or("reno");
    for who in BOTH {
        for side in ["", "client:", "server:"] {
            records(who, &["--congestion", &format!("{side}{name}")]);
        }
    }
    let root = run(Who::Root, &["--network", "loopback", "--port", "0", "--congestion", name]);
    assert_eq!((root.status.code(), said(&root)), (Some(0), String::new()));
}

#[test]
fn report_has_the_sends_and_the_capture_point() {
    for (scenario, wanted) in [
        ("v4", "client's data in 4 sends and 2 segments, server's in 1 send and 1 segment"),
        ("continuous", "client's data in 5 sends and 5 segments, server's in 5 sends and 5 segments"),
        ("v3", "client's data in 1 send and 1 segment, server's in 1 send and 9 segments"),
    ] {
        for transcript in [&[][..], &["--transcript"][..]] {
            let arguments = [&["--scenario", scenario, "--format", "markdown"], transcript].concat();
            let report = String::from_utf8(run(Who::User, &arguments).stdout).unwrap();
            let echo =
                report.lines().find(|line| line.starts_with("- **Echo**: ")).unwrap_or_else(|| panic!("{report}"));
            assert!(echo.ends_with(wanted), "{scenario}: {echo}");
            assert!(report.contains("- **Captured at**: the client: echolab captured its own session"), "{report}");
        }
    }
    let both = ["--message", "hello", "--capture-at", "both", "--format", "markdown"];
    let report = String::from_utf8(run(Who::User, &both).stdout).unwrap();
    for side in ["client", "server"] {
        assert!(
            report.contains(&format!("- **Captured at**: the {side}: echolab captured its own session")),
            "{report}"
        );
    }
    assert_eq!(
        report.matches("client's data in 1 send and 1 segment, server's in 1 send and 1 segment").count(),
        2,
        "{report}"
    );
    // a slow answer is told with the place too; at the server the network has no part in it
    for (side, wanted) in [
        ("client", "(captured at the client). The network's part is unknown"),
        ("server", "(captured at the server). The network has no part in it"),
    ] {
        let records = records(Who::User, &["--proto", "udp", "--read-delay", "250ms", "--capture-at", side]);
        let said =
            findings(&records).into_iter().filter(|(_, code, text)| code == "slow_server" && text.contains(wanted));
        assert_eq!(said.count(), 1, "{side}: {records:?}");
    }
}

#[test]
fn server_is_not_slow_when_its_answer_was_lost() {
    for (options, wanted) in [
        (
            &["--capture-at", "client"][..],
            "before this (the rule `drop data 1 of server twice`). Either this is the retransmitted answer",
        ),
        (&["--capture-at", "both"], " of the capture at the server). Either this is the retransmitted answer"),
    ] {
        // twice, so that it takes long even where the client's request is retransmitted in between
        let records = records(Who::User, &[&["--wire", "drop data 1 of server twice"], options].concat());
        let slow: Vec<_> = findings(&records).into_iter().filter(|(_, code, _)| code == "slow_server").collect();
        assert!(matches!(slow.as_slice(), [(_, _, text)] if text.contains(wanted)), "{options:?}: {slow:?}");
    }
}

#[test]
fn both_captures_hold_every_packet_and_name_each_other_s_frames() {
    for who in BOTH {
        let folder = open_folder();
        let path = folder.path().join("x.pcap");
        let script = "drop data 1 of client; corrupt data 1 of server; duplicate fin of client";
        let arguments = ["--capture-at", "both", "--wire", script, "--write", path.to_str().unwrap()];
        let records = records(who, &arguments);
        let captures = of_kind(&records, "capture");
        assert_eq!(
            captures.iter().map(|capture| &capture["interface"]).collect::<Vec<_>>(),
            ["client:eth0", "server:eth0"]
        );
        let second = records.iter().rposition(|record| record["kind"] == "capture").unwrap();
        let (client, server) = records.split_at(second);
        let marks = |records: &[Value]| -> Vec<(u64, String, String)> {
            findings(records).into_iter().filter(|finding| finding.1.starts_with("wire_")).collect()
        };
        let (at_client, at_server) = (marks(client), marks(server));
        let codes = |marks: &[(u64, String, String)]| marks.iter().map(|mark| mark.1.clone()).collect::<Vec<_>>();
        assert_eq!(codes(&at_client), ["wire_dropped", "wire_corrupted", "wire_duplicated"]);
        assert_eq!(codes(&at_server), ["wire_corrupted", "wire_duplicated"]);
        let names = |mark: &(u64, String, String), host: &str, frame: u64| {
            mark.2.contains(&format!("frame {frame} of the capture at the {host}"))
        };
        assert!(names(&at_client[1], "server", at_server[0].0) && names(&at_server[0], "client", at_client[1].0));
        assert!(names(&at_server[1], "client", at_client[2].0), "{at_server:?}");

        let at = |host: &str| frames_in(&folder.path().join(format!("x-{host}.pcap")));
        let files = [at("client"), at("server")];
        assert_eq!(
            fs::metadata(folder.path().join("x-client.pcap")).unwrap().uid(),
            if who == Who::User { USER } else { 0 }
        );
        // one lost, one doubled
        let total = |records: &[Value]| of_kind(records, "summary")[0]["frames"].as_u64().unwrap() as usize;
        assert_eq!([files[0].len(), files[1].len()], [total(client), total(server)]);
        assert_eq!(files[0].len(), files[1].len());
        let lost = &files[0][at_client[0].0 as usize - 1];
        assert!(!files[1].contains(lost), "what was lost is not at the server");
        let sent = &files[1][at_server[0].0 as usize - 1];
        let received = &files[0][at_client[1].0 as usize - 1];
        let changed: Vec<usize> = (0..sent.len()).filter(|at| sent[*at] != received[*at]).collect();
        assert_eq!(changed.len(), 1);
        assert!(at_client[1].2.contains(&format!("byte {} of the frame", changed[0])), "{:?}", at_client[1]);
    }
}

#[test]
fn busy_link_drops_only_what_its_rules_name() {
    for who in BOTH {
        let arguments = ["--capture-at", "both", "--message-bytes", "2000000", "--count", "3"];
        let records = records(who, &arguments);
        let summaries = of_kind(&records, "summary");
        assert_eq!(summaries.len(), 2);
        assert!(summaries.iter().all(|summary| summary["dropped"] == 0));
        let packets =
            of_kind(&records, "conversation").iter().map(|record| record["packets"].clone()).collect::<Vec<_>>();
        assert_eq!(packets[0], packets[1], "each host sees what the other sends");
        // on a machine that is held up TCP may send some of it again, so what is new is counted: the last ACK covers it
        let steps = of_kind(&records, "step");
        let acked =
            steps.iter().filter(|step| step["direction"] == "client_to_server").filter_map(|step| step["ack"].as_u64());
        assert_eq!(acked.max(), Some(1 + 6_000_000 + 1), "all bytes and the FIN are acknowledged");
    }
}

#[test]
fn impossible_requests_are_reported_before_anything_starts() {
    for (arguments, part) in [
        (&["--network", "loopback", "--sysctl", "client:net.ipv4.tcp_sack=0"][..], "--sysctl would change this host"),
        (&["--network", "loopback", "--delay", "5ms"], "--delay needs the private network"),
        (&["--network", "loopback", "--wire", "drop syn"], "--wire needs the private network"),
        (&["--network", "loopback", "--capture-at", "both"], "--capture-at needs the private network"),
        (&["--network", "lab", "-i", "any"], "--interface is for loopback"),
        (&["--network", "lab", "--ip", "10.0.0.1"], "192.0.2.2 and 2001:db8::2"),
        (&["-i", "any", "--loss", "1%"], "--loss needs the private network and --interface this host's loopback"),
        (&["--network", "moon"], "--network"),
        (&["--ip", "::1", "-6"], "cannot be used with"),
        (&["--loss", "101%"], "write a share from 0 to 100"),
        (&["--rate", "10"], "kbit"),
        (&["--delay", "soon"], "--delay"),
        (&["--mtu", "576"], "1280"),
        (&["--wire", "drop dat 1"], "use one of syn"),
        (&["--sysctl", "client:kernel.panic=1"], "belongs to the whole system"),
        (&["--sysctl", "net.ipv4.no_such_thing=1"], "no such setting"),
        (&["--socket", "linger"], "nodelay, sndbuf=BYTES"),
        (&["--socket", "nodelay", "-t", "udp"], "nodelay needs TCP"),
        (&["--congestion", "nosuch", "--network", "lab"], "tcp_allowed_congestion_control"),
        (&["--capture-at", "both", "--write", "-"], "two captures"),
        (&["--scenario", "nagle", "--socket", "nodelay"], "the scenario nagle sets its sockets itself"),
        (&["--scenario", "udp-echo", "--congestion", "reno"], "needs TCP"),
    ] {
        let output = run(Who::User, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(said(&output).contains(part), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn forbidden_user_namespaces_are_named_with_every_alternative() {
    // the limit is that of a user namespace of its own: the machine's stays as it is
    let script = format!(
        "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all '{}' session \"$@\"",
        program().display()
    );
    let forbidden = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups", "unshare", "-rU"]);
        let output = command.args(["sh", "-c", &script, "sh"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        // what the system said is explained, and what it forbids is no way out
        assert!(!said(&output).contains("ENOSPC") && !said(&output).contains("unshare"), "{}", said(&output));
        said(&output)
    };
    for network in ["auto", "lab"] {
        let said = forbidden(&["--network", network]);
        for part in [
            "user.max_user_namespaces is 0",
            "sudo sysctl user.max_user_namespaces=",
            "sudo \"$(command -v echolab)\"",
            "setcap cap_net_raw=ep",
        ] {
            assert!(said.contains(part), "{network}: {part:?} is not in {said}");
        }
    }
    for only_lab in [["--scenario", "tail-loss"], ["--delay", "1ms"]] {
        let said = forbidden(&only_lab);
        assert!(said.contains("user.max_user_namespaces is 0") && !said.contains("loopback"), "{said}");
    }
}

#[test]
fn forbidden_network_namespaces_are_named() {
    // set in a user namespace around that of the session, whose own limit forbids nothing
    let script = format!(
        "echo 0 > /proc/sys/user/max_net_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all '{}' session",
        program().display()
    );
    let ids = |option: &str, who: &str| format!("--{option}{who}={USER}");
    let mut command = Command::new("setpriv");
    command.args([&ids("re", "uid"), &ids("re", "gid"), "--clear-groups", "unshare", "--user", "--keep-caps"]);
    let output = command.args([&ids("map-", "user"), &ids("map-", "group"), "sh", "-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for part in ["user.max_net_namespaces is 0", "sudo sysctl user.max_net_namespaces=", "setcap cap_net_raw=ep"] {
        assert!(said(&output).contains(part), "{part:?} is not in {}", said(&output));
    }
}

/// A session whose server sleeps over the request.
struct Paused {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Paused {
    fn start(command: &mut Command) -> Self {
        let arguments =
            ["--network", "lab", "--format", "lines", "--read-delay", "10m", "--timeout", "10m", "--verbose"];
        let mut child = command.args(arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("server: connection 1 from 192.0.2.1"), "the client is at work: {line}");
        Self { child, stderr }
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// The lines of every thread's status that begin so.
    fn status(&self, key: &str) -> Vec<String> {
        let of_task = |task: fs::DirEntry| -> Option<String> {
            // a thread may end meanwhile
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            Some(status.lines().find_map(|line| line.strip_prefix(key))?.trim().to_owned())
        };
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks.filter_map(|task| of_task(task.ok()?)).collect()
    }

    /// The network namespaces of its threads.
    fn networks(&self) -> Vec<PathBuf> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let mut all: Vec<_> = tasks.map(|task| fs::read_link(task.unwrap().path().join("ns/net")).unwrap()).collect();
        all.sort();
        all.dedup();
        all
    }
}

#[test]
fn ctrl_c_ends_a_session_cleanly() {
    for who in BOTH {
        let folder = open_folder();
        let path = folder.path().join("x.pcapng");
        let mut paused = Paused::start(&mut session(who, &["-w", path.to_str().unwrap()]));
        paused.send(Signal::SIGINT);
        let (mut report, mut said) = (String::new(), String::new());
        paused.child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
        paused.stderr.read_to_string(&mut said).unwrap();
        assert_eq!(paused.child.wait().unwrap().code(), Some(1), "{said}");
        assert!(said.contains("stopped before the end"), "{said}");
        assert!(report.contains("[S]") && report.contains("[S.]"), "{report}");
        assert_eq!(frames_in(&path).len(), report.lines().filter(|line| line.contains(" > ")).count(), "{report}");
    }
}

/// Everything of the host that a network could be left in.
fn host() -> Vec<String> {
    let files = ["/proc/net/route", "/proc/net/ipv6_route", "/proc/net/if_inet6"];
    let mut state: Vec<_> = files.map(|file| fs::read_to_string(file).unwrap_or_default()).into();
    // the use counts of routes change by themselves
    state[1] = state[1].lines().map(|line| line.split_whitespace().take(6).collect::<Vec<_>>().join(" ")).collect();
    let names = |folder: &str| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        format!("{names:?}")
    };
    state.push(names("/sys/class/net"));
    for setting in ["tcp_sack", "tcp_timestamps", "tcp_orphan_retries", "ip_forward", "tcp_congestion_control"] {
        state.push(fs::read_to_string(format!("/proc/sys/net/ipv4/{setting}")).unwrap());
    }
    state
}

#[test]
fn a_killed_session_leaves_nothing() {
    for who in BOTH {
        let before = host();
        let settings =
            ["--sysctl", "net.ipv4.tcp_sack=0", "--sysctl", "net.ipv4.tcp_orphan_retries=1", "--delay", "1ms"];
        let mut paused = Paused::start(&mut session(who, &settings));
        let pid = paused.child.id();
        let networks = paused.networks();
        assert!(networks.len() >= 3, "the host's, the client's and the server's: {networks:?}");
        assert_eq!(host(), before, "while it runs");
        paused.send(Signal::SIGKILL);
        paused.child.wait().unwrap();
        assert_eq!(host(), before, "when it was killed");
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        let of_others = |entry: fs::DirEntry| fs::read_link(entry.path().join("ns/net")).ok();
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        let alive: Vec<_> = fs::read_dir("/proc").unwrap().filter_map(|entry| of_others(entry.unwrap())).collect();
        let left: Vec<_> = networks.iter().filter(|network| **network != own && alive.contains(network)).collect();
        assert!(left.is_empty(), "somebody lives on in {left:?}");
    }
}

#[test]
fn a_session_that_ends_leaves_nothing() {
    let before = host();
    for who in BOTH {
        records(who, &["--sysctl", "net.ipv4.tcp_timestamps=0", "--mtu", "9000"]);
    }
    assert_eq!(host(), before);
}

#[test]
fn no_thread_keeps_a_capability_or_root() {
    let sudo = [("SUDO_UID", "12345"), ("SUDO_GID", "12345")];
    let folder = open_folder();
    let file = folder.path().join("x.pcap").display().to_string();
    let to_file = ["--write", &file];
    for (who, environment, arguments, user) in [
        (Who::Root, &sudo[..0], &[][..], "65534"),
        (Who::Root, &sudo[..0], &to_file[..], "0"),
        (Who::Root, &sudo, &[], "12345"),
        (Who::User, &sudo[..0], &[], "12345"),
    ] {
        let mut command = session(who, &[&["--capture-at", "client"], arguments].concat());
        let mut paused = Paused::start(command.envs(environment.iter().copied()));
        for key in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            let capabilities = paused.status(key);
            assert!(capabilities.len() >= 7, "a capture, two hosts, the wire, the programs: {capabilities:?}");
            assert!(capabilities.iter().all(|set| set == "0000000000000000"), "{who:?} {key} {capabilities:?}");
        }
        assert!(paused.status("NoNewPrivs:").iter().all(|bar| bar == "1"), "{who:?}");
        let ids = [user; 4].join("\t");
        assert!(paused.status("Uid:").iter().all(|id| *id == ids), "{:?}", paused.status("Uid:"));
        paused.send(Signal::SIGINT);
        paused.child.wait().unwrap();
    }
}

#[test]
fn root_stays_root_where_only_root_may_make_temporary_files() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut paused = Paused::start(session(Who::Root, &[]).env("TMPDIR", folder.path()));
    assert!(paused.status("Uid:").iter().all(|id| id == "0\t0\t0\t0"), "{:?}", paused.status("Uid:"));
    paused.send(Signal::SIGINT);
    paused.child.wait().unwrap();
}
