//! The fenced blocks of a page, by the words after their three backquotes.

/// A block's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    /// `sh`: every line is a command, which must succeed, or a comment.
    Commands,
    /// `console`: commands begin with `$ `, and the lines below one are its output.
    Console,
    /// `console live`: the same of a live session, whose times and ports differ from run to run.
    Live,
    /// `LANGUAGE NAME`: the text of a file, which the reader is asked to make.
    File(String),
    /// Not to be run: another language, or text.
    Other,
}

impl Fence {
    /// The block that a line opens, if it opens one.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("```")?.split(' ');
        Some(match (words.next().unwrap_or_default(), words.next()) {
            ("sh", None) => Self::Commands,
            ("console", None) => Self::Console,
            ("console", Some("live")) => Self::Live,
            (_, Some(name)) => Self::File(name.to_owned()),
            _ => Self::Other,
        })
    }
}

#[test]
fn block_is_recognized_by_its_first_line() {
    assert_eq!(Fence::of("text"), None);
    assert_eq!(Fence::of("```sh"), Some(Fence::Commands));
    assert_eq!(Fence::of("```console live"), Some(Fence::Live));
    assert_eq!(Fence::of("```python server.py"), Some(Fence::File("server.py".to_owned())));
    assert_eq!(Fence::of("```"), Some(Fence::Other));
}
