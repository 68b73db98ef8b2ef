//! The rules of the house: what compilers and lints cannot see, and a reviewer should not have to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyany::diagnose::Kind;
use anyany::reference::Reference;

/// Which rooms each room may import from: those to its left, and the leaves.
const ROOMS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("capture", &["time"]),
    ("decode", &["capture", "time"]),
    ("flow", &["decode", "time"]),
    ("classify", &[]),
    ("redact", &["classify", "decode", "capture", "time"]),
    ("observe", &["classify", "flow", "decode", "time"]),
    ("reference", &["flow"]),
    ("topology", &["reference", "observe", "flow", "time"]),
    ("diagnose", &["topology", "reference", "observe", "flow", "decode", "time"]),
    ("proof", &["diagnose", "topology", "observe", "flow", "decode", "capture", "time"]),
    ("report", &["proof", "diagnose", "topology", "reference", "observe", "flow", "decode", "capture", "time"]),
    ("pipeline", &["observe", "classify", "flow", "decode", "capture", "time"]),
    ("watch", &["diagnose", "topology", "reference", "observe", "flow", "decode", "capture", "time"]),
];

#[test]
fn rooms_import_only_from_their_left() {
    let mut seen = BTreeSet::new();
    for (path, code) in product("src") {
        let room = room(&path);
        if matches!(room.as_str(), "lib" | "main" | "cli") {
            continue; // they wire the rooms
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            panic!("{}: a room that tests/house.rs does not know", path.display());
        };
        for imported in imports(&code) {
            assert!(
                imported == room || allowed.contains(&imported.as_str()),
                "{}: {room} may not import {imported}",
                path.display()
            );
        }
        seen.insert(room);
    }
    assert_eq!(seen.len(), ROOMS.len(), "rooms that are gone: {seen:?}");
}

#[test]
fn each_tool_has_one_room() {
    let owners: &[(&str, &[&str])] = &[
        ("clap", &["cli", "main"]),
        ("clap_complete", &["cli"]),
        ("pcap", &["capture"]),
        ("pcap_parser", &["capture"]),
        ("memmap2", &["capture"]),
        ("etherparse", &["decode"]),
        ("crossbeam_channel", &["pipeline"]),
        ("thread::spawn", &["pipeline"]),
        ("thread::scope", &["pipeline"]),
        ("thread::Builder", &["pipeline"]),
    ];
    for (path, code) in product("src") {
        let room = room(&path);
        for (tool, rooms) in owners {
            assert!(
                !uses(&code, tool) || rooms.contains(&room.as_str()),
                "{}: {tool} belongs to {rooms:?}",
                path.display()
            );
        }
    }
}

#[test]
fn from_decode_to_diagnose_there_is_no_world_outside() {
    let pure =
        ["decode", "flow", "classify", "observe", "topology", "reference", "diagnose", "proof", "redact", "time"];
    for (path, code) in product("src").filter(|(path, _)| pure.contains(&room(path).as_str())) {
        assert_pure(&path, &code);
    }
}

#[test]
fn dissectors_know_octets_and_nothing_else() {
    for (path, code) in product("dissectors") {
        assert_pure(&path, &code);
        assert!(!uses(&code, "anyany"), "{}: imports the product", path.display());
    }
    let manifest: toml::Table = read(&root().join("dissectors/Cargo.toml")).parse().unwrap();
    let dependencies: Vec<_> = manifest["dependencies"].as_table().unwrap().keys().collect();
    assert_eq!(dependencies, ["thiserror", "x509-parser"], "a dissector needs octets, not libraries");
    assert!(read(&root().join("dissectors/lib.rs")).contains("#![forbid(unsafe_code)]"));
}

#[test]
fn unsafe_code_stays_in_capture_and_says_why_it_is_sound() {
    for (path, code) in product("src") {
        let lines: Vec<_> = code.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if !line.contains("unsafe {") && !line.contains("unsafe fn") && !line.contains("unsafe impl") {
                continue;
            }
            assert_eq!(room(&path), "capture", "{}:{}: unsafe code", path.display(), at + 1);
            let before = &lines[at.saturating_sub(6)..at];
            assert!(before.iter().any(|line| line.contains("// SAFETY:")), "{}:{}", path.display(), at + 1);
        }
    }
}

#[test]
fn who_silences_a_lint_says_why() {
    for (path, code) in product("src").chain(product("dissectors")) {
        for (at, line) in code.lines().enumerate() {
            let silences = line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(");
            let says_why = line.contains("reason = ") || line.contains("] // ");
            assert!(!silences || says_why, "{}:{}: {line}", path.display(), at + 1);
        }
    }
}

#[test]
fn every_dissector_has_a_fuzz_target() {
    let listed = read(&root().join("tests/fuzz/Cargo.toml"));
    let mut dissectors = 0;
    for entry in fs::read_dir(root().join("dissectors")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        let target = root().join("tests/fuzz/targets").join(name).with_extension("rs");
        assert!(target.is_file(), "no fuzz target for {name}");
        assert!(listed.contains(&format!("name = \"{name}\"")), "{name} is not in tests/fuzz/Cargo.toml");
        dissectors += 1;
    }
    // The endpoint mapper speaks inside DCE/RPC and is no protocol of its own.
    assert_eq!(dissectors, anyany_dissectors::ALL.len() + 1);
}

#[test]
fn every_kind_is_explained_and_every_table_reads() {
    Reference::embedded();
    let explained = anyany::report::explain::document(Kind::ALL).to_string();
    for kind in Kind::ALL {
        assert!(explained.contains(&format!("\"{kind}\"")), "{kind} is not explained");
        assert_eq!(Kind::from_word(kind.word()), Some(*kind));
    }
}

#[test]
fn every_scenario_is_small_and_tells_its_story() {
    for folder in folders_with(".pcap") {
        let story = folder.join("story.toml");
        assert!(story.is_file(), "{}: no story.toml", folder.display());
        let story: toml::Table = read(&story).parse().unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
        for key in ["title", "purpose", "provenance", "capture"] {
            assert!(story.contains_key(key), "{}: story.toml has no {key}", folder.display());
        }
        let told: BTreeSet<_> =
            story["capture"].as_array().unwrap().iter().map(|capture| capture["file"].as_str().unwrap()).collect();
        for path in files(&folder, &["pcap", "pcapng"]) {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(told.contains(name), "{}: not in its story", path.display());
            let octets = fs::metadata(&path).unwrap().len();
            assert!(octets < 200_000, "{}: {octets} octets", path.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_reader() {
    for path in files(&root(), &["rs", "sh", "py"]) {
        let lines = read(&path).lines().count();
        assert!(lines <= 700, "{}: {lines} lines", path.display());
    }
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    let places = ["home", "root", "work", "Users"].map(|place| format!("/{place}/"));
    for path in files(&root(), &["rs", "sh", "py", "toml", "md", "yml", ""]) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let starts = |place: &String| {
                line.match_indices(place.as_str()).any(|(from, _)| {
                    let before = line[..from].chars().next_back();
                    before.is_none_or(|before| before.is_whitespace() || "\"'=:(`".contains(before))
                })
            };
            assert!(!places.iter().any(starts), "{}:{}: {line}", path.display(), at + 1);
        }
    }
}

fn assert_pure(path: &Path, code: &str) {
    for outside in ["std::fs", "std::io", "std::env", "std::process", "std::thread", "std::time", "std::net::Tcp"] {
        assert!(!uses(code, outside), "{}: {outside}", path.display());
    }
    for said in ["println!", "eprintln!", "print!(", "dbg!", "Instant::", "SystemTime::", "UdpSocket", "static mut"] {
        assert!(!code.contains(said), "{}: {said}", path.display());
    }
}

/// The rooms that `code` names behind `crate::`, also those in braces.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut rooms = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let behind = &code[at + found.len()..];
        match behind.strip_prefix('{') {
            None => rooms.insert(word(behind)),
            Some(list) => {
                let list = list.split(';').next().unwrap_or_default();
                rooms.extend(list.split(',').map(|item| word(item.trim())));
                true
            }
        };
    }
    rooms.remove("");
    rooms
}

/// Whether `code` names a path that begins so, not as the end of another word.
fn uses(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let behind = &code[at + path.len()..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        before.is_none_or(|before| !is_word(before) && before != '/')
            && (behind.starts_with("::") || path.contains("::") && !behind.starts_with(is_word))
    })
}

/// The room of a file below `src`.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Every source file below a folder without its comments and tests.
fn product(folder: &str) -> impl Iterator<Item = (PathBuf, String)> {
    let sources: BTreeMap<_, _> =
        files(&root().join(folder), &["rs"]).into_iter().map(|path| (path.clone(), read(&path))).collect();
    let tests: Vec<_> = sources.iter().flat_map(|(path, code)| test_modules(path, code)).collect();
    sources.into_iter().filter(move |(path, _)| !tests.iter().any(|test| path.starts_with(test))).map(|(path, code)| {
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//") || line.contains("SAFETY:"));
        (path, lines.collect::<Vec<_>>().join("\n"))
    })
}

/// Files and folders of the modules that a file declares for tests only.
fn test_modules(path: &Path, code: &str) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let parent = path.parent().unwrap();
    let base = if matches!(stem, "mod" | "lib" | "main") { parent.to_owned() } else { parent.join(stem) };
    let declared = code.split("#[cfg(test)]\n").skip(1).filter_map(|behind| behind.lines().next());
    let names = declared.filter_map(|line| line.strip_suffix(';')?.split_once("mod ")).map(|(_, name)| name);
    names.flat_map(|name| [base.join(name), base.join(format!("{name}.rs"))]).collect()
}

/// Every file below a folder that ends so, but none that was built.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !matches!(name, "target" | ".git" | "__pycache__") {
                found.extend(files(&path, endings));
            }
        } else if name != ".git"
            && endings.contains(&path.extension().and_then(|ending| ending.to_str()).unwrap_or_default())
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn folders_with(ending: &str) -> BTreeSet<PathBuf> {
    let captures = files(&root().join("captures"), &[ending.trim_start_matches('.')]);
    assert!(!captures.is_empty());
    captures.iter().map(|path| path.parent().unwrap().to_owned()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
