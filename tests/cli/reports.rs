//! Whole reports: a folder of them, the page, the annotated capture.

use std::fs;
use std::process::{Command, Stdio};

use crate::hostile;
use crate::run::echolab;

const TEN_STEPS: &str = "fixtures/lab-echo-ten-steps.pcap";

#[test]
fn a_folder_of_reports_holds_what_each_format_writes_and_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("new/echo");
    let report = folder.to_str().expect("a name in UTF-8");
    let table = echolab(["analyze", TEN_STEPS, "--utc", "--report", report]).done();
    assert_eq!(table, echolab(["analyze", TEN_STEPS, "--utc"]).done());
    for (file, format) in
        [("report.md", "markdown"), ("report.html", "html"), ("ladder.svg", "svg"), ("graphs.svg", "graphs")]
    {
        let written = fs::read_to_string(folder.join(file)).expect("a report");
        let alone = echolab(["analyze", TEN_STEPS, "--utc", "--format", format]).done();
        let links = "![Ladder](ladder.svg)\n\n![Graphs](graphs.svg)\n\n";
        let alone = if format == "markdown" { alone + links } else { alone };
        // but for the command that each says it was made with
        assert!(written == alone.replace(&format!("--format {format}"), &format!("--report {report}")), "{file}");
    }
    let again = ["analyze", "fixtures/lab-v0.pcap", "--report", report];
    echolab(again).run().exits(2).complains(&["report.md exists already", "--force"]);
    let unchanged = fs::read_to_string(folder.join("report.md")).expect("a report");
    assert!(unchanged.contains("lab-echo-ten-steps"), "{unchanged}");
    echolab([&again[..], &["--force"]].concat()).done();
    let changed = fs::read_to_string(folder.join("report.md")).expect("a report");
    assert!(changed.contains("lab-v0"), "{changed}");
    let file = folder.join("report.md");
    let file = file.to_str().expect("a name in UTF-8");
    echolab(["analyze", TEN_STEPS, "--report", file, "--force"]).run().exits(2).complains(&["is no folder"]);
}

#[test]
fn closed_standard_output_leaves_whole_reports_and_a_failure_leaves_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = "fixtures/kernel/loss_fast.pcap";
    let at = |name: &str| folder.path().join(name);
    let names = |name: &str| {
        let mut names: Vec<_> =
            fs::read_dir(at(name)).expect("a folder").map(|file| file.expect("it").file_name()).collect();
        names.sort();
        names
    };
    let report = |name: &str, capture: &str, stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_echolab"));
        command.args(["analyze", capture, "--answers", "--report"]).arg(at(name)).stdout(stdout);
        command.output().expect("it runs")
    };
    assert_eq!(report("whole", capture, Stdio::null()).status.code(), Some(0));
    // a pipe whose reader has gone away
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let gone = report("gone", capture, writer.into());
    assert_eq!((gone.status.code(), gone.stderr), (Some(0), Vec::new()));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let full = report("full", capture, full.into());
    let complaint = String::from_utf8_lossy(&full.stderr);
    assert!(full.status.code() == Some(2) && complaint.contains("standard output"), "{complaint}");
    assert_eq!(names("whole"), ["graphs.svg", "ladder.svg", "report.html", "report.md"]);
    for lost in ["gone", "full"] {
        assert_eq!(names(lost), names("whole"));
        for name in names("whole") {
            let bytes = fs::metadata(at(lost).join(&name)).expect("a report").len();
            // each names the command, and so its own folder, of as many letters as `whole` but one
            let whole = fs::metadata(at("whole").join(&name)).expect("a report").len();
            assert!(bytes.abs_diff(whole) < 16, "{lost} {name:?}: {bytes} of {whole}");
        }
    }
    // a capture that is none makes no report, and the next one needs no --force
    fs::write(at("junk"), "no capture at all, whatever its name says").expect("written");
    let junk = at("junk");
    assert_eq!(report("junked", junk.to_str().expect("UTF-8"), Stdio::null()).status.code(), Some(2));
    assert!(names("junked").is_empty(), "{:?}", names("junked"));
    assert_eq!(report("junked", capture, Stdio::null()).status.code(), Some(0));
    assert_eq!(names("junked"), names("whole"));
}

#[test]
fn drawing_in_a_report_folder_is_always_folded() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().to_str().expect("a name in UTF-8");
    echolab(["analyze", "fixtures/kernel/zerowin.pcap", "--limit", "0", "--report", report]).done();
    let drawing = fs::read_to_string(folder.path().join("ladder.svg")).expect("a drawing");
    assert!(drawing.contains("93 steps of 112 are folded (--format ladder --limit 0 shows all)"), "{drawing}");
}

#[test]
fn no_report_overwrites_its_capture_or_another_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = |file: &str| folder.path().join(file).to_str().expect("a name in UTF-8").to_owned();
    let report = name("");
    let bytes = fs::read(TEN_STEPS).expect("a capture");
    // a capture that bears a report's name, also by another name of the same file
    fs::write(name("report.html"), &bytes).expect("a copy");
    fs::hard_link(name("report.html"), name("linked.pcap")).expect("a link");
    std::os::unix::fs::symlink(name("report.html"), name("symbolic.pcap")).expect("a link");
    for capture in ["report.html", "linked.pcap", "symbolic.pcap"] {
        for arguments in [&["--report", &report][..], &["--output", &name("report.html")]] {
            let capture = name(capture);
            let arguments = [&["analyze", &capture, "--force"], arguments].concat();
            echolab(arguments).run().exits(2).complains(&["it is one of the captures"]);
        }
    }
    assert!(fs::read(name("report.html")).expect("the capture") == bytes, "it is as it was");
    assert!(!folder.path().join("report.md").exists());
    // two outputs to one file
    let twice = name("./report.md");
    let arguments = ["analyze", TEN_STEPS, "--report", &report, "--output", &twice, "--force"];
    echolab(arguments).run().exits(2).complains(&["would be written twice"]);
    // a session's own capture in that folder may be read
    fs::write(name("capture.pcapng"), &bytes).expect("a copy");
    echolab(["analyze", &name("capture.pcapng"), "--report", &report, "--force"]).done();
    assert!(fs::read(name("capture.pcapng")).expect("the capture") == bytes, "it is as it was");
}

#[test]
fn a_report_says_which_command_made_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let odd = folder.path().join("it's\n\u{1b}[2J\u{202e}.pcap");
    fs::copy(TEN_STEPS, &odd).expect("a copy");
    let odd = odd.to_str().expect("a name in UTF-8");
    for (format, shown, name) in [
        (
            "markdown",
            "- **Command**: echolab analyze --format markdown --filter 'tcp port 6542' \\$'",
            r"/it\\'s\\012\\033\[2J\\342\\200\\256.pcap'",
        ),
        (
            "html",
            "<dt>Command</dt><dd>echolab analyze --format html --filter &#39;tcp port 6542&#39; $&#39;",
            r"/it\&#39;s\012\033[2J\342\200\256.pcap&#39;</dd>",
        ),
        (
            "latex",
            r"\textbf{Command}: echolab analyze -{}-format latex -{}-filter \textquotesingle{}tcp port 6542",
            r"/it\textbackslash{}\textquotesingle{}s\textbackslash{}012\textbackslash{}033[2J\textbackslash{}342",
        ),
    ] {
        let report = echolab(["analyze", "--format", format, "--filter", "tcp port 6542", odd]).done();
        assert!(report.contains(shown) && report.contains(name), "{report}");
    }
}

/// The values of these fields of every frame by tshark.
fn tshark(capture: &str, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-r", capture, "-T", "fields"]);
    fields.iter().for_each(|field| {
        command.args(["-e", field]);
    });
    let output = command.output().expect("tshark is installed: ./setup tests does that");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn wireshark_shows_every_step_as_a_packet_comment() {
    let folder = tempfile::tempdir().expect("a folder");
    for capture in [TEN_STEPS, "fixtures/kernel/loss_fast.pcap", "fixtures/lab-udp-line.pcap"] {
        let annotated = folder.path().join("annotated.pcapng");
        let annotated = annotated.to_str().expect("a name in UTF-8");
        let said = echolab(["analyze", capture, "--format", "pcapng", "-o", annotated, "--force"]).done();
        assert_eq!(said, "");
        let frames = ["frame.number", "frame.time_epoch", "frame.len", "tcp.seq_raw", "udp.length"];
        assert_eq!(tshark(annotated, &frames), tshark(capture, &frames));
        let steps = echolab(["analyze", capture, "--format", "csv", "--columns", "description,findings"]).done();
        let mut reader = csv_rows(&steps);
        for comment in tshark(annotated, &["frame.comment"]) {
            let (description, findings) = reader.next().expect("a step for each frame");
            assert!(comment.starts_with(&description), "{comment} is not of {description}");
            for code in findings.split(", ").filter(|code| !code.is_empty()) {
                assert!(comment.contains(code), "{comment} does not name {code}");
            }
        }
        assert_eq!(reader.next(), None);
    }
}

#[test]
fn captured_bytes_never_escape_a_comment() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = hostile::write_to(folder.path());
    let (capture, annotated) = (capture.to_str().expect("UTF-8"), folder.path().join("annotated.pcapng"));
    let annotated = annotated.to_str().expect("a name in UTF-8");
    echolab(["analyze", capture, "--format", "pcapng", "-o", annotated]).done();
    let comments = comments(&fs::read(annotated).expect("a capture"));
    // that of the interface, and one a frame
    assert_eq!(comments.len(), 1 + tshark(capture, &["frame.number"]).len());
    for comment in comments {
        assert!(!comment.contains(echolab::model::is_hidden), "{comment:?}");
    }
    let frames = ["frame.number", "frame.len", "tcp.seq_raw", "udp.length"];
    assert_eq!(tshark(annotated, &frames), tshark(capture, &frames));
}

/// The comments (option 1) of the interface and packet blocks (1 and 6) of a pcapng file of this machine's byte order.
fn comments(file: &[u8]) -> Vec<String> {
    let number = |at: usize, bytes: usize| {
        file[at..at + bytes].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (mut found, mut block) = (Vec::new(), 0);
    while block < file.len() {
        let (kind, end) = (number(block, 4), block + number(block + 4, 4));
        let mut option = match kind {
            1 => block + 16,
            6 => block + 28 + number(block + 20, 4).next_multiple_of(4),
            _ => end,
        };
        while option + 4 < end && number(option, 2) != 0 {
            let length = number(option + 2, 2);
            if number(option, 2) == 1 {
                let text = file[option + 4..option + 4 + length].to_vec();
                found.push(String::from_utf8(text).expect("UTF-8"));
            }
            option += 4 + length.next_multiple_of(4);
        }
        block = end;
    }
    found
}

#[test]
fn an_annotated_capture_goes_to_a_file() {
    let one = echolab(["analyze", TEN_STEPS, TEN_STEPS, "--format", "pcapng", "-o", "/nowhere/x"]).run();
    one.exits(2).complains(&["one capture"]);
    let summary = echolab(["analyze", TEN_STEPS, "--summary", "--format", "pcapng", "-o", "/nowhere/x"]).run();
    summary.exits(2).complains(&["--summary"]);
}

fn csv_rows(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let rows: Vec<_> = csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|row| {
            let row = row.expect("a row");
            (row.get(0).unwrap_or_default().to_owned(), row.get(1).unwrap_or_default().to_owned())
        })
        .collect();
    rows.into_iter()
}
