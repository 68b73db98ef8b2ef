//! One worker's flows, and all workers' flows as one trace.

use std::collections::BTreeMap;

use crossbeam_channel::Receiver;

use super::batch::Batch;
use crate::decode::Health;
use crate::flow::{Crowd, Ended, Flow, Life, Live, Syn, Table};
use crate::observe::{FEW_LONE, Lone, Said, Talk, Trace, World, places};

/// What one worker found.
#[derive(Default)]
pub(super) struct Part {
    pub(super) flows: Vec<(Box<Flow>, Said)>,
    /// SYNs that are all there is of their flows.
    pub(super) lone: Vec<Syn>,
    pub(super) life: Life,
    pub(super) duplicates: BTreeMap<u32, u64>,
    pub(super) stray_icmp: u64,
    pub(super) crowd: Crowd,
    pub(super) given_up: u64,
}

/// Takes batches until the reader has no more.
pub(super) fn run(batches: &Receiver<Batch>, mut table: Table<Talk>, world: &World) -> Part {
    for batch in batches {
        for &(host, time) in batch.heard() {
            table.hear(host, time);
        }
        table.packets(&batch.arrivals().collect::<Vec<_>>(), world);
    }
    finish(table, world)
}

/// Ends all flows of a table.
pub(super) fn finish(table: Table<Talk>, world: &World) -> Part {
    let (mut flows, mut lone) = (Vec::new(), Vec::new());
    let (life, counters) = table.finish_each(world, |ended| match ended {
        Ended::Flow(live) => {
            let Live { flow, observer, .. } = *live;
            flows.push((Box::new(flow), observer.seen));
        }
        Ended::Lone(single) => lone.push(single),
    });
    let duplicates = counters.duplicates.into_iter().collect();
    let (stray_icmp, crowd, given_up) = (counters.stray_icmp, counters.crowd, counters.given_up);
    Part { flows, lone, life, duplicates, stray_icmp, crowd, given_up }
}

/// All parts as one trace, in an order that does not depend on how flows were dealt out.
pub(super) fn join(parts: Vec<Part>, healths: Vec<Health>, world: &World) -> Trace {
    let mut whole = Part::default();
    for part in parts {
        append(&mut whole.flows, part.flows);
        append(&mut whole.lone, part.lone);
        whole.life.merge(part.life);
        whole.stray_icmp += part.stray_icmp;
        whole.crowd.merge(&part.crowd);
        whole.given_up += part.given_up;
        for (capture, count) in part.duplicates {
            *whole.duplicates.entry(capture).or_default() += count;
        }
    }
    // The position of each capture in the trace: frames are in order within one, captures by plan.
    let place = places(&healths);
    let mut lone = Lone::default();
    if whole.lone.len() >= FEW_LONE {
        let syns = &mut whole.lone;
        if !syns.is_sorted_by_key(|syn| place(syn.moment.frame)) {
            syns.sort_by_key(|syn| (place(syn.moment.frame), syn.key()));
        }
        (whole.lone, lone) = Trace::sort_out(std::mem::take(syns), &whole.flows, world, &healths);
    }
    for syn in whole.lone {
        let (host, time) = (syn.source().address, syn.moment.time);
        whole.life.heard(host, time, time);
        whole.flows.push((Box::new(syn.flow()), Said::default()));
    }
    whole.flows.sort_by_key(|(flow, _)| (place(flow.first.frame), flow.key));
    let mut trace = Trace::new(whole.flows, whole.life, world, healths, whole.duplicates, whole.stray_icmp);
    (trace.crowd, trace.given_up, trace.lone) = (whole.crowd, whole.given_up, lone);
    trace
}

/// One list behind the other; the first as it is.
fn append<T>(whole: &mut Vec<T>, part: Vec<T>) {
    if whole.is_empty() {
        *whole = part;
    } else {
        whole.extend(part);
    }
}
