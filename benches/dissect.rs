//! How fast each dissector reads conversations of its protocol: recorded ones, else written out.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // a bench that cannot go on fails

mod common;

use std::time::Duration;

use anyany::classify::{Choice, Rejected, choose};
use anyany_dissectors::{ALL, Hint, Protocol, Side, Transport};
use common::conversations::{Said, conversations};
use common::stories::stories;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn dissect(c: &mut Criterion) {
    let mut all: Vec<Said> = common::captures().iter().flat_map(|path| conversations(path)).collect();
    all.extend(stories());
    let mut group = c.benchmark_group("dissect");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for protocol in ALL {
        let spoken: Vec<&Said> = all.iter().filter(|said| speaks(said, protocol)).collect();
        assert!(!spoken.is_empty(), "nobody speaks {}", protocol.name);
        let octets = spoken.iter().flat_map(|said| &said.parts).map(|(_, octets)| octets.len() as u64).sum();
        let expected = facts(protocol, &spoken);
        group.throughput(Throughput::Bytes(octets));
        group.bench_function(protocol.name, |b| b.iter(|| assert_eq!(facts(protocol, &spoken), expected)));
    }
    group.finish();
}

/// Whether a conversation is one of this protocol: by its port, else by its first octets.
fn speaks(said: &Said, protocol: &Protocol) -> bool {
    let first = said.parts.iter().find(|(side, _)| *side == Side::Initiator);
    let chosen = first.is_some_and(|(side, octets)| {
        let (initiator_port, responder_port) = (said.initiator.port, said.responder.port);
        let hint = Hint { transport: said.transport, initiator_port, responder_port, side: *side, octets };
        matches!(choose(&hint, Rejected::default()), Choice::Known(known) if known.name == protocol.name)
    });
    chosen || said.on_port_of(protocol)
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
