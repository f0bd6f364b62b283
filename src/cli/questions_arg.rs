//! The questions that `--answers` takes: `--answers=rtt,closed_first`, or with a space.

use std::ffi::OsString;
use std::path::Path;

use super::similar;
use crate::explain::{QUESTIONS, Questions};

/// Reads the ids of questions; none stands for all.
pub(super) fn parse_questions(ids: &str) -> Result<Questions, String> {
    Questions::parse(ids).map_err(|id| {
        let known = QUESTIONS.iter().map(|question| question.id);
        similar::unknown("question", &id, known, "echolab formats questions")
    })
}

/// Joins ids to the `--answers` before them. Without ids it is a switch, and the next argument may be a capture.
pub(super) fn join(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let ids = argument.to_str().filter(|ids| is_ids(ids));
        match (joined.last_mut().filter(|before| *before == "--answers"), ids) {
            (Some(before), Some(ids)) => before.push(format!("={ids}")),
            _ => joined.push(argument),
        }
    }
    joined
}

/// Ids have no dot, slash or leading dash, as captures and options have; a file of such a name is a capture.
fn is_ids(text: &str) -> bool {
    let is_id = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    text.split(',').all(is_id) && !Path::new(text).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(line: &str) -> String {
        let arguments = join(line.split(' ').map(OsString::from).collect());
        arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ids_belong_to_the_answers_before_them() {
        assert_eq!(joined("analyze --answers rtt,options a.pcap"), "analyze --answers=rtt,options a.pcap");
        for line in
            ["analyze --answers a.pcap", "analyze a.pcap --answers", "run --answers -- iperf", "analyze --answers src"]
        {
            assert_eq!(joined(line), line);
        }
    }

    #[test]
    fn unknown_id_suggests_similar_ones() {
        assert!(parse_questions("rtt,options").is_ok() && parse_questions("").is_ok());
        let error = parse_questions("rtt,option").expect_err("no such question");
        assert!(error.starts_with("unknown question \"option\"; nearest: options"), "{error}");
    }
}
