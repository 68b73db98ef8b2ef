//! Captures in, traces and documents out, as `analyze` does it.
#![allow(dead_code)] // each test file uses its own part

use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::diagnose::diagnose;
use anyany::observe::Trace;
use anyany::pipeline::{Glance, Settings, plan, read};
use anyany::reference::Reference;
use anyany::report::{Report, json};
use anyany::topology::roster;
use serde_json::Value;

/// The folder that `ANYANY_CAPTURES` names; says so where it names none.
pub fn collection() -> Option<PathBuf> {
    let named = std::env::var_os("ANYANY_CAPTURES").map(PathBuf::from);
    if named.is_none() {
        println!("skipped: ANYANY_CAPTURES names no folder");
    }
    named
}

/// Reads captures that can be opened.
pub fn traces(files: &[PathBuf], threads: usize) -> Vec<Trace> {
    let reference = Reference::embedded();
    let settings = Settings::new(threads, reference.known_tcp_ports(), reference.known_udp_ports());
    let open = |file: &Path| Capture::open(file).unwrap_or_else(|why| panic!("{why}"));
    let glances: Vec<_> = match files {
        [_] => vec![Glance::default()],
        files => files.iter().map(|file| Glance::of(&mut open(file))).collect(),
    };
    let runs = |trace: Vec<Vec<u32>>| {
        trace.into_iter().map(|run| run.into_iter().map(|at| (at, open(&files[at as usize]))).collect()).collect()
    };
    plan(&glances).traces.into_iter().map(|trace| read(runs(trace), &settings, &|_| true)).collect()
}

/// Reads, judges and reports captures that can be opened.
pub fn document(files: &[PathBuf], threads: usize) -> Value {
    let traces = traces(files, threads);
    let reference = Reference::embedded();
    let roster = roster(&traces, None, None, reference);
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
    json::document(&report, true)
}
