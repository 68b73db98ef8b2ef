//! The guides tell the truth: every command in them does what it is there for, every option and every link
//! exists, and a page for each kind says what `explain` says.
//!
//! `UPDATE_GOLDEN=1 cargo test --test guides` writes the pages of `docs/kinds` anew.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

#[path = "support/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyany::cli::Args;
use anyany::diagnose::Kind;
use assert_cmd::Command;
use clap::{CommandFactory as _, Parser as _};
use program::{capture, ran, root, run};
use tempfile::TempDir;

/// The files that guides speak of, and the captures that stand for them.
const FILES: &[(&str, &str)] = &[
    ("trace.pcapng", "rpc/dynamic-dropped/client.pcap"),
    ("cas1.pcapng", "web/opened-later/client.pcap"),
    ("mbx1.pcapng", "web/opened-later/fw-server-leg.pcap"),
    ("before.pcapng", "rpc/dynamic-dropped/client.pcap"),
    ("after.pcapng", "rpc/healthy/client.pcap"),
    ("ring/exchange_00001.pcapng", "rpc/dynamic-dropped/client.pcap"),
    ("ring/exchange_00002.pcapng", "directory/healthy/client.pcap"),
    ("hosts.toml", "topology.toml"),
];

/// The lists that guides speak of.
const LISTS: &[(&str, &str)] = &[
    (
        "servers.csv",
        "\"Name\",\"Fqdn\",\"Site\",\"ServerRole\",\"AdminDisplayVersion\"\n\
         \"CAS1\",\"cas1.exlab.test\",\"exlab.test/Configuration/Sites/Paris\",\"ClientAccess\",\"Version 14.3 (Build 123.4)\"\n",
    ),
    ("dcs.txt", "    dc1.exlab.test [PDC]  [DS] Site: Paris\nThe command completed successfully\n"),
    ("hosts.txt", "10.10.2.11 cas1.exlab.test\n10.10.2.10 dc1.exlab.test\n"),
];

#[test]
fn every_command_of_a_guide_does_what_it_is_there_for() {
    let mut run = 0;
    for guide in guides() {
        let text = fs::read_to_string(&guide).unwrap();
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("ring")).unwrap();
        for (name, scenario) in FILES {
            fs::copy(capture(scenario), folder.path().join(name)).unwrap();
        }
        for (name, text) in LISTS {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for (shell, line) in commands(&text) {
            let name = guide.strip_prefix(root()).unwrap().display();
            follow(folder.path(), shell, &line).unwrap_or_else(|why| panic!("{name}: {line}\n{why}"));
            run += 1;
        }
    }
    assert!(run > 30, "{run} commands in all");
}

/// Runs a command as a reader of the guide would, and looks at what it did.
fn follow(folder: &Path, shell: Shell, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
    if words.get(1) == Some(&"watch") {
        return listen(folder, &words);
    }
    let mut command = match shell {
        Shell::Unix => {
            let mut command = Command::new("sh");
            command.args(["-ec", line]);
            command
        }
        // No shell of Windows expands patterns, and none is here: the words are handed over as they stand.
        Shell::Windows => {
            let mut command = Command::new(program());
            command.args(words.iter().skip(1).map(|word| word.replace('\\', "/")));
            command
        }
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = program().parent().map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    command.env("PATH", env::join_paths(folders).unwrap_or(OsString::new()));
    let run = ran(command.current_dir(folder));
    let told = words.contains(&"--fail-on");
    // How many packets prove what is told on standard error.
    let quiet = run.err.lines().all(|line| words.contains(&"--evidence") && line.contains("which prove"));
    if !(run.status == 0 || run.status == 1 && told) || !quiet {
        return Err(format!("exit status {}: {}", run.status, run.err));
    }
    let redirected = words.iter().position(|word| *word == ">").and_then(|at| words.get(at + 1));
    let named = ["--json", "--csv", "--junit", "--html", "--evidence"].iter().filter_map(|option| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).filter(|path| **path != "-")
    });
    for written in redirected.into_iter().chain(named) {
        let length = fs::metadata(folder.join(written)).map_err(|why| format!("{written}: {why}"))?.len();
        if length == 0 {
            return Err(format!("{written} is empty"));
        }
    }
    if redirected.is_none() && run.out.trim().is_empty() {
        return Err("it printed nothing".to_owned());
    }
    Ok(())
}

/// Listening needs a device and the right to it: the command is understood, and where the right is given it
/// listens to the loopback for a moment.
fn listen(folder: &Path, words: &[&str]) -> Result<(), String> {
    if cfg!(not(feature = "live")) {
        return Ok(());
    }
    Args::try_parse_from(words).map_err(|why| why.to_string())?;
    let on_loopback = words.iter().skip(1).map(|word| if word.starts_with("eth") { "lo" } else { word });
    let mut command = Command::new("timeout");
    command.args(["--preserve-status", "--signal", "INT", "1"]).arg(program()).args(on_loopback);
    let run = ran(command.current_dir(folder));
    let forbidden =
        run.err.contains("may not") || run.err.contains("permission") || run.err.contains("there is no such device");
    if run.status == 0 || forbidden { Ok(()) } else { Err(format!("exit status {}: {}", run.status, run.err)) }
}

#[test]
fn every_option_and_command_that_a_guide_names_exists() {
    let program = Args::command();
    let mut options = BTreeSet::new();
    let mut commands = BTreeSet::new();
    gather(&program, &mut options, &mut commands);
    for guide in guides() {
        let text = fs::read_to_string(&guide).unwrap();
        for span in spans(&text) {
            // Options of other programs are named with the program.
            let ours = span.starts_with("anyany ") || span.starts_with("--");
            for option in span.split([' ', '=']).filter(|word| ours && word.starts_with("--")) {
                let known = options.contains(option) || OF_CARGO.contains(&option) || OF_PKTMON.contains(&option);
                assert!(known, "{}: {option} in `{span}`", guide.display());
            }
            if let Some(command) = span.strip_prefix("anyany ").and_then(|rest| rest.split(' ').next()) {
                assert!(commands.contains(command), "{}: `{span}`", guide.display());
            }
        }
    }
}

const OF_CARGO: &[&str] = &["--no-default-features"];
const OF_PKTMON: &[&str] = &["--drop-only"];

fn gather(command: &clap::Command, options: &mut BTreeSet<String>, commands: &mut BTreeSet<String>) {
    options.extend(command.get_arguments().filter_map(|one| one.get_long()).map(|long| format!("--{long}")));
    for below in command.get_subcommands() {
        commands.insert(below.get_name().to_owned());
        gather(below, options, commands);
    }
}

#[test]
fn every_link_leads_to_a_file() {
    for guide in guides() {
        let text = fs::read_to_string(&guide).unwrap();
        for link in text.split("](").skip(1).filter_map(|behind| behind.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let target = guide.parent().unwrap().join(link.split('#').next().unwrap_or_default());
            assert!(target.exists(), "{}: {link}", guide.display());
        }
    }
}

#[test]
fn every_kind_has_a_page_that_says_what_explain_says() {
    let folder = root().join("docs/kinds");
    let mut pages = vec![("README.md".to_owned(), run(&["explain", "--format", "markdown"]).out)];
    pages.extend(Kind::ALL.iter().map(|kind| {
        let page = run(&["explain", kind.word(), "--format", "markdown"]).out;
        (format!("{kind}.md"), page)
    }));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            fs::write(folder.join(name), page).unwrap();
        }
    }
    for (name, page) in &pages {
        let written = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(written == *page, "docs/kinds/{name} says something else; UPDATE_GOLDEN=1 writes it anew");
    }
    let known: BTreeSet<_> = pages.iter().map(|(name, _)| OsString::from(name)).collect();
    let there: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there, known, "pages of kinds that are gone");
}

/// The README and the guides below `docs`.
fn guides() -> Vec<PathBuf> {
    let mut guides = vec![root().join("README.md")];
    for folder in ["docs", "docs/kinds"] {
        let pages = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        guides.extend(pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    guides.sort();
    guides
}

/// Whose commands a block of a guide shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shell {
    Unix,
    Windows,
}

/// Every command of this program in the blocks of a guide, in order.
fn commands(text: &str) -> Vec<(Shell, String)> {
    let mut commands = Vec::new();
    let mut shell = None;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some("sh") => shell = Some(Shell::Unix),
            Some("bat") => shell = Some(Shell::Windows),
            Some(_) => shell = None,
            None => {
                commands.extend(shell.filter(|_| line.starts_with("anyany ")).map(|shell| (shell, line.to_owned())));
            }
        }
    }
    // A command in a block of another kind would not be run.
    let all = text.lines().filter(|line| line.starts_with("anyany ")).count();
    assert_eq!(commands.len(), all, "a command stands outside of the blocks that are run");
    commands
}

/// What stands between backticks in running text.
fn spans(text: &str) -> Vec<&str> {
    let prose = text.split("\n```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).filter(|span| !span.contains('\n')).collect()
}

fn program() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("anyany").to_owned()
}
