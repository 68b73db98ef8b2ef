//! The README tells the truth: its report is the program's, and it names every command.
//!
//! `UPDATE_GOLDEN=1 cargo test --test readme` writes the report anew.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::env;
use std::fs;
use std::path::Path;

use anyany::cli::Args;
use assert_cmd::Command;
use clap::CommandFactory as _;

/// As in tests/demo.
const DEMONSTRATION: &str = "analyze --topology captures/topology.toml captures/rpc/dynamic-dropped/client.pcap";

#[test]
fn the_report_in_the_readme_is_the_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (before, behind) = readme.split_once("```text\n").unwrap();
    let (shown, after) = behind.split_once("```\n").unwrap();
    let output = Command::cargo_bin("anyany")
        .unwrap()
        .current_dir(root)
        .env_remove("COLUMNS")
        .args(DEMONSTRATION.split(' '))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (first, _) = said.split_once("\n  F2 ").unwrap();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(root.join("README.md"), format!("{before}```text\n{first}```\n{after}")).unwrap();
    } else {
        assert!(shown == first, "README.md shows another report; UPDATE_GOLDEN=1 writes it anew:\n{first}");
    }
    assert!(fs::read_to_string(root.join("tests/demo")).unwrap().contains(DEMONSTRATION));
}

#[test]
fn the_readme_names_every_command() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for command in Args::command().get_subcommands() {
        let named = [format!("anyany {} ", command.get_name()), format!("`{}`", command.get_name())];
        assert!(named.iter().any(|named| readme.contains(named)), "README.md does not name {}", command.get_name());
    }
}
