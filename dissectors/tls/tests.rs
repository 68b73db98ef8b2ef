use super::PROTOCOL;
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Fact, Hint, Probe, ReplyClass, Side, Transport, Value};
use Side::{Initiator, Responder};

use proptest::prelude::*;

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A whole handshake of TLS 1.2 between two OpenSSL ends.
fn tls_1_2() -> Vec<(Side, Vec<u8>)> {
    vec![(Initiator, octets(CLIENT_12)), (Responder, octets(SERVER_12)), (Initiator, octets(KEYS_12))]
}

fn with_borrowed(story: &[(Side, Vec<u8>)], then: impl FnOnce(&[(Side, &[u8])])) {
    let borrowed: Vec<_> = story.iter().map(|(side, octets)| (*side, octets.as_slice())).collect();
    then(&borrowed);
}

fn told(story: &[(Side, Vec<u8>)], transport: Transport) -> Vec<Fact> {
    let mut facts = Vec::new();
    with_borrowed(story, |story| facts = play(&PROTOCOL, transport, story));
    facts
}

fn detail(facts: &[Fact], wanted: &str) -> Option<Value> {
    facts.iter().rev().find_map(|fact| match fact {
        Fact::Detail { key, value } if *key == wanted => Some(value.clone()),
        _ => None,
    })
}

fn probe(transport: Transport, port: u16, octets: &[u8]) -> Probe {
    let hint = Hint { transport, initiator_port: 50000, responder_port: port, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn a_handshake_of_tls_1_2_tells_names_versions_and_the_certificate() {
    let facts = told(&tls_1_2(), Transport::Tcp);
    assert!(facts.contains(&Fact::Request { id: 0, what: "ClientHello".into() }));
    assert!(facts.contains(&Fact::Reply { id: 0, class: ReplyClass::Success, what: "ServerHello TLS 1.2".into() }));
    for (key, value) in [
        ("tls", true.into()),
        ("tls_offered", "TLS 1.2".into()),
        ("tls_version", "TLS 1.2".into()),
        ("sni", "mbx1.contoso.com".into()),
        ("alpn", "http/1.1".into()),
        ("certificate_issuer", "mbx1".into()),
        ("certificate_subject", "mbx1".into()),
        ("certificate_not_before", NOT_BEFORE.into()),
        ("certificate_alternative_names", 2.into()),
        ("self_signed", true.into()),
    ] {
        assert_eq!(detail(&facts, key), Some(value), "{key}");
    }
}

#[test]
fn tls_1_3_is_told_by_extension_and_then_there_is_nothing_more_to_read() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    feed(&mut *dialogue, Initiator, &octets(CLIENT_13));
    let (facts, _, _) = feed(&mut *dialogue, Responder, &octets(SERVER_13));
    assert_eq!(detail(&facts, "tls_version"), Some("TLS 1.3".into()));
    assert!(dialogue.finished(Responder) && !dialogue.finished(Initiator));
}

#[test]
fn a_retry_is_no_answer_yet() {
    let story = [
        (Initiator, octets(CLIENT_13)),
        (Responder, octets(RETRY_13)),
        (Initiator, octets(CLIENT_13)),
        (Responder, octets(SERVER_13)),
    ];
    let facts = told(&story, Transport::Tcp);
    assert!(facts.contains(&Fact::Reply { id: 0, class: ReplyClass::Challenge, what: "HelloRetryRequest".into() }));
    assert!(facts.contains(&Fact::Reply { id: 1, class: ReplyClass::Success, what: "ServerHello TLS 1.3".into() }));
}

#[test]
fn a_hello_in_records_of_one_octet_reads_the_same() {
    let whole = octets(CLIENT_12);
    let split: Vec<u8> = whole[5..].iter().flat_map(|&octet| [0x16, 3, 1, 0, 1, octet]).collect();
    assert_eq!(told(&[(Initiator, split)], Transport::Tcp), told(&[(Initiator, whole)], Transport::Tcp));
}

#[test]
fn alerts_in_clear_are_named_and_close_notify_is_a_goodbye() {
    let alert = |octets: &[u8]| {
        let story = [(Responder, octets.to_vec())];
        told(&story, Transport::Tcp).pop()
    };
    assert_eq!(alert(&[21, 3, 1, 0, 2, 2, 40]), Some(Fact::Alert("fatal handshake_failure".into())));
    assert_eq!(alert(&[21, 3, 3, 0, 2, 1, 112]), Some(Fact::Alert("warning unrecognized_name".into())));
    assert_eq!(alert(&[21, 3, 3, 0, 2, 2, 250]), Some(Fact::Alert("fatal 0xfa".into())));
    assert_eq!(alert(&[21, 3, 3, 0, 2, 1, 0]), Some(Fact::Close("close_notify".into())));
}

#[test]
fn an_encrypted_alert_says_nothing() {
    let mut story = tls_1_2();
    let before = told(&story, Transport::Tcp);
    story.push((Initiator, [&[21, 3, 3, 0, 26][..], &[2; 26]].concat()));
    // Two octets would be an alert in clear, were this side not encrypted.
    story.push((Initiator, vec![21, 3, 3, 0, 2, 2, 40]));
    assert_eq!(told(&story, Transport::Tcp), before);
}

#[test]
fn the_hello_of_sslv2_offers_newer_versions() {
    let hello = [&[0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 5][..], &[7; 16]].concat();
    assert_eq!(probe(Transport::Tcp, 443, &hello), Probe::Yes);
    let facts = told(&[(Initiator, hello)], Transport::Tcp);
    assert_eq!(detail(&facts, "tls_offered"), Some("TLS 1.0".into()));
}

#[test]
fn after_a_lost_segment_the_next_record_is_found() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    let server = octets(SERVER_12);
    feed(&mut *dialogue, Responder, &server[..100]);
    assert!(dialogue.gap(Responder));
    let (facts, at, stop) = feed(&mut *dialogue, Responder, &server[150..]);
    assert_eq!((facts, at, stop), (vec![], server.len() - 150, None));
    let (facts, ..) = feed(&mut *dialogue, Responder, &[21, 3, 3, 0, 2, 2, 80]);
    assert_eq!(facts, [Fact::Alert("fatal internal_error".into())]);
}

#[test]
fn a_capture_that_starts_within_a_record_waits_for_the_next_one() {
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    assert_eq!(feed(&mut *dialogue, Responder, &[0x55; 900]), (vec![], 900, None));
    let (facts, ..) = feed(&mut *dialogue, Responder, &[23, 3, 3, 0, 3, 1, 2, 3]);
    assert_eq!(facts, [Fact::Detail { key: "tls", value: true.into() }]);
}

#[test]
fn what_only_looks_like_tls_is_not_taken_for_it() {
    assert_eq!(probe(Transport::Tcp, 443, &octets(CLIENT_12)), Probe::Yes);
    assert_eq!(probe(Transport::Tcp, 4444, &octets(SERVER_13)), Probe::Yes);
    assert_eq!(probe(Transport::Tcp, 443, &[0x16, 3]), Probe::More);
    assert_eq!(probe(Transport::Tcp, 443, b"GET / HTTP/1.1\r\n"), Probe::No);
    // One encrypted record fits, two in a row prove it, and garbage behind it speaks against it.
    let record = [&[23, 3, 3, 0, 40][..], &[9; 40]].concat();
    assert_eq!(probe(Transport::Tcp, 443, &record), Probe::Maybe);
    assert_eq!(probe(Transport::Tcp, 443, &[record.clone(), record.clone()].concat()), Probe::Yes);
    assert_eq!(probe(Transport::Tcp, 443, &[record, vec![0; 9]].concat()), Probe::No);
    assert_eq!(probe(Transport::Tcp, 443, &[22, 3, 3, 0xff, 0xff]), Probe::No);
}

/// RFC 9001 Appendix A.2: the header of a client's Initial, filled up.
fn quic_initial() -> Vec<u8> {
    let mut datagram = vec![0xc3, 0, 0, 0, 1, 8, 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08, 0, 0, 0x44, 0x9e];
    datagram.resize(1200, 0x5a);
    datagram
}

#[test]
fn quic_is_known_by_its_long_header() {
    let answer = vec![0xcf, 0, 0, 0, 1, 0, 8, 0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5, 0, 0x40, 0x75];
    assert_eq!(probe(Transport::Udp, 443, &quic_initial()), Probe::Yes);
    let facts = told(&[(Initiator, quic_initial()), (Responder, answer)], Transport::Udp);
    assert_eq!(detail(&facts, "quic_version"), Some("1".into()));
    assert_eq!(facts.last(), Some(&Fact::Reply { id: 0, class: ReplyClass::Success, what: "QUIC 1".into() }));
}

#[test]
fn a_list_of_quic_versions_sends_the_client_elsewhere() {
    let list = vec![0x80, 0, 0, 0, 0, 0, 8, 0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5, 0xff, 0, 0, 0x1d];
    let facts = told(&[(Initiator, quic_initial()), (Responder, list)], Transport::Udp);
    assert!(matches!(facts.last(), Some(Fact::Reply { id: 0, class: ReplyClass::Referral, .. })));
}

#[test]
fn short_headers_are_believed_on_the_web_port_only() {
    assert_eq!(probe(Transport::Udp, 443, &[0x43; 40]), Probe::Maybe);
    assert_eq!(probe(Transport::Udp, 53, &[0x43; 40]), Probe::No);
    let dns = [0x48, 0xc1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, b'm', b'a', b'i', b'l', 0, 0, 1, 0, 1];
    assert_eq!(probe(Transport::Udp, 443, &dns), Probe::No);
}

/// A DTLS hello with a cookie of four octets, written out from RFC 6347 §4.2.
fn dtls_hello() -> Vec<u8> {
    let body = [&[0xfe, 0xfd][..], &[7; 32], &[0, 4, 1, 2, 3, 4, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let handshake = [&[1, 0, 0, length, 0, 1, 0, 0, 0, 0, 0, length][..], &body].concat();
    let length = u8::try_from(handshake.len()).unwrap();
    [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, length][..], &handshake].concat()
}

#[test]
fn dtls_is_no_web() {
    assert_eq!(probe(Transport::Udp, 5349, &dtls_hello()), Probe::Yes);
    let facts = told(&[(Initiator, dtls_hello())], Transport::Udp);
    assert_eq!(facts.first(), Some(&Fact::Service("other")));
    assert_eq!(detail(&facts, "tls_offered"), Some("DTLS 1.2".into()));
    assert_eq!(detail(&facts, "dtls"), Some(true.into()));
}

#[test]
fn every_truncation_reads_the_same() {
    with_borrowed(&tls_1_2(), |story| cut_anywhere_reads_the_same(&PROTOCOL, story));
}

#[test]
fn damaged_octets_are_survived() {
    with_borrowed(&tls_1_2(), |story| damage_is_survived(&PROTOCOL, Transport::Tcp, story));
    for datagram in [quic_initial(), dtls_hello()] {
        with_borrowed(&[(Initiator, datagram)], |story| damage_is_survived(&PROTOCOL, Transport::Udp, story));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_cut_anywhere_tell_the_same(cuts in prop::collection::vec(1usize..200, 1..8)) {
        let whole = octets(SERVER_12);
        let messages: Vec<u8> = records(&whole).concat();
        let (mut rest, mut split) = (messages.as_slice(), Vec::new());
        for cut in cuts.iter().cycle() {
            let (front, back) = rest.split_at((*cut).min(rest.len()));
            split.extend([&[0x16, 3, 3, 0, u8::try_from(front.len()).unwrap()][..], front].concat());
            rest = back;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(told(&[(Responder, split)], Transport::Tcp), told(&[(Responder, whole)], Transport::Tcp));
    }
}

/// The contents of the records in `octets`.
fn records(mut octets: &[u8]) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    while let [_, _, _, high, low, rest @ ..] = octets {
        let (content, next) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        contents.push(content.to_vec());
        octets = next;
    }
    contents
}

/// When the certificate below was made, in Unix seconds.
const NOT_BEFORE: u64 = 1_795_254_410;

/// TLS 1.2: the hello of OpenSSL 3.
const CLIENT_12: &str = "\
     16030100ae010000aa030339358fbe687e81ad5a3ec52119bf222b7850423cedb707ba1cb1bf6205d9f236000004c02b00ff0100007d\
     0000001500130000106d6278312e636f6e746f736f2e636f6d000b000403000102000a000c000a001d0017001e001900180023000000\
     10000e000c02683208687474702f312e310016000000170000000d002a0028040305030603080708080809080a080b08040805080604\
     0105010601030303010302040205020602";
/// Its answer: hello, one certificate, key exchange, done.
const SERVER_12: &str = "\
     16030300500200004c03030ce29fb98af963f3fdc8853335d25a6b29fcf783d993ec2b95afef866de9c15f00c02b000024ff01000100\
     000b000403000102002300000010000b000908687474702f312e310017000016030301a50b0001a100019e00019b308201973082013c\
     a0030201020214468e7c0b24ad5436a5274d610523a184ce9eeddc300a06082a8648ce3d040302300f310d300b06035504030c046d62\
     7831301e170d3236313132313039343635305a170d3336313131383039343635305a300f310d300b06035504030c046d627831305930\
     1306072a8648ce3d020106082a8648ce3d030107034200042782244d6a63f8431084589c31ae0331147d17e83529855fa3f4a940ebc6\
     7772c22ff9c9d282171d6f43ab2fe106c721d4009de9205ec8816d553e8a57f3e258a3763074301d0603551d0e041604141b1cea4ba0\
     ea7ba819cb5ec6c5a1c5918164eaaa301f0603551d230418301680141b1cea4ba0ea7ba819cb5ec6c5a1c5918164eaaa300f0603551d\
     130101ff040530030101ff30210603551d11041a301882046d62783182106d6278312e636f6e746f736f2e636f6d300a06082a8648ce\
     3d0403020349003046022100c68a7bdb91b60c9ea74733a5464166075d502dc1d5e76f794f7eb5b13d775dd4022100b1ea10e0f684e6\
     e3051f3a088e986e9564f6e5018289d2cff1cf21f232281fed16030300730c00006f03001d2034e85a65401a78733bab90d25162fef9\
     71a3a43f70480b9391d056434a3c3b3b040300473045022100845911a427c356dd1f6f6a0d7e614d0a3c606e00a58a8d8c0fb6cf8170\
     2248c60220447f8ffa805ade466de1a820818f46571ece9374ce1666377d37e45775dc0a3f16030300040e000000";
/// Key exchange, ChangeCipherSpec, the encrypted Finished.
const KEYS_12: &str = "\
     1603030025100000212005f60a6bcf4ec27a0ef5a67927c2fd40a9db4b6bd8356582596482c860de3e71140303000101160303002803\
     97244f3d293dc3cda6903578cfa475997690e5d93d05f9abca9b55aff2553f8e6bb4037401fad8";
/// TLS 1.3: the hello of OpenSSL 3.
const CLIENT_13: &str = "\
     1603010200010001fc03038f80d13bc3c25b18da85ddcd98b227d9170c32d811416a33f442d5072658871c20cf8d1e6748e70a5185da\
     4c89630b0058bfd23df9418e65fb2b6f3894060f2c67000a130213031301c02b00ff010001a90000001500130000106d6278312e636f\
     6e746f736f2e636f6d000b000403000102000a00160014001d0017001e0019001801000101010201030104002300000010000e000c02\
     683208687474702f312e310016000000170000000d002a0028040305030603080708080809080a080b08040805080604010501060103\
     0303010302040205020602002b00050403040303002d00020101003300260024001d002070cec5026d4f5fbcb728e60dc82b30bf752d\
     f036450bc577c30a2c6e78680074001500e5000000000000000000000000000000000000000000000000000000000000000000000000\
     000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
     00000000000000000000000000000000000000000000000000000000000000";
/// Its answer, up to the first octets that are encrypted.
const SERVER_13: &str = "\
     160303007a0200007603037d4d1f6bd323c1932457e103ec40b6d884a0c309c01afa8b9e00f515e782ba3020cf8d1e6748e70a5185da\
     4c89630b0058bfd23df9418e65fb2b6f3894060f2c67130200002e002b0002030400330024001d0020372bbbe4f24bd530e4393eb0d5\
     f1d6b742c72f8e152b53f43d12764ad1d090401403030001011703030026ad030e5c";
/// The server wants another group: HelloRetryRequest and ChangeCipherSpec.
const RETRY_13: &str = "\
     1603030058020000540303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c20996b974a1d2ea69ebb0e\
     3e895bde8564a6843eeafad24b9488dd27e9b55ce554130200000c002b00020304003300020018140303000101";
