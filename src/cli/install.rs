//! Installs generated files, such as manual pages and completions.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, ensure};

use super::Exit;
use super::destination::{create, print};

/// Writes files of these names and contents into `folder`, and prints the path of each. Without `force`, none is written if
/// one exists.
///
/// # Errors
/// If a file exists, or a file or the folder can't be written.
pub(super) fn install(folder: &Path, files: &[(String, Vec<u8>)], force: bool) -> anyhow::Result<Exit> {
    for (name, _) in files {
        let path = folder.join(name);
        let exists = path.symlink_metadata().is_ok();
        ensure!(force || !exists, "{} exists already; --force overwrites it", path.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    let mut wrote = String::new();
    for (name, content) in files {
        let path = folder.join(name);
        let mut file = create(&path, force)?;
        file.write_all(content).with_context(|| format!("can't write {}", path.display()))?;
        // writing to a String can't fail
        let _ = writeln!(wrote, "wrote {}", path.display());
    }
    print(io::stdout().lock(), wrote.as_bytes())?;
    Ok(Exit::Done)
}
