//! The command line as a shell would take it: for reports, which say how they were made.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use crate::model::is_hidden;

/// The command with these arguments, the first of them being the program, which is called by its name alone.
///
/// A shell that takes it runs the same again: what it would not leave alone is quoted, and what nobody could see
/// (control characters, bidirectional marks, bytes that are no text) is spelled in `$'…'`.
pub(super) fn command_line(arguments: &[OsString]) -> String {
    let mut line = env!("CARGO_PKG_NAME").to_owned();
    for argument in arguments.iter().skip(1) {
        line.push(' ');
        push_quoted(&mut line, argument);
    }
    line
}

/// The command that analyses a capture.
pub(super) fn analyze(capture: &str) -> String {
    let mut line = format!("{} analyze ", env!("CARGO_PKG_NAME"));
    push_quoted(&mut line, OsStr::new(capture));
    line
}

fn push_quoted(line: &mut String, argument: &OsStr) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    match argument.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => line.push_str(text),
        Some(text) if !text.contains(is_hidden) => {
            // a quote can't be quoted: it stands between two quoted parts
            let quoted = text.replace('\'', r"'\''");
            line.extend(["'", &quoted, "'"]);
        }
        _ => push_spelled(line, argument.as_bytes()),
    }
}

/// The quotation of bash, ksh and zsh in which every byte has a spelling.
fn push_spelled(line: &mut String, bytes: &[u8]) {
    line.push_str("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => line.extend(['\\', c]),
                c if is_hidden(c) => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_byte(line, byte)),
                c => line.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_byte(line, *byte));
    }
    line.push('\'');
}

fn push_byte(line: &mut String, byte: u8) {
    // three octal digits end by themselves, whatever comes next; writing to a String can't fail
    let _ = write!(line, "\\{byte:03o}");
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn quoted_word_survives_a_shell() {
        let odd: &[&[u8]] = &[
            b"plain",
            b"",
            b"two words",
            b"it's",
            b"$HOME `id` \\ \"x\"",
            b"a\nb\x1b[31m",
            "\u{202e}txt'\\".as_bytes(),
            b"\xff7\xc3",
            b"*?[a]~",
            b"#",
            b"\x017",
        ];
        let mut arguments = vec![OsString::from("/some/where/echolab")];
        arguments.extend(odd.iter().map(|bytes| OsString::from_vec(bytes.to_vec())));
        let line = command_line(&arguments);
        assert!(line.starts_with("echolab plain '' 'two words' 'it'\\''s' "), "{line}");
        assert!(!line.contains(is_hidden), "{line}");
        let script = line.replacen("echolab", "printf '%s\\0'", 1);
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash");
        let got: Vec<_> = output.stdout.strip_suffix(b"\0").unwrap_or_default().split(|byte| *byte == 0).collect();
        assert_eq!(got, odd);
    }
}
