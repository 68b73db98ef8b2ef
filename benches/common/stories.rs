//! What no recorded server said, written out from the specifications.

use std::net::{IpAddr, Ipv4Addr};

use anyany::flow::Endpoint;
use anyany_dissectors::Side::{Initiator, Responder};
use anyany_dissectors::{Side, Transport};

use super::conversations::Said;

/// One conversation for each of these protocols, each some exchanges long.
pub fn stories() -> Vec<Said> {
    vec![
        said(Transport::Tcp, 143, IMAP),
        said(Transport::Tcp, 110, POP3),
        said(Transport::Tcp, 139, SESSION),
        said(Transport::Udp, 138, DATAGRAM),
        said(Transport::Udp, 123, TIME),
        said(Transport::Udp, 5005, REPORTS),
    ]
}

fn said(transport: Transport, port: u16, story: &[(Side, &[u8])]) -> Said {
    let end = |last: u8, port| Endpoint { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), port };
    let parts = story.iter().map(|(side, octets)| (*side, octets.to_vec())).collect();
    Said { transport, initiator: end(1, 50_000), responder: end(2, port), parts }
}

/// RFC 9051 §8.
const IMAP: &[(Side, &[u8])] = &[
    (Responder, b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=NTLM] The Microsoft Exchange IMAP4 service is ready.\r\n"),
    (Initiator, b"a001 LOGIN anna sesame\r\n"),
    (Responder, b"a001 OK LOGIN completed.\r\n"),
    (Initiator, b"a002 SELECT INBOX\r\n"),
    (
        Responder,
        b"* 18 EXISTS\r\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* 2 RECENT\r\na002 OK SELECT\r\n",
    ),
    (Initiator, b"a003 FETCH 12 FULL\r\n"),
    (Responder, b"* 12 FETCH (FLAGS (\\Seen) RFC822.SIZE 4286 BODY[] {14}\r\nSubject: x\r\n\r\n)\r\na003 OK FETCH\r\n"),
    (Initiator, b"a004 LOGOUT\r\n"),
    (Responder, b"* BYE Microsoft Exchange IMAP4 server signing off.\r\na004 OK LOGOUT completed.\r\n"),
];

/// RFC 1939 §10.
const POP3: &[(Side, &[u8])] = &[
    (Responder, b"+OK The Microsoft Exchange POP3 service is ready.\r\n"),
    (Initiator, b"USER anna\r\n"),
    (Responder, b"+OK\r\n"),
    (Initiator, b"PASS sesame\r\n"),
    (Responder, b"+OK User successfully logged on.\r\n"),
    (Initiator, b"LIST\r\n"),
    (Responder, b"+OK 2 320\r\n1 120\r\n2 200\r\n.\r\n"),
    (Initiator, b"QUIT\r\n"),
    (Responder, b"+OK Microsoft Exchange POP3 server signing off.\r\n"),
];

/// RFC 1002 §4.3: a session is asked for and granted, then kept alive.
const SESSION: &[(Side, &[u8])] = &[
    (Initiator, b"\x81\0\0\x44 ENECFIDBCACACACACACACACACACACACA\0 ENECFIDBCACACACACACACACACACACAAA\0"),
    (Responder, b"\x82\0\0\0"),
    (Initiator, b"\x85\0\0\0"),
    (Initiator, b"\x85\0\0\0"),
];

/// RFC 1002 §4.4: is the name here? No.
const DATAGRAM: &[(Side, &[u8])] = &[
    (Initiator, b"\x14\x02\0\x07\x0a\x0a\x02\x15\0\x8a ENECFIDBCACACACACACACACACACACACA\0"),
    (Responder, b"\x16\x02\0\x07\x0a\x0a\x02\x15\0\x8a ENECFIDBCACACACACACACACACACACACA\0"),
];

/// RFC 5905 §7.3.
const TIME: &[(Side, &[u8])] = &[
    (Initiator, b"\x23\0\x0a\xe9\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xdc\xa0\x5a\x2b\0\0\0\x01"),
    (Responder, b"\x24\x02\x0a\xe9\0\0\0\0\0\0\0\x01\x0a\x0a\x02\x0a\xdc\xa0\x59\xef\0\0\0\x01\xdc\xa0\x5a\x2b\0\0\0\x01\xdc\xa0\x5a\x2b\0\0\0\x65\xdc\xa0\x5a\x2b\0\0\0\xc9"),
];

/// RFC 3550 §6.4: a sender's report with its name, and a goodbye.
const REPORTS: &[(Side, &[u8])] = &[
    (Initiator, b"\x80\xc8\0\x06\xf3\xcb\x20\x01\x83\xab\x03\xa1\xeb\x02\x0b\x3a\0\0\x94\x20\0\0\0\x9e\0\0\x9b\x88\x81\xca\0\x04\xf3\xcb\x20\x01\x01\x07um@mbx1\0\0\0"),
    (Responder, b"\x80\xc9\0\x01\xf3\xcb\x20\x01\x81\xcb\0\x01\xf3\xcb\x20\x01"),
];
