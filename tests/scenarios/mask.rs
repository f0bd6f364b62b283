//! Puts `#` in place of what differs from run to run.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

static TIMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d[\d.,]* (ns|µs|ms|s|min|h)\b").expect("a regular expression"));

/// Numbers that stand behind these words; how many frames there were goes by the moment, as their numbers do.
static PLACES: LazyLock<Regex> = LazyLock::new(|| {
    let words = r"\b([Ff]rames?|[Pp]ort|keep-alive) \d+((, | and | to )\d+)*|\b\d+\.\d+\.\d+\.\d+:\d+";
    let count =
        r"\b(in \d+ frames?( \(the first \d+ are named\))?|(the ACK in|\d+ ACKs, from) frame \d+( to frame \d+,)?)";
    Regex::new(&format!("{words}|{count}")).expect("a regular expression")
});

/// How often something was sent again or asked goes by the moment, too.
static AGAIN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(again|asked) (once|twice|\d+ times)\b").expect("a regular expression"));

/// RFCs and their sections, what is quoted, rules of the wire; and numbers.
static NUMBERS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"RFC \d+|§[\d.]+|"[^"]*"|`[^`]*`|\b\d+(,\d{3})*"#).expect("a regular expression"));

/// Hides times, the numbers and the count of frames, and ports.
pub(crate) fn moments(line: &str) -> String {
    let line = TIMES.replace_all(line, "TIME");
    let line = AGAIN.replace_all(&line, "$1 # times");
    let hide = |found: &Captures<'_>| match &found[0] {
        count if count.starts_with("in ") => "in # frames".to_owned(),
        acks if acks.contains("ACK") => "# ACKs".to_owned(),
        place => {
            let end = place.find([' ', ':']).map_or(0, |end| end + 1);
            format!("{}#", &place[..end])
        }
    };
    PLACES.replace_all(&line, hide).into_owned()
}

/// Hides what tells a segment of a long message from the next one.
pub(crate) fn segments(line: &str) -> String {
    let line = numbers(&line.replace(" PSH", ""));
    match (line.find('"'), line.rfind('"')) {
        (Some(from), Some(to)) if from < to => format!("{}\"…\"{}", &line[..from], &line[to + 1..]),
        _ => line,
    }
}

/// Hides every number of a line but those of RFCs and what stands in quotes.
pub(crate) fn numbers(line: &str) -> String {
    let hide = |found: &Captures<'_>| match &found[0] {
        number if number.starts_with(|first: char| first.is_ascii_digit()) => "#".to_owned(),
        other => other.to_owned(),
    };
    NUMBERS.replace_all(line, hide).into_owned()
}
