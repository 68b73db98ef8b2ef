use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Endpoint, Fact, ReplyClass, Side, Uuid, Value, epm};
use Side::{Initiator, Responder};

const NSPI: Uuid = Uuid::from_u128(0xf5cc5a18_4264_101a_8c59_08002b2f8426);
const REPLICATION: Uuid = Uuid::from_u128(0xe3514235_4b06_11d1_ab04_00c04fc2dcd2);

const NDR_STORY: &[(Side, &[u8])] =
    &[(Initiator, BIND), (Responder, BIND_ACK), (Initiator, MAP), (Responder, MAP_ANSWER)];
const NDR64_STORY: &[(Side, &[u8])] =
    &[(Initiator, BIND_64), (Responder, BIND_ACK_64), (Initiator, MAP_64), (Responder, MAP_ANSWER_64)];

fn tcp(story: &[(Side, &[u8])]) -> Vec<Fact> {
    play(&PROTOCOL, Transport::Tcp, story)
}

fn detail(key: &'static str, value: impl Into<Value>) -> Fact {
    Fact::Detail { key, value: value.into() }
}

fn member(key: &'static str, value: impl Into<Value>) -> Fact {
    Fact::Member { key, value: value.into() }
}

fn endpoints(facts: &[Fact]) -> Vec<&Endpoint> {
    facts.iter().filter_map(|fact| if let Fact::Endpoint(endpoint) = fact { Some(endpoint) } else { None }).collect()
}

fn replies(facts: &[Fact]) -> Vec<(u64, ReplyClass, &str)> {
    let reply = |fact| if let &Fact::Reply { id, class, ref what } = fact { Some((id, class, &**what)) } else { None };
    facts.iter().filter_map(reply).collect()
}

/// A little-endian PDU of one fragment around `body`.
fn pdu(kind: PduType, flags: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(Header::LENGTH + body.len()).unwrap();
    let mut octets = vec![5, 0, kind.0, flags, 0x10, 0, 0, 0];
    octets.extend(length.to_le_bytes());
    octets.extend([0, 0]);
    octets.extend(call.to_le_bytes());
    octets.extend(body);
    octets
}

const WHOLE: u8 = 3;
const FIRST: u8 = 1;
const LAST: u8 = 2;

/// A bind of one context to another interface than the mapper's.
fn bind_to_nspi() -> Vec<u8> {
    let mut bind = BIND.to_vec();
    bind[32..48].copy_from_slice(&MAP[61..][..16]);
    bind
}

fn fault(status: u32) -> Vec<u8> {
    pdu(PduType::FAULT, WHOLE, 1, &[&[0; 8][..], &status.to_le_bytes(), &[0; 4]].concat())
}

fn hint(transport: Transport, octets: &[u8]) -> Hint<'_> {
    Hint { transport, initiator_port: 50000, responder_port: 50001, side: Initiator, octets }
}

#[test]
fn a_question_to_the_endpoint_mapper_is_told_from_bind_to_port() {
    let address = Some([192, 0, 2, 2].into());
    let expected = [
        Fact::Request { id: 1, what: "bind".into() },
        Fact::Endpoint(Endpoint::Wanted { interface: epm::INTERFACE }),
        member("interfaces", "e1af8308-5d1f-11c9-91a4-08002b14a0fa"),
        detail("interface", "e1af8308-5d1f-11c9-91a4-08002b14a0fa"),
        Fact::Service("epm"),
        detail("bind_ack_port", "135"),
        Fact::Endpoint(Endpoint::Bound { interface: epm::INTERFACE, pipe: None }),
        Fact::Reply { id: 1, class: ReplyClass::Success, what: "bind_ack".into() },
        Fact::Request { id: 1, what: "ept_map".into() },
        detail("operation", 3),
        member("asked_for", "f5cc5a18-4264-101a-8c59-08002b2f8426"),
        member("mapped", "f5cc5a18-4264-101a-8c59-08002b2f8426 4997"),
        Fact::Endpoint(Endpoint::Mapped { interface: NSPI, address, port: 4997 }),
        Fact::Reply { id: 1, class: ReplyClass::Success, what: "ok, port 4997".into() },
    ];
    assert_eq!(tcp(NDR_STORY), expected);
}

#[test]
fn ndr_rejected_beside_an_accepted_ndr64_is_not_a_refusal() {
    let facts = tcp(NDR64_STORY);
    let bound = Endpoint::Bound { interface: epm::INTERFACE, pipe: None };
    assert!(endpoints(&facts).contains(&&bound), "{facts:?}");
    assert!(!endpoints(&facts).iter().any(|endpoint| matches!(endpoint, Endpoint::BindRefused { .. })));
    assert_eq!(replies(&facts).last(), Some(&(2, ReplyClass::Success, "ok, ports 49668, 49664")));
}

#[test]
fn an_interface_that_is_not_registered_is_named_from_the_question() {
    let facts = tcp(&[NDR64_STORY[0], NDR64_STORY[1], NDR64_STORY[2], (Responder, NOT_REGISTERED_64)]);
    let unregistered = Endpoint::NotRegistered { interface: Some(REPLICATION), status: 0x16c9_a0d6 };
    assert_eq!(endpoints(&facts).last(), Some(&&unregistered));
    assert_eq!(replies(&facts).last(), Some(&(2, ReplyClass::Refused, "not registered")));
}

#[test]
fn a_story_cut_anywhere_reads_the_same() {
    cut_anywhere_reads_the_same(&PROTOCOL, NDR_STORY);
    cut_anywhere_reads_the_same(&PROTOCOL, NDR64_STORY);
    let (bind, call) = (bind_to_nspi(), pdu(PduType::REQUEST, WHOLE, 2, &[9; 300]));
    let preamble: &[(Side, &[u8])] = &[(Responder, b"ncacn_http/1.0"), (Initiator, &bind), (Responder, BIND_ACK)];
    cut_anywhere_reads_the_same(&PROTOCOL, preamble);
    cut_anywhere_reads_the_same(&PROTOCOL, &[(Initiator, &bind), (Initiator, &call), (Responder, &fault(5))]);
}

#[test]
fn damage_to_any_octet_is_survived() {
    damage_is_survived(&PROTOCOL, Transport::Tcp, NDR_STORY);
    damage_is_survived(&PROTOCOL, Transport::Tcp, NDR64_STORY);
    damage_is_survived(&PROTOCOL, Transport::Tcp, &[(Initiator, LOOKUP), (Responder, LOOKUP_ANSWER)]);
    damage_is_survived(&PROTOCOL, Transport::Tcp, &[(Initiator, BIND_BIG_ENDIAN), (Initiator, MAP_BIG_ENDIAN)]);
    damage_is_survived(&PROTOCOL, Transport::Udp, &[(Initiator, DATAGRAM)]);
}

#[test]
fn a_bind_is_refused_when_every_context_is_rejected() {
    let mut ack = BIND_ACK.to_vec();
    ack[36..40].copy_from_slice(&[2, 0, 1, 0]); // provider_rejection, abstract_syntax_not_supported
    let facts = tcp(&[(Initiator, &bind_to_nspi()), (Responder, &ack)]);
    let refused = |interface| Endpoint::BindRefused { interface, reason: 1 };
    assert_eq!(endpoints(&facts).last(), Some(&&refused(Some(NSPI))));
    assert_eq!(replies(&facts), [(1, ReplyClass::Refused, "abstract_syntax_not_supported")]);
    // The same answer alone.
    assert_eq!(endpoints(&tcp(&[(Responder, &ack)])), [&refused(None)]);
}

#[test]
fn a_bind_nak_refuses_what_was_offered_and_congestion_is_a_failure() {
    for (reason, class, what) in [
        (8, ReplyClass::Refused, "authentication_type_not_recognized"),
        (1, ReplyClass::Failed, "temporary_congestion"),
    ] {
        let nak = pdu(PduType::BIND_NAK, WHOLE, 1, &[reason, 0, 1, 5, 0, 0, 0, 0]);
        let facts = tcp(&[(Initiator, &bind_to_nspi()), (Responder, &nak)]);
        let refused = |interface| Endpoint::BindRefused { interface, reason: reason.into() };
        assert_eq!(endpoints(&facts).last(), Some(&&refused(Some(NSPI))));
        assert_eq!(replies(&facts), [(1, class, what)]);
        assert_eq!(endpoints(&tcp(&[(Responder, &nak)])), [&refused(None)]);
    }
}

#[test]
fn an_interface_offered_again_for_another_leg_of_authentication_is_bound_once() {
    let (mut alter, mut again) = (BIND.to_vec(), BIND_ACK.to_vec());
    (alter[2], again[2]) = (PduType::ALTER_CONTEXT.0, PduType::ALTER_CONTEXT_RESP.0);
    let facts = tcp(&[(Initiator, BIND), (Responder, BIND_ACK), (Initiator, &alter), (Responder, &again)]);
    assert_eq!(endpoints(&facts).len(), 2, "wanted and bound: {facts:?}");
    assert_eq!(replies(&facts).last(), Some(&(1, ReplyClass::Success, "alter_context_resp")));
}

#[test]
fn a_call_to_another_interface_is_told_by_number_and_its_stub_stepped_over() {
    let request = pdu(PduType::REQUEST, WHOLE, 2, &[&[0, 0, 0, 0, 0, 0, 11, 0][..], &[9; 4000]].concat());
    let response = pdu(PduType::RESPONSE, WHOLE, 2, &[0; 5000]);
    let bind = bind_to_nspi();
    let story = [(Initiator, &*bind), (Responder, BIND_ACK), (Initiator, &request[..24]), (Responder, &response[..24])];
    let facts = tcp(&story);
    assert!(facts.contains(&Fact::Request { id: 2, what: "opnum 11".into() }), "{facts:?}");
    assert!(facts.contains(&detail("operation", 11)), "{facts:?}");
    assert_eq!(replies(&facts).last(), Some(&(2, ReplyClass::Success, "response")));
    assert!(!facts.contains(&Fact::Service("epm")));
}

#[test]
fn a_fault_about_permission_is_refused_and_any_other_failed() {
    for (status, class, what) in [
        (5, ReplyClass::Refused, "fault 0x00000005 nca_s_fault_access_denied"),
        (0x1c01_0014, ReplyClass::Failed, "fault 0x1c010014 nca_s_server_too_busy"),
        (0x1c01_0003, ReplyClass::Failed, "fault 0x1c010003 nca_s_unk_if"),
        (0xc000_0001, ReplyClass::Failed, "fault 0xc0000001"),
    ] {
        let facts = tcp(&[(Responder, &fault(status))]);
        assert_eq!(replies(&facts), [(1, class, what)]);
        assert!(facts.contains(&detail("fault", format!("0x{status:08x}"))), "{facts:?}");
    }
}

#[test]
fn a_big_endian_conversation_is_read_and_marked() {
    let facts = tcp(&[(Initiator, BIND_BIG_ENDIAN), (Initiator, MAP_BIG_ENDIAN)]);
    assert!(facts.contains(&Fact::Endpoint(Endpoint::Wanted { interface: epm::INTERFACE })), "{facts:?}");
    assert!(facts.contains(&member("asked_for", NSPI.to_string())), "{facts:?}");
    let marks = facts.iter().filter(|fact| **fact == detail("byte_order", "big-endian"));
    assert_eq!(marks.count(), 1);
    assert!(!tcp(NDR_STORY).contains(&detail("byte_order", "big-endian")));
}

#[test]
fn a_capture_that_starts_behind_the_bind_finds_the_mapper_with_sides_swapped() {
    for (question, answer, port) in [(MAP, MAP_ANSWER, 4997), (MAP_64, MAP_ANSWER_64, 49668)] {
        let facts = tcp(&[(Responder, question), (Initiator, answer)]);
        assert_eq!(facts.first(), Some(&Fact::Service("epm")));
        let mapped = |endpoint: &&Endpoint| matches!(endpoint, Endpoint::Mapped { port: found, .. } if *found == port);
        assert!(endpoints(&facts).iter().any(mapped), "{facts:?}");
        let facts = tcp(&[(Responder, answer)]);
        assert!(endpoints(&facts).iter().any(mapped), "one-sided: {facts:?}");
    }
}

#[test]
fn fragments_of_an_answer_are_joined_and_replied_to_once() {
    let stub = &MAP_ANSWER_64[24..];
    let fragment = |flags, part: &[u8]| {
        pdu(PduType::RESPONSE, flags, 2, &[&[0, 0, 0, 0, 1, 0, 0, 0][..], part].concat())
    };
    let (first, middle, last) = (fragment(FIRST, &stub[..60]), fragment(0, &stub[60..61]), fragment(LAST, &stub[61..]));
    let mut story = NDR64_STORY[..3].to_vec();
    story.extend([(Responder, &*first), (Responder, &*middle), (Responder, &*last)]);
    assert_eq!(tcp(&story), tcp(NDR64_STORY));
    // Without the first fragment nothing is guessed.
    let missing: Vec<_> = story.iter().copied().filter(|(_, octets)| *octets != first).collect();
    assert_eq!(replies(&tcp(&missing)).len(), 1, "the bind's");
}

#[test]
fn of_an_endless_answer_only_the_front_is_kept_and_read() {
    let towers = 2000_u64;
    let mut stub = MAP_ANSWER_64[24..][..24].to_vec(); // handle and number of towers
    for count in [towers, 0, towers] {
        stub.extend(count.to_le_bytes());
    }
    stub.extend((1..=towers).flat_map(u64::to_le_bytes));
    for _ in 0..towers {
        stub.resize(stub.len().next_multiple_of(8), 0);
        stub.extend([75, 0, 0, 0, 0, 0, 0, 0, 75, 0, 0, 0]);
        stub.extend(&MAP_ANSWER[72..147]);
    }
    let mut conversation = open(Transport::Tcp);
    for (side, octets) in &NDR64_STORY[..3] {
        feed(&mut *conversation, *side, octets);
    }
    let mut facts = Vec::new();
    let mut parts = stub.chunks(5000).enumerate().peekable();
    while let Some((index, part)) = parts.next() {
        let flags = if index == 0 { FIRST } else { 0 } | if parts.peek().is_none() { LAST } else { 0 };
        let fragment = pdu(PduType::RESPONSE, flags, 2, &[&[0, 0, 0, 0, 1, 0, 0, 0][..], part].concat());
        facts.extend(feed(&mut *conversation, Responder, &fragment).0);
    }
    assert_eq!(replies(&facts), [(2, ReplyClass::Success, "ok, port 4997")]);
    // 64 KiB less the pointers, 88 octets a tower.
    assert_eq!(endpoints(&facts).len(), (64 * 1024 - 48 - 2000 * 8) / 88);
}

#[test]
fn an_encrypted_answer_of_the_mapper_is_not_guessed_at() {
    let mut sealed = MAP_ANSWER_64[..268].to_vec();
    // A verifier of 8 octets, SPNEGO, privacy, 8 octets of credentials.
    sealed.extend([9, 6, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let length = u16::try_from(sealed.len()).unwrap();
    sealed[8..10].copy_from_slice(&length.to_le_bytes());
    sealed[10] = 8;
    let facts = tcp(&[NDR64_STORY[0], NDR64_STORY[1], NDR64_STORY[2], (Responder, &sealed)]);
    assert_eq!(replies(&facts).last(), Some(&(2, ReplyClass::Success, "response")));
    assert!(!endpoints(&facts).iter().any(|endpoint| matches!(endpoint, Endpoint::Mapped { .. })));
}

#[test]
fn credentials_are_named_by_provider_and_level() {
    let mut bind = bind_to_nspi();
    bind.extend([10, 6, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    (bind[8], bind[10]) = (84, 4);
    let facts = tcp(&[(Initiator, &bind)]);
    assert_eq!(facts[..2], [detail("auth_type", "ntlmssp"), detail("auth_level", "privacy")]);
}

#[test]
fn after_a_gap_the_next_header_is_found_within_or_behind_a_fragment() {
    for garbage in [0, 1, 15, 16, 17, 1460, 5840] {
        let mut conversation = open(Transport::Tcp);
        feed(&mut *conversation, Initiator, BIND);
        feed(&mut *conversation, Responder, &BIND_ACK[..30]);
        assert!(conversation.gap(Responder));
        feed(&mut *conversation, Initiator, MAP);
        let mut octets = vec![0x05; garbage];
        octets.extend(MAP_ANSWER);
        let (facts, at, stop) = feed(&mut *conversation, Responder, &octets);
        assert_eq!((at, stop), (octets.len(), None), "{garbage} octets of a fragment");
        assert_eq!(replies(&facts), [(1, ReplyClass::Success, "ok, port 4997")]);
    }
}

#[test]
fn octets_without_any_header_are_given_up_after_the_longest_fragment() {
    let (facts, at, stop) = feed(&mut *open(Transport::Tcp), Initiator, &vec![0x17; 200_000]);
    assert!(facts.is_empty());
    assert!(at <= 0x1_0000 && !stop.unwrap().is_incomplete());
}

#[test]
fn several_pdus_in_one_segment_are_read_one_by_one() {
    let stream = [BIND, MAP].concat();
    let (facts, at, stop) = feed(&mut *open(Transport::Tcp), Initiator, &stream);
    assert_eq!((at, stop), (stream.len(), None));
    assert!(facts.contains(&Fact::Request { id: 1, what: "ept_map".into() }), "{facts:?}");
}

#[test]
fn rpc_over_http_begins_with_its_preamble_and_keeps_house_with_rts() {
    let http = detail("rpc_over_http", true);
    let facts = tcp(&[(Responder, b"ncacn_http/1.0"), (Initiator, BIND), (Responder, BIND_ACK)]);
    assert_eq!(facts[..2], [Fact::Greeting("ncacn_http/1.0".into()), http.clone()]);
    assert_eq!(replies(&facts).len(), 1);
    assert_eq!(tcp(&[(Initiator, &pdu(PduType::RTS, WHOLE, 0, &[0, 0, 0, 0]))]), [http]);
}

#[test]
fn goodbyes_and_cancels_are_told() {
    for (kind, fact) in [
        (PduType::SHUTDOWN, Fact::Close("shutdown".into())),
        (PduType::CO_CANCEL, detail("cancelled", true)),
        (PduType::ORPHANED, detail("orphaned", true)),
    ] {
        assert_eq!(tcp(&[(Initiator, &pdu(kind, WHOLE, 1, &[]))]), [fact]);
    }
}

#[test]
fn inside_a_named_pipe_interfaces_are_bound_to_the_pipe_and_the_flow_stays_smb() {
    let mut pipe = Connection::over_pipe("epmapper".into());
    let mut facts = feed(&mut pipe, Initiator, BIND).0;
    facts.extend(feed(&mut pipe, Responder, BIND_ACK).0);
    let bound = Endpoint::Bound { interface: epm::INTERFACE, pipe: Some("epmapper".into()) };
    assert!(facts.contains(&Fact::Endpoint(bound)), "{facts:?}");
    assert!(!facts.contains(&Fact::Service("epm")));
}

#[test]
fn any_pdu_of_either_side_is_recognised_from_its_header() {
    for octets in [BIND, BIND_ACK, MAP, MAP_ANSWER_64, b"ncacn_http/1.0", BIND_BIG_ENDIAN] {
        assert_eq!(probe(&hint(Transport::Tcp, octets)), Probe::Yes);
        for count in 1..14 {
            assert_eq!(probe(&hint(Transport::Tcp, &octets[..count])), Probe::More, "{count} octets");
        }
    }
    assert_eq!(probe(&hint(Transport::Tcp, MAP_BIG_ENDIAN)), Probe::Maybe);
}

#[test]
fn look_alikes_are_not_recognised() {
    let mut long_verifier = MAP.to_vec();
    long_verifier[11] = 0xff;
    for octets in [
        &b"\x05\x01\x00"[..2],                                                // SOCKS 5, still undecided
        b"\x05\x01\x00\x03\x0bexample.test",                                  // SOCKS 5 request
        b"\x00\x3a\x00\x00\x01\x00\x00\x00\x01\x39\x01\x2c\x00\x00\x08\x00",  // Oracle TNS connect
        b"\x05\x00\x00\x03\x10\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00",  // shorter than its header
        b"\x05\x00\x01\x03\x10\x00\x00\x00\x80\x00\x00\x00\x01\x00\x00\x00",  // a datagram's type
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00",  // TLS
        &long_verifier,
    ] {
        assert!(probe(&hint(Transport::Tcp, octets)) < Probe::Maybe, "{octets:02x?}");
    }
}

#[test]
fn a_datagram_names_its_interface_and_must_fill_its_length() {
    assert_eq!(probe(&hint(Transport::Udp, DATAGRAM)), Probe::Yes);
    assert_eq!(probe(&hint(Transport::Udp, &DATAGRAM[..83])), Probe::No);
    assert_eq!(probe(&hint(Transport::Udp, &[DATAGRAM, &[0]].concat())), Probe::No);
    let mut answer = DATAGRAM.to_vec();
    answer[1] = 2;
    let mut reject = DATAGRAM.to_vec();
    reject[1] = 6;
    reject[80..].copy_from_slice(&0x1c01_0003_u32.to_le_bytes());
    let story = [(Initiator, DATAGRAM), (Responder, &*answer), (Responder, &*reject)];
    let id = 0x1111_1111_0000_0009;
    let expected = [
        Fact::Service("epm"),
        Fact::Endpoint(Endpoint::Wanted { interface: epm::INTERFACE }),
        detail("interface", epm::INTERFACE.to_string()),
        member("interfaces", epm::INTERFACE.to_string()),
        detail("operation", 3),
        Fact::Request { id, what: "opnum 3".into() },
        Fact::Endpoint(Endpoint::Bound { interface: epm::INTERFACE, pipe: None }),
        Fact::Reply { id, class: ReplyClass::Success, what: "response".into() },
        detail("fault", "0x1c010003"),
        Fact::Reply { id, class: ReplyClass::Failed, what: "fault 0x1c010003 nca_s_unk_if".into() },
    ];
    assert_eq!(play(&PROTOCOL, Transport::Udp, &story), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Real messages, random octets and gaps in any order: nothing panics, and reading always advances.
    #[test]
    fn any_mixture_of_messages_noise_and_gaps_is_survived(
        steps in proptest::collection::vec((0_usize..12, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..40)
    ) {
        let messages = [BIND, BIND_ACK, MAP, MAP_ANSWER, BIND_64, BIND_ACK_64, MAP_64, MAP_ANSWER_64, LOOKUP_ANSWER];
        let mut conversation = open(Transport::Tcp);
        for (choice, forth, noise) in steps {
            let side = if forth { Initiator } else { Responder };
            match messages.get(choice) {
                Some(message) => drop(feed(&mut *conversation, side, message)),
                None if choice == messages.len() => prop_assert!(conversation.gap(side)),
                None => drop(feed(&mut *conversation, side, &noise)),
            }
        }
    }

    /// A datagram is never recognised by chance.
    #[test]
    fn random_datagrams_are_not_recognised(octets in proptest::collection::vec(any::<u8>(), 1..200)) {
        prop_assert_eq!(probe(&hint(Transport::Udp, &octets)), Probe::No);
        prop_assert!(probe(&hint(Transport::Tcp, &octets)) < Probe::Yes);
    }
}
