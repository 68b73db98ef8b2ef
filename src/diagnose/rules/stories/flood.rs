//! A flood of lone SYNs around one path that is blocked: each is counted, and the block stays what it is.

use super::room::{flood, wall};
use super::*;
use crate::observe::FEW_LONE;
use crate::reference::Reference;
use crate::topology::roster;

const FLOOD: u32 = 100_000;

#[test]
fn amid_a_flood_of_invented_addresses_the_block_is_found_as_without_it() {
    let told = tell(&[wall(), flood(FLOOD)].concat());
    let alone = trace(&told, 1);
    let quiet = trace(&tell(&wall()), 1);
    assert!(alone.lone.len() as u64 > u64::from(FLOOD) - 11_000, "{} stay as they came", alone.lone.len());
    assert_eq!(alone.attempts(), quiet.attempts() + u64::from(FLOOD), "none is lost");
    let blocked = |trace: &Trace| {
        let findings = diagnose(std::slice::from_ref(trace), &Roster::default()).findings;
        let blocked = findings.into_iter().filter(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
        let told = |one: Finding| (one.judgement.kind, one.client, one.server, one.port, one.attempts, one.first);
        blocked.map(told).collect::<Vec<_>>()
    };
    assert_eq!(blocked(&quiet).len(), 1);
    assert_eq!(blocked(&alone), blocked(&quiet));
}

#[test]
fn what_is_made_of_a_flood_does_not_depend_on_the_number_of_threads() {
    let told = tell(&[wall(), flood(FLOOD)].concat());
    let words = |threads: usize| {
        let trace = trace(&told, threads);
        let diagnosis = diagnose(std::slice::from_ref(&trace), &Roster::default());
        let first: Vec<_> = trace.lone.syns().map(|syn| syn.moment).collect();
        format!("{diagnosis:?} {:?} {:?} {first:?}", trace.conversations, trace.lone.servers())
    };
    let alone = words(1);
    assert!(words(4) == alone, "4 threads");
}

#[test]
fn what_stays_as_it_came_is_judged_as_if_it_had_become_conversations() {
    let told = tell(&[wall(), flood(FLOOD)].concat());
    let kept = trace(&told, 1);
    let mut whole = kept.clone();
    whole.unfold();
    assert!(whole.lone.is_empty());
    assert_eq!(whole.conversations.len() as u64, kept.attempts());
    let mut all = whole.conversations.iter();
    kept.each(|one| assert_eq!(Some(format!("{one:?}")), all.next().map(|one| format!("{one:?}"))));
    let judged = |trace: Trace| {
        let traces = [trace];
        let roster = roster(&traces, None, None, Reference::embedded());
        let diagnosis = diagnose(&traces, &roster);
        format!("{:?} {} {diagnosis:?}", roster.hosts(), roster.left_out)
    };
    assert!(judged(kept) == judged(whole));
}

#[test]
fn few_lone_syns_are_conversations_like_others() {
    let told = tell(&[wall(), flood(2_000)].concat());
    let trace = trace(&told, 2);
    assert!(trace.lone.is_empty() && 2_000 < FEW_LONE);
    assert_eq!(trace.conversations.len(), 2_006);
}
