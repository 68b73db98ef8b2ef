//! The packets that prove findings, collected by a second look at the captures.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyany::capture::Capture;
use anyany::flow::FrameRef;
use anyany::proof::{Ends, Limits, Part};
use anyany_dissectors::Side;

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
        let (time, octets, wire_len, link) = &frames[&exhibit.frame.number];
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
