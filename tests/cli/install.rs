//! Completions and manual pages, installed by the program itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::run::{Run, echolab};

/// Each shell, and where it looks for the completions of a user whose folders are the usual ones.
const SHELLS: &[(&str, &str)] = &[
    ("bash", ".local/share/bash-completion/completions/echolab"),
    ("zsh", ".local/share/zsh/site-functions/_echolab"),
    ("fish", ".config/fish/completions/echolab.fish"),
];

/// `echolab ARGUMENTS` of a user with this home.
fn at_home(home: &Path, arguments: &[&str]) -> Run {
    echolab(arguments.iter().copied()).env("HOME", home.to_str().unwrap())
}

#[test]
fn completions_go_where_the_shell_looks() {
    let home = tempfile::tempdir().unwrap();
    for (shell, place) in SHELLS {
        let path = home.path().join(place);
        let ran = at_home(home.path(), &["completions", shell, "--install"]).run().exits(0);
        assert_eq!(ran.stdout, format!("wrote {}\n", path.display()));
        assert_eq!(ran.stderr.contains("fpath=("), *shell == "zsh", "{}", ran.stderr);
        assert_eq!(fs::read_to_string(&path).unwrap(), echolab(["completions", shell]).done());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o111, 0);
    }
}

#[test]
fn shell_is_the_users_and_folders_follow_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let [data, config] = ["data", "config"].map(|name| home.path().join(name).to_str().unwrap().to_owned());
    for (shell, place) in [
        ("/bin/bash", "data/bash-completion/completions/echolab"),
        ("/usr/bin/zsh", "data/zsh/site-functions/_echolab"),
        ("/usr/bin/fish", "config/fish/completions/echolab.fish"),
    ] {
        let run = at_home(home.path(), &["completions", "--install"]);
        run.env("SHELL", shell).env("XDG_DATA_HOME", &data).env("XDG_CONFIG_HOME", &config).run().exits(0);
        assert!(home.path().join(place).exists(), "{place}");
    }
    at_home(home.path(), &["completions"]).run().exits(2).complains(&["$SHELL names no shell that is known here"]);
    echolab(["completions", "bash", "--install"]).run().exits(2).complains(&["neither XDG_DATA_HOME nor HOME"]);
    let ran = at_home(home.path(), &["completions", "elvish", "--install"]).run().exits(2);
    ran.complains(&["elvish has no folder for completions: echolab completions elvish prints them"]);
}

#[test]
fn existing_files_are_kept_unless_forced() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(SHELLS[0].1);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "mine").unwrap();
    let install = ["completions", "bash", "--install"];
    at_home(home.path(), &install).run().exits(2).complains(&["exists already; --force overwrites it"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    at_home(home.path(), &[&install[..], &["--force"]].concat()).done();
    assert_ne!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn each_subcommand_gets_a_page_and_none_if_one_exists() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    let install = ["man", "--install", pages.to_str().unwrap()];
    let said = echolab(install).done();
    let names: Vec<_> = said.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    let has = |name: &str| names.contains(&name);
    assert!(
        has("echolab.1") && has("echolab-session.1") && has("echolab-analyze.1") && !has("echolab-help.1"),
        "{said}"
    );
    assert_eq!(names.len(), fs::read_dir(&pages).unwrap().count());
    assert!(said.lines().all(|line| line.starts_with(&format!("wrote {}/", pages.display()))), "{said}");
    for name in &names {
        let page = fs::read_to_string(pages.join(name)).unwrap();
        let title = name.trim_end_matches(".1");
        assert!(page.contains(&format!(".TH {title} 1")), "{name}");
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let session = pages.join("echolab-session.1");
    assert_eq!(fs::read_to_string(&session).unwrap(), echolab(["man", "session"]).done());

    fs::remove_file(pages.join("echolab.1")).unwrap();
    echolab(install).run().exits(2).complains(&["exists already; --force overwrites it"]);
    assert!(!pages.join("echolab.1").exists());
    echolab(install.into_iter().chain(["--force"])).done();
    assert!(pages.join("echolab.1").exists());
    echolab(["man", "--force"]).run().exits(2);
}

#[test]
fn installed_shells_accept_the_completions() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("echolab");
    fs::write(&script, echolab(["completions", "bash"]).done()).unwrap();
    // bash itself is needed by many tests
    let ask = format!(
        ". '{}'; COMP_WORDS=(echolab ses); COMP_CWORD=1; _echolab echolab ses echolab; echo \"${{COMPREPLY[*]}}\"",
        script.display()
    );
    let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "session\n");
}
