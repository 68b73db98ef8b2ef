//! Stories for the rules: small captures told as what each host sends. For each kind one that must be
//! told so, and others that look alike and must not.

mod altered;
mod cluster;
mod delivery;
mod drops;
mod expected;
mod flood;
mod icmp;
mod media;
mod proofs;
mod resets;
mod room;
mod rpc;
mod servers;
mod silence;
mod traps;
mod udp;
mod weight;
mod whole;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::net::IpAddr;

use anyany_dissectors::Side::{Initiator, Responder};
use anyany_dissectors::Transport;

use crate::capture::Capture;
use crate::classify::usual_ports;
use crate::diagnose::{Attribution, Finding, Kind, Verdict, diagnose};
use crate::flow::ServicePorts;
use crate::flow::tests::story::{Line, MS, S, Told, story};
use crate::flow::tests::wire::pcap;
use crate::observe::Trace;
use crate::pipeline::{Settings, read};
use crate::topology::Roster;

/// The client and the server of each story, another client, and a router between them.
const CAS: &str = "10.0.1.11";
const MBX: &str = "10.0.2.21";
const OTHER: &str = "10.0.1.12";
const ROUTER: &str = "10.0.0.1";

/// One story.
struct Story {
    claim: &'static str,
    expected: Expected,
    told: fn() -> Vec<Line>,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    /// A finding of this kind, between the story's client and server unless it is about the capture.
    Finds(Kind),
    /// None of this kind.
    Spares(Kind),
    /// Nothing that says that something filters.
    Passes,
}
use Expected::{Finds, Passes, Spares};

const ALL: &[&[Story]] = &[
    altered::STORIES,
    cluster::STORIES,
    delivery::STORIES,
    drops::STORIES,
    icmp::STORIES,
    media::STORIES,
    resets::STORIES,
    rpc::STORIES,
    silence::STORIES,
    traps::STORIES,
    udp::STORIES,
    whole::STORIES,
];

/// Stories between strangers, then those between hosts whose roles are known.
fn stories() -> impl Iterator<Item = (&'static Story, Roster)> {
    let strangers = ALL.iter().copied().flatten().map(|story| (story, Roster::default()));
    let known = [
        (servers::STORIES, servers::roster()),
        (expected::STORIES, expected::roster()),
        (traps::STORIES, traps::roster()),
    ];
    strangers
        .chain(known.into_iter().flat_map(|(stories, roster)| stories.iter().map(move |one| (one, roster.clone()))))
}

/// A connection of the story's client to its server.
fn to(port: u16) -> Line {
    between(CAS, 50_000 + port % 10_000, MBX, port)
}

fn between(client: &str, client_port: u16, server: &str, port: u16) -> Line {
    Line::new(&format!("{client}:{client_port}"), &format!("{server}:{port}"))
}

/// A short connection that works.
fn works(client: &str, port: u16, at: i64) -> Line {
    let mut line = between(client, 40_000 + port % 10_000, MBX, port);
    line.opens(at).talks(at + 10 * MS).closes(at + 20 * MS);
    line
}

/// The capture goes on until then: others, of whom nothing is judged, ping each other.
fn until(at: i64) -> Line {
    let mut line = Line::new("10.9.9.9:1", "10.9.9.8:1");
    line.echo(at, Initiator, 1);
    line
}

fn tell(lines: &[Line]) -> Vec<Told> {
    story(&lines.iter().collect::<Vec<_>>())
}

/// The trace that the capture of a story gives.
fn trace(told: &[Told], threads: usize) -> Trace {
    let capture = Capture::from_reader("story".to_owned(), Box::new(Cursor::new(pcap(told)))).unwrap();
    let ports = ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp));
    read(vec![vec![(0, capture)]], &Settings { threads, memory: None, ports }, &|_| true)
}

fn findings(told: &[Told]) -> Vec<Finding> {
    known(told, &Roster::default())
}

fn known(told: &[Told], roster: &Roster) -> Vec<Finding> {
    diagnose(&[trace(told, 1)], roster).findings
}

/// The one finding of a kind.
#[track_caller]
fn the(kind: Kind, lines: &[Line]) -> Finding {
    let found = findings(&tell(lines));
    let mut of_kind = found.iter().filter(|finding| finding.judgement.kind == kind);
    let one = of_kind.next().unwrap_or_else(|| panic!("no {kind} among {:?}", kinds(&found)));
    assert!(of_kind.next().is_none(), "one {kind}");
    one.clone()
}

fn kinds(findings: &[Finding]) -> Vec<Kind> {
    findings.iter().map(|finding| finding.judgement.kind).collect()
}

/// Kind, client, server, and the server's port: what makes a finding the same finding.
type Path = (Kind, Option<IpAddr>, Option<IpAddr>, Option<u16>);

fn paths(findings: &[Finding]) -> BTreeSet<Path> {
    let party = |party: &Option<crate::diagnose::Party>| party.as_ref().map(|party| party.address);
    findings
        .iter()
        .filter(|finding| finding.judgement.kind != Kind::DuplicatePackets)
        .map(|finding| (finding.judgement.kind, party(&finding.client), party(&finding.server), finding.port))
        .collect()
}

#[test]
fn every_story_is_judged_as_it_claims() {
    let mut wrong = Vec::new();
    for (story, roster) in stories() {
        let found = known(&tell(&(story.told)()), &roster);
        let right = match story.expected {
            Finds(kind) => found.iter().any(|finding| {
                let party = |party: &Option<crate::diagnose::Party>, address: &str| {
                    party.as_ref().is_none_or(|party| party.address.to_string() == address)
                };
                finding.judgement.kind == kind && party(&finding.client, CAS) && party(&finding.server, MBX)
            }),
            Spares(kind) => found.iter().all(|finding| finding.judgement.kind != kind),
            Passes => found
                .iter()
                .all(|finding| !matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered)),
        };
        if !right {
            wrong.push(format!("{}: {:?}, but {:?}", story.claim, story.expected, kinds(&found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_finding_names_frames_and_reasons_and_is_made_once() {
    for (story, roster) in stories() {
        let told = tell(&(story.told)());
        let found = known(&told, &roster);
        assert_eq!(
            paths(&found).len(),
            found.iter().filter(|one| one.judgement.kind != Kind::DuplicatePackets).count(),
            "{}",
            story.claim
        );
        for finding in found {
            let judgement = &finding.judgement;
            assert!(!judgement.because.is_empty() && !judgement.evidence.is_empty(), "{}: {judgement:?}", story.claim);
            let known = |number: u64| number >= 1 && number <= told.len() as u64;
            assert!(judgement.evidence.iter().all(|evidence| known(evidence.frame.number())), "{}", story.claim);
            assert!((0.0..=1.0).contains(&judgement.confidence), "{}: {}", story.claim, judgement.confidence);
        }
    }
}

#[test]
fn a_capture_of_one_direction_never_says_blocked() {
    for (story, roster) in stories() {
        for (kept, lost) in [("10.0.1.", "10.0.2."), ("10.0.2.", "10.0.1.")] {
            let mut told = tell(&(story.told)());
            told.retain(|told| !told.source.address.to_string().starts_with(lost));
            let found = known(&told, &roster);
            let blocked = found.iter().find(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
            assert!(blocked.is_none(), "{}, of {kept} alone: {blocked:?}", story.claim);
        }
    }
}

#[test]
fn packets_captured_twice_change_no_finding() {
    for (story, roster) in stories() {
        let told = tell(&(story.told)());
        let once = paths(&known(&told, &roster));
        for ttl in [0, 1] {
            let twice: Vec<Told> = told
                .iter()
                .flat_map(|told| {
                    let mut copy = told.clone();
                    (copy.at, copy.ttl) = (copy.at + 20, copy.ttl - ttl);
                    [told.clone(), copy]
                })
                .collect();
            assert_eq!(paths(&known(&twice, &roster)), once, "{}, {ttl} routers between", story.claim);
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for (story, roster) in stories() {
        let told = tell(&(story.told)());
        let alone = known(&told, &roster);
        for threads in [2, 8] {
            let shared = diagnose(&[trace(&told, threads)], &roster).findings;
            assert_eq!(shared, alone, "{}, {threads} threads", story.claim);
        }
    }
}
