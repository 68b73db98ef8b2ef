//! What `--redact` promises: nobody is named, and the verdicts are the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, Frame, Spool, SpoolWriter};
use anyany::diagnose::{Diagnosis, Party, diagnose};
use anyany::observe::Trace;
use anyany::pipeline::{Settings, read};
use anyany::redact::{Key, Redactor};
use anyany::reference::Reference;
use anyany::topology::{Roster, roster};

/// Captures that are looked at in the ordinary run; all of them where `ANYANY_REDACT_ALL` is set.
const SAMPLE: usize = 40;

#[test]
fn verdicts_are_the_same_with_and_without_redaction() {
    let mut different = Vec::new();
    let captures = sample();
    for path in &captures {
        let plain = judged(Capture::open(path).unwrap());
        let redacted = judged(redact(path).open().unwrap());
        if plain != redacted {
            different.push(format!("{}\n  plain    {plain:?}\n  redacted {redacted:?}", path.display()));
        }
    }
    println!("{} of {} captures give other verdicts when they are redacted", different.len(), captures.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// How often each verdict is given, by all that redaction must keep.
fn judged(capture: Capture) -> BTreeMap<String, usize> {
    let (diagnosis, _) = diagnosed(capture);
    let mut findings = BTreeMap::new();
    for finding in &diagnosis.findings {
        let role = |party: &Option<Party>| party.as_ref().map(|party| party.role.clone()).unwrap_or_default();
        let (kind, confidence) = (finding.judgement.kind.word(), finding.judgement.confidence);
        let (from, to) = (role(&finding.client), role(&finding.server));
        let told = format!("{kind} {confidence:.2} {from}>{to} {:?} {:?}", finding.port, finding.judgement.interface);
        *findings.entry(told).or_default() += 1;
    }
    findings
}

fn diagnosed(capture: Capture) -> (Diagnosis, Roster) {
    let reference = Reference::embedded();
    let settings = Settings::new(1, reference.known_tcp_ports(), reference.known_udp_ports());
    let traces: Vec<Trace> = vec![read(vec![vec![(0, capture)]], &settings, &|_| true)];
    let roster = roster(&traces, None, None, reference);
    (diagnose(&traces, &roster), roster)
}

fn redact(path: &Path) -> Spool {
    let mut capture = Capture::open(path).unwrap();
    let mut redactor = Redactor::new(&Key::new(*b"an anyany test key of 32 octets."));
    let mut out = SpoolWriter::new().unwrap();
    let mut write = |frame: anyany::redact::Redacted| {
        let anyany::redact::Redacted { number, time, link, interface, wire_len, ref octets } = frame;
        out.frame(&Frame { number, time, link, interface, octets, wire_len }, true).unwrap();
    };
    while let Some(frame) = capture.next() {
        redactor.frame(&frame);
        while let Some(frame) = redactor.ready() {
            write(frame);
        }
    }
    redactor.finish().into_iter().for_each(&mut write);
    out.finish(capture.summary().clone()).unwrap()
}

fn sample() -> Vec<PathBuf> {
    let mut all = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), &mut all);
    all.sort();
    if std::env::var_os("ANYANY_REDACT_ALL").is_some() {
        return all;
    }
    let step = all.len().div_ceil(SAMPLE);
    all.into_iter().step_by(step).collect()
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng") {
            found.push(path);
        }
    }
}
