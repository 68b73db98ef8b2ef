//! How fast each dissector reads the recorded conversations on its ports.
#![allow(missing_docs, clippy::unwrap_used)] // a bench that cannot go on fails

mod common;

use anyany_dissectors::{ALL, Protocol, Transport};
use common::conversations::{Said, conversations};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn dissect(c: &mut Criterion) {
    let all: Vec<Said> = common::captures().iter().flat_map(|path| conversations(path)).collect();
    let mut group = c.benchmark_group("dissect");
    let mut measured = 0;
    for protocol in ALL {
        let spoken: Vec<&Said> = all.iter().filter(|said| said.on_port_of(protocol)).collect();
        if spoken.is_empty() {
            continue; // no scenario speaks it yet
        }
        let octets = spoken.iter().flat_map(|said| &said.parts).map(|(_, octets)| octets.len() as u64).sum();
        let expected = facts(protocol, &spoken);
        group.throughput(Throughput::Bytes(octets));
        group.bench_function(protocol.name, |b| b.iter(|| assert_eq!(facts(protocol, &spoken), expected)));
        measured += 1;
    }
    assert!(measured >= 8, "{measured} protocols");
    group.finish();
}

/// How much is told. Parts are whole messages here, as the recorded servers sent them.
fn facts(protocol: &Protocol, spoken: &[&Said]) -> usize {
    let mut told = 0;
    for said in spoken {
        let mut dialogue = (protocol.open)(said.transport);
        for (side, octets) in &said.parts {
            let mut unread = octets.as_slice();
            while !unread.is_empty() && !dialogue.finished(*side) {
                let Ok(read) = dialogue.read(*side, unread, &mut |_| told += 1) else { break };
                unread = unread.get(read..).unwrap_or_default();
                if read == 0 || said.transport == Transport::Udp {
                    break;
                }
            }
        }
    }
    told
}

criterion_group!(benches, dissect);
criterion_main!(benches);
