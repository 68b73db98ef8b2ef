use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, play};
use crate::{Fact, Hint, Probe, Side, Transport};

/// The start of a DTLS 1.2 application data record, written from RFC 6347 §4.1.
const RECORD: &[u8] = &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, 0, 2, 0xa5, 0x5a];

fn hint(initiator_port: u16, responder_port: u16, transport: Transport) -> Hint<'static> {
    Hint { transport, initiator_port, responder_port, side: Side::Initiator, octets: &[1, 2, 3] }
}

#[test]
fn the_port_at_either_end_is_all_that_tells() {
    for transport in [Transport::Tcp, Transport::Udp] {
        assert_eq!((PROTOCOL.probe)(&hint(3343, 3343, transport)), Probe::Maybe);
        assert_eq!((PROTOCOL.probe)(&hint(51000, 3343, transport)), Probe::Maybe);
        assert_eq!((PROTOCOL.probe)(&hint(3343, 51000, transport)), Probe::Maybe);
        assert_eq!((PROTOCOL.probe)(&hint(51000, 3344, transport)), Probe::No);
    }
}

#[test]
fn heartbeats_of_both_nodes_are_counted_and_dtls_is_told_once() {
    let story = [(Side::Initiator, &[1, 2, 3][..]), (Side::Responder, RECORD), (Side::Responder, RECORD)];
    let facts = play(&PROTOCOL, Transport::Udp, &story);
    let counts: Vec<&Fact> = facts.iter().filter(|fact| matches!(fact, Fact::Detail { key: "heartbeats", .. })).collect();
    assert_eq!(counts.last(), Some(&&Fact::Detail { key: "heartbeats", value: 3.into() }));
    assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::Detail { key: "dtls", .. })).count(), 1);
}

#[test]
fn a_join_is_stepped_over_in_any_pieces() {
    let story = [(Side::Initiator, &[1, 2, 3, 4][..]), (Side::Responder, &[9, 9])];
    assert!(play(&PROTOCOL, Transport::Tcp, &story).is_empty());
    cut_anywhere_reads_the_same(&PROTOCOL, &story);
    damage_is_survived(&PROTOCOL, Transport::Udp, &[(Side::Initiator, RECORD)]);
}
