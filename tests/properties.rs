//! What must not change a verdict: the order of packets of one time, the number of threads, cuts into files,
//! copies; and what must not make one: packets that the capture lost, a direction that it never saw.
//!
//! Runs over the scenarios of this repository, and over a collection of others where `ANYANY_CAPTURES` names its
//! folder. `ANYANY_SEEDS` asks for more than a few seeds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyany::diagnose::{Finding, Kind, Verdict};
use anyany::time::Span;

#[path = "support/frames.rs"]
mod frames;
#[path = "properties/variants.rs"]
mod variants;

use frames::Frame;
use variants::{Chance, cut, in_milliseconds, lossy, one_way, routed, shuffled, tagged, twice};

/// What a finding is about.
type About = (Kind, Option<IpAddr>, Option<IpAddr>, Option<u16>);

fn about(finding: &Finding) -> About {
    let address = |party: &Option<anyany::diagnose::Party>| party.as_ref().map(|party| party.address);
    (finding.judgement.kind, address(&finding.client), address(&finding.server), finding.port)
}

fn found(captures: &[&[Frame]], threads: usize) -> BTreeSet<About> {
    frames::findings(captures, threads).iter().map(about).collect()
}

fn seeds() -> u64 {
    std::env::var("ANYANY_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3)
}

/// Runs a check over every scenario's captures; returns how many there were.
fn each(check: impl Fn(&str, &[Frame])) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let others = std::env::var_os("ANYANY_CAPTURES").map(std::path::PathBuf::from);
    let (mut checked, mut failed) = (0, 0);
    for root in std::iter::once(root).chain(others) {
        for file in frames::files_below(&root) {
            if let Some(all) = frames::frames(&file) {
                let name = file.strip_prefix(&root).unwrap().display().to_string();
                failed += u32::from(catch_unwind(AssertUnwindSafe(|| check(&name, &all))).is_err());
                checked += 1;
            }
        }
    }
    println!("{checked} captures");
    assert_eq!(failed, 0, "captures of {checked} that changed what is found, each told above");
    assert!(checked > 400, "the corpus is there: {checked} captures");
    checked
}

#[track_caller]
fn same(name: &str, base: &BTreeSet<About>, changed: &BTreeSet<About>) {
    let gone: Vec<_> = base.difference(changed).collect();
    let new: Vec<_> = changed.difference(base).collect();
    assert!(gone.is_empty() && new.is_empty(), "{name}: gone {gone:?}, new {new:?}");
}

#[test]
fn the_order_of_packets_of_one_time_changes_nothing() {
    each(|name, all| {
        for (word, all) in [("as recorded", all.to_vec()), ("in milliseconds", in_milliseconds(all))] {
            let base = found(&[&all], 1);
            for seed in 0..seeds() {
                let Some(changed) = shuffled(&all, &mut Chance::new(seed)) else { break };
                same(&format!("{name} {word}, seed {seed}"), &base, &found(&[&changed], 1));
            }
        }
    });
}

#[test]
fn the_number_of_threads_changes_nothing() {
    each(|name, all| {
        let base = found(&[all], 1);
        for threads in [2, 3, 8, 16] {
            same(&format!("{name} {threads} threads"), &base, &found(&[all], threads));
        }
    });
}

#[test]
fn cuts_into_files_change_nothing() {
    each(|name, all| {
        if !all.is_sorted_by_key(|frame| frame.time) {
            return; // files of a ring are put in order by time
        }
        let base = found(&[all], 1);
        for (pieces, seed) in [2, 3, 10].into_iter().flat_map(|pieces| (0..seeds()).map(move |seed| (pieces, seed))) {
            let cut = cut(all, pieces, &mut Chance::new(seed));
            same(&format!("{name} in {pieces} pieces, seed {seed}"), &base, &found(&cut, 1));
        }
    });
}

#[test]
fn copies_of_every_packet_change_nothing_but_that_they_are_told() {
    let told = |found: BTreeSet<About>| found.into_iter().filter(|about| about.0 != Kind::DuplicatePackets).collect();
    each(|name, all| {
        let base = told(found(&[all], 1));
        let plain = |frame: &Frame| Some(frame.clone());
        for late in [Span(0), Span(100_000)] {
            for (word, changed) in [
                ("plain", twice(all, late, plain)),
                ("tagged", twice(all, late, tagged)),
                ("routed", twice(all, late, routed)),
            ] {
                same(&format!("{name} {word} copies after {late}"), &base, &told(found(&[&changed], 1)));
            }
        }
    });
}

/// None in 137,000 runs (100 seeds), captures of others among them.
#[test]
fn five_of_a_hundred_packets_lost_make_no_new_block() {
    let new = std::cell::RefCell::new(Vec::new());
    let captures = each(|name, all| {
        let path = |about: &About| (about.1, about.2, about.3);
        let base: BTreeSet<_> = found(&[all], 1).iter().filter(|about| is_grave(about.0)).map(path).collect();
        for seed in 0..seeds() {
            let changed = lossy(all, &mut Chance::new(seed));
            if changed.is_empty() {
                continue;
            }
            let beyond = found(&[&changed], 1);
            let beyond = beyond.iter().filter(|about| is_grave(about.0) && !base.contains(&path(about)));
            new.borrow_mut().extend(beyond.map(|about| format!("{name} seed {seed}: {about:?}")));
        }
    });
    let (new, runs) = (new.into_inner(), captures * usize::try_from(seeds()).unwrap());
    assert!(new.is_empty(), "{} of {runs} runs: {new:#?}", new.len());
}

fn is_grave(kind: Kind) -> bool {
    matches!(kind.verdict(), Verdict::Blocked | Verdict::Altered)
}

#[test]
fn one_direction_of_everything_shows_no_block() {
    each(|name, all| {
        let mut variants = vec![
            ("from the lower address".to_owned(), one_way(all, |_, _| true)),
            ("from the higher address".to_owned(), one_way(all, |_, _| false)),
        ];
        for seed in 0..seeds() {
            let mut chance = Chance::new(seed);
            variants.push((format!("either, seed {seed}"), one_way(all, |_, _| chance.next().is_multiple_of(2))));
        }
        let calls = callers(all);
        let lower_calls = |low: IpAddr, high: IpAddr| calls.get(&(low, high)).is_none_or(|calls| *calls >= 0);
        variants.push(("towards servers".to_owned(), one_way(all, lower_calls)));
        variants.push(("towards clients".to_owned(), one_way(all, |low, high| !lower_calls(low, high))));
        for (word, changed) in variants.into_iter().filter(|(_, changed)| !changed.is_empty()) {
            let blocked: Vec<_> =
                found(&[&changed], 1).into_iter().filter(|about| about.0.verdict() == Verdict::Blocked).collect();
            assert!(blocked.is_empty(), "{name} {word}: {blocked:?}");
        }
    });
}

/// By pair of hosts: how many more conversations the lower address began than the higher one.
fn callers(all: &[Frame]) -> BTreeMap<(IpAddr, IpAddr), i64> {
    let mut calls = BTreeMap::new();
    for one in frames::traces(&[all], 1).iter().flat_map(|trace| &trace.conversations) {
        let (client, server) = (one.flow.initiator.address, one.flow.responder.address);
        *calls.entry((client.min(server), client.max(server))).or_default() += if client < server { 1 } else { -1 };
    }
    calls
}
