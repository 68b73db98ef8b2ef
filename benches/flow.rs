//! How fast packets find their flows: the table alone, and with all payload put in order and read.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::time::Duration;

use anyany::flow::{Deaf, Observer, Table};
use anyany::observe::{Talk, World};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn flow(c: &mut Criterion) {
    let mut group = c.benchmark_group("flow");
    group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for (name, frames) in common::frames() {
        let expected = flows::<Deaf>(&frames, Table::new(common::ports()), &());
        assert!(expected > 500, "{expected} flows");
        group.throughput(common::throughput(&frames));
        group.bench_function(format!("{name}: table"), |b| {
            b.iter_batched(
                || Table::new(common::ports()),
                |table| assert_eq!(flows::<Deaf>(&frames, table, &()), expected),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(format!("{name}: table and dissectors"), |b| {
            b.iter_batched(
                || (Table::new(common::ports()), World::default()),
                |(table, world)| assert_eq!(flows::<Talk>(&frames, table, &world), expected),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn flows<O: Observer>(frames: &[common::Stored], mut table: Table<O>, world: &O::World) -> usize {
    common::packets(frames, |arrival| table.packet(arrival, world));
    table.finish(world).0.len()
}

criterion_group!(benches, flow);
criterion_main!(benches);
