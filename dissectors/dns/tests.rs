use super::PROTOCOL;
use crate::Side::{Initiator, Responder};
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, ReplyClass, Side, Transport, Value};

/// A query for the address of mbx1.contoso.com, recursion desired.
const QUERY: &[u8] = b"\x1a\x2b\x01\0\0\x01\0\0\0\0\0\0\x04mbx1\x07contoso\x03com\0\0\x01\0\x01";

/// Its answer: an alias, and the address of what it stands for.
const ANSWER: &[u8] = b"\x1a\x2b\x85\x80\0\x01\0\x02\0\0\0\0\x04mbx1\x07contoso\x03com\0\0\x01\0\x01\
    \xc0\x0c\0\x05\0\x01\0\0\x0e\x10\0\x08\x05dag01\xc0\x11\
    \xc0\x2e\0\x01\0\x01\0\0\x0e\x10\0\x04\x0a\x0a\x02\x15";

/// Where the domain controllers are, with their addresses (IPv4 and IPv6) as additional records.
const SERVICES: &[u8] = b"\x1a\x2c\x85\x80\0\x01\0\x01\0\0\0\x02\
    \x05_ldap\x04_tcp\x02dc\x06_msdcs\x07contoso\x03com\0\0\x21\0\x01\
    \xc0\x0c\0\x21\0\x01\0\0\x02\x58\0\x17\0\0\0\x64\x01\x85\x03dc1\x07contoso\x03com\0\
    \xc0\x44\0\x01\0\x01\0\0\x02\x58\0\x04\x0a\x0a\x01\x0b\
    \xc0\x44\0\x1c\0\x01\0\0\x02\x58\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b";

/// A domain controller registers itself: zone contoso.com, one record to add.
const UPDATE: &[u8] = b"\x77\x01\x28\0\0\x01\0\0\0\x01\0\0\x07contoso\x03com\0\0\x06\0\x01\
    \x03dc1\xc0\x0c\0\x01\0\x01\0\0\x04\xb0\0\x04\x0a\x0a\x01\x0b";

/// The same octets behind the length that TCP puts before a message.
fn over_tcp(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// `ANSWER` with other flags.
fn answer_with(high: u8, low: u8) -> Vec<u8> {
    let mut octets = ANSWER.to_vec();
    (octets[2], octets[3]) = (high, low);
    octets
}

fn replies(facts: &[Fact]) -> Vec<(u64, ReplyClass, &str)> {
    let reply = |fact| match fact {
        &Fact::Reply { id, class, ref what } => Some((id, class, &**what)),
        _ => None,
    };
    facts.iter().filter_map(reply).collect()
}

fn look(transport: Transport, port: u16, octets: &[u8]) -> Probe {
    let hint = Hint { transport, initiator_port: 50_000, responder_port: port, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn a_query_and_its_answer_pair_up_and_name_the_address_that_the_alias_leads_to() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, QUERY), (Responder, ANSWER)]);
    assert!(facts.contains(&Fact::Request { id: 0x1a2b, what: "A mbx1.contoso.com".into() }));
    assert!(facts.contains(&Fact::Detail { key: "query", value: "mbx1.contoso.com".into() }));
    assert!(facts.contains(&Fact::Detail { key: "query_type", value: "A".into() }));
    assert_eq!(replies(&facts), [(0x1a2b, ReplyClass::Success, "NOERROR")]);
    let name = Fact::Name { address: [10, 10, 2, 21].into(), name: "dag01.contoso.com".into() };
    assert!(facts.contains(&name), "{facts:?}");
}

#[test]
fn service_targets_come_with_their_port_and_their_addresses() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, SERVICES)]);
    assert!(facts.contains(&Fact::Member { key: "srv_targets", value: "dc1.contoso.com:389".into() }), "{facts:?}");
    let names: Vec<_> = facts.iter().filter(|fact| matches!(fact, Fact::Name { .. })).collect();
    let name = "dc1.contoso.com".into();
    assert_eq!(names[0], &Fact::Name { address: [10, 10, 1, 11].into(), name });
    assert_eq!(names.len(), 2);
}

#[test]
fn the_response_code_decides_whether_the_server_refused_or_failed() {
    for (low, class, word) in [
        (0x80, ReplyClass::Success, "NOERROR"),
        (0x82, ReplyClass::Failed, "SERVFAIL"),
        (0x83, ReplyClass::Refused, "NXDOMAIN"),
        (0x85, ReplyClass::Refused, "REFUSED"),
        (0x8f, ReplyClass::Refused, "RCODE15"),
    ] {
        let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, &answer_with(0x85, low))]);
        assert_eq!(replies(&facts), [(0x1a2b, class, word)]);
        assert!(facts.contains(&Fact::Detail { key: "rcode", value: word.into() }));
    }
}

#[test]
fn a_truncated_answer_asks_to_come_again_over_tcp() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, &answer_with(0x87, 0x80))]);
    assert_eq!(replies(&facts), [(0x1a2b, ReplyClass::Challenge, "truncated")]);
}

#[test]
fn the_opt_record_extends_the_response_code() {
    let octets = b"\0\x09\x80\0\0\0\0\0\0\0\0\x01\0\0\x29\x10\0\x01\0\0\0\0\0";
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, octets)]);
    assert_eq!(replies(&facts), [(9, ReplyClass::Refused, "BADVERS")]);
}

#[test]
fn an_update_names_its_zone() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, UPDATE)]);
    assert!(facts.contains(&Fact::Request { id: 0x7701, what: "UPDATE contoso.com".into() }));
}

#[test]
fn the_message_says_who_answers_not_the_side() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, QUERY), (Initiator, ANSWER)]);
    assert!(matches!(facts[2], Fact::Request { .. }), "{facts:?}");
    assert_eq!(replies(&facts).len(), 1);
}

#[test]
fn a_datagram_cut_by_the_snap_length_still_gives_header_and_question() {
    for cut in QUERY.len()..ANSWER.len() {
        let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, &ANSWER[..cut])]);
        assert!(facts.contains(&Fact::Detail { key: "query", value: "mbx1.contoso.com".into() }), "cut at {cut}");
        assert_eq!(replies(&facts).len(), 1, "cut at {cut}");
    }
    for cut in 12..QUERY.len() {
        let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &QUERY[..cut])]);
        assert_eq!(facts, [Fact::Request { id: 0x1a2b, what: "QUERY".into() }], "cut at {cut}");
    }
}

#[test]
fn names_that_point_in_a_circle_or_outside_end_the_dialogue() {
    for pointer in [b"\xc0\x0c", b"\xc0\xff", b"\x40\x01"] {
        let octets = [&QUERY[..12], pointer, b"\0\x01\0\x01"].concat();
        let (facts, _, stop) = feed(&mut *(PROTOCOL.open)(Transport::Udp), Initiator, &octets);
        assert!(facts.is_empty());
        assert!(stop.is_some_and(|stop| !stop.is_incomplete()), "{pointer:?}");
    }
}

#[test]
fn a_broken_answer_costs_only_the_answers() {
    let mut octets = ANSWER.to_vec();
    octets[34] = 0x80; // the owner of the first record
    let facts = play(&PROTOCOL, Transport::Udp, &[(Responder, &octets)]);
    assert_eq!(replies(&facts), [(0x1a2b, ReplyClass::Success, "NOERROR")]);
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Name { .. })));
}

#[test]
fn a_dot_inside_a_label_is_escaped() {
    let octets = [&QUERY[..12], b"\x05um.01\0\0\x0c\0\x01"].concat();
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &octets)]);
    assert!(facts.contains(&Fact::Detail { key: "query", value: Value::Text("um\\.01".into()) }));
}

#[test]
fn a_stream_reads_the_same_wherever_it_is_cut() {
    let (query, services, update) = (over_tcp(QUERY), over_tcp(SERVICES), over_tcp(UPDATE));
    let pipelined = [over_tcp(ANSWER), services].concat();
    let story: &[(Side, &[u8])] = &[(Initiator, &query), (Responder, &pipelined), (Initiator, &update)];
    cut_anywhere_reads_the_same(&PROTOCOL, story);
    damage_is_survived(&PROTOCOL, Transport::Tcp, story);
}

#[test]
fn damaged_datagrams_are_survived() {
    let story: &[(Side, &[u8])] =
        &[(Initiator, QUERY), (Responder, ANSWER), (Responder, SERVICES), (Initiator, UPDATE)];
    damage_is_survived(&PROTOCOL, Transport::Udp, story);
}

#[test]
fn a_zone_transfer_is_read_from_its_front_and_the_rest_stepped_over() {
    let mut message = SERVICES.to_vec();
    message.resize(60_000, 0);
    let octets = over_tcp(&message);
    let mut facts = Vec::new();
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    let read = dialogue.read(Responder, &octets[..20_000], &mut |fact| facts.push(fact));
    assert_eq!(read, Ok(60_002));
    assert_eq!(replies(&facts).len(), 1);
}

#[test]
fn a_question_is_recognised_on_any_port_and_a_cut_one_on_usual_ports() {
    for (transport, octets) in [(Transport::Udp, QUERY.to_vec()), (Transport::Tcp, over_tcp(QUERY))] {
        assert_eq!(look(transport, 4444, &octets), Probe::Yes);
    }
    assert_eq!(look(Transport::Udp, 53, &QUERY[..20]), Probe::Maybe);
    assert_eq!(look(Transport::Udp, 4444, &QUERY[..20]), Probe::No);
    assert_eq!(look(Transport::Tcp, 4444, &over_tcp(QUERY)[..20]), Probe::More);
    // Multicast DNS announces without being asked.
    let announced = b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x04mbx1\x05local\0\0\x01\x80\x01\0\0\0\x78\0\x04\x0a\x0a\x02\x15";
    assert_eq!(look(Transport::Udp, 5353, announced), Probe::Yes);
}

#[test]
fn foreign_octets_are_not_taken_for_dns() {
    let netbios = b"\x80\x67\x01\x10\0\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01";
    assert_eq!(look(Transport::Udp, 137, netbios), Probe::No);
    assert_eq!(look(Transport::Tcp, 53, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Probe::No);
    assert_eq!(look(Transport::Tcp, 53, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\x9a\x11\x02\x33\x44"), Probe::No);
    assert_eq!(look(Transport::Udp, 53, b"\0\x01\0\x08\x21\x12\xa4\x42abcdefghijkl\0\0\0\0"), Probe::No);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_behind_a_header_are_survived(id: u16, tail in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let head = [&id.to_be_bytes()[..], b"\x81\x80\0\x01\0\x05\0\x02\0\x02"].concat();
        let octets = [head, tail].concat();
        let (facts, _, _) = feed(&mut *(PROTOCOL.open)(Transport::Udp), Responder, &octets);
        proptest::prop_assert!(facts.len() < 80);
    }
}
