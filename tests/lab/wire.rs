//! The end of the link, and of its process.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use echolab::lab::Faults;

use crate::sniffer::{arrived, connect, datagrams, echo, lab_of, options, start};
use crate::{ALL, CASE, Case};

pub(crate) const CASES: &[Case] = &[
    ("a_stopped_wire_delivers_what_is_under_way", ALL, a_stopped_wire_delivers_what_is_under_way),
    ("a_stopped_wire_does_not_wait_for_what_is_late", ALL, a_stopped_wire_does_not_wait_for_what_is_late),
    ("what_comes_too_fast_is_counted", ALL, what_comes_too_fast_is_counted),
    ("an_idle_wire_uses_no_time", ALL, an_idle_wire_uses_no_time),
    ("a_killed_lab_leaves_nothing", ALL, a_killed_lab_leaves_nothing),
    ("hang", &[], hang),
];

fn a_stopped_wire_delivers_what_is_under_way() {
    let mut lab = lab_of(Faults { delay: Duration::from_millis(50), ..Faults::default() });
    let (client, server) = datagrams(&lab);
    (0..200_u8).for_each(|number| assert_eq!(client.send(&[number]).unwrap(), 1));
    let log = lab.wire.stop().unwrap();
    assert_eq!(arrived(&server), (0..200).collect::<Vec<u8>>());
    assert_eq!(log.totals.client_to_server.delivered, 200);
    assert!(log.events.is_empty());
    // a second stop changes nothing
    assert_eq!(lab.wire.stop().unwrap(), log);
}

fn a_stopped_wire_does_not_wait_for_what_is_late() {
    let mut lab = lab_of(Faults { delay: Duration::from_secs(3600), ..Faults::default() });
    let (client, _server) = datagrams(&lab);
    client.send(b"late").unwrap();
    let log = lab.wire.stop().unwrap();
    assert_eq!((log.totals.client_to_server.dropped, log.totals.client_to_server.delivered), (1, 0));
}

fn what_comes_too_fast_is_counted() {
    const COUNT: u64 = 50_000;
    let mut lab = start(&options());
    let (client, _server) = datagrams(&lab);
    (0..COUNT).for_each(|_| assert_eq!(client.send(&[0; 10]).unwrap(), 10));
    let totals = lab.wire.stop().unwrap().totals.client_to_server;
    assert_eq!(totals.sent + totals.missed, COUNT, "{totals:?}");
    assert_eq!(totals.delivered, totals.sent);
}

fn an_idle_wire_uses_no_time() {
    // user and system time in ticks of 10 ms: the 14th and 15th value of proc_pid_stat(5), the 12th and 13th after the name
    let used = || -> u64 {
        let text = fs::read_to_string("/proc/self/stat").unwrap();
        let (_, values) = text.rsplit_once(") ").unwrap();
        values.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    };
    // something under way for long is waited for without looking at the clock all the time
    let lab = lab_of(Faults { delay: Duration::from_secs(60), ..Faults::default() });
    let (client, _server) = datagrams(&lab);
    client.send(b"late").unwrap();
    let before = used();
    std::thread::sleep(Duration::from_millis(500));
    assert!(used() - before <= 2, "{} of 50 ticks", used() - before);
}

/// Builds a lab, says so, and waits to be killed in the middle of a conversation.
fn hang() {
    let mut options = options();
    options.sysctls.client_to_server = vec!["net.ipv4.tcp_sack=0".parse().unwrap()];
    let lab = start(&options);
    let (mut client, mut server) = connect(&lab);
    echo(&mut client, &mut server, b"Hello, world");
    println!("ready");
    std::io::stdout().flush().unwrap();
    std::thread::sleep(Duration::from_secs(50));
}

/// All that a lab could leave to the machine: devices, named namespaces, routes, addresses, settings.
fn machine() -> BTreeSet<String> {
    let ip = |arguments: &[&str]| {
        let output = Command::new("ip").args(arguments).output().expect("the program ip");
        assert!(output.status.success(), "ip {arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut facts = BTreeSet::new();
    for arguments in
        [&["-o", "link"][..], &["-o", "address"], &["route", "show", "table", "all"], &["netns"], &["-6", "route"]]
    {
        // life times count down
        let text = ip(arguments);
        facts.extend(text.lines().map(|line| line.split(" valid_lft").next().unwrap().to_owned()));
    }
    settings(Path::new("/proc/sys/net"), &mut facts);
    facts
}

fn settings(folder: &Path, facts: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            settings(&path, facts);
        } else if path.ends_with("nf_conntrack_count") {
            // no setting: it counts what goes on
        } else if let Ok(text) = fs::read_to_string(&path) {
            facts.insert(format!("{}={}", path.display(), text.trim()));
        }
    }
}

fn a_killed_lab_leaves_nothing() {
    let before = machine();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CASE, "hang")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the lab to be killed");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let namespaces: BTreeSet<_> = fs::read_dir(format!("/proc/{}/task", child.id()))
        .unwrap()
        .flatten()
        .filter_map(|task| fs::read_link(task.path().join("ns/net")).ok())
        .collect();
    assert_eq!(namespaces.len(), 3, "the lab has two namespaces beside the machine's");
    // while it runs nothing is changed either
    assert_eq!(machine().difference(&before).cloned().collect::<Vec<_>>(), Vec::<String>::new());
    child.kill().unwrap();
    child.wait().unwrap();
    let after = machine();
    assert_eq!(before.symmetric_difference(&after).cloned().collect::<Vec<_>>(), Vec::<String>::new());
    for other in namespaces {
        let holders = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|process| fs::read_link(process.path().join("ns/net")).is_ok_and(|namespace| namespace == other));
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        assert!(other == own || holders.count() == 0, "{other:?} lives on");
    }
}
