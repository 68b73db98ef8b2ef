//! What the generator put into a capture is found in it, and nothing else is called blocked or altered.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

#[path = "../benches/generate/mod.rs"]
mod generate;
mod support;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use anyany::diagnose::{Finding, Verdict};
use generate::{ALL, Format, Order, Profile};
use serde_json::Value;

/// Kind, client, server, port, and what carries it.
type Block = (String, Option<IpAddr>, Option<IpAddr>, Option<u16>, Option<String>);

#[test]
fn every_block_of_every_profile_is_found_and_nothing_else_is_called_blocked() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ALL {
        for seed in 1..=SEEDS {
            let path = folder.path().join("generated.pcap");
            let order = Order { profile, packets: PACKETS, seed, format: Format::Pcap };
            let truth = order.write(&path).unwrap();
            assert_eq!(truth["packets"], PACKETS, "{} {seed}", profile.name);
            assert_eq!(found(&path), wanted(&truth), "{} {seed}", profile.name);
        }
    }
}

#[test]
fn a_mix_of_a_quarter_million_packets_is_judged_by_its_truth_with_one_thread_or_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("generated.pcap");
    let order = Order { profile: Profile::named("mix").unwrap(), packets: 250_000, seed: 3, format: Format::Pcap };
    let wanted = wanted(&order.write(&path).unwrap());
    assert!(wanted.len() >= 14, "{} blocks", wanted.len());
    for threads in [1, 2, 5] {
        assert_eq!(blocks(&support::diagnosed(std::slice::from_ref(&path), threads, None).diagnosis.findings), wanted);
    }
}

#[test]
fn both_formats_hold_the_same_findings() {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::named("mix").unwrap();
    let told = [Format::Pcap, Format::Pcapng].map(|format| {
        let path = folder.path().join("generated");
        Order { profile, packets: PACKETS, seed: 11, format }.write(&path).unwrap();
        format!("{:?}", support::diagnosed(&[path], 1, None).diagnosis.findings)
    });
    assert!(told[0].contains("MediaBlocked"));
    assert_eq!(told[0], told[1]);
}

#[test]
fn a_seed_determines_every_octet() {
    let folder = tempfile::tempdir().unwrap();
    for profile in ALL {
        let octets = [5, 5, 6].map(|seed| {
            let path = folder.path().join("generated");
            Order { profile, packets: 2_000, seed, format: Format::Pcapng }.write(&path).unwrap();
            std::fs::read(path).unwrap()
        });
        assert_eq!(octets[0], octets[1], "{}", profile.name);
        assert_ne!(octets[0], octets[2], "{}", profile.name);
    }
}

fn found(path: &Path) -> BTreeSet<Block> {
    blocks(&support::diagnosed(&[path.to_owned()], 1, None).diagnosis.findings)
}

fn blocks(findings: &[Finding]) -> BTreeSet<Block> {
    let blocks = findings
        .iter()
        .filter(|finding| matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered));
    let block = |finding: &Finding| {
        (
            finding.judgement.kind.word().to_owned(),
            finding.client.as_ref().map(|client| client.address),
            finding.server.as_ref().map(|server| server.address),
            finding.port,
            finding.transport.map(|transport| transport.word().to_owned()),
        )
    };
    blocks.map(block).collect()
}

fn wanted(truth: &Value) -> BTreeSet<Block> {
    let block = |block: &Value| {
        let text = |key: &str| block[key].as_str().map(str::to_owned);
        let address = |key: &str| block[key].as_str().and_then(|text| text.parse().ok());
        let port = block["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        (text("kind").unwrap(), address("client"), address("server"), port, text("transport"))
    };
    truth["findings"].as_array().unwrap().iter().map(block).collect()
}

const PACKETS: u64 = 30_000;
const SEEDS: u64 = 3;
