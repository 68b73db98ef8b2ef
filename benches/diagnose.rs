//! How fast conversations become findings, and findings a document.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::time::Duration;

use anyany::diagnose::{Verdict, diagnose};
use anyany::reference::Reference;
use anyany::report::{Report, json};
use anyany::topology::roster;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn judge(c: &mut Criterion) {
    let mut group = c.benchmark_group("diagnose");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for profile in ["mix", "dc", "synflood"] {
        let capture = common::generated(profile, 100_000);
        let traces = vec![common::trace(&capture.path)];
        let conversations = traces.iter().map(|trace| trace.conversations.len() as u64).sum();
        let reference = Reference::embedded();
        let roster = roster(&traces, None, None, reference);
        let diagnosis = diagnose(&traces, &roster);
        let blocked = diagnosis.findings.iter().filter(|one| one.judgement.kind.verdict() != Verdict::Inconclusive);
        assert!(profile == "synflood" || blocked.count() as u64 >= capture.blocks, "{profile}");
        group.throughput(Throughput::Elements(conversations));
        group.bench_function(format!("{profile}: who is who"), |b| {
            b.iter(|| anyany::topology::roster(&traces, None, None, reference));
        });
        group.bench_function(format!("{profile}: findings"), |b| {
            b.iter(|| assert_eq!(diagnose(&traces, &roster).findings.len(), diagnosis.findings.len()));
        });
        let report = Report { traces: &traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
        group.bench_function(format!("{profile}: document"), |b| {
            b.iter(|| assert!(json::document(&report, false).is_object()));
        });
    }
    group.finish();
}

criterion_group!(benches, judge);
criterion_main!(benches);
