//! How fast a capture becomes a report, by number of threads.
#![allow(missing_docs, clippy::unwrap_used)] // a bench that cannot go on fails

mod common;

use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::diagnose::diagnose;
use anyany::pipeline::{Settings, read};
use anyany::reference::Reference;
use anyany::report::{Report, json};
use anyany::topology::roster;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn pipeline(c: &mut Criterion) {
    let captures = common::captures();
    let expected = findings(&captures, 1);
    assert!(expected >= 20, "{expected} findings");
    let octets = captures.iter().map(|path| path.metadata().unwrap().len()).sum();
    let mut group = c.benchmark_group("pipeline");
    group.throughput(Throughput::Bytes(octets));
    for threads in [1, 2, 4, 8, 16] {
        group.bench_with_input(BenchmarkId::new("captures to reports", threads), &threads, |b, &threads| {
            b.iter(|| assert_eq!(findings(&captures, threads), expected));
        });
    }
    group.finish();
}

/// Judges each capture for itself, with its report; returns the findings of all.
fn findings(captures: &[PathBuf], threads: usize) -> usize {
    captures.iter().map(|path| judged(path, threads)).sum()
}

fn judged(path: &Path, threads: usize) -> usize {
    let settings = Settings { threads, ports: common::ports() };
    let traces = vec![read(vec![vec![(0, Capture::open(path).unwrap())]], &settings, &|_| true)];
    let reference = Reference::embedded();
    let roster = roster(&traces, None, None, reference);
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
    assert!(json::document(&report, true).is_object());
    diagnosis.findings.len()
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
