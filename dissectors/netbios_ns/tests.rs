use proptest::prelude::*;

use super::*;
use crate::Side::{Initiator, Responder};
use crate::harness;

/// `nmblookup MBX1` to the broadcast address and nmbd's answer, Samba 4.17.
const QUERY: &[u8] = b"\x22\xca\x01\x10\0\x01\0\0\0\0\0\0 ENECFIDBCACACACACACACACACACACAAA\0\0\x20\0\x01";
const FOUND: &[u8] =
    b"\x22\xca\x85\x80\0\0\0\x01\0\0\0\0 ENECFIDBCACACACACACACACACACACAAA\0\0\x20\0\x01\0\x03\xf4\x80\0\x06\0\0\x0a\x0a\x02\x15";

/// `nmblookup -U 10.10.2.21 NOSUCH`.
const OTHER_QUERY: &[u8] = b"\x74\xc6\0\0\0\x01\0\0\0\0\0\0 EOEPFDFFEDEICACACACACACACACACAAA\0\0\x20\0\x01";
const NOT_FOUND: &[u8] =
    b"\x74\xc6\x85\x83\0\0\0\x01\0\0\0\0 EOEPFDFFEDEICACACACACACACACACAAA\0\0\x0a\0\x01\0\0\0\0\0\0";

/// `nmblookup -A 10.10.2.21`.
const STATUS_QUERY: &[u8] = b"\x78\x2b\0\0\0\x01\0\0\0\0\0\0 CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01";
const STATUS: &[u8] = b"\x78\x2b\x84\0\0\0\0\x01\0\0\0\0 CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01\0\0\0\0\0\x89\x05\
MBX1           \0\x04\0MBX1           \x03\x04\0MBX1           \x20\x04\0EXAMPLE        \0\x84\0EXAMPLE        \x1e\x84\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// nmbd registers its own name.
const REGISTRATION: &[u8] = b"\x3a\xdb\x29\x10\0\x01\0\0\0\0\0\x01 ENECFIDBCACACACACACACACACACACACA\0\0\x20\0\x01\
\xc0\x0c\0\x20\0\x01\0\0\0\0\0\x06\0\0\x0a\x0a\x02\x15";

const STORY: &[(Side, &[u8])] = &[
    (Initiator, QUERY),
    (Responder, FOUND),
    (Initiator, OTHER_QUERY),
    (Responder, NOT_FOUND),
    (Initiator, STATUS_QUERY),
    (Responder, STATUS),
    (Initiator, REGISTRATION),
];

fn told(octets: &[u8]) -> Vec<Fact> {
    harness::play(&PROTOCOL, Transport::Udp, &[(Initiator, octets)])
}

fn probed(octets: &[u8]) -> Probe {
    probe(&Hint { transport: Transport::Udp, initiator_port: 50_000, responder_port: 137, side: Initiator, octets })
}

#[test]
fn a_broadcast_query_is_marked_since_silence_is_its_usual_answer() {
    let facts = told(QUERY);
    assert_eq!(facts[0], Fact::Request { id: 0x22ca, what: "name query MBX1<00>".into() });
    assert!(facts.contains(&Fact::Detail { key: "broadcast", value: true.into() }));
}

#[test]
fn a_positive_answer_names_the_host_at_its_address() {
    let facts = told(FOUND);
    assert_eq!(
        facts[0],
        Fact::Reply { id: 0x22ca, class: ReplyClass::Success, what: "name query MBX1<00>: positive".into() }
    );
    assert!(facts.contains(&Fact::Name { address: Ipv4Addr::new(10, 10, 2, 21).into(), name: "MBX1".into() }));
}

#[test]
fn the_name_of_a_group_names_no_host() {
    let mut group = FOUND.to_vec();
    group[56] |= 0x80;
    assert!(matches!(Packet::read(&mut Reader::bounded(&group)).unwrap().answer, Answer::None));
    assert!(!told(&group).iter().any(|fact| matches!(fact, Fact::Name { .. })));
}

#[test]
fn an_unknown_name_is_refused_not_silent() {
    let what = "name query NOSUCH<00>: no such name".into();
    assert_eq!(told(NOT_FOUND)[0], Fact::Reply { id: 0x74c6, class: ReplyClass::Refused, what });
}

#[test]
fn a_node_tells_its_names_and_which_is_its_own() {
    let facts = told(STATUS);
    assert!(facts.contains(&Fact::Detail { key: "server_name", value: "MBX1".into() }));
    assert!(facts.contains(&Fact::Member { key: "node_names", value: "EXAMPLE<1e>".into() }));
    assert!(!facts.contains(&Fact::Detail { key: "server_name", value: "EXAMPLE".into() }));
}

#[test]
fn a_registration_claims_a_name_and_proves_none() {
    let facts = told(REGISTRATION);
    assert_eq!(facts[0], Fact::Request { id: 0x3adb, what: "name registration MBX1<20>".into() });
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Name { .. })));
}

#[test]
fn every_packet_is_recognised_and_dns_is_not() {
    for (_, octets) in STORY {
        assert_eq!(probed(octets), Probe::Yes);
    }
    assert_eq!(probed(b"\x22\xca\x01\0\0\x01\0\0\0\0\0\0\x04mbx1\x07example\x04test\0\0\x01\0\x01"), Probe::No);
}

#[test]
fn damaged_packets_are_survived() {
    harness::damage_is_survived(&PROTOCOL, Transport::Udp, STORY);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 1..300)) {
        let _ = Packet::read(&mut Reader::bounded(&octets));
    }

    #[test]
    fn a_name_survives_its_encoding(text in "[A-Z0-9-]{1,15}", suffix in any::<u8>()) {
        let mut octets = [b' '; DECODED];
        octets[..text.len()].copy_from_slice(text.as_bytes());
        octets[DECODED - 1] = suffix;
        let mut wire = vec![0x20];
        wire.extend(octets.iter().flat_map(|octet| [b'A' + (octet >> 4), b'A' + (octet & 0xf)]));
        wire.push(0);
        let name = Name::read(&mut Reader::new(&wire)).unwrap();
        prop_assert_eq!((&*name.text, name.suffix), (text.as_str(), Suffix(suffix)));
    }
}
