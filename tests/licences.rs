//! Every dependency may be used under a licence that `.deny.toml` allows, and comes from crates.io.
//!
//! cargo-deny says the same and knows about known flaws as well (`just deny`), but takes minutes to install.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Everything that a build for Linux and its tests are made of.
fn packages() -> Vec<Value> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&metadata.stderr));
    let Value::Array(packages) = serde_json::from_slice::<Value>(&metadata.stdout).unwrap()["packages"].take() else {
        unreachable!("cargo metadata lists packages")
    };
    assert!(packages.len() > 50, "these are not all of them: {packages:?}");
    packages
}

/// The licences that this crate may have.
fn allowed(rules: &toml::Table, name: &str) -> Vec<String> {
    let licences = &rules["licenses"];
    let exceptions = licences["exceptions"].as_array().unwrap();
    let of_crate = exceptions.iter().filter(|exception| exception["crate"].as_str() == Some(name));
    let lists = of_crate.map(|exception| &exception["allow"]).chain([&licences["allow"]]);
    lists.flat_map(|list| list.as_array().unwrap()).map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let expression = Expression::parse_mode(licence, ParseMode::LAX).unwrap();
    expression.evaluate(|one| allowed.contains(&one.to_string()))
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".deny.toml")).unwrap();
    let rules: toml::Table = rules.parse().unwrap();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or_else(|| panic!("{name} names no licence"));
        assert!(is_allowed(licence, &allowed(&rules, name)), "{name} is under {licence}");
    }
}

#[test]
fn every_dependency_comes_from_crates_io() {
    for package in packages() {
        let own = package["name"] == "echolab";
        assert!(own || package["source"] == CRATES_IO, "{} comes from {}", package["name"], package["source"]);
    }
}

#[test]
fn disallowed_licence_is_found() {
    let allowed = ["MIT", "Zlib"].map(str::to_owned);
    for fine in ["MIT", "MIT OR GPL-3.0-only", "GPL-2.0-only/MIT", "MIT AND Zlib"] {
        assert!(is_allowed(fine, &allowed), "{fine}");
    }
    for foul in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MPL-2.0 OR BSL-1.0", "MIT WITH LLVM-exception"] {
        assert!(!is_allowed(foul, &allowed), "{foul}");
    }
}
