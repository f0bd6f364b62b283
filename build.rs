//! Lets a system with the run-time libpcap only (Debian's libpcap0.8) link against it: the linker looks for
//! `libpcap.so`, a name that comes with the development package. Where that is installed, nothing is done.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// What the run-time library is called: Debian's name, everybody else's.
const RUN_TIME_NAMES: [&str; 2] = ["libpcap.so.0.8", "libpcap.so.1"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LIBPCAP_LIBDIR");
    // another system's libraries are of no use, and LIBPCAP_LIBDIR is the pcap crate's own way to be told
    let cross = env::var_os("TARGET") != env::var_os("HOST");
    let linux = env::var_os("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux");
    if cross || !linux || env::var_os("LIBPCAP_LIBDIR").is_some() {
        return;
    }
    let folders = library_folders();
    let named = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
    if named("libpcap.so").is_some() || named("libpcap.a").is_some() {
        return;
    }
    let Some(library) = RUN_TIME_NAMES.iter().find_map(|name| named(name)) else {
        println!("cargo:warning=libpcap was not found: install it (apt install libpcap0.8, dnf install libpcap, …)");
        // Cargo runs the script again as long as a file named here is missing, so installing libpcap is enough.
        for folder in &folders {
            println!("cargo:rerun-if-changed={}", folder.join(RUN_TIME_NAMES[0]).display());
        }
        return;
    };
    println!("cargo:rerun-if-changed={}", library.display());
    if let Some(folder) = env::var_os("OUT_DIR").map(PathBuf::from) {
        link(&library, &folder.join("libpcap.so"));
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
}

/// Where linkers and loaders look: the usual folders, and the multiarch one of the target.
fn library_folders() -> Vec<PathBuf> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let arch = if arch == "x86" { "i386".to_owned() } else { arch };
    let abi = env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    let multiarch = format!("{arch}-linux-{abi}");
    ["/usr/local/lib", "/usr/lib", "/lib", "/usr/lib64", "/lib64"]
        .iter()
        .flat_map(|folder| [Path::new(folder).join(&multiarch), PathBuf::from(folder)])
        .collect()
}

fn link(library: &Path, name: &Path) {
    let _ = fs::remove_file(name);
    if let Err(error) = std::os::unix::fs::symlink(library, name) {
        println!("cargo:warning=could not link {} to {}: {error}", name.display(), library.display());
    }
}
