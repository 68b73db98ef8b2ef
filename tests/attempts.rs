//! What single attempts come to, from the packets to the words: stories that real captures taught.

use std::net::Ipv4Addr;

use serde_json::Value;

#[path = "support/pcap.rs"]
mod pcap;
#[path = "support/reading.rs"]
mod reading;

use pcap::{ACK, DATA, End, Pcap, RST, SYN, tcp, udp};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 10, 1, 11);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 10, 2, 21);

fn report(packets: &[(u32, Vec<u8>)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story.pcap");
    Pcap::of(packets).write(&file);
    reading::document(&[file], 1)
}

/// The only flow's `key`.
fn flow<'a>(report: &'a Value, key: &str) -> &'a Value {
    let flows = report["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 1, "{flows:#?}");
    &flows[0][key]
}

#[test]
fn a_syn_that_carries_data_and_gets_no_answer_is_unanswered() {
    let (client, server) = ((CLIENT, 51_000), (SERVER, 443));
    let syn = |millis| (millis, tcp(client, server, SYN, 7, 0, b"early data"));
    assert_eq!(flow(&report(&[syn(0), syn(1000)]), "outcome"), "unanswered");
}

#[test]
fn a_client_that_resets_what_it_asked_for_heard_an_answer_that_was_not_captured() {
    let (client, server) = ((CLIENT, 51_000), (SERVER, 443));
    let story = [(0, tcp(client, server, SYN, 7, 0, &[])), (1, tcp(client, server, RST, 8, 0, &[]))];
    assert_eq!(flow(&report(&story), "outcome"), "one-sided");
}

#[test]
fn a_host_that_does_not_answer_itself_is_not_blocked_by_anything() {
    let (client, server) = ((CLIENT, 51_000), (CLIENT, 80));
    let story: Vec<_> = [0, 3_000, 9_000].map(|millis| (millis, tcp(client, server, SYN, 7, 0, &[]))).into();
    let mut story = story;
    story.push((60_000, udp((CLIENT, 50_000), (SERVER, 9), b"later")));
    let report = report(&story);
    assert_eq!(report["flows"][0]["outcome"], "unanswered");
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["verdict"] != "blocked"), "{report:#}");
}
