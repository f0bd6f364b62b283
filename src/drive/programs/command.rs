//! A command as typed: its words, and the file that its first word names.

use std::env;
use std::ffi::CString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    typed: String,
    words: Vec<String>,
    file: PathBuf,
}

/// The reason that a text is not a command that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// There is no word in it.
    Empty,
    /// A quotation mark is not closed.
    Unclosed,
    /// It holds a zero byte.
    ZeroByte,
    /// There is no such file in the folders of `PATH`.
    NotInPath {
        /// The name.
        name: String,
        /// `true` if the current folder has a file of this name.
        here: bool,
    },
    /// There is no such file.
    NoFile(String),
    /// It is a folder.
    Folder(String),
    /// The file may not be executed.
    NotExecutable(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the command is empty: name a program, as in 'python3 server.py 12345'"),
            Self::Unclosed => f.write_str("a quotation mark of the command is not closed"),
            Self::ZeroByte => f.write_str("the command holds a zero byte"),
            Self::NotInPath { name, here: true } => {
                write!(f, "program {name:?} not found in PATH; the file in this folder is \"./{name}\"")
            }
            Self::NotInPath { name, here: false } => {
                write!(f, "program {name:?} not found in PATH")
            }
            Self::NoFile(name) => write!(f, "there is no file {name:?}"),
            Self::Folder(name) => write!(f, "{name:?} is a folder, not a program"),
            Self::NotExecutable(name) => write!(
                f,
                "{name:?} is not executable: allow it with `chmod +x`, or name its interpreter, as in 'python3 {name}'"
            ),
        }
    }
}

impl std::error::Error for CommandError {}

impl Command {
    /// Splits `text` into words as a shell does (quotation marks and backslashes, nothing else), and finds its program.
    ///
    /// # Errors
    /// If the text is no command, or its program is missing or not executable.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        if text.contains('\0') {
            return Err(CommandError::ZeroByte);
        }
        let words = shlex::split(text).ok_or(CommandError::Unclosed)?;
        let name = words.first().filter(|name| !name.is_empty()).ok_or(CommandError::Empty)?;
        let file = find(name)?;
        Ok(Self { typed: text.trim().to_owned(), words, file })
    }

    /// The command as typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Its name in a title: that of the first file among its arguments, which is the script of an interpreter, or else that
    /// of the program.
    pub fn name(&self) -> &str {
        let words = self.words.get(1..).unwrap_or_default().iter();
        let script = words.map(Path::new).find(|word| word.is_file());
        let file = script.or_else(|| self.words.first().map(Path::new)).and_then(Path::file_name);
        file.and_then(|name| name.to_str()).unwrap_or(&self.typed)
    }

    /// The file that is executed.
    pub(super) fn file(&self) -> CString {
        CString::new(self.file.as_os_str().as_bytes()).unwrap_or_default()
    }

    /// The arguments of the program, its name first.
    pub(super) fn arguments(&self) -> Vec<CString> {
        self.words.iter().map(|word| CString::new(word.as_str()).unwrap_or_default()).collect()
    }
}

fn find(name: &str) -> Result<PathBuf, CommandError> {
    let executable = |path: &Path| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    if name.contains('/') {
        let path = PathBuf::from(name);
        return match () {
            () if path.is_dir() => Err(CommandError::Folder(name.to_owned())),
            () if !path.exists() => Err(CommandError::NoFile(name.to_owned())),
            () if !executable(&path) => Err(CommandError::NotExecutable(name.to_owned())),
            () => Ok(path),
        };
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let found = env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| executable(path));
    found.ok_or_else(|| CommandError::NotInPath { name: name.to_owned(), here: Path::new(name).is_file() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() -> Result<(), CommandError> {
        let command = Command::parse(r#"sh -c 'echo "a b"' c\ d "#)?;
        assert_eq!(command.words, ["sh", "-c", r#"echo "a b""#, "c d"]);
        assert_eq!(command.typed(), r#"sh -c 'echo "a b"' c\ d"#);
        Ok(())
    }

    #[test]
    fn unrunnable_program_is_reported_with_its_reason() {
        let error = |text: &str| Command::parse(text).unwrap_err();
        assert_eq!(error(" "), CommandError::Empty);
        assert_eq!(error("''"), CommandError::Empty);
        assert_eq!(error("sh -c 'echo"), CommandError::Unclosed);
        assert_eq!(
            error("no-such-program-here 7"),
            CommandError::NotInPath { name: "no-such-program-here".to_owned(), here: false }
        );
        assert_eq!(error("Cargo.toml"), CommandError::NotInPath { name: "Cargo.toml".to_owned(), here: true });
        assert_eq!(error("./no-such-file"), CommandError::NoFile("./no-such-file".to_owned()));
        assert_eq!(error("./src"), CommandError::Folder("./src".to_owned()));
        assert_eq!(error("./Cargo.toml"), CommandError::NotExecutable("./Cargo.toml".to_owned()));
        assert!(error("Cargo.toml").to_string().ends_with("the file in this folder is \"./Cargo.toml\""));
    }
}
