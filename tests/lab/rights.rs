//! Whom the system lets make a network, and what the others are told.

use std::fs;
use std::os::unix::fs::MetadataExt;

use caps::{CapSet, Capability};
use echolab::lab::{DeviceKind, Lab, LabOptions, Rights, obtain_rights};
use nix::unistd::{Uid, getegid, geteuid, setresuid};

use crate::sniffer::{connect, echo, start};
use crate::{ALL, Case, ROOT, USER};

pub(crate) const CASES: &[Case] = &[
    ("root_needs_no_user_namespace", ROOT, root_needs_no_user_namespace),
    ("a_user_gets_a_user_namespace_and_stays_who_they_are", USER, a_user_stays_who_they_are),
    ("a_lab_goes_on_when_root_is_given_up", ROOT, a_lab_goes_on_when_root_is_given_up),
    ("a_lab_goes_on_without_capabilities", ALL, a_lab_goes_on_without_capabilities),
    ("without_rights_the_error_says_what_lacks", USER, without_rights_the_error_says_what_lacks),
    ("a_forbidden_user_namespace_is_named", USER, a_forbidden_user_namespace_is_named),
    ("a_forbidden_network_namespace_is_named", USER, a_forbidden_network_namespace_is_named),
    ("rights_asked_for_too_late_are_a_fault_of_the_program", USER, rights_asked_for_too_late),
    ("rights_can_be_asked_for_twice", ALL, rights_can_be_asked_for_twice),
];

fn root_needs_no_user_namespace() {
    let namespace = fs::read_link("/proc/self/ns/user").unwrap();
    assert_eq!(obtain_rights().unwrap(), Rights::Capabilities);
    assert_eq!(fs::read_link("/proc/self/ns/user").unwrap(), namespace);
    assert_eq!(Lab::start(&LabOptions::default()).unwrap().device(), DeviceKind::available());
}

fn a_user_stays_who_they_are() {
    let (user, group) = (geteuid(), getegid());
    assert!(!user.is_root());
    assert_eq!(obtain_rights().unwrap(), Rights::UserNamespace);
    assert_eq!((geteuid(), getegid()), (user, group));
    let file = tempfile::NamedTempFile::new().unwrap();
    let owner = file.as_file().metadata().unwrap();
    assert_eq!((owner.uid(), owner.gid()), (user.as_raw(), group.as_raw()));
    let lab = Lab::start(&LabOptions::default()).unwrap();
    // ports below 1024 are the host's own
    let (mut client, mut server) = connect(&lab);
    echo(&mut client, &mut server, b"Hello, world");
}

fn a_lab_goes_on_when_root_is_given_up() {
    let mut lab = start(&LabOptions::default());
    let nobody = Uid::from_raw(65_534);
    setresuid(nobody, nobody, nobody).unwrap();
    assert_eq!(caps::read(None, CapSet::Effective).unwrap().len(), 0);
    let address = (lab.server.addresses().ipv4, 7007);
    let listener = lab.server.run(move || std::net::TcpListener::bind(address)).unwrap().unwrap();
    let mut client = lab.client.run(move || std::net::TcpStream::connect(address)).unwrap().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    echo(&mut client, &mut server, b"Hello, world");
    assert!(lab.wire.stop().unwrap().totals.client_to_server.delivered > 0);
}

fn a_lab_goes_on_without_capabilities() {
    let mut lab = start(&LabOptions::default());
    lab.give_up_capabilities().unwrap();
    for clear in [CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, clear).unwrap();
    }
    let address = (lab.server.addresses().ipv4, 7007);
    let listener = lab.server.run(move || std::net::TcpListener::bind(address)).unwrap().unwrap();
    let mut client = lab.client.run(move || std::net::TcpStream::connect(address)).unwrap().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    echo(&mut client, &mut server, b"Hello, world");
    for thread in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let status = fs::read_to_string(thread.path().join("status")).unwrap();
        for set in ["CapEff:", "CapPrm:"] {
            let line = status.lines().find(|line| line.starts_with(set)).unwrap();
            assert!(line.ends_with("\t0000000000000000"), "{thread:?}: {line}");
        }
    }
    assert_eq!(lab.wire.stop().unwrap().totals.server_to_client.missed, 0);
}

/// The error that the process gets when it tries.
fn told(outcome: anyhow::Result<impl std::fmt::Debug>) -> String {
    format!("{:#}", outcome.expect_err("a refusal"))
}

fn without_rights_the_error_says_what_lacks() {
    let error = told(Lab::start(&LabOptions::default()));
    assert!(error.contains("does not let you make a network") && error.contains("CAP_SYS_ADMIN"), "{error}");
}

/// Enters a user namespace whose own limit `name` is set to 0: the machine's limits stay as they are.
fn forbid(name: &str) {
    obtain_rights().unwrap();
    fs::write(format!("/proc/sys/user/{name}"), "0").unwrap();
}

fn a_forbidden_user_namespace_is_named() {
    forbid("max_user_namespaces");
    caps::drop(None, CapSet::Effective, Capability::CAP_SYS_ADMIN).unwrap();
    let error = told(obtain_rights());
    assert!(error.contains("user.max_user_namespaces is 0"), "{error}");
    assert!(error.contains("sudo sysctl user.max_user_namespaces="), "{error}");
}

fn a_forbidden_network_namespace_is_named() {
    forbid("max_net_namespaces");
    let error = told(Lab::start(&LabOptions::default()));
    assert!(error.contains("user.max_net_namespaces is 0"), "{error}");
}

fn rights_asked_for_too_late() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv());
    let error = told(obtain_rights());
    assert!(error.contains("threads"), "{error}");
    drop(sender);
    let _ = thread.join().unwrap();
}

fn rights_can_be_asked_for_twice() {
    obtain_rights().unwrap();
    assert_eq!(obtain_rights().unwrap(), Rights::Capabilities);
}
