//! Every seed of the fuzz targets through its target, on any machine: no fuzzer is needed for that.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the targets are public in their own crate")]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use targets::TARGETS;

fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.map(|name| name.strip_suffix(extension).unwrap().to_owned()).collect()
}

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    seeds
}

#[test]
fn every_target_has_a_program_and_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets", ".rs"), targets);
    assert_eq!(names("seeds", ""), targets);
    assert!(targets.iter().all(|target| !seeds(target).is_empty()));
}

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        for seed in seeds(name) {
            let bytes = fs::read(&seed).unwrap();
            assert!(std::panic::catch_unwind(|| target(&bytes)).is_ok(), "{} fails", seed.display());
        }
    }
}
