//! How fast a capture becomes a report, by number of threads.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyany::capture::Capture;
use anyany::diagnose::diagnose;
use anyany::pipeline::{Settings, read};
use anyany::reference::Reference;
use anyany::report::{Report, json};
use anyany::topology::roster;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn pipeline(c: &mut Criterion) {
    let generated = common::generated("mix", 200_000);
    let mut group = c.benchmark_group("pipeline");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for (name, captures) in [("recorded", common::captures()), ("generated", vec![generated.path.clone()])] {
        let expected = findings(&captures, 1);
        assert!(expected >= 12, "{expected} findings");
        let octets = captures.iter().map(|path| path.metadata().unwrap().len()).sum();
        group.throughput(Throughput::Bytes(octets));
        for threads in [1, 2, 4, 8, 16] {
            group.bench_with_input(BenchmarkId::new(name, threads), &threads, |b, &threads| {
                b.iter(|| assert_eq!(findings(&captures, threads), expected));
            });
        }
    }
    group.finish();
}

/// Judges each capture for itself, with its report; returns the findings of all.
fn findings(captures: &[PathBuf], threads: usize) -> usize {
    captures.iter().map(|path| judged(path, threads)).sum()
}

fn judged(path: &Path, threads: usize) -> usize {
    let settings = Settings { threads, memory: None, ports: common::ports() };
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
