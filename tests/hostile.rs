//! What the wire says stays text: on the terminal, in spreadsheets, in scripts, in XML and on the page. The page is
//! looked at in a browser by `tests/browser/run`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::fs;

#[path = "support/handmade.rs"]
mod handmade;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/program.rs"]
mod program;

use hostile::{TEXTS, is_obeyed};
use program::{capture, file, run};
use tempfile::TempDir;

/// Every output of the hostile capture, by the name of its file.
fn outputs(folder: &TempDir) -> Vec<(&'static str, String)> {
    let path = file(folder, "hostile.pcap", &hostile::hostile());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let files = ["a.html", "a.json", "a.csv", "a.xml"];
    let [html, json, csv, xml] = files.map(at);
    let ran = run(&[
        "analyze", &path, "--flows", "--html", &html, "--json", &json, "--csv", &csv, "--junit", &xml, "--at",
        "06:00:10",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let hosts = run(&["topology", "infer", &path]).out;
    let table = run(&["topology", "infer", &path, "--format", "markdown"]).out;
    let written = files.iter().map(|name| (*name, fs::read_to_string(folder.path().join(name)).unwrap()));
    written.chain([("terminal", ran.out), ("hosts.toml", hosts), ("table.md", table)]).collect()
}

#[test]
fn no_output_holds_a_command_of_the_terminal_or_text_that_runs_backwards() {
    let folder = TempDir::new().unwrap();
    let outputs = outputs(&folder);
    for (name, text) in &outputs {
        let text = text.replace("\r\n", "\n"); // RFC 4180 ends lines so
        let obeyed = text.char_indices().find(|(_, letter)| is_obeyed(*letter));
        assert!(obeyed.is_none(), "{name}: {obeyed:?}");
        assert!(text.len() < 1_000_000, "{name} has {} octets", text.len());
    }
    // Escaped, not lost.
    let json = &outputs.iter().find(|(name, _)| *name == "a.json").unwrap().1;
    assert!(["window.pwned", "HYPERLINK", "drawkcab"].iter().all(|text| json.contains(text)));
}

#[test]
fn the_page_has_no_element_but_its_own() {
    let folder = TempDir::new().unwrap();
    let hostile = outputs(&folder).into_iter().find(|(name, _)| *name == "a.html").unwrap().1;
    let page = folder.path().join("plain.html").display().to_string();
    assert_eq!(run(&["analyze", &capture("rpc/dynamic-dropped/client.pcap"), "--html", &page]).status, 0);
    let plain = fs::read_to_string(page).unwrap();
    let scripts = |page: &str| page.matches("<script").count();
    assert_eq!(scripts(&hostile), scripts(&plain));
    for element in ["<img", "<svg onload", "<!--{", "<iframe", "<object", "<embed", "<form"] {
        assert!(!hostile.contains(element), "{element}");
    }
    for attribute in ["\" onerror", " onerror=", " onload=", "href=\"javascript", "href=\"http"] {
        let inside = hostile.matches(attribute).count();
        // As text it may stand between tags, with its brackets escaped.
        let shown = hostile.matches(&format!("&lt;img src=x{attribute}")).count()
            + hostile.matches(&format!("&lt;svg{attribute}")).count();
        assert_eq!(inside, shown, "{attribute}");
    }
}

#[test]
fn no_cell_of_a_spreadsheet_is_a_formula() {
    let folder = TempDir::new().unwrap();
    let csv = outputs(&folder).into_iter().find(|(name, _)| *name == "a.csv").unwrap().1;
    let mut cells = 0;
    for row in csv::Reader::from_reader(csv.as_bytes()).records() {
        for cell in &row.unwrap() {
            cells += 1;
            let begins = cell.trim_start().starts_with(['=', '+', '@', '-']);
            assert!(!begins || cell.trim().parse::<f64>().is_ok(), "{cell}");
        }
    }
    assert!(cells > 10);
}

#[test]
fn the_xml_for_a_build_server_is_well_formed() {
    let folder = TempDir::new().unwrap();
    let xml = outputs(&folder).into_iter().find(|(name, _)| *name == "a.xml").unwrap().1;
    let document = roxmltree::Document::parse(&xml).unwrap();
    let known = [
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "error",
        "properties",
        "property",
        "system-out",
        "system-err",
    ];
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&element.tag_name().name()), "{:?}", element.tag_name());
    }
}

#[test]
fn a_page_for_a_thousand_findings_and_two_hundred_hosts_stays_below_a_megabyte() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "large.pcap", &hostile::large(200, 1_000));
    let (page, json) = (folder.path().join("large.html"), folder.path().join("large.json"));
    let ran = run(&["analyze", &path, "--html", &page.display().to_string(), "--json", &json.display().to_string()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let document: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let blocked = document["findings"].as_array().unwrap().iter().filter(|one| one["verdict"] == "blocked").count();
    assert_eq!((blocked, document["hosts"].as_array().unwrap().len()), (1_000, 200));
    let length = fs::metadata(page).unwrap().len();
    assert!(length < 1_000_000, "{length} octets");
}

#[test]
fn each_text_is_shown_for_what_it_is() {
    let folder = TempDir::new().unwrap();
    let json = outputs(&folder).into_iter().find(|(name, _)| *name == "a.json").unwrap().1;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let details = document["flows"].to_string();
    // Two that hold nothing which is escaped.
    for text in [TEXTS[2], TEXTS[4]] {
        assert!(details.contains(text), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_never_become_commands_either() {
    let folder = TempDir::new().unwrap();
    let empty = file(&folder, "\x1b[2J\u{202e}.pcap", b"");
    let good = file(&folder, "\x1b[31m.pcap", &hostile::hostile());
    let run = run(&["analyze", &empty, &good]);
    assert!(!run.out.contains(is_obeyed) && !run.err.contains(is_obeyed), "{:?} {:?}", run.out, run.err);
    assert!(run.out.contains("\\u{1b}[31m.pcap"), "{}", run.out);
}
