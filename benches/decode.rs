//! How fast frames become packets.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for (name, frames) in common::frames() {
        let expected = common::packets(&frames, |_| {});
        // All but ARP and the like.
        assert!(expected * 100 > frames.len() * 90, "{expected} packets in {} frames", frames.len());
        group.throughput(common::throughput(&frames));
        group.bench_function(format!("{name} frames to packets"), |b| {
            b.iter(|| {
                let packets = common::packets(&frames, |arrival| {
                    black_box(arrival);
                });
                assert_eq!(packets, expected);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
