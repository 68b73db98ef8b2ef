//! The packets that prove findings, collected by a second look at the captures.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::diagnose::{Finding, Party};
use anyany::flow::FrameRef;
use anyany::proof::{Ends, Limits, Part};
use anyany::reference::Reference;
use anyany::report::Report;
use anyany::report::evidence::{Evidence, evidence};
use anyany_dissectors::Side;
use support::Diagnosed;
use tempfile::TempDir;

fn captures() -> Vec<PathBuf> {
    let all = support::files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), ".pcap");
    assert!(all.len() > 400, "the corpus is there");
    all
}

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

#[test]
fn every_frame_that_a_finding_names_is_among_its_exhibits() {
    for file in captures() {
        let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
        let exhibits = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::DRAWN);
        for finding in &diagnosed.diagnosis.findings {
            let shown: BTreeSet<FrameRef> = exhibits.of(&finding.id).map(|(exhibit, _)| exhibit.frame).collect();
            for evidence in &finding.judgement.evidence {
                assert!(shown.contains(&evidence.frame), "{}: {} {evidence:?}", file.display(), finding.judgement.kind);
            }
        }
        let times: Vec<_> = exhibits.list.iter().map(|exhibit| (exhibit.time, exhibit.frame)).collect();
        assert!(times.is_sorted(), "{}", file.display());
        assert!(exhibits.list.iter().all(|exhibit| !exhibit.roles.is_empty()), "{}", file.display());
    }
}

#[test]
fn an_exhibit_is_the_frame_as_it_stands_in_the_capture() {
    let file = capture("rpc/dynamic-dropped/client.pcap");
    let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
    let exhibits = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::PROOF);
    let mut frames = BTreeMap::new();
    let mut whole = Capture::open(&file).unwrap();
    while let Some(frame) = whole.next() {
        frames.insert(frame.number, (frame.time, frame.octets.to_vec(), frame.wire_len, frame.link));
    }
    assert!(!exhibits.list.is_empty());
    for exhibit in &exhibits.list {
        let (time, octets, wire_len, link) = &frames[&exhibit.frame.number()];
        assert_eq!((exhibit.time, &exhibit.octets, exhibit.wire_len, exhibit.link), (*time, octets, *wire_len, *link));
    }
}

#[test]
fn a_blocked_port_is_shown_with_all_its_syns_the_port_that_named_it_and_who_sent_what() {
    let file = capture("rpc/dynamic-dropped/client.pcap");
    let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
    let exhibits = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::DRAWN);
    let finding = &diagnosed.diagnosis.findings[0];
    assert_eq!(finding.judgement.kind.word(), "rpc-dynamic-port-blocked");
    let parts: BTreeSet<Part> = exhibits.of(&finding.id).map(|(_, role)| role.part).collect();
    assert!(parts.contains(&Part::Named) && parts.contains(&Part::Told), "{parts:?}");
    let syns: Vec<_> = exhibits
        .of(&finding.id)
        .filter(|(exhibit, _)| exhibit.packet.is_some_and(|packet| port_of(&packet) == finding.port))
        .map(|(exhibit, _)| exhibit.side(finding))
        .collect();
    assert_eq!(syns, vec![Some(Side::Initiator); syns.len()], "the server's silence is what is shown");
    assert!(syns.len() >= 8, "two attempts of four SYNs: {}", syns.len());
}

fn port_of(packet: &anyany::decode::Packet<'_>) -> Option<u16> {
    match packet.payload {
        anyany::decode::Payload::Tcp(segment) => Some(segment.destination_port),
        _ => None,
    }
}

#[test]
fn what_the_limits_keep_out_is_counted_and_the_named_frames_stay() {
    let file = capture("rpc/dynamic-dropped/client.pcap");
    let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
    let whole = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::PROOF);
    let few = Ends { front: 1, back: 1 };
    let short = Limits { path: few, context: few, ..Limits::PROOF };
    let cut = support::exhibits(std::slice::from_ref(&file), &diagnosed, short);
    for finding in &diagnosed.diagnosis.findings {
        let count = |exhibits: &anyany::proof::Exhibits| exhibits.of(&finding.id).count() as u64;
        let gone = cut.left_out.get(&finding.id).copied().unwrap_or_default();
        assert_eq!(count(&cut) + gone, count(&whole), "{}", finding.id);
        let named =
            |evidence: &anyany::diagnose::Evidence| cut.of(&finding.id).any(|(one, _)| one.frame == evidence.frame);
        assert!(finding.judgement.evidence.iter().all(named));
    }
    assert!(cut.left_out.values().sum::<u64>() > 0);
    let nothing = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits { octets: 300, ..Limits::PROOF });
    let octets: usize = nothing.list.iter().map(|exhibit| exhibit.octets.len()).sum();
    assert!(octets <= 300 && nothing.left_out.values().all(|count| *count > 0), "{octets}");
}

#[test]
fn a_healthy_capture_has_nothing_to_show() {
    let file = capture("web/healthy/cas1.pcap");
    let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
    assert!(support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::PROOF).list.is_empty());
}

/// Findings name no frame that the record of no conversation remembers, but for those about the clock.
#[test]
fn every_named_frame_brings_its_conversation_along() {
    for file in captures() {
        let diagnosed = support::diagnosed(std::slice::from_ref(&file), 1, None);
        let exhibits = support::exhibits(std::slice::from_ref(&file), &diagnosed, Limits::PROOF);
        for finding in diagnosed.diagnosis.findings.iter().filter(|finding| finding.client.is_some()) {
            for (exhibit, _) in exhibits.of(&finding.id).filter(|(_, role)| role.part == Part::Named) {
                let of_lane = exhibit.roles.iter().any(|role| role.finding == finding.id && role.part != Part::Named);
                assert!(of_lane, "{}: {} {:?}", file.display(), finding.judgement.kind, exhibit.roles);
            }
        }
    }
}

/// What a finding claims: its kind, and between whom.
fn claim(finding: &Finding) -> String {
    let party = |party: &Option<Party>| party.as_ref().map_or("-".to_owned(), |party| party.address.to_string());
    let transport = finding.transport.map_or("-", |transport| transport.word());
    let (client, server) = (party(&finding.client), party(&finding.server));
    format!("{} {client} {server} {transport} {:?}", finding.judgement.kind, finding.port)
}

/// Claims about paths; those about a whole capture are about another capture.
fn claims(diagnosed: &Diagnosed) -> BTreeSet<String> {
    let paths = diagnosed.diagnosis.findings.iter().filter(|finding| finding.client.is_some());
    paths.map(claim).collect()
}

fn evidence_of(files: &[PathBuf], diagnosed: &Diagnosed) -> Vec<Evidence> {
    let exhibits = support::exhibits(files, diagnosed, Limits::PROOF);
    let Diagnosed { traces, roster, diagnosis } = diagnosed;
    let report = Report { traces, unusable: &[], roster, diagnosis, reference: Reference::embedded() };
    evidence(&report, &exhibits)
}

/// What the evidence alone loses of the claims of a capture, and adds to them.
fn differences(file: &Path, folder: &TempDir) -> Option<String> {
    let files = [file.to_owned()];
    let diagnosed = support::diagnosed(&files, 1, None);
    let written = evidence_of(&files, &diagnosed);
    assert_eq!(written.len(), 1);
    let proof = folder.path().join("proof.pcapng");
    fs::write(&proof, &written[0].octets).unwrap();
    let again = support::diagnosed(&[proof], 1, None);
    let (before, after) = (claims(&diagnosed), claims(&again));
    let lost: Vec<_> = before.difference(&after).collect();
    let new: Vec<_> = after.difference(&before).collect();
    (before != after).then(|| format!("{}: lost {lost:?}, new {new:?}", file.display()))
}

#[test]
fn the_evidence_alone_comes_to_the_same_verdicts() {
    let folder = TempDir::new().unwrap();
    let wrong: Vec<_> = captures().iter().filter_map(|file| differences(file, &folder)).collect();
    assert!(wrong.is_empty(), "{} differ: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn so_it_does_for_captures_of_others() {
    let Some(collection) = support::reading::collection() else { return };
    let folder = TempDir::new().unwrap();
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for ending in [".pcap", ".pcapng", ".cap", ".gz"] {
        for file in support::files_below(&collection, ending) {
            if Capture::open(&file).is_ok() {
                looked_at += 1;
                wrong.extend(differences(&file, &folder));
            }
        }
    }
    println!("{} of {looked_at} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
