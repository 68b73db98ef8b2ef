//! exploration
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use anyany::diagnose::{Finding, Kind, Verdict};
use anyany::time::Span;

#[path = "support/frames.rs"]
mod frames;
#[path = "properties/variants.rs"]
mod variants;

use frames::Frame;
use variants::*;

type Path4 = (Kind, Option<IpAddr>, Option<IpAddr>, Option<u16>);

fn paths(findings: &[Finding]) -> BTreeSet<Path4> {
    findings
        .iter()
        .map(|f| (f.judgement.kind, f.client.as_ref().map(|p| p.address), f.server.as_ref().map(|p| p.address), f.port))
        .collect()
}

fn files() -> Vec<PathBuf> {
    let mut v = frames::files_below(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"));
    if let Some(f) = std::env::var_os("ANYANY_CAPTURES") {
        v.extend(frames::files_below(std::path::Path::new(&f)));
    }
    v
}

fn seeds() -> u64 {
    std::env::var("ANYANY_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

fn show(set: &BTreeSet<Path4>, other: &BTreeSet<Path4>) -> String {
    let f = |p: &Path4| {
        format!(
            "{} {}->{}:{}",
            p.0,
            p.1.map_or("-".into(), |a| a.to_string()),
            p.2.map_or("-".into(), |a| a.to_string()),
            p.3.unwrap_or(0)
        )
    };
    format!(
        "gone [{}] new [{}]",
        set.difference(other).map(f).collect::<Vec<_>>().join(", "),
        other.difference(set).map(f).collect::<Vec<_>>().join(", ")
    )
}

fn each(check: impl Fn(&str, &[Frame], &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for file in files() {
        let Some(all) = frames::frames(&file) else { continue };
        let name = file.display().to_string();
        let name = name.rsplit_once("captures/").unwrap().1.to_owned();
        check(&name, &all, &mut wrong);
    }
    for w in &wrong {
        println!("{w}");
    }
    println!("TOTAL {}", wrong.len());
}

#[test]
fn shuffle_true() {
    each(|name, all, wrong| {
        let base = paths(&frames::findings(&[all], 1));
        for seed in 0..seeds() {
            let Some(s) = shuffled(all, &mut Chance::new(seed)) else { return };
            let got = paths(&frames::findings(&[&s], 1));
            if got != base {
                wrong.push(format!("SHUF {name} seed {seed}: {}", show(&base, &got)));
                return;
            }
        }
    });
}

#[test]
fn shuffle_ms() {
    each(|name, all, wrong| {
        let all = in_milliseconds(all);
        let base = paths(&frames::findings(&[&all], 1));
        for seed in 0..seeds() {
            let Some(s) = shuffled(&all, &mut Chance::new(seed)) else { return };
            let got = paths(&frames::findings(&[&s], 1));
            if got != base {
                wrong.push(format!("MS {name} seed {seed}: {}", show(&base, &got)));
                return;
            }
        }
    });
}

#[test]
fn threads() {
    each(|name, all, wrong| {
        let base = paths(&frames::findings(&[all], 1));
        for t in [2, 3, 8, 16] {
            let got = paths(&frames::findings(&[all], t));
            if got != base {
                wrong.push(format!("THREADS {name} {t}: {}", show(&base, &got)));
            }
        }
    });
}

#[test]
fn cuts() {
    each(|name, all, wrong| {
        if !all.is_sorted_by_key(|f| f.time) {
            return;
        }
        let base = paths(&frames::findings(&[all], 1));
        for n in [2, 3, 10] {
            for seed in 0..seeds() {
                let pieces = cut(all, n, &mut Chance::new(seed));
                let got = paths(&frames::findings(&pieces, 1));
                if got != base {
                    wrong.push(format!("CUT {name} {n} seed {seed}: {}", show(&base, &got)));
                    return;
                }
            }
        }
    });
}

#[test]
fn dups() {
    each(|name, all, wrong| {
        let mut base = paths(&frames::findings(&[all], 1));
        base.retain(|p| p.0 != Kind::DuplicatePackets);
        let same = |f: &Frame| Some(f.clone());
        let late = Span(100_000);
        for (word, v) in [
            ("0", twice(all, Span(0), same)),
            ("0.1", twice(all, late, same)),
            ("vlan0", twice(all, Span(0), tagged)),
            ("vlan0.1", twice(all, late, tagged)),
            ("ttl0", twice(all, Span(0), routed)),
            ("ttl0.1", twice(all, late, routed)),
        ] {
            let mut got = paths(&frames::findings(&[&v], 1));
            got.retain(|p| p.0 != Kind::DuplicatePackets);
            if got != base {
                wrong.push(format!("DUP {name} {word}: {}", show(&base, &got)));
            }
        }
    });
}

fn grave(set: &BTreeSet<Path4>) -> BTreeSet<Path4> {
    set.iter().filter(|p| matches!(p.0.verdict(), Verdict::Blocked | Verdict::Altered)).copied().collect()
}

#[test]
fn loss() {
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    let count = std::cell::RefCell::new(&mut count);
    each(|name, all, wrong| {
        let base: BTreeSet<_> = grave(&paths(&frames::findings(&[all], 1))).iter().map(|p| (p.1, p.2, p.3)).collect();
        for seed in 0..seeds() {
            let s = lossy(all, &mut Chance::new(seed));
            if s.is_empty() {
                continue;
            }
            let found = frames::findings(&[&s], 1);
            for f in &found {
                let p = (f.client.as_ref().map(|p| p.address), f.server.as_ref().map(|p| p.address), f.port);
                if matches!(f.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered) && !base.contains(&p) {
                    *count.borrow_mut().entry(f.judgement.kind.word().to_owned()).or_default() += 1;
                    wrong.push(format!(
                        "LOSS {name} seed {seed}: {} {:.2} {}->{}:{} {:?}",
                        f.judgement.kind,
                        f.judgement.confidence,
                        p.0.unwrap(),
                        p.1.unwrap(),
                        p.2.unwrap(),
                        f.judgement.because
                    ));
                }
            }
        }
    });
    println!("{:?}", count.borrow());
}

#[test]
fn one_direction() {
    each(|name, all, wrong| {
        let mut variants: Vec<(String, Vec<Frame>)> =
            vec![("up".into(), one_way(all, |_, _| true)), ("down".into(), one_way(all, |_, _| false))];
        for seed in 0..seeds() {
            let mut c = Chance::new(seed);
            variants.push((format!("r{seed}"), one_way(all, |_, _| c.next() % 2 == 0)));
        }
        // towards servers / clients
        let traces = frames::traces(&[all], 1);
        let mut dir: BTreeMap<(IpAddr, IpAddr), i64> = BTreeMap::new();
        for one in traces.iter().flat_map(|t| &t.conversations) {
            let (c, s) = (one.flow.initiator.address, one.flow.responder.address);
            *dir.entry((c.min(s), c.max(s))).or_default() += if c < s { 1 } else { -1 };
        }
        for (word, to_server) in [("towards", true), ("from", false)] {
            variants
                .push((word.into(), one_way(all, |a, b| (dir.get(&(a, b)).copied().unwrap_or(0) >= 0) == to_server)));
        }
        for (word, v) in variants {
            if v.is_empty() {
                continue;
            }
            let found = frames::findings(&[&v], 1);
            for f in found.iter().filter(|f| f.judgement.kind.verdict() == Verdict::Blocked) {
                wrong.push(format!(
                    "ONEWAY {name} {word}: {} {}->{}:{:?} {:?}",
                    f.judgement.kind,
                    f.client.as_ref().unwrap().address,
                    f.server.as_ref().unwrap().address,
                    f.port,
                    f.judgement.because
                ));
            }
        }
    });
}

#[test]
fn debug_voice() {
    let all = frames::frames(std::path::Path::new("captures/voice/media-both-dropped/client.pcap")).unwrap();
    let all = in_milliseconds(&all);
    for (w, s) in [("base", all.clone()), ("shuf", shuffled(&all, &mut Chance::new(0)).unwrap())] {
        let t = frames::traces(&[&s], 1);
        println!("== {w}");
        for c in &t[0].conversations {
            if c.service != "sip"
                && c.flow.responder.port != 16000
                && c.flow.initiator.port != 16000
                && c.flow.responder.port != 20000
                && c.flow.initiator.port != 20000
            {
                continue;
            }
            println!(
                "{} -> {} {} {:?} first {:?}",
                c.flow.initiator, c.flow.responder, c.service, c.outcome, c.flow.first
            );
            for m in &c.seen.media {
                println!("   media {m:?}");
            }
            for m in &c.seen.calls {
                println!("   call {m:?}");
            }
        }
    }
}
