//! Ladders and graphs of every capture: well-formed, complete, and deaf to what a capture says.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};

use crate::run::echolab;

/// Every capture of the fixtures that can be read to its end, and what the shared folder has beside it.
pub fn captures() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut captures = Vec::new();
    for folder in ["fixtures", "fixtures/kernel", "../shared/captures/kernel", "../shared/corpus"] {
        let Ok(entries) = root.join(folder).read_dir() else { continue };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        captures.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng")));
    }
    assert!(captures.len() >= 15, "{captures:?}");
    captures
}

fn drawn(capture: &Path, format: &str) -> String {
    let arguments = ["analyze".into(), "--format".into(), format.into(), capture.into()] as [std::ffi::OsString; 4];
    // a capture that is cut short ends with 2, and is drawn as far as it goes
    echolab(arguments).run().stdout
}

fn parsed<'a>(text: &'a str, of: &Path) -> Document<'a> {
    Document::parse(text).unwrap_or_else(|error| panic!("{}: {error}", of.display()))
}

/// Elements and attributes that a drawing is made of; nothing that could run, load or link.
fn assert_inert(drawing: &Document<'_>, of: &Path) {
    const ELEMENTS: &[&str] =
        &["svg", "style", "title", "g", "line", "polyline", "polygon", "path", "circle", "rect", "text"];
    for node in drawing.descendants().filter(Node::is_element) {
        assert!(ELEMENTS.contains(&node.tag_name().name()), "{}: <{}>", of.display(), node.tag_name().name());
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "href" && name != "style", "{}: {name}", of.display());
            assert!(!value.contains("url(") && !value.contains("NaN") && !value.contains("inf"), "{name}={value}");
        }
    }
    let style = drawing.descendants().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "style")));
    let style = style.and_then(|style| style.text()).expect("a style sheet");
    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
}

#[test]
fn every_drawing_is_well_formed_and_inert() {
    for capture in captures() {
        for format in ["svg", "graphs"] {
            let text = drawn(&capture, format);
            let drawing = parsed(&text, &capture);
            assert_inert(&drawing, &capture);
            let mut ids = HashSet::new();
            for id in drawing.descendants().filter_map(|node| node.attribute("id")) {
                assert!(ids.insert(id.to_owned()), "{}: the id {id} comes twice", capture.display());
            }
        }
    }
}

/// Number of steps in the capture, by the summary of another format.
fn steps_of(capture: &Path) -> u64 {
    let text = drawn(capture, "jsonl");
    let summary: serde_json::Value = serde_json::from_str(text.lines().last().expect("a summary")).expect("JSON");
    ["tcp", "udp", "icmp"].iter().map(|kind| summary[kind].as_u64().expect("a count")).sum()
}

#[test]
fn every_step_is_an_arrow_or_in_a_fold() {
    for capture in captures() {
        let text = drawn(&capture, "svg");
        let drawing = parsed(&text, &capture);
        let number = |node: Node<'_, '_>, name| node.attribute(name).and_then(|value: &str| value.parse::<u64>().ok());
        let mut next = 1;
        let (mut last, mut steps) = (None, 0);
        for group in drawing.descendants() {
            let (first, end) = match (number(group, "data-step"), number(group, "data-first-step")) {
                (Some(step), _) => (step, step),
                (None, Some(first)) => (first, number(group, "data-last-step").expect("the last step")),
                (None, None) => continue,
            };
            if first == 1 {
                next = 1;
            }
            assert_eq!(first, next, "{}: after {last:?}", capture.display());
            next = end + 1;
            steps += end + 1 - first;
            last = Some((first, end));
        }
        if !text.contains(">Not shown: ") {
            assert_eq!(steps, steps_of(&capture), "{}: up to the last step", capture.display());
        }
    }
}

#[test]
fn text_ladders_keep_their_width_and_their_lifelines() {
    for capture in captures() {
        for width in ["80", "120"] {
            let path = capture.to_str().expect("a UTF-8 path");
            let text = echolab(["analyze", "--format", "ladder", "--ascii", "--width", width, path]).run().stdout;
            let most: usize = width.parse().expect("a number");
            // a phase's line has a cross on each lifeline, and every line up to the next blank one goes on with both
            let mut inside = None;
            for line in text.lines() {
                assert!(line.is_ascii(), "{path}: {line}");
                assert!(line.len() <= most, "{path}: {} characters: {line}", line.len());
                if line.starts_with("-- ") {
                    let places: Vec<_> = line.match_indices('+').map(|(at, _)| at).collect();
                    inside = Some((places[0], places[1]));
                } else if line.is_empty() {
                    inside = None;
                } else if let Some((client, server)) = inside {
                    let bytes = line.as_bytes();
                    for bar in [client, server] {
                        assert!(matches!(bytes.get(bar), Some(b'|' | b':')), "{path}: no lifeline at {bar}: {line}");
                    }
                }
            }
        }
    }
}

/// A capture of one datagram with this payload.
fn datagram(payload: &[u8]) -> Vec<u8> {
    let udp = 8 + payload.len() as u16;
    let mut frame = vec![0; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((20 + udp).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    frame.extend([0xc0, 0, 0x19, 0x8e]);
    frame.extend(udp.to_be_bytes());
    frame.extend([0, 0]);
    frame.extend(payload);
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    let len = (frame.len() as u32).to_le_bytes();
    capture.extend([0; 8]);
    capture.extend(len);
    capture.extend(len);
    capture.extend(frame);
    capture
}

const HOSTILE: &[&str] = &[
    "</text></g></svg><script>alert(1)</script>",
    "]]>&amp;\"'<!--",
    "\u{202e}txt.exe\u{0}\u{1b}[2J",
    "; end\n```\n<img src=x onerror=y>",
    "#59;%%{init}%%",
];

#[test]
fn captured_bytes_never_escape_a_drawing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, payload) in HOSTILE.iter().enumerate() {
        // a file's name is as foreign as a payload
        let name = format!("{number}</text><script>&\u{202e}.pcap").replace('/', "\u{2215}");
        let path = folder.path().join(name);
        std::fs::write(&path, datagram(payload.as_bytes())).expect("written");
        for format in ["svg", "graphs"] {
            let text = drawn(&path, format);
            assert_inert(&parsed(&text, &path), &path);
            assert!(!text.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')), "{format}: {payload:?}");
        }
        for format in ["ladder", "mermaid"] {
            let text = drawn(&path, format);
            assert!(!text.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')), "{format}: {payload:?}");
            assert!(format != "mermaid" || !text.replace("\\<", "").contains("<script"), "{payload:?}:\n{text}");
            assert_eq!(text.matches("```").count(), if format == "mermaid" { 2 } else { 0 }, "{payload:?}");
        }
    }
}

#[test]
fn several_captures_share_one_document() {
    let ten = "fixtures/lab-echo-ten-steps.pcap";
    let text = echolab(["analyze", "--format", "svg", ten, ten]).done();
    let drawing = parsed(&text, &PathBuf::from(ten));
    let steps: Vec<_> = drawing.descendants().filter_map(|node| node.attribute("id")).collect();
    assert_eq!(steps.len(), 20);
    assert!(steps.contains(&"tcp-0-step-4") && steps.contains(&"c2-tcp-0-step-4"), "{steps:?}");
}

#[test]
fn fold_says_what_it_leaves_out_and_no_limit_shows_all() {
    let capture = "fixtures/kernel/zerowin-snap120.pcap";
    let folded = echolab(["analyze", "--format", "ladder", capture]).done();
    assert!(folded.contains("47 data segments and 46 ACKs"), "{folded}");
    assert!(folded.contains("93 steps of 112 are folded (--format ladder --limit 0 shows all)"), "{folded}");
    let whole = echolab(["analyze", "--format", "svg", "--limit", "0", capture]).done();
    assert_eq!(whole.matches("data-step=").count(), 112);
    assert!(!whole.contains("data-first-step"));
}

#[test]
fn a_summary_says_that_it_has_no_steps_to_draw() {
    for format in ["ladder", "mermaid", "svg"] {
        let text = echolab(["analyze", "--summary", "--format", format, "fixtures/lab-v0.pcap"]).done();
        assert!(text.contains("are drawn of steps, which") && !text.contains("lifeline"), "{format}:\n{text}");
    }
}
