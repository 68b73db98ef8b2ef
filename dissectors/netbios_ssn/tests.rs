use proptest::prelude::*;

use super::*;
use crate::Side::{Initiator, Responder};
use crate::{Value, harness};

/// `smbclient -p 139` asks for MBX1 and is let in, Samba 4.17.
const REQUEST: &[u8] = b"\x81\0\0\x44 ENECFIDBCACACACACACACACACACACACA\0 ENECFIDBCACACACACACACACACACACAAA\0";
const POSITIVE: &[u8] = b"\x82\0\0\0";

/// RFC 1002 §4.3.4 and §4.3.5.
const NOT_PRESENT: &[u8] = b"\x83\0\0\x01\x82";
const RETARGET: &[u8] = b"\x84\0\0\x06\x0a\x0a\x02\x16\0\x8b";
const KEEP_ALIVE: &[u8] = b"\x85\0\0\0";

/// The negotiation that `smbclient` then begins.
const NEGOTIATE: &[u8] = b"\0\0\0\x2f\xffSMB\x72\0\0\0\0\x18\x43\xc8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xfe\xff\0\0\0\0\
\0\x0c\0\x02NT LM 0.12\0";

fn probed(octets: &[u8], port: u16) -> Probe {
    let transport = Transport::Tcp;
    probe(&Hint { transport, initiator_port: 50_000, responder_port: port, side: Initiator, octets })
}

#[test]
fn a_refused_session_stays_one_of_netbios_and_says_why() {
    let facts = harness::play(&PROTOCOL, Transport::Tcp, &[(Initiator, REQUEST), (Responder, NOT_PRESENT)]);
    assert_eq!(
        facts,
        [
            Fact::Request { id: SESSION, what: "session request MBX1<20>".into() },
            Fact::Detail { key: "called_name", value: "MBX1<20>".into() },
            Fact::Detail { key: "calling_name", value: "MBX1<00>".into() },
            Fact::Reply { id: SESSION, class: ReplyClass::Refused, what: "called name not present".into() },
        ]
    );
}

#[test]
fn a_session_becomes_smb_with_its_first_message() {
    let story = [(Initiator, REQUEST), (Responder, POSITIVE), (Initiator, KEEP_ALIVE), (Initiator, NEGOTIATE)];
    let facts = harness::play(&PROTOCOL, Transport::Tcp, &story);
    let services: Vec<_> = facts.iter().filter(|fact| matches!(fact, Fact::Service(_))).collect();
    assert_eq!(services, [&Fact::Service("smb")]);
    let offered = Value::from("NT LM 0.12");
    assert!(facts.contains(&Fact::Member { key: "dialects_offered", value: offered }));
}

#[test]
fn a_retarget_is_a_referral_to_an_address() {
    let facts = harness::play(&PROTOCOL, Transport::Tcp, &[(Responder, RETARGET)]);
    let what = "retarget to 10.10.2.22:139".into();
    assert_eq!(facts, [Fact::Reply { id: SESSION, class: ReplyClass::Referral, what }]);
}

#[test]
fn only_a_request_with_a_name_is_recognised_on_a_foreign_port() {
    assert_eq!(probed(REQUEST, 8139), Probe::Yes);
    assert_eq!(probed(&REQUEST[..20], 8139), Probe::More);
    assert_eq!(probed(POSITIVE, 8139), Probe::No);
    assert_eq!(probed(POSITIVE, 139), Probe::Yes);
    assert_eq!(probed(NEGOTIATE, 139), Probe::No); // this is for SMB itself
}

#[test]
fn after_a_loss_the_next_message_is_found() {
    let mut session = (PROTOCOL.open)(Transport::Tcp);
    let _ = harness::feed(&mut *session, Initiator, &REQUEST[..30]);
    assert!(session.gap(Initiator));
    let (facts, _, stop) = harness::feed(&mut *session, Initiator, &[&[7; 50], NEGOTIATE].concat());
    assert!(stop.is_none() && facts.contains(&Fact::Service("smb")), "{facts:?} {stop:?}");
}

#[test]
fn cuts_and_damage_are_survived() {
    let story = [(Initiator, REQUEST), (Responder, POSITIVE), (Initiator, NEGOTIATE), (Responder, RETARGET)];
    harness::cut_anywhere_reads_the_same(&PROTOCOL, &story[..3]);
    harness::damage_is_survived(&PROTOCOL, Transport::Tcp, &story);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 1..300)) {
        let _ = harness::feed(&mut *(PROTOCOL.open)(Transport::Tcp), Initiator, &octets);
    }
}
