//! The octets are written out from RFC 5905 §7.3 and MS-SNTP §2.2.

use proptest::prelude::*;

use super::PROTOCOL;
use crate::Side::{Initiator, Responder};
use crate::harness::{damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, ReplyClass, Transport};

const SENT: u64 = 0xdca0_5a2b_0000_0001;

fn packet(first: u8, stratum: u8, times: [u64; 4]) -> Vec<u8> {
    let mut octets = vec![first, stratum, 10, 0xe9, 0, 0, 0, 0, 0, 0, 0, 1];
    octets.extend_from_slice(if stratum == 0 { b"RATE" } else { &[10, 10, 2, 10] });
    octets.extend(times.iter().flat_map(|time| time.to_be_bytes()));
    octets
}

fn request() -> Vec<u8> {
    packet(0x23, 0, [0, 0, 0, SENT])
}

fn reply() -> Vec<u8> {
    packet(0x24, 2, [SENT - (60 << 32), SENT, SENT + 100, SENT + 200])
}

fn probe(transport: Transport, port: u16, octets: &[u8]) -> Probe {
    (PROTOCOL.probe)(&Hint { transport, initiator_port: 51000, responder_port: port, side: Initiator, octets })
}

fn classes(facts: &[Fact]) -> Vec<(u64, ReplyClass, &str)> {
    let told = facts.iter().filter_map(|fact| match fact {
        Fact::Reply { id, class, what } => Some((*id, *class, &**what)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_reply_pairs_with_its_request_by_the_timestamp_it_repeats() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &request()), (Responder, &reply())]);
    assert!(facts.contains(&Fact::Request { id: SENT, what: "client".into() }));
    assert_eq!(classes(&facts), [(SENT, ReplyClass::Success, "server")]);
    assert!(facts.contains(&Fact::Detail { key: "version", value: 4.into() }));
    assert!(facts.contains(&Fact::Detail { key: "stratum", value: 2.into() }));
}

#[test]
fn a_kiss_of_death_is_refused_and_an_unset_clock_has_failed() {
    let kiss = packet(0xe4, 0, [0, SENT, SENT, SENT]);
    let unset = packet(0xe4, 16, [0, SENT, SENT, SENT]);
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, &kiss), (Responder, &unset)]);
    let expected =
        [(SENT, ReplyClass::Refused, "server RATE"), (SENT, ReplyClass::Failed, "server unsynchronised")];
    assert_eq!(classes(&facts), expected);
}

#[test]
fn a_domain_member_is_known_by_its_empty_digest() {
    let member = [&packet(0x1b, 0, [0, 0, 0, SENT])[..], &[0x51, 4, 0, 0], &[0; 16]].concat();
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &member)]);
    assert!(facts.contains(&Fact::Detail { key: "ms_sntp", value: true.into() }));
    let keyed = [&request()[..], &[0, 0, 0, 7], &[0xab; 16]].concat();
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &keyed)]);
    assert!(facts.contains(&Fact::Detail { key: "authenticated", value: true.into() }));
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Detail { key: "ms_sntp", .. })));
}

#[test]
fn a_coherent_reply_is_certain_and_a_request_needs_the_port() {
    assert_eq!(probe(Transport::Udp, 4711, &reply()), Probe::Yes);
    assert_eq!(probe(Transport::Udp, 123, &request()), Probe::Maybe);
    assert_eq!(probe(Transport::Udp, 4711, &request()), Probe::No);
    assert_eq!(probe(Transport::Tcp, 123, &reply()), Probe::No);
    assert_eq!(probe(Transport::Udp, 123, &[0; 48]), Probe::No);
}

#[test]
fn a_monitoring_query_is_no_request_for_the_time() {
    let control = [0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &control)]);
    assert!(facts.contains(&Fact::Detail { key: "mode", value: "control".into() }));
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Request { .. })));
}

#[test]
fn every_shorter_header_is_incomplete_and_tells_nothing() {
    for cut in 1..reply().len() {
        let (facts, _, stop) = feed(&mut *(PROTOCOL.open)(Transport::Udp), Responder, &reply()[..cut]);
        assert!(facts.is_empty());
        assert!(stop.is_some_and(|stop| stop.is_incomplete()), "{cut}");
    }
}

#[test]
fn any_damage_is_survived() {
    damage_is_survived(&PROTOCOL, Transport::Udp, &[(Initiator, &request()), (Responder, &reply())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_datagrams_are_never_certain(octets in prop::collection::vec(any::<u8>(), 48..=120)) {
        prop_assert_ne!(probe(Transport::Udp, 123, &octets), Probe::Yes);
    }
}
