//! What the integration tests share: captures in, findings out, through the library.
#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

#[path = "reading.rs"]
pub mod reading;

use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::diagnose::{Diagnosis, diagnose};
use anyany::observe::Trace;
use anyany::pipeline::read_again;
use anyany::proof::{Collector, Exhibits, Limits, Sought};
use anyany::reference::Reference;
use anyany::topology::{File, Roster, roster};

/// A diagnosis and what it rests on.
pub struct Diagnosed {
    pub traces: Vec<Trace>,
    pub roster: Roster,
    pub diagnosis: Diagnosis,
}

/// Reads and judges captures, with a topology file's text if there is one.
pub fn diagnosed(files: &[PathBuf], threads: usize, topology: Option<&str>) -> Diagnosed {
    let traces = reading::traces(files, threads);
    let file = topology
        .map(|text| File::read("topology.toml", text, Reference::embedded()).unwrap_or_else(|why| panic!("{why}")));
    let roster = roster(&traces, file.as_ref(), None, Reference::embedded());
    let diagnosis = diagnose(&traces, &roster);
    Diagnosed { traces, roster, diagnosis }
}

/// Every file below a folder whose name ends so, in order.
pub fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The packets that prove a diagnosis, from the same files.
pub fn exhibits(files: &[PathBuf], diagnosed: &Diagnosed, limits: Limits) -> Exhibits {
    let sought = Sought::new(&diagnosed.traces, &diagnosed.roster, &diagnosed.diagnosis, limits);
    let mut collector = Collector::new(sought);
    let captures = files.iter().map(|file| Capture::open(file).unwrap_or_else(|why| panic!("{why}")));
    read_again((0..).zip(captures), &|_| true, |capture, frame| collector.frame(capture, frame));
    collector.finish()
}
