//! Reports checked by other programs: an HTML validator, Mermaid's own parser, pdfLaTeX. `./setup tests` installs them;
//! the tests fail without.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something else than it expects is to panic"
)]

#[path = "../hostile/mod.rs"]
mod hostile;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SETUP: &str = "is not there: ./setup tests installs it";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A package of package.json.
fn package(path: &str) -> PathBuf {
    let path = project().join("tests/validators/node_modules").join(path);
    assert!(path.exists(), "{} {SETUP}", path.display());
    path
}

/// Expects success, or tells all that was said.
fn succeeds(command: &mut Command) -> String {
    let ran =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; ./setup tests installs what is missing"));
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

/// Files with this ending in these folders of the project.
fn files(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(project().join(folder)).expect("a folder"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = paths.filter(|path| path.extension() == Some(OsStr::new(extension))).collect();
    found.sort();
    found
}

/// Reports in one format: those blessed, those of every capture, of a hostile one, of a summary and of two captures.
struct Reports {
    folder: TempDir,
    format: &'static str,
    files: Vec<PathBuf>,
}

impl Reports {
    fn of(format: &'static str, extension: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(&["tests/golden"], extension);
        assert!(!files.is_empty(), "no {extension} in tests/golden");
        let mut reports = Self { folder, format, files };
        let captures = self::files(&["fixtures", "fixtures/kernel"], "pcap");
        assert!(captures.len() > 50, "{captures:?}");
        for (number, capture) in captures.iter().enumerate() {
            reports.add(&format!("{number}.{extension}"), &[capture.as_os_str()]);
        }
        let hostile = hostile::write_to(reports.folder.path());
        let several = project().join("fixtures/lab-v3.pcap");
        reports.add(&format!("hostile.{extension}"), &[hostile.as_os_str()]);
        reports.add(&format!("several.{extension}"), &[hostile.as_os_str(), several.as_os_str()]);
        reports.add(&format!("summary.{extension}"), &[OsStr::new("--summary"), hostile.as_os_str()]);
        reports.add(&format!("ascii.{extension}"), &[OsStr::new("--ascii"), hostile.as_os_str()]);
        reports
    }

    fn add(&mut self, name: &str, arguments: &[&OsStr]) {
        let file = self.folder.path().join(name);
        let ran = assert_cmd::cargo::cargo_bin_cmd!("echolab")
            .args(["analyze", "--utc", "--format", self.format, "--output"])
            .arg(&file)
            .args(arguments)
            .output()
            .expect("echolab starts");
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        self.files.push(file);
    }
}

#[test]
fn pages_are_valid_html() {
    let reports = Reports::of("html", "html");
    let told = reports.folder.path().join("told.json");
    let ran = Command::new("node")
        .arg(package("html-validate/bin/html-validate.mjs"))
        .arg("--config")
        .arg(project().join("tests/validators/html.json"))
        .args(["--formatter", &format!("json={}", told.display())])
        .args(&reports.files)
        .output()
        .unwrap_or_else(|error| panic!("node: {error}: ./setup tests installs it"));
    let told = fs::read_to_string(&told).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let of_page = |page: &serde_json::Value| {
        let messages = page["messages"].as_array().expect("a list").iter();
        messages.map(|one| format!("{}:{}: {}\n", page["filePath"], one["line"], one["message"])).collect::<String>()
    };
    let wrong: String = told.as_array().expect("a list").iter().map(of_page).collect();
    assert!(wrong.is_empty(), "{wrong}");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn diagrams_are_drawn_by_mermaid() {
    let reports = [Reports::of("mermaid", "md"), Reports::of("markdown", "md")];
    let said = succeeds(
        Command::new("python3")
            .arg(project().join("tests/validators/mermaid.py"))
            .arg(package("@mermaid-js/tiny/dist/mermaid.tiny.js"))
            .args(reports.iter().flat_map(|reports| &reports.files)),
    );
    let drawn = said.split(' ').next().and_then(|count| count.parse::<usize>().ok()).expect("a count");
    assert!(drawn > 150, "{said}");
}

#[test]
fn latex_documents_compile() {
    let reports = Reports::of("latex", "tex");
    for report in &reports.files {
        let said = succeeds(
            Command::new("pdflatex")
                .args(["-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", "-draftmode"])
                .arg("-output-directory")
                .arg(reports.folder.path())
                .arg(report),
        );
        assert!(!said.contains("Missing character"), "{}: {said}", report.display());
    }
}
