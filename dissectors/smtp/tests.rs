use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, ReplyClass, Side, Transport, Value};
use Side::{Initiator, Responder};

use proptest::prelude::*;

type Story = &'static [(Side, &'static [u8])];

/// Between two Exchange servers, up to TLS (MS-SMTP, RFC 3207).
const TO_TLS: Story = &[
    (Responder, b"220 mbx1.contoso.com Microsoft ESMTP MAIL Service ready at Mon, 18 Feb 2013 06:00:00 +0100\r\n"),
    (Initiator, b"EHLO hub1.contoso.com\r\n"),
    (
        Responder,
        b"250-mbx1.contoso.com Hello [10.10.1.11]\r\n250-SIZE 36700160\r\n250-PIPELINING\r\n250-STARTTLS\r\n\
          250-X-ANONYMOUSTLS\r\n250-X-EXPS GSSAPI NTLM\r\n250 XRDST\r\n",
    ),
    (Initiator, b"X-ANONYMOUSTLS\r\n"),
    (Responder, b"220 2.0.0 SMTP server ready\r\n"),
];

/// RFC 5321 Appendix D.1 with pipelining, authentication, and mail that holds commands and dots.
const A_MAIL: Story = &[
    (Responder, b"220-foo.com ESMTP\r\n220 no spam\r\n"),
    (Initiator, b"EHLO bar.com\r\n"),
    (Responder, b"250-foo.com greets bar.com\r\n250-AUTH LOGIN NTLM\r\n250 PIPELINING\r\n"),
    (Initiator, b"AUTH LOGIN\r\n"),
    (Responder, b"334 VXNlcm5hbWU6\r\n"),
    (Initiator, b"c2VjcmV0LXVzZXI=\r\n"),
    (Responder, b"235 2.7.0 Authentication successful\r\n"),
    (Initiator, b"MAIL FROM:<smith@bar.com>\r\nRCPT TO:<jones@foo.com>\r\nDATA\r\n"),
    (Responder, b"250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Start mail input\r\n"),
    (Initiator, b"Subject: x\r\n\r\nQUIT\r\n..\r\n.a\r\n.\r\nQUIT\r\n"),
    (Responder, b"250 2.6.0 Queued\r\n221 2.0.0 closing\r\n"),
];

/// RFC 3030 §4.1: the octets of a chunk look like commands, the next MAIL follows the LAST one.
const CHUNKS: Story = &[
    (Initiator, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6\r\nQUIT\r\nBDAT 3 LAST\r\n.\r\nMAIL FROM:<a@b>\r\n"),
    (Responder, b"250 ok\r\n250 ok\r\n250 6 octets received\r\n250 2.6.0 Queued\r\n250 ok\r\n"),
];

/// What is left of a dialogue behind `inspect esmtp`.
const MASKED: Story = &[
    (Responder, b"220 ****************2***0*********0****\r\n"),
    (Initiator, b"EHLO hub1.contoso.com\r\n"),
    (Responder, b"250-mbx1.contoso.com Hello\r\n250-SIZE\r\n250-XXXXXXXA\r\n250 XXXXB\r\n"),
    (Initiator, b"XXXXXXXX\r\n"),
    (Responder, b"500 #5.5.1 command not recognized\r\n"),
];

fn requests(facts: &[Fact]) -> Vec<&str> {
    facts.iter().filter_map(|fact| if let Fact::Request { what, .. } = fact { Some(&**what) } else { None }).collect()
}

fn capabilities(facts: &[Fact]) -> Vec<&str> {
    let member = |fact: &'_ Fact| matches!(fact, Fact::Member { key: "capabilities", .. });
    facts
        .iter()
        .filter(|fact| member(fact))
        .filter_map(|fact| if let Fact::Member { value: Value::Text(text), .. } = fact { Some(&**text) } else { None })
        .collect()
}

fn probe(port: u16, side: Side, octets: &[u8]) -> Probe {
    let hint = Hint { transport: Transport::Tcp, initiator_port: 50000, responder_port: port, side, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn the_verb_that_exchange_servers_use_begins_tls() {
    let facts = play(&PROTOCOL, Transport::Tcp, TO_TLS);
    assert_eq!(
        capabilities(&facts),
        ["SIZE 36700160", "PIPELINING", "STARTTLS", "X-ANONYMOUSTLS", "X-EXPS GSSAPI NTLM", "XRDST"]
    );
    assert!(facts.contains(&Fact::Detail { key: "tls_by", value: "X-ANONYMOUSTLS".into() }));
    assert!(facts.contains(&Fact::Detail { key: "helo", value: "hub1.contoso.com".into() }));
    assert_eq!(facts.last(), Some(&Fact::UpgradeToTls));
    assert!(matches!(&facts[0], Fact::Greeting(banner) if banner.contains("Microsoft ESMTP")));
}

#[test]
fn pipelined_commands_pair_with_their_replies_in_order() {
    let facts = play(&PROTOCOL, Transport::Tcp, A_MAIL);
    assert_eq!(
        requests(&facts),
        ["EHLO", "AUTH LOGIN", "AUTH response", "MAIL", "RCPT", "DATA", "end of data", "QUIT"]
    );
    let replies: Vec<_> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Reply { id, class, what } => Some((*id, *class, &**what)),
            _ => None,
        })
        .collect();
    assert_eq!(
        replies,
        [
            (0, ReplyClass::Success, "250"),
            (1, ReplyClass::Challenge, "334"),
            (2, ReplyClass::Success, "235 2.7.0"),
            (3, ReplyClass::Success, "250 2.1.0"),
            (4, ReplyClass::Success, "250 2.1.5"),
            (5, ReplyClass::Interim, "354"),
            (6, ReplyClass::Success, "250 2.6.0"),
            (7, ReplyClass::Success, "221 2.0.0"),
        ]
    );
    assert!(facts.contains(&Fact::Close("QUIT".into())));
}

#[test]
fn mail_addresses_and_credentials_leave_no_trace() {
    for story in [A_MAIL, CHUNKS] {
        let told = format!("{:?}", play(&PROTOCOL, Transport::Tcp, story));
        for secret in ["smith", "jones", "c2Vj", "Subject", "a@b"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn the_octets_of_a_chunk_are_no_commands() {
    let facts = play(&PROTOCOL, Transport::Tcp, CHUNKS);
    assert_eq!(requests(&facts), ["MAIL", "RCPT", "BDAT", "BDAT LAST", "MAIL"]);
}

#[test]
fn a_chunk_that_no_server_takes_is_not_waited_for() {
    for bad in [&b"BDAT -5\r\nRSET\r\n"[..], b"BDAT x\r\nRSET\r\n", b"BDAT 99999999999999999999\r\nRSET\r\n"] {
        let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, b"EHLO a\r\n"), (Initiator, bad)]);
        assert_eq!(requests(&facts), ["EHLO", "BDAT", "RSET"]);
    }
}

#[test]
fn a_dialogue_that_a_device_masked_is_read_and_marked() {
    let facts = play(&PROTOCOL, Transport::Tcp, MASKED);
    assert!(facts.contains(&Fact::Detail { key: "masked", value: true.into() }));
    assert_eq!(requests(&facts), ["EHLO", "XXXXXXXX"]);
    assert!(capabilities(&facts).contains(&"XXXXXXXA"));
    assert!(facts.contains(&Fact::Reply { id: 1, class: ReplyClass::Refused, what: "500 5.5.1".into() }));
    for (side, octets) in MASKED.iter().take(2) {
        assert_eq!(probe(25, *side, octets), Probe::Yes);
    }
}

#[test]
fn mail_is_not_taken_for_commands_after_a_lost_segment() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, b"MAIL FROM:<a@b>\r\nDATA\r\n");
    feed(&mut *dialogue, Responder, b"250 ok\r\n354 go\r\n");
    feed(&mut *dialogue, Initiator, b"Hello\r\n");
    assert!(dialogue.gap(Initiator));
    assert_eq!(feed(&mut *dialogue, Initiator, b"RSET\r\nQUIT\r\n").0, []);
    // The end of the mail was in the gap; its reply says so, and commands are commands again.
    feed(&mut *dialogue, Responder, b"250 2.6.0 Queued\r\n");
    assert_eq!(requests(&feed(&mut *dialogue, Initiator, b"QUIT\r\n").0), ["QUIT"]);
}

#[test]
fn a_capture_that_starts_within_mail_reads_on_behind_it() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    let (facts, _, stop) = feed(&mut *dialogue, Initiator, b"dear Smith\r\nQUIT\r\n\r\n.\r\nRSET\r\n");
    assert_eq!((requests(&facts), stop), (vec!["end of data", "RSET"], None));
}

#[test]
fn tls_that_follows_an_unseen_reply_is_an_upgrade() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, b"EHLO a\r\nSTARTTLS\r\n");
    let (facts, at, stop) = feed(&mut *dialogue, Initiator, &[0x16, 3, 1, 0, 5]);
    assert_eq!((facts.last(), at, stop), (Some(&Fact::UpgradeToTls), 0, None));
    assert!(dialogue.finished(Initiator) && dialogue.finished(Responder));
}

#[test]
fn a_server_that_gives_up_alerts() {
    let story: Story = &[(Responder, b"220 a ESMTP\r\n"), (Responder, b"421 4.3.2 Service not active\r\n")];
    assert!(play(&PROTOCOL, Transport::Tcp, story).contains(&Fact::Alert("421 4.3.2".into())));
    let story: Story = &[(Responder, b"554 no service for <smith@bar.com>\r\n")];
    let facts = play(&PROTOCOL, Transport::Tcp, story);
    assert!(facts.contains(&Fact::Alert("554".into())) && !format!("{facts:?}").contains("smith"));
}

#[test]
fn a_client_that_does_not_wait_for_the_greeting_still_gets_one() {
    let story: Story = &[(Initiator, b"EHLO a\r\n"), (Responder, b"220 b ESMTP\r\n250-b\r\n250 SIZE\r\n")];
    let facts = play(&PROTOCOL, Transport::Tcp, story);
    assert!(facts.contains(&Fact::Greeting("b ESMTP".into())));
    assert!(facts.contains(&Fact::Reply { id: 0, class: ReplyClass::Success, what: "250".into() }));
}

#[test]
fn ftp_and_other_talk_in_lines_is_not_smtp() {
    assert_eq!(probe(21, Responder, b"220 ftp.contoso.com ESMTP-like FTP\r\n"), Probe::No);
    assert_eq!(probe(2121, Responder, b"220 ProFTPD ready\r\n"), Probe::No);
    assert_eq!(probe(25, Responder, b"220 mail.contoso.com ready\r\n"), Probe::Yes);
    assert_eq!(probe(2000, Responder, b"220 mail ESMTP\r\n"), Probe::Yes);
    assert_eq!(probe(2000, Initiator, b"ehlo x\r\n"), Probe::Yes);
    assert_eq!(probe(143, Initiator, b"a1 NOOP\r\n"), Probe::No);
    assert_eq!(probe(25, Responder, b"22"), Probe::More);
}

#[test]
fn every_truncation_reads_the_same() {
    for story in [TO_TLS, A_MAIL, CHUNKS, MASKED] {
        cut_anywhere_reads_the_same(&PROTOCOL, story);
    }
}

#[test]
fn damaged_octets_are_survived() {
    for story in [TO_TLS, A_MAIL, CHUNKS, MASKED] {
        damage_is_survived(&PROTOCOL, Transport::Tcp, story);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_mail_ends_at_its_dot(mail in "([a-zA-Z .\r\n]{0,80}\r\n)?") {
        prop_assume!(!mail.contains("\r\n.\r\n") && !mail.starts_with(".\r\n"));
        let mail = format!("{mail}.\r\nRSET\r\n");
        let facts = play(&PROTOCOL, Transport::Tcp, &[
            (Initiator, b"DATA\r\n"), (Responder, b"354 go\r\n"), (Initiator, mail.as_bytes()),
        ]);
        prop_assert_eq!(requests(&facts), ["DATA", "end of data", "RSET"]);
    }
}
