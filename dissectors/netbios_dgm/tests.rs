use proptest::prelude::*;

use super::*;
use crate::Side::Initiator;
use crate::harness;

/// nmbd of Samba 4.17 announces its host to the master browser.
const ANNOUNCEMENT: &[u8] = b"\x11\x0a\x3a\xe0\x0a\x0a\x02\x15\0\x8a\0\xcf\0\0\
\x20ENECFIDBCACACACACACACACACACACAAA\0 EFFIEBENFAEMEFCACACACACACACACABN\0\
\xffSMB\x25\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\0\0\x35\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
\x35\0\x56\0\x03\0\x01\0\x01\0\x02\0\x46\0\\MAILSLOT\\BROWSE\0\x01\0\x60\xea\0\0MBX1\0\0\0\0\0\0\0\0\0\0\0\0\
\x06\x01\x03\x9a\x81\0\x0f\x01\x55\xaaSamba 4.17.12-Debian\0";

/// RFC 1002 §4.4.4: is MBX1 here? And the answer: no.
const QUERY: &[u8] = b"\x14\x02\0\x07\x0a\x0a\x02\x15\0\x8a ENECFIDBCACACACACACACACACACACACA\0";
const NOT_HERE: &[u8] = b"\x16\x02\0\x07\x0a\x0a\x02\x15\0\x8a ENECFIDBCACACACACACACACACACACACA\0";

/// RFC 1002 §4.4.3: destination name not present.
const ERROR: &[u8] = b"\x13\x02\0\x07\x0a\x0a\x02\x15\0\x8a\x82";

const STORY: &[(Side, &[u8])] =
    &[(Initiator, ANNOUNCEMENT), (Initiator, QUERY), (Side::Responder, NOT_HERE), (Side::Responder, ERROR)];

fn told(octets: &[u8]) -> Vec<Fact> {
    harness::play(&PROTOCOL, Transport::Udp, &[(Initiator, octets)])
}

fn probed(octets: &[u8], port: u16) -> Probe {
    let transport = Transport::Udp;
    probe(&Hint { transport, initiator_port: port, responder_port: port, side: Initiator, octets })
}

#[test]
fn an_announcement_names_its_sender_its_receiver_and_the_mailslot() {
    let facts = told(ANNOUNCEMENT);
    for (key, value) in
        [("kind", "direct group"), ("source_name", "MBX1<00>"), ("destination_name", "EXAMPLE<1d>")]
    {
        assert!(facts.contains(&Fact::Detail { key, value: value.into() }), "{key}");
    }
    assert!(facts.contains(&Fact::Member { key: "mailslots", value: "\\MAILSLOT\\BROWSE".into() }));
    assert!(facts.contains(&Fact::Name { address: Ipv4Addr::new(10, 10, 2, 21).into(), name: "MBX1".into() }));
}

#[test]
fn a_query_and_its_answer_share_their_id() {
    assert_eq!(told(QUERY), [Fact::Request { id: 7, what: "datagram query MBX1<20>".into() }]);
    let what = "datagram query MBX1<20>".into();
    assert_eq!(told(NOT_HERE), [Fact::Reply { id: 7, class: ReplyClass::Refused, what }]);
}

#[test]
fn an_error_says_what_could_not_be_delivered() {
    assert_eq!(told(ERROR), [Fact::Alert("destination name not present".into())]);
}

#[test]
fn an_error_is_believed_on_its_own_port_only() {
    assert_eq!(probed(ANNOUNCEMENT, 40_000), Probe::Yes);
    assert_eq!(probed(ERROR, 138), Probe::Maybe);
    assert_eq!(probed(ERROR, 40_000), Probe::No);
}

#[test]
fn damaged_datagrams_are_survived() {
    harness::damage_is_survived(&PROTOCOL, Transport::Udp, STORY);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 1..300)) {
        let _ = Packet::read(&mut Reader::bounded(&octets));
    }
}
