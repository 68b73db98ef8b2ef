//! What two hosts need and was never seen, from the packets to the document and the report.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::net::Ipv4Addr;

use serde_json::Value;
use tempfile::TempDir;

#[path = "support/pcap.rs"]
mod pcap;
#[path = "support/program.rs"]
mod program;

use pcap::{ACK, DATA, End, Pcap, SYN, tcp, udp};
use program::{file, run};

const ONE: Ipv4Addr = Ipv4Addr::new(10, 20, 1, 21);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 20, 1, 22);
const DNS: Ipv4Addr = Ipv4Addr::new(10, 20, 1, 10);
const TOPOLOGY: &[u8] = b"[organization]\nversion = \"2016\"\n\
    [[host]]\nname = \"mbx1\"\naddresses = [\"10.20.1.21\"]\nroles = [\"mailbox\"]\n\
    [[host]]\nname = \"mbx2\"\naddresses = [\"10.20.1.22\"]\nroles = [\"mailbox\"]\n\
    [[host]]\nname = \"far\"\naddresses = [\"10.99.1.22\"]\nroles = [\"mailbox\"]\n";

/// Two members of a group ship logs for so many seconds, and ask for names.
fn ships(seconds: u32) -> Vec<(u32, Vec<u8>)> {
    let (client, server): (End, End) = ((ONE, 50_327), (OTHER, 64_327));
    let mut packets = vec![
        (0, tcp(client, server, SYN, 100, 0, &[])),
        (1, tcp(server, client, SYN | ACK, 500, 101, &[])),
        (2, tcp(client, server, ACK, 101, 501, &[])),
    ];
    for (turn, second) in (0..).zip((1..seconds).step_by(5)) {
        let (asked, answered) = (101 + turn * 4, 501 + turn * 4);
        packets.push((second * 1000, tcp(client, server, DATA, asked, answered, b"more")));
        packets.push((second * 1000 + 1, tcp(server, client, DATA, answered, asked + 4, b"logs")));
        packets.push((second * 1000 + 2, tcp(client, server, ACK, asked + 4, answered + 4, &[])));
    }
    for (host, at) in [(ONE, 3_500), (OTHER, 4_500)] {
        packets.push((at, udp((host, 6_000), (DNS, 53), b"a question")));
        packets.push((at + 1, udp((DNS, 53), (host, 6_000), b"an answer")));
    }
    packets.sort_by_key(|packet| packet.0);
    packets
}

/// The folder, the capture and the topology in it.
fn story(packets: &[(u32, Vec<u8>)]) -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("story.pcap");
    Pcap::of(packets).write(&path);
    let topology = file(&folder, "hosts.toml", TOPOLOGY);
    (folder, path.display().to_string(), topology)
}

fn missing(document: &Value) -> Vec<&Value> {
    document["findings"].as_array().unwrap().iter().filter(|one| one["kind"] == "expected-not-seen").collect()
}

#[test]
fn heartbeats_that_are_missing_beside_log_shipping_are_said_and_not_called_a_block() {
    let (_folder, capture, topology) = story(&ships(120));
    let document = run(&["analyze", &capture, "--topology", &topology, "--json", "-"]).json();
    let found = missing(&document);
    assert_eq!(found.len(), 1, "{:#}", document["findings"]);
    let one = found[0];
    assert_eq!((&one["verdict"], &one["attempts"]), (&"inconclusive".into(), &0.into()));
    assert_eq!((&one["client"]["address"], &one["client"]["port"]), (&"10.20.1.21".into(), &3343.into()));
    assert_eq!((&one["server"]["address"], &one["server"]["port"]), (&"10.20.1.22".into(), &3343.into()));
    assert_eq!((&one["transport"], &one["service"]), (&"udp".into(), &"cluster".into()));
    assert_eq!((&one["support"], &one["incident"]), (&"not-applicable".into(), &Value::Null));
    assert!(one["next_step"].as_str().unwrap().contains("Get-ClusterNode"), "{one:#}");
    assert!(one["symptom"].as_str().unwrap().contains("1135"), "{one:#}");
    let row = document["paths"].as_array().unwrap().iter().find(|row| row["service"] == "cluster").unwrap();
    assert_eq!((&row["status"], &row["flows"], &row["every_s"]), (&"never-seen".into(), &0.into(), &1.into()));
    let text = run(&["analyze", &capture, "--topology", &topology]).out;
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with("NO BLOCK FOUND: "), "{text}");
    assert!(unwrapped.contains("1 path that the hosts need and on which nothing was seen"), "{text}");
    assert!(unwrapped.contains("When not once, "), "{text}");
    assert!(unwrapped.contains("Where not known: never sent, or stopped before it came here"), "{text}");
    assert!(!unwrapped.contains("Policy "), "{text}");
}

#[test]
fn a_minute_that_is_not_full_and_a_host_that_is_elsewhere_miss_nothing() {
    let (_folder, capture, topology) = story(&ships(50));
    let document = run(&["analyze", &capture, "--topology", &topology, "--json", "-"]).json();
    assert!(missing(&document).is_empty(), "{:#}", document["findings"]);
    let rows = document["paths"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["status"] != "blocked" && row["status"] != "degraded"), "{rows:#?}");
}

#[test]
fn without_a_topology_file_nothing_is_owed() {
    let (_folder, capture, _) = story(&ships(120));
    let document = run(&["analyze", &capture, "--json", "-"]).json();
    assert!(missing(&document).is_empty(), "{:#}", document["findings"]);
    let rows = document["paths"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["status"] != "never-seen"), "{rows:#?}");
}
