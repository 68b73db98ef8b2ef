//! The program as people and scripts run it.
#![allow(dead_code)] // each test file uses its own part

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// What a run ended with: exit status, standard output, standard error.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {}", self.out))
    }
}

pub fn run(arguments: &[&str]) -> Run {
    run_with(arguments, &[])
}

pub fn run_with(arguments: &[&str], stdin: &[u8]) -> Run {
    ran(program().args(arguments).write_stdin(stdin))
}

/// The program, with nothing in its surroundings that shapes what it prints.
pub fn program() -> Command {
    let mut command = Command::cargo_bin("anyany").unwrap();
    for shaping in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(shaping);
    }
    command
}

pub fn ran(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn capture(scenario: &str) -> String {
    root().join("captures").join(scenario).display().to_string()
}

/// A file in a folder that goes when the test ends.
pub fn file(folder: &TempDir, name: &str, octets: &[u8]) -> String {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, octets).unwrap();
    path.display().to_string()
}

/// Where the project is.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
