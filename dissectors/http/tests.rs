use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, Side, Transport, Value};
use Side::{Initiator, Responder};

use proptest::prelude::*;

type Story = &'static [(Side, &'static [u8])];

/// Exchange Web Services behind NTLM, keep-alive, a body that looks like a request.
const EWS: Story = &[
    (
        Initiator,
        b"POST /EWS/Exchange.asmx?token=secret HTTP/1.1\r\nHost: cas1.contoso.com\r\nUser-Agent: ExchangeServicesClient\r\n\
          Content-Length: 16\r\n\r\nGET / HTTP/1.1\r\n",
    ),
    (
        Responder,
        b"HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\nWWW-Authenticate: Negotiate\r\n\
          WWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        Initiator,
        b"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: cas1.contoso.com\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\
          Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
    ),
    (Responder, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
];

/// Two requests before the first answer; the answer to HEAD has a length and no body.
const PIPELINED: Story = &[
    (Initiator, b"HEAD /owa/ HTTP/1.1\r\nHost: a\r\n\r\nGET /owa/x.js HTTP/1.1\r\nHost: a\r\n\r\n"),
    (Responder, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 302 Found\r\nContent-Length: 3\r\n\r\nabc"),
];

/// RPC over HTTP: a body of 1 GB that never ends, each way.
const RPC: Story = &[
    (
        Initiator,
        b"RPC_OUT_DATA /rpc/rpcproxy.dll?mbx1.contoso.com:6001 HTTP/1.1\r\nHost: mail\r\nContent-Length: 76\r\n\r\n\
          0123456789012345678901234567890123456789012345678901234567890123456789012345",
    ),
    (Responder, b"HTTP/1.1 200 Success\r\nContent-Length: 1073741824\r\n\r\n\x05\x00\x14\x03"),
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

fn detail(facts: &[Fact], wanted: &str) -> Option<Value> {
    facts.iter().rev().find_map(|fact| match fact {
        Fact::Detail { key, value } if *key == wanted => Some(value.clone()),
        _ => None,
    })
}

fn probe(octets: &[u8]) -> Probe {
    let hint =
        Hint { transport: Transport::Tcp, initiator_port: 50000, responder_port: 80, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn answers_pair_with_requests_across_bodies_of_every_kind() {
    let facts = play(&PROTOCOL, Transport::Tcp, EWS);
    assert_eq!(
        texts(&facts),
        [
            "0 POST /EWS/Exchange.asmx",
            "0 Challenge 401",
            "1 POST /EWS/Exchange.asmx",
            "1 Interim 100",
            "1 Success 200"
        ]
    );
    assert_eq!(detail(&facts, "exchange"), Some("ews".into()));
    assert_eq!(detail(&facts, "host"), Some("cas1.contoso.com".into()));
    assert_eq!(detail(&facts, "status"), Some(200.into()));
    assert!(facts.contains(&Fact::Member { key: "www_authenticate", value: "Negotiate".into() }));
    assert!(facts.contains(&Fact::Member { key: "authorization", value: "NTLM".into() }));
}

#[test]
fn queries_and_credentials_leave_no_trace() {
    let told = format!("{:?}", play(&PROTOCOL, Transport::Tcp, EWS));
    assert!(!told.contains("secret") && !told.contains("TlRM"), "{told}");
    let story: Story = &[(Initiator, b"GET http://u:pw@h/p HTTP/1.1\r\nAuthorization: bareToken\r\n\r\n")];
    let told = format!("{:?}", play(&PROTOCOL, Transport::Tcp, story));
    assert!(told.contains("http://h/p") && !told.contains("pw") && !told.contains("bareToken"), "{told}");
}

#[test]
fn the_answer_to_head_has_no_body() {
    let facts = play(&PROTOCOL, Transport::Tcp, PIPELINED);
    assert_eq!(texts(&facts), ["0 HEAD /owa/", "1 GET /owa/x.js", "0 Success 200", "1 Referral 302"]);
}

#[test]
fn rpc_over_http_is_named_and_its_body_stepped_over() {
    let facts = play(&PROTOCOL, Transport::Tcp, RPC);
    assert_eq!(detail(&facts, "rpc_over_http"), Some(true.into()));
    assert_eq!(detail(&facts, "exchange"), Some("rpc-over-http".into()));
    assert!(!format!("{facts:?}").contains("6001"));
}

#[test]
fn tls_in_a_tunnel_is_an_upgrade() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, b"CONNECT mail.contoso.com:443 HTTP/1.1\r\n\r\n");
    feed(&mut *dialogue, Responder, b"HTTP/1.1 200 Connection established\r\n\r\n");
    let (facts, at, stop) = feed(&mut *dialogue, Initiator, &[0x16, 3, 1, 0, 5, 1]);
    assert_eq!((facts, at, stop), (vec![Fact::UpgradeToTls], 0, None));
    assert!(dialogue.finished(Responder));
}

#[test]
fn a_body_without_length_lasts_to_the_end() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, b"GET / HTTP/1.0\r\n\r\n");
    feed(&mut *dialogue, Responder, b"HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 no\r\n");
    assert!(dialogue.finished(Responder) && !dialogue.finished(Initiator));
}

#[test]
fn after_a_lost_segment_the_next_message_is_found() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Responder, b"HTTP/1.1 200 OK\r\nContent-Le");
    assert!(dialogue.gap(Responder));
    assert_eq!(feed(&mut *dialogue, Responder, b"\x01\x02 some image").0, []);
    let (facts, ..) = feed(&mut *dialogue, Responder, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(texts(&facts), ["1 Failed 503"]);
}

#[test]
fn what_only_looks_like_http_is_not_taken_for_it() {
    assert_eq!(probe(b"OPTIONS sip:a@b SIP/2.0\r\n"), Probe::No);
    assert_eq!(probe(b"OPTIONS rtsp://a/b RTSP/1.0\r\n"), Probe::No);
    assert_eq!(probe(b"GNUTELLA CONNECT/0.6\r\n"), Probe::No);
    assert_eq!(probe(b"SIP/2.0 200 OK\r\n"), Probe::No);
    assert_eq!(probe(b"BPROPPATCH /exchange/x HTTP/1.1\r\n"), Probe::Yes);
    assert_eq!(probe(b"HTTP/1.1 200 OK\r\n"), Probe::Yes);
    assert_eq!(probe(b"GET /\r\n"), Probe::Maybe);
    assert_eq!(probe(b"GET /a"), Probe::Maybe);
    assert_eq!(probe(b"GE"), Probe::More);
}

#[test]
fn every_door_of_exchange_is_known_by_its_path() {
    for (path, door) in [
        ("/owa/auth.owa", "owa"),
        ("/Microsoft-Server-ActiveSync", "eas"),
        ("/Autodiscover/Autodiscover.xml", "autodiscover"),
        ("/mapi/emsmdb/", "mapi-http"),
        ("https://mail/mapi/nspi", "mapi-http"),
        ("/rpc/rpcproxy.dll", "rpc-over-http"),
        ("/ecp/", "ecp"),
        ("/OAB/x/oab.xml", "oab"),
        ("/PowerShell", "powershell"),
    ] {
        assert_eq!(super::exchange::door(path), Some(door), "{path}");
    }
    assert_eq!(super::exchange::door("/owable"), None);
}

#[test]
fn every_truncation_reads_the_same() {
    for story in [EWS, PIPELINED, RPC] {
        cut_anywhere_reads_the_same(&PROTOCOL, story);
    }
}

#[test]
fn damaged_octets_are_survived() {
    for story in [EWS, PIPELINED, RPC] {
        damage_is_survived(&PROTOCOL, Transport::Tcp, story);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_chunks_are_stepped_over(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..64), 0..5)) {
        let mut octets = b"POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_vec();
        for chunk in &chunks {
            octets.extend(format!("{:x}\r\n", chunk.len()).bytes());
            octets.extend(chunk);
            octets.extend(b"\r\n");
        }
        octets.extend(b"0\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
        let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &octets)]);
        prop_assert_eq!(texts(&facts), ["0 POST /a", "1 GET /b"]);
    }
}
