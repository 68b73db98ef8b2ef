use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived};
use crate::{Hint, Probe, Side, Transport};

fn probe(transport: Transport, initiator_port: u16, responder_port: u16) -> Probe {
    (PROTOCOL.probe)(&Hint { transport, initiator_port, responder_port, side: Side::Initiator, octets: &[0] })
}

#[test]
fn only_the_port_of_the_server_tells() {
    assert_eq!(probe(Transport::Tcp, 51000, 64327), Probe::Maybe);
    assert_eq!(probe(Transport::Tcp, 64327, 443), Probe::No);
    assert_eq!(probe(Transport::Udp, 51000, 64327), Probe::No);
}

#[test]
fn any_content_is_stepped_over_without_a_word() {
    let story = [(Side::Initiator, &[1, 2, 3, 4][..]), (Side::Responder, &[0xff; 40])];
    cut_anywhere_reads_the_same(&PROTOCOL, &story);
    damage_is_survived(&PROTOCOL, Transport::Tcp, &story);
}
