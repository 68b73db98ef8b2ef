use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, ReplyClass, Side, Transport};
use Side::{Initiator, Responder};

use proptest::prelude::*;

type Story = &'static [(Side, &'static [u8])];

/// RFC 1939 §10 with CAPA and AUTH, a mail whose lines look like replies, and pipelining.
const A_MAILBOX: Story = &[
    (Responder, b"+OK The Microsoft Exchange POP3 service is ready. <1896.697170952@dbc.mtview.ca.us>\r\n"),
    (Initiator, b"CAPA\r\n"),
    (Responder, b"+OK\r\nTOP\r\nUIDL\r\nSASL NTLM GSSAPI PLAIN\r\nUSER\r\nSTLS\r\n.\r\n"),
    (Initiator, b"AUTH PLAIN\r\n"),
    (Responder, b"+ \r\n"),
    (Initiator, b"c2VjcmV0\r\n"),
    (Responder, b"-ERR Authentication failure\r\n"),
    (Initiator, b"USER mrose\r\nPASS tanstaaf\r\nRETR 1\r\nLIST 1\r\nQUIT\r\n"),
    (Responder, b"+OK\r\n+OK\r\n+OK 120 octets\r\n-ERR mail\r\n..\r\n.\r\n+OK 1 120\r\n+OK bye\r\n"),
];

const TO_TLS: Story =
    &[(Responder, b"+OK ready\r\n"), (Initiator, b"STLS\r\n"), (Responder, b"+OK Begin TLS negotiation.\r\n")];

fn replies(facts: &[Fact]) -> Vec<(u64, ReplyClass)> {
    facts
        .iter()
        .filter_map(|fact| if let Fact::Reply { id, class, .. } = fact { Some((*id, *class)) } else { None })
        .collect()
}

fn probe(port: u16, octets: &[u8]) -> Probe {
    let hint =
        Hint { transport: Transport::Tcp, initiator_port: 50000, responder_port: port, side: Responder, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn replies_pair_with_commands_around_mail_and_lists() {
    use ReplyClass::{Challenge, Refused, Success};
    let facts = play(&PROTOCOL, Transport::Tcp, A_MAILBOX);
    assert_eq!(
        replies(&facts),
        [
            (0, Success),
            (1, Challenge),
            (2, Refused),
            (3, Success),
            (4, Success),
            (5, Success),
            (6, Success),
            (7, Success)
        ]
    );
    assert_eq!(facts[0], Fact::Greeting("The Microsoft Exchange POP3 service is ready.".into()));
    assert!(facts.contains(&Fact::Member { key: "capabilities", value: "SASL NTLM GSSAPI PLAIN".into() }));
    assert!(facts.contains(&Fact::Close("QUIT".into())));
}

#[test]
fn names_passwords_and_mail_leave_no_trace() {
    let told = format!("{:?}", play(&PROTOCOL, Transport::Tcp, A_MAILBOX));
    for secret in ["mrose", "tanstaaf", "c2Vj", "1896"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn stls_begins_tls() {
    assert_eq!(play(&PROTOCOL, Transport::Tcp, TO_TLS).last(), Some(&Fact::UpgradeToTls));
}

#[test]
fn a_lost_end_of_mail_does_not_swallow_what_follows() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, b"RETR 1\r\n");
    feed(&mut *dialogue, Responder, b"+OK\r\nhalf a ");
    assert!(dialogue.gap(Responder));
    assert_eq!(feed(&mut *dialogue, Responder, b"line\r\n.\r\n").0, []);
    feed(&mut *dialogue, Initiator, b"NOOP\r\n");
    assert_eq!(replies(&feed(&mut *dialogue, Responder, b"+OK\r\n").0), [(1, ReplyClass::Success)]);
}

#[test]
fn other_services_that_say_ok_are_not_pop3() {
    assert_eq!(probe(110, b"+OK ready\r\n"), Probe::Yes);
    assert_eq!(probe(6379, b"+OK\r\n"), Probe::No);
    assert_eq!(probe(110, b"220 x\r\n"), Probe::No);
    assert_eq!(probe(110, b"+O"), Probe::More);
}

#[test]
fn every_truncation_reads_the_same() {
    for story in [A_MAILBOX, TO_TLS] {
        cut_anywhere_reads_the_same(&PROTOCOL, story);
    }
}

#[test]
fn damaged_octets_are_survived() {
    damage_is_survived(&PROTOCOL, Transport::Tcp, A_MAILBOX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..200), side in any::<bool>()) {
        let side = if side { Initiator } else { Responder };
        feed(&mut *(PROTOCOL.open)(Transport::Tcp), side, &octets);
    }
}
