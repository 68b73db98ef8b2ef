//! How fast answers of the endpoint mapper are written down, and how fast the connections that follow are
//! joined with them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyany::flow::{Endpoint, FrameRef, Moment};
use anyany::observe::{LearntFrom, World};
use anyany::time::{Span, Time};
use anyany_dissectors::Uuid;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn join(c: &mut Criterion) {
    let mut group = c.benchmark_group("join");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(ANSWERS));
    group.bench_function("endpoint mapper's answers into the book", |b| b.iter(|| black_box(book())));
    let trace = common::trace(&common::generated("dc", 100_000).path);
    assert!(trace.book.len() > 10, "{} ports in the book", trace.book.len());
    let joined = |trace: &anyany::observe::Trace| {
        trace.conversations.iter().filter(|one| trace.interface(one).is_some()).count()
    };
    let expected = joined(&trace);
    assert!(expected * 10 > trace.conversations.len(), "{expected} joined");
    group.throughput(Throughput::Elements(trace.conversations.len() as u64));
    group.bench_function("connections with the book", |b| b.iter(|| assert_eq!(joined(&trace), expected)));
    group.finish();
}

/// A book of answers of a few hundred servers, most of them given again and again.
fn book() -> usize {
    let world = World::default();
    for number in 0..ANSWERS {
        let [.., third, last] = number.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, 10, third % 4, last));
        let at = Endpoint { address, port: 49_664 + u16::from(last % 8) };
        let time = Time(Span::millis(i64::try_from(number).unwrap()).0);
        let moment = Moment { time, frame: FrameRef::new(0, number) };
        world.learn(at, Uuid::from_u128(u128::from(number % 12)), LearntFrom::Epm, moment);
    }
    world.book().len()
}

const ANSWERS: u64 = 100_000;

criterion_group!(benches, join);
criterion_main!(benches);
