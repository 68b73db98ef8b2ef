//! What the integration tests share: captures in, findings out, through the library.
#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::classify::usual_ports;
use anyany::diagnose::{Diagnosis, diagnose};
use anyany::flow::ServicePorts;
use anyany::observe::Trace;
use anyany::pipeline::{Glance, Settings, plan, read};
use anyany::reference::Reference;
use anyany::topology::{File, Roster, roster};
use anyany_dissectors::Transport;

/// A diagnosis and what it rests on.
pub struct Diagnosed {
    pub traces: Vec<Trace>,
    pub roster: Roster,
    pub diagnosis: Diagnosis,
}

/// Reads captures as `analyze` does.
pub fn traces(files: &[PathBuf], threads: usize) -> Vec<Trace> {
    let ports = ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp));
    let settings = Settings { threads, ports };
    let open = |file: &PathBuf| Capture::open(file).unwrap_or_else(|why| panic!("{why}"));
    let glances: Vec<_> = match files {
        [_] => vec![Glance::default()],
        files => files.iter().map(|file| Glance::of(&mut open(file))).collect(),
    };
    let runs = |trace: Vec<Vec<u32>>| {
        trace.into_iter().map(|run| run.into_iter().map(|at| (at, open(&files[at as usize]))).collect()).collect()
    };
    plan(&glances).traces.into_iter().map(|trace| read(runs(trace), &settings, &|_| true)).collect()
}

/// Reads and judges captures, with a topology file's text if there is one.
pub fn diagnosed(files: &[PathBuf], threads: usize, topology: Option<&str>) -> Diagnosed {
    let traces = traces(files, threads);
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
