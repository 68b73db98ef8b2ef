use std::iter::repeat_n;

use proptest::prelude::*;

use super::*;
use super::recorded::{SMB1, SMB3};
use crate::Side::{Initiator, Responder};
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Dialogue, Endpoint, Fact, ReplyClass, Side, Uuid, Value};

const SRVSVC: Uuid = Uuid::from_u128(0x4b324fc8_1670_01d3_1278_5a47bf6ee188);

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn decoded(story: &[(Side, &str)]) -> Vec<(Side, Vec<u8>)> {
    story.iter().map(|(side, hex)| (*side, octets(hex))).collect()
}

fn borrowed(story: &[(Side, Vec<u8>)]) -> Vec<(Side, &[u8])> {
    story.iter().map(|(side, octets)| (*side, octets.as_slice())).collect()
}

fn told(story: &[(Side, &str)]) -> Vec<Fact> {
    play(&PROTOCOL, Transport::Tcp, &borrowed(&decoded(story)))
}

fn probed(octets: &[u8], port: u16) -> Probe {
    let transport = Transport::Tcp;
    probe(&Hint { transport, initiator_port: 50_000, responder_port: port, side: Initiator, octets })
}

/// A message of SMB 2 within its session packet (MS-SMB2 §2.2.1).
fn v2(status: u32, command: u16, flags: u32, id: u64, tree: u32, body: &[u8]) -> Vec<u8> {
    framed(&header(status, command, flags, 0, id, tree, body))
}

fn header(status: u32, command: u16, flags: u32, next: u32, id: u64, tree: u32, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0\x01\0".to_vec();
    message.extend(status.to_le_bytes());
    message.extend(command.to_le_bytes());
    message.extend([1, 0]);
    message.extend(flags.to_le_bytes());
    message.extend(next.to_le_bytes());
    message.extend(id.to_le_bytes());
    message.extend([0; 4]);
    message.extend(tree.to_le_bytes());
    message.extend([0; 24]);
    message.extend(body);
    message
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&length.to_be_bytes(), message].concat()
}

/// A write of `data` into the pipe or file 7 (MS-SMB2 §2.2.21).
fn write(id: u64, data: &[u8]) -> Vec<u8> {
    let mut body = vec![49, 0, 112, 0];
    body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    body.extend([0; 8]);
    body.extend([7; 16]);
    body.extend([0; 16]);
    body.extend(data);
    v2(0, 9, 0, id, 5, &body)
}

/// The bind to SRVSVC of the recorded exchange.
fn bind() -> Vec<u8> {
    let transceive = octets(SMB3[12].1);
    let start = transceive.windows(4).position(|window| window == [5, 0, 11, 3]).unwrap();
    transceive[start..].to_vec()
}

fn details<'a>(facts: &'a [Fact], wanted: &str) -> Vec<&'a Value> {
    let value = |fact: &'a Fact| match fact {
        Fact::Detail { key, value } | Fact::Member { key, value } if *key == wanted => Some(value),
        _ => None,
    };
    facts.iter().filter_map(value).collect()
}

#[test]
fn smb_3_tells_its_dialects_its_share_its_pipe_and_the_server_s_names() {
    let facts = told(SMB3);
    assert_eq!(details(&facts, "dialect"), [&"SMB 2.???".into(), &"SMB 3.1.1".into()]);
    assert!(details(&facts, "dialects_offered").contains(&&"NT LM 0.12".into()));
    assert!(details(&facts, "dialects_offered").contains(&&"SMB 3.0.2".into()));
    assert_eq!(details(&facts, "share"), [&r"\\10.10.2.21\IPC$".into()]);
    assert_eq!(details(&facts, "signing").last(), Some(&&"enabled".into()));
    assert_eq!(details(&facts, "server_name"), [&"MBX1".into()]);
    assert_eq!(details(&facts, "server_dns_name"), [&"vm".into()]);
}

#[test]
fn an_interface_bound_in_a_pipe_is_bound_to_the_pipe_in_either_family() {
    for story in [SMB3, SMB1] {
        let facts = told(story);
        let bound = Endpoint::Bound { interface: SRVSVC, pipe: Some("srvsvc".into()) };
        assert!(facts.contains(&Fact::Endpoint(bound)));
        assert!(details(&facts, "pipe").iter().all(|pipe| **pipe == "srvsvc".into()));
        assert_eq!(details(&facts, "operation"), [&21.into()]); // NetrServerGetInfo
        assert!(!facts.iter().any(|fact| matches!(fact, Fact::Service(_))));
    }
}

#[test]
fn every_request_is_answered_under_its_own_id_even_across_families() {
    for story in [SMB3, SMB1] {
        let facts = told(story);
        let mut open = Vec::new();
        for fact in &facts {
            match fact {
                Fact::Request { id, .. } => open.push(*id),
                Fact::Reply { id, class, what } => {
                    assert!(open.contains(id), "{what}");
                    if *class != ReplyClass::Interim {
                        open.retain(|outstanding| outstanding != id);
                    }
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn a_status_on_the_way_to_success_is_a_challenge_or_interim() {
    let facts = told(SMB3);
    let classes: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Reply { class, .. } if *class != ReplyClass::Success => Some(*class),
            _ => None,
        })
        .collect();
    assert_eq!(classes, [ReplyClass::Challenge, ReplyClass::Interim]);
    assert!(details(&facts, "status").is_empty());
}

#[test]
fn a_refusal_names_its_status() {
    let refused = v2(0xc000_0022, 3, 1, 4, 0, &[9, 0, 0, 0, 0, 0, 0, 0, 0]);
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Responder, &refused)]);
    assert_eq!(details(&facts, "status"), [&"STATUS_ACCESS_DENIED".into()]);
    let what = "TREE_CONNECT STATUS_ACCESS_DENIED".into();
    assert!(facts.contains(&Fact::Reply { id: 4, class: ReplyClass::Refused, what }));
}

#[test]
fn requests_compounded_in_one_packet_are_all_read() {
    // ECHO has a body of four octets; compounded messages begin at multiples of eight.
    let first = header(0, 13, 0, 72, 8, 0, &[4, 0, 0, 0, 0, 0, 0, 0]);
    let second = header(0, 2, 0, 0, 9, 0, &[4, 0, 0, 0]);
    let packet = framed(&[first, second].concat());
    let expected = [Fact::Request { id: 8, what: "ECHO".into() }, Fact::Request { id: 9, what: "LOGOFF".into() }];
    assert_eq!(play(&PROTOCOL, Transport::Tcp, &[(Initiator, &packet)]), expected);
    cut_anywhere_reads_the_same(&PROTOCOL, &[(Initiator, &packet)]);
}

#[test]
fn the_data_of_a_file_is_stepped_over_unseen() {
    let whole = write(3, &vec![0xaa; 60_000]);
    let mut stream = Stream::default();
    let mut facts = Vec::new();
    // The header, the fixed part of the body, and what it takes to see that this is no PDU.
    let read = stream.read(Initiator, &whole[..4 + 112 + 16], &mut |fact| facts.push(fact));
    assert_eq!(read, Ok(whole.len()));
    assert_eq!(facts, [Fact::Request { id: 3, what: "WRITE".into() }]);
}

#[test]
fn a_pipe_opened_before_the_capture_is_known_by_its_pdus() {
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &write(3, &bind()))]);
    assert!(facts.contains(&Fact::Endpoint(Endpoint::Wanted { interface: SRVSVC })), "{facts:?}");
}

#[test]
fn a_pdu_cut_into_several_writes_is_read_whole() {
    let bind = bind();
    for cut in 16..bind.len() {
        let (front, rest) = bind.split_at(cut);
        let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &write(3, front)), (Initiator, &write(4, rest))]);
        assert!(facts.contains(&Fact::Endpoint(Endpoint::Wanted { interface: SRVSVC })), "cut at {cut}");
    }
}

#[test]
fn encrypted_messages_are_marked_and_many_of_them_end_the_story() {
    // MS-SMB2 §2.2.41: protocol id, signature, nonce, sizes, flags, session id; then what nobody can read.
    let sealed = framed(&[b"\xfdSMB".as_slice(), &[0x5a; 48 + 100]].concat());
    let mut stream = Stream::default();
    let (facts, _, stop) = feed(&mut stream, Responder, &sealed);
    assert_eq!((facts, stop), (vec![Fact::Detail { key: "encrypted", value: true.into() }], None));
    assert!(!stream.finished(Responder));
    let many: Vec<u8> = repeat_n(sealed, 20).flatten().collect();
    feed(&mut stream, Responder, &many);
    assert!(stream.finished(Responder) && !stream.finished(Initiator));
}

#[test]
fn an_oplock_break_answers_nothing() {
    let unsolicited = v2(0, 18, 1, u64::MAX, 0, &[24; 24]);
    assert_eq!(play(&PROTOCOL, Transport::Tcp, &[(Responder, &unsolicited)]), []);
}

#[test]
fn a_server_that_speaks_none_of_the_dialects_has_refused() {
    let offer = octets(SMB1[0].1);
    // MS-CIFS §2.2.4.52.2: one word, 0xffff.
    let mut answer = b"\xffSMB\x72\0\0\0\0\x98\x43\xc8".to_vec();
    answer.extend(&offer[4 + 12..4 + 32]);
    answer.extend([1, 0xff, 0xff, 0, 0]);
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &offer), (Responder, &framed(&answer))]);
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Reply { class: ReplyClass::Refused, .. })), "{facts:?}");
    assert!(details(&facts, "dialect").is_empty());
}

#[test]
fn after_a_loss_the_next_message_is_found() {
    let story = decoded(SMB3);
    let mut stream = Stream::default();
    feed(&mut stream, Initiator, &story[0].1);
    assert!(stream.gap(Initiator));
    let tail = [&story[2].1[100..], &story[4].1].concat();
    let (facts, at, stop) = feed(&mut stream, Initiator, &tail);
    assert_eq!((at, stop), (tail.len(), None));
    assert_eq!(facts, [Fact::Request { id: 2, what: "SESSION_SETUP".into() }]);
}

#[test]
fn a_capture_that_begins_within_a_message_is_taken_up_at_the_next() {
    let story = decoded(SMB3);
    let octets = [&story[2].1[100..], &story[4].1].concat();
    assert_eq!(probed(&octets, 445), Probe::Maybe);
    assert_eq!(probed(&octets, 8445), Probe::No);
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &octets)]);
    assert_eq!(facts, [Fact::Request { id: 2, what: "SESSION_SETUP".into() }]);
}

#[test]
fn either_family_is_recognised_on_any_port_and_nothing_else_is() {
    for story in [SMB3, SMB1] {
        for (_, octets) in decoded(story) {
            assert_eq!(probed(&octets, 8445), Probe::Yes);
            assert_eq!(probed(&octets[..6], 445), Probe::More);
        }
    }
    assert_eq!(probed(b"\0\0\0\x54GET / HTTP/1.1\r\n", 445), Probe::No);
    let stop = feed(&mut Stream::default(), Initiator, b"GET / HTTP/1.1\r\n\r\n").2.unwrap();
    assert!(!stop.is_incomplete());
}

#[test]
fn cut_anywhere_the_exchanges_read_the_same() {
    for story in [SMB3, SMB1] {
        cut_anywhere_reads_the_same(&PROTOCOL, &borrowed(&decoded(story)));
    }
}

#[test]
fn damaged_exchanges_are_survived() {
    for story in [SMB3, SMB1] {
        damage_is_survived(&PROTOCOL, Transport::Tcp, &borrowed(&decoded(story)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_body_behind_a_good_header_is_survived(
        status in prop_oneof![Just(0), any::<u32>()],
        command in 0..24u16,
        flags in 0..4u32,
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let message = v2(status, command, flags, 1, 1, &body);
        let (_, at, stop) = feed(&mut Stream::default(), Initiator, &message);
        prop_assert_eq!((at, stop), (message.len(), None));
    }

    #[test]
    fn a_stream_after_a_loss_never_stands_still(octets in prop::collection::vec(any::<u8>(), 8..400)) {
        let mut stream = Stream::default();
        stream.gap(Responder);
        let (_, at, stop) = feed(&mut stream, Responder, &octets);
        prop_assert!(at > octets.len() - 8 && stop.is_some_and(|stop| stop.is_incomplete()));
    }
}
