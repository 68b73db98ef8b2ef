use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, Side, Transport};
use Side::{Initiator, Responder};

use proptest::prelude::*;

type Story = &'static [(Side, &'static [u8])];

/// RFC 9051 §8 with credentials in literals, a mail that looks like answers, and answers out of order.
const A_MAILBOX: Story = &[
    (Responder, b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=NTLM] The Microsoft Exchange IMAP4 service is ready.\r\n"),
    (Initiator, b"a001 login {6}\r\n"),
    (Responder, b"+ Ready for additional command text.\r\n"),
    (Initiator, b"mrcadm {8}\r\n"),
    (Responder, b"+ Ready\r\n"),
    (Initiator, b"sesame 1\r\n"),
    (Responder, b"a001 OK LOGIN completed\r\n"),
    (Initiator, b"a002 UID FETCH 1 body[]\r\na003 NOOP\r\n"),
    (Responder, b"* 1 FETCH (BODY[] {15}\r\na002 NO later\r\n)\r\na003 OK\r\na002 BAD no\r\n"),
    (Initiator, b"a4 AUTHENTICATE PLAIN\r\n"),
    (Responder, b"+ \r\n"),
    (Initiator, b"c2VjcmV0\r\n"),
    (Responder, b"a4 NO failed\r\n"),
    (Initiator, b"a5 LOGOUT\r\n"),
    (Responder, b"* BYE closing\r\na5 OK done\r\n"),
];

const TO_TLS: Story = &[
    (Responder, b"* OK ready\r\n"),
    (Initiator, b"1 CAPABILITY\r\n2 STARTTLS\r\n"),
    (Responder, b"* CAPABILITY IMAP4 STARTTLS IDLE\r\n1 OK done\r\n2 OK Begin TLS negotiation now.\r\n"),
];

fn texts(facts: &[Fact]) -> Vec<String> {
    facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Request { id, what } => Some(format!("{id} {what}")),
            Fact::Reply { id, class, what } => Some(format!("{id} {class:?} {what}")),
            _ => None,
        })
        .collect()
}

fn probe(port: u16, octets: &[u8]) -> Probe {
    let hint =
        Hint { transport: Transport::Tcp, initiator_port: 50000, responder_port: port, side: Responder, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn answers_pair_by_tag_in_any_order() {
    let facts = play(&PROTOCOL, Transport::Tcp, A_MAILBOX);
    assert_eq!(
        texts(&facts),
        [
            "0 LOGIN",
            "0 Success OK",
            "1 UID FETCH",
            "2 NOOP",
            "2 Success OK",
            "1 Failed BAD",
            "3 AUTHENTICATE",
            "3 Challenge +",
            "3 Refused NO",
            "4 LOGOUT",
            "4 Success OK"
        ]
    );
    assert!(matches!(&facts[0], Fact::Greeting(banner) if banner.contains("Microsoft Exchange IMAP4")));
    assert!(facts.contains(&Fact::Member { key: "capabilities", value: "AUTH=NTLM".into() }));
    assert!(facts.contains(&Fact::Close("BYE".into())));
}

#[test]
fn names_passwords_and_mail_leave_no_trace() {
    let told = format!("{:?}", play(&PROTOCOL, Transport::Tcp, A_MAILBOX));
    for secret in ["mrcadm", "sesame", "c2Vj", "later"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn starttls_begins_tls_and_capabilities_are_listed() {
    let facts = play(&PROTOCOL, Transport::Tcp, TO_TLS);
    assert_eq!(facts.last(), Some(&Fact::UpgradeToTls));
    let capabilities = facts.iter().filter(|fact| matches!(fact, Fact::Member { key: "capabilities", .. })).count();
    assert_eq!(capabilities, 3);
}

#[test]
fn a_capture_that_starts_late_finds_out_who_is_who() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    // Sides swapped: the message says who serves.
    feed(&mut *dialogue, Initiator, b"of a mail\r\n* 3 EXISTS\r\n");
    let (facts, ..) = feed(&mut *dialogue, Responder, b"x9 IDLE\r\nDONE\r\n");
    assert_eq!(texts(&facts), ["0 IDLE"]);
}

#[test]
fn other_talk_in_lines_is_not_imap() {
    assert_eq!(probe(50143, b"* OK IMAP4 ready\r\n"), Probe::Yes);
    assert_eq!(probe(143, b"a1 CAPABILITY\r\n"), Probe::Yes);
    assert_eq!(probe(143, b"220 x ESMTP\r\n"), Probe::No);
    assert_eq!(probe(80, b"GET / HTTP/1.1\r\n"), Probe::No);
    assert_eq!(probe(143, b"* O"), Probe::More);
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
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_literal_is_stepped_over(mail in prop::collection::vec(any::<u8>(), 1..120)) {
        let octets = [format!("a1 APPEND x {{{}+}}\r\n", mail.len()).as_bytes(), &mail, b"\r\na2 NOOP\r\n"].concat();
        let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &octets)]);
        prop_assert_eq!(texts(&facts), ["0 APPEND", "1 NOOP"]);
    }
}
