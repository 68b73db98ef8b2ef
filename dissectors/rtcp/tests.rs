use super::PROTOCOL;
use crate::Side::{Initiator, Responder};
use crate::harness::{damage_is_survived, play};
use crate::{Fact, Hint, Probe, Transport};

/// A sender report with one block (a quarter lost), and the sender's canonical name.
const REPORT: &[u8] = b"\x81\xc8\0\x0c\xf3\xcb\x20\x01\x83\xab\x03\xa1\xeb\x02\x0b\x3a\0\0\x94\x20\0\0\0\x9e\0\0\x9b\x88\
    \xde\xe0\xee\x8f\x40\0\0\x28\0\0\xe8\x01\0\0\0\x12\0\0\0\0\0\0\0\0\
    \x81\xca\0\x04\xf3\xcb\x20\x01\x01\x07um@mbx1\0\0\0";
/// An empty receiver report, and goodbye.
const GOODBYE: &[u8] = b"\x80\xc9\0\x01\xf3\xcb\x20\x01\x81\xcb\0\x01\xf3\xcb\x20\x01";
/// The clear front of an encrypted sender report.
const ENCRYPTED: &[u8] = b"\x81\xc8\0\x0c\xb7\x2a\x71\x04\xd3\x71\x73\xed\x9d\x55\xd5\x5a\xe4\x97\xe2\xf2\x2f\xdc\x66";

fn look(octets: &[u8]) -> Probe {
    let hint =
        Hint { transport: Transport::Udp, initiator_port: 16385, responder_port: 50173, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn a_report_tells_the_senders_name_and_the_loss_it_sees_in_percent() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, REPORT)]);
    assert_eq!(
        facts,
        [
            Fact::Service("rtcp"),
            Fact::Detail { key: "cname", value: "um@mbx1".into() },
            Fact::Detail { key: "reported_loss", value: 25.into() },
        ]
    );
}

#[test]
fn goodbye_closes() {
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, REPORT), (Responder, GOODBYE)]);
    assert_eq!(facts.last(), Some(&Fact::Close("BYE".into())));
}

#[test]
fn whole_reports_are_recognised_on_any_port_and_the_rest_only_might_be() {
    assert_eq!(look(REPORT), Probe::Yes);
    assert_eq!(look(GOODBYE), Probe::Yes);
    assert_eq!(look(&GOODBYE[8..]), Probe::Maybe);
    assert_eq!(look(ENCRYPTED), Probe::Maybe);
    assert_eq!(look(&REPORT[..40]), Probe::Maybe);
}

#[test]
fn counts_that_do_not_fit_their_length_are_foreign() {
    let mut many = REPORT.to_vec();
    many[0] = 0x9f; // 31 report blocks in the room of one
    assert_eq!(look(&many), Probe::No);
    assert_eq!(look(b"\x85\xcb\x31\x02\x6d\x4e\xb2\x56\xff\x40\xc8\x06"), Probe::No);
    assert_eq!(look(b"\x80\0\0\x01\0\0\0\xa0\0\0\0\x0a\xd5\xd5"), Probe::No);
}

#[test]
fn encrypted_reports_say_nothing_and_end_nothing() {
    assert!(play(&PROTOCOL, Transport::Udp, &[(Initiator, ENCRYPTED); 20]).is_empty());
}

#[test]
fn media_on_the_same_port_make_the_flow_media() {
    let media = |sequence: u8| [&[0x80, 0, 0, sequence, 0, 0, 0, 160, 0xf3, 0xcb, 0x20, 0x01][..], &[0xd5; 20]].concat();
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, REPORT), (Initiator, &media(1)), (Initiator, &media(2)), (Initiator, REPORT)]);
    let services: Vec<_> = facts.iter().filter(|fact| matches!(fact, Fact::Service(_))).collect();
    assert_eq!(services, [&Fact::Service("rtcp"), &Fact::Service("rtp")]);
}

#[test]
fn damaged_datagrams_are_survived() {
    damage_is_survived(&PROTOCOL, Transport::Udp, &[(Initiator, REPORT), (Responder, GOODBYE), (Initiator, ENCRYPTED)]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_behind_a_header_are_survived(kind in 200u8..208, tail in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let octets = [&[0x81, kind, 0, 2][..], &tail].concat();
        let _ = look(&octets);
        damage_is_survived(&PROTOCOL, Transport::Udp, &[(Initiator, &octets)]);
    }
}
