//! What the program writes beside the report: for spreadsheets and build servers, of one moment, to who
//! waits, to who reads manuals and presses Tab.
#![allow(clippy::unwrap_used)] // clippy knows the tests, not the helpers that they share

#[path = "support/program.rs"]
mod program;

use std::fs;

use anyany::cli::Args;
use assert_cmd::Command;
use clap::CommandFactory as _;
use program::{capture, file, program, ran, run, run_with};
use tempfile::TempDir;

const BLOCKED: &str = "rpc/dynamic-dropped/client.pcap";
const HEALTHY: &str = "web/healthy/cas1.pcap";
const OPENED_LATER: &str = "web/opened-later/client.pcap";

#[test]
fn what_happened_at_a_moment_is_told_in_text_and_json() {
    let path = capture(OPENED_LATER);
    let text = run(&["analyze", &path, "--at", "10:51:00"]);
    assert_eq!((text.status, text.err.as_str()), (0, ""));
    assert!(text.out.contains("\nAT 2026-11-21 10:51:00 UTC\n  F1 covers it: BLOCKED "), "{}", text.out);
    let without = run(&["analyze", &path]);
    let (before, behind) = text.out.split_once("\nAT ").unwrap();
    let behind = &behind[behind.find("\nFINDINGS\n").unwrap()..];
    assert_eq!(format!("{before}{behind}"), without.out, "the moment changes nothing else");
    let at = |time: &str| run(&["analyze", "--json", "-", &path, "--at", time]).json()["at"].clone();
    let here = at("10:51:00");
    assert_eq!((&here["findings"][0], &here["captured"]), (&"F1".into(), &true.into()));
    assert_eq!(here["conversations"][0]["state"], "failing");
    // The same moment on a clock in Berlin.
    assert_eq!(at("11:51:00+01:00"), here);
    assert_eq!(at("2026-11-21T10:51:00Z"), here);
    let later = at("10:51:30");
    assert_eq!((&later["captured"], &later["findings"]), (&false.into(), &serde_json::json!([])));
    assert_eq!(later["last_before"], "2026-11-21T10:51:15.802320Z");
    assert!(run(&["analyze", "--json", "-", &path]).json().get("at").is_none());
}

#[test]
fn a_moment_that_from_and_to_leave_out_was_not_looked_at() {
    let path = capture(OPENED_LATER);
    let run = run(&["analyze", &path, "--to", "10:50:59", "--at", "10:51:14"]);
    assert_eq!(run.status, 0);
    assert!(run.out.contains("Nothing was captured then: what was looked at ends at"), "{}", run.out);
}

#[test]
fn findings_and_paths_are_written_for_spreadsheets_and_build_servers() {
    let folder = TempDir::new().unwrap();
    let [csv, junit] = ["a.csv", "a.xml"].map(|name| folder.path().join(name));
    let [csv_name, junit_name] = [&csv, &junit].map(|path| path.display().to_string());
    let run = run(&["analyze", &capture(BLOCKED), "--csv", &csv_name, "--junit", &junit_name, "--fail-on", "blocked"]);
    assert_eq!(run.status, 1);
    assert!(run.out.starts_with("BLOCKED: "), "{}", run.out);
    let (csv, junit) = (fs::read_to_string(csv).unwrap(), fs::read_to_string(junit).unwrap());
    assert!(
        csv.starts_with("id,incident,verdict,kind,") && csv.contains("\r\nF1,I1,blocked,rpc-dynamic-port-blocked,")
    );
    let junit = roxmltree::Document::parse(&junit).unwrap();
    assert_eq!(junit.descendants().filter(|node| node.has_tag_name("failure")).count(), 2);
}

#[test]
fn standard_output_goes_to_one_of_them() {
    let path = capture(BLOCKED);
    let csv = run(&["analyze", &path, "--csv", "-"]);
    assert!(csv.status == 0 && csv.out.starts_with("id,") && csv.out.ends_with("\r\n"), "{}", csv.out);
    let junit = run(&["analyze", &path, "--junit", "-"]);
    assert!(junit.out.starts_with("<?xml ") && junit.out.ends_with("</testsuites>\n"), "{}", junit.out);
    let both = run(&["analyze", &path, "--csv", "-", "--json", "-"]);
    assert!(both.status == 2 && both.out.is_empty(), "{}", both.out);
    assert!(both.err.contains("--json and --csv both ask for standard output"), "{}", both.err);
}

#[test]
fn a_capture_is_never_written_over() {
    let folder = TempDir::new().unwrap();
    let octets = fs::read(capture(BLOCKED)).unwrap();
    let ours = file(&folder, "ours.pcap", &octets);
    for option in ["--json", "--csv", "--junit"] {
        // The name of the report was forgotten.
        let run = run(&["analyze", option, &ours, &capture(HEALTHY)]);
        assert!(run.status == 2 && run.err.contains("is a capture, and would be written over"), "{}", run.err);
        assert_eq!(fs::read(&ours).unwrap(), octets);
    }
    let report = file(&folder, "report.json", b"{}");
    assert_eq!(run(&["analyze", "--json", &report, &ours]).status, 0);
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_read() {
    let folder = TempDir::new().unwrap();
    let name = folder.path().display().to_string();
    let into_folder = run(&["analyze", "--csv", &name, "no-such.pcap"]);
    assert!(into_folder.status == 2 && into_folder.err.contains("is a folder"), "{}", into_folder.err);
    let nowhere = run(&["analyze", "--junit", &format!("{name}/missing/a.xml"), "no-such.pcap"]);
    assert!(nowhere.err.contains("there is no folder") && !nowhere.err.contains("no-such.pcap"), "{}", nowhere.err);
}

#[test]
fn progress_is_told_where_it_is_asked_for_and_never_on_standard_output() {
    let path = capture(BLOCKED);
    let plain = run(&["analyze", &path]);
    let told = run(&["analyze", &path, "--progress", "always"]);
    assert_eq!(told.out, plain.out);
    assert!(
        told.err.starts_with("anyany: reading 100 %, ") && told.err.contains(" 93 packets; judging\n"),
        "{}",
        told.err
    );
    assert!(!told.err.contains(['\r', '\x1b']), "{}", told.err);
    let octets = fs::read(&path).unwrap();
    let stream = run_with(&["analyze", "-", "--progress", "always"], &octets);
    assert!(stream.err.starts_with("anyany: reading 18.5 kB, "), "{}", stream.err);
    assert!(!stream.err.contains('%') && !stream.err.contains(" left"), "{}", stream.err);
}

#[test]
fn patterns_that_the_shell_left_alone_are_expanded() {
    let folder = TempDir::new().unwrap();
    for name in ["ring_1.pcap", "ring_2.pcap"] {
        file(&folder, name, &fs::read(capture(BLOCKED)).unwrap());
    }
    let pattern = folder.path().join("RING_?.*").display().to_string();
    let document = run(&["analyze", "--json", "-", &pattern]).json();
    assert_eq!(document["captures"].as_array().unwrap().len(), 2);
    let none = run(&["analyze", &folder.path().join("x*.pcap").display().to_string()]);
    assert!(none.status == 2 && none.err.contains("x*.pcap: there is no such file"), "{}", none.err);
}

#[test]
fn a_line_is_as_long_as_the_output_has_columns() {
    for columns in [80, 200] {
        let run = ran(program()
            .env("COLUMNS", columns.to_string())
            .args(["analyze", &capture("directory/healthy/client.pcap")]));
        let longest = run.out.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= columns && longest > columns * 6 / 10, "{columns}: {longest}");
    }
}

/// Runs the program on a terminal of its own.
#[cfg(target_os = "linux")]
fn on_a_terminal(arguments: &[&str], surroundings: &[(&str, &str)]) -> String {
    let program = assert_cmd::cargo::cargo_bin!("anyany").display().to_string();
    let line = [&[program.as_str()], arguments].concat().join(" ");
    let mut command = Command::new("script");
    for shaping in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(shaping);
    }
    command.env("TERM", "xterm").envs(surroundings.iter().copied()).args(["-qec", &line, "/dev/null"]);
    ran(&mut command).out
}

#[cfg(target_os = "linux")]
#[test]
fn colour_is_for_terminals_that_want_it() {
    let path = capture(BLOCKED);
    let terminal = |surroundings: &[(&str, &str)]| on_a_terminal(&["analyze", &path], surroundings);
    assert!(terminal(&[]).contains("\x1b["), "a terminal shows colour");
    for surroundings in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        let said = terminal(&[surroundings]);
        assert!(said.contains("BLOCKED: ") && !said.contains('\x1b'), "{surroundings:?}: {said}");
    }
    let pipe = |surroundings: (&str, &str)| ran(program().envs([surroundings]).args(["analyze", &path])).out;
    assert!(!pipe(("TERM", "xterm")).contains('\x1b'));
    assert!(pipe(("CLICOLOR_FORCE", "1")).contains("\x1b["));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_not_told_of_reading_that_takes_no_time() {
    let said = on_a_terminal(&["analyze", &capture(BLOCKED)], &[]);
    assert!(!said.contains("reading") && !said.contains("judging"), "{said}");
}

#[test]
fn ports_are_printed_for_documents_and_spreadsheets() {
    let ports = |more: &[&str]| {
        let run = run(&[&["ports", "--from", "cas", "--to", "mailbox", "--exchange", "2010"], more].concat());
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        run.out
    };
    let rows = |text: &str| text.matches("mailbox").count();
    let markdown = ports(&["--format", "markdown"]);
    let (caption, table) = markdown.split_once("\n\n").unwrap();
    assert_eq!(caption, "Exchange 2010, from cas to mailbox");
    assert!(
        table.starts_with("| From | To | Ports | Service | Purpose | When blocked | Zone | Versions | Source |"),
        "{table}"
    );
    let lines: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let csv = ports(&["--format", "csv"]);
    assert!(csv.starts_with("From,To,Ports,Service,Purpose,When blocked,Zone,Versions,Source,Confidence\n"), "{csv}");
    // A line of titles, and in Markdown one below it.
    assert_eq!((lines.len() - 2, rows(&csv) > 5), (csv.lines().count() - 1, true));
    let text = ports(&[]);
    assert_eq!(text.matches("\n  Blocked ").count(), csv.lines().count() - 1);
    assert!(
        text.contains("OWA error pages") && markdown.contains("OWA error pages") && csv.contains("OWA error pages")
    );
    let none = run(&["ports", "--port", "0", "--format", "csv"]);
    assert_eq!(none.out.lines().count(), 1);
    let interfaces = run(&["ports", "--interfaces", "--format", "markdown"]);
    assert!(interfaces.out.starts_with("| Name | Interface |") && interfaces.out.contains("a4f1db00-ca47"));
}

#[test]
fn every_command_has_a_manual_page_that_names_its_options() {
    let folder = TempDir::new().unwrap();
    let into = folder.path().join("man1");
    assert_eq!(run(&["man", "--into", &into.display().to_string()]).status, 0);
    #[allow(clippy::items_after_statements)] // it belongs to this test alone
    fn walk(command: &clap::Command, words: &[&str], check: &mut dyn FnMut(&clap::Command, &[&str])) {
        check(command, words);
        for below in command.get_subcommands() {
            walk(below, &[words, &[below.get_name()]].concat(), check);
        }
    }
    let mut pages = 0;
    walk(&Args::command(), &[], &mut |command, words| {
        let name = [&["anyany"], words].concat().join("-");
        let page = fs::read_to_string(into.join(format!("{name}.1"))).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(run(&[&["man"], words].concat()).out, page);
        assert!(page.contains(&format!(".TH {name} 1 ")), "{page}");
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{name}: --{option}");
        }
        pages += 1;
    });
    assert_eq!(fs::read_dir(into).unwrap().count(), pages);
    let wrong = run(&["man", "topology", "guess"]);
    assert!(wrong.status == 2 && wrong.err.contains("infer, import, check"), "{}", wrong.err);
}

#[test]
fn tshark_reads_the_evidence_with_its_times_and_comments() {
    if !is_there("tshark") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (original, proof) = (capture("dag/failover-dropped/mbx1.pcap"), folder.path().join("proof.pcapng"));
    let proof = proof.display().to_string();
    let ran_ours = run(&["analyze", &original, "--evidence", &proof]);
    assert_eq!(ran_ours.status, 0, "{}", ran_ours.err);
    let shown = |file: &str| {
        let fields =
            ["-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.comment"];
        let shown = ran(Command::new("tshark").args(["-r", file]).args(fields));
        assert_eq!(shown.status, 0, "{}", shown.err);
        shown.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let whole: std::collections::BTreeSet<String> =
        shown(&original).iter().map(|row| row.trim_end_matches('|').to_owned()).collect();
    let rows = shown(&proof);
    assert!(rows.len() > 10 && ran_ours.err.contains(&format!("{} packets", rows.len())), "{}", ran_ours.err);
    for row in rows {
        let (packet, comment) = row.rsplit_once('|').unwrap();
        assert!(whole.contains(packet), "{packet} is no packet of the capture");
        assert!(comment.starts_with(['F', 'w']) && comment.contains("mbx1.pcap"), "{row}");
    }
}

#[test]
fn manual_pages_are_well_formed() {
    if !is_there("groff") {
        return;
    }
    for words in [&["man"][..], &["man", "analyze"], &["man", "topology", "infer"]] {
        let page = run(words).out;
        let shown = ran(Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).write_stdin(page));
        assert_eq!((shown.status, shown.err.as_str()), (0, ""), "{words:?}");
    }
}

#[test]
fn completions_complete_commands_options_and_their_values() {
    let folder = TempDir::new().unwrap();
    let script = |shell: &str, name: &str| file(&folder, name, run(&["completions", shell]).out.as_bytes());
    let bash = script("bash", "anyany.bash");
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words.len() - 1;
        let ask = format!(
            "source {bash}; COMP_WORDS=({line}); [ ${{#COMP_WORDS[@]}} -gt {at} ] || COMP_WORDS+=(''); COMP_CWORD={at}; \
             _anyany anyany '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words[at],
            words[at - 1]
        );
        let ran = ran(Command::new("bash").args(["--norc", "-c", &ask]));
        ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("anyany an"), ["analyze"]);
    assert_eq!(complete("anyany analyze --jun"), ["--junit"]);
    assert_eq!(complete("anyany analyze --fail-on "), ["blocked"]);
    assert_eq!(complete("anyany topology in"), ["infer"]);
    assert_eq!(complete("anyany ports --format m"), ["markdown"]);
    for (shell, check) in [("zsh", &["-n"][..]), ("fish", &["--no-execute"])] {
        let script = script(shell, &format!("anyany.{shell}"));
        if is_there(shell) {
            let ran = ran(Command::new(shell).args(check).arg(&script));
            assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{shell}");
        }
    }
    if is_there("fish") {
        let fish = script("fish", "anyany.fish");
        let ask = format!("source {fish}; complete -C 'anyany analyze --fail-on '");
        let said = ran(Command::new("fish").args(["--no-config", "-c", &ask])).out;
        assert!(said.starts_with("blocked"), "{said}");
    }
    if is_there("zsh") {
        let zsh = script("zsh", "_anyany");
        let ask = format!("autoload -Uz compinit; compinit -D -u; source {zsh}; print $_comps[anyany]");
        assert_eq!(ran(Command::new("zsh").args(["-f", "-c", &ask])).out, "_anyany\n");
    }
    // No PowerShell is needed to see that each command has its block, and braces and quotes their ends.
    let powershell = run(&["completions", "powershell"]).out;
    for block in ["'anyany'", "'anyany;analyze'", "'anyany;topology;infer'", "'anyany;ports'", "'anyany;man'"] {
        assert_eq!(powershell.matches(&format!("        {block} {{")).count(), 1, "{block}");
    }
    assert!(powershell.contains("'--junit', '--junit', [CompletionResultType]::ParameterName"), "{powershell}");
    assert_eq!(powershell.matches(['{', '(']).count(), powershell.matches(['}', ')']).count());
}

/// Whether a tool that some machines lack is here; where everything is to be checked it must be.
fn is_there(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{tool} is missing");
    there
}
