use super::PROTOCOL;
use crate::Side::{Initiator, Responder};
use crate::harness::{cut_anywhere_reads_the_same, damage_is_survived, feed, play};
use crate::{Endpoint, Fact, Hint, Media, Probe, ReplyClass, Side, Transport, Value};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.10.9.5\r\ns=-\r\nc=IN IP4 10.10.9.5\r\nt=0 0\r\n\
    m=audio 16384 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 10.10.2.21\r\ns=-\r\nt=0 0\r\n\
    m=audio 50172 RTP/AVP 0\r\nc=IN IP4 10.10.2.21\r\na=rtcp:50180\r\na=sendrecv\r\n";

/// A message of one call, as a gateway and Unified Messaging send them over TCP.
fn message(first: &str, cseq: &str, more: &str, body: &str) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{first}\r\nVia: SIP/2.0/TCP 10.10.9.5:5060;branch=z9hG4bK77\r\n\
         From: <sip:7100@contoso.com>;tag=a1\r\nTo: <sip:7000@contoso.com>\r\nCall-ID: 3848276298@10.10.9.5\r\n\
         CSeq: {cseq}\r\n{more}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn invite(body: &str) -> Vec<u8> {
    message("INVITE sip:7000@mbx1.contoso.com:5065;transport=tcp SIP/2.0", "1 INVITE", "User-Agent: GW/6.2\r\n", body)
}

fn reply(status: &str, cseq: &str, more: &str, body: &str) -> Vec<u8> {
    message(&format!("SIP/2.0 {status}"), cseq, more, body)
}

fn ack(body: &str) -> Vec<u8> {
    message("ACK sip:7000@mbx1.contoso.com:5065 SIP/2.0", "1 ACK", "", body)
}

fn bye() -> Vec<u8> {
    message("BYE sip:7100@10.10.9.5 SIP/2.0", "2 BYE", "", "")
}

fn facts_of(message: &[u8]) -> Vec<Fact> {
    play(&PROTOCOL, Transport::Tcp, &[(Responder, message)])
}

fn media(facts: &[Fact]) -> Vec<&Media> {
    facts.iter().filter_map(|fact| if let Fact::Endpoint(Endpoint::Media(media)) = fact { Some(&**media) } else { None }).collect()
}

fn detail(facts: &[Fact], wanted: &str) -> Option<Value> {
    facts.iter().find_map(|fact| match fact {
        Fact::Detail { key, value } if *key == wanted => Some(value.clone()),
        _ => None,
    })
}

fn look(transport: Transport, port: u16, octets: &[u8]) -> Probe {
    let hint = Hint { transport, initiator_port: 50_000, responder_port: port, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn a_call_is_told_from_invite_to_bye_with_the_media_of_both_sides() {
    let (invite, trying, ok) = (invite(OFFER), reply("100 Trying", "1 INVITE", "", ""), reply("200 OK", "1 INVITE", "Server: UM/14\r\n", ANSWER));
    let (ack, bye, done) = (ack(""), bye(), reply("200 OK", "2 BYE", "", ""));
    let story: &[(Side, &[u8])] = &[
        (Initiator, &invite),
        (Responder, &trying),
        (Responder, &ok),
        (Initiator, &ack),
        (Responder, &bye),
        (Initiator, &done),
    ];
    let facts = play(&PROTOCOL, Transport::Tcp, story);

    let asked: Vec<_> = facts.iter().filter_map(|fact| if let Fact::Request { id, what } = fact { Some((*id, &**what)) } else { None }).collect();
    let told: Vec<_> = facts.iter().filter_map(|fact| if let Fact::Reply { id, class, what } = fact { Some((*id, *class, &**what)) } else { None }).collect();
    assert_eq!(asked.iter().map(|(_, what)| *what).collect::<Vec<_>>(), ["INVITE", "ACK", "BYE"]);
    assert_eq!(
        told,
        [
            (asked[0].0, ReplyClass::Interim, "100 Trying"),
            (asked[0].0, ReplyClass::Success, "200 OK"),
            (asked[2].0, ReplyClass::Success, "200 OK"),
        ]
    );
    for key in ["answered_calls", "acknowledged_calls", "ended_calls"] {
        assert!(facts.contains(&Fact::Member { key, value: "3848276298@10.10.9.5".into() }), "{key}");
    }
    assert!(facts.contains(&Fact::Close("BYE".into())));
    assert_eq!(detail(&facts, "method"), Some("INVITE".into()));
    assert_eq!(detail(&facts, "user_agent"), Some("GW/6.2".into()));
    assert_eq!(detail(&facts, "server"), Some("UM/14".into()));

    let media = media(&facts);
    let offer = Media {
        call: "3848276298@10.10.9.5".into(),
        side: Initiator,
        answer: false,
        kind: "audio".into(),
        address: [10, 10, 9, 5].into(),
        port: 16384,
        rtcp_port: 16385,
        sends: true,
        receives: true,
    };
    let answer =
        Media { side: Responder, answer: true, address: [10, 10, 2, 21].into(), port: 50172, rtcp_port: 50180, ..offer.clone() };
    assert_eq!(media, [&offer, &answer]);

    cut_anywhere_reads_the_same(&PROTOCOL, &story[..3]);
    damage_is_survived(&PROTOCOL, Transport::Tcp, &story[1..3]);
    damage_is_survived(&PROTOCOL, Transport::Udp, &story[..1]);
}

#[test]
fn an_invite_without_description_leaves_the_offer_to_the_reply_and_the_answer_to_the_ack() {
    let (invite, ok, ack) = (invite(""), reply("200 OK", "1 INVITE", "", OFFER), ack(ANSWER));
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &invite), (Responder, &ok), (Initiator, &ack)]);
    assert_eq!(media(&facts).iter().map(|media| media.answer).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_reply_alone_is_taken_for_an_answer() {
    assert!(media(&facts_of(&reply("183 Session Progress", "1 INVITE", "", ANSWER)))[0].answer);
}

#[test]
fn capabilities_in_other_replies_promise_no_media() {
    assert!(media(&facts_of(&reply("200 OK", "1 OPTIONS", "", ANSWER))).is_empty());
    assert!(media(&facts_of(&reply("488 Not Acceptable Here", "1 INVITE", "", ANSWER))).is_empty());
}

#[test]
fn the_status_decides_the_class() {
    for (status, class) in [
        ("180 Ringing", ReplyClass::Interim),
        ("202 Accepted", ReplyClass::Success),
        ("302 Moved Temporarily", ReplyClass::Referral),
        ("401 Unauthorized", ReplyClass::Challenge),
        ("407 Proxy Authentication Required", ReplyClass::Challenge),
        ("486 Busy Here", ReplyClass::Refused),
        ("503 Service Unavailable", ReplyClass::Failed),
        ("603 Decline", ReplyClass::Refused),
    ] {
        let facts = facts_of(&reply(status, "1 INVITE", "", ""));
        let fits = |fact: &Fact| matches!(fact, Fact::Reply { class: told, what, .. } if *told == class && &**what == status);
        assert!(facts.iter().any(fits), "{status}: {facts:?}");
    }
}

#[test]
fn a_redirection_names_host_and_port_of_its_contact() {
    for (contact, target) in [
        ("<sip:7000@mbx2.contoso.com:5062;transport=tcp>", "mbx2.contoso.com:5062"),
        ("\"UM\" <sip:mbx2.contoso.com>;q=0.5", "mbx2.contoso.com:5060"),
        ("sip:mbx2.contoso.com;transport=tls", "mbx2.contoso.com:5061"),
        ("<sips:7000@[fd00::21]>", "[fd00::21]:5061"),
        ("<sip:7000@[fd00::21]:5067>", "[fd00::21]:5067"),
    ] {
        let facts = facts_of(&reply("302 Moved Temporarily", "1 INVITE", &format!("Contact: {contact}\r\n"), ""));
        assert_eq!(detail(&facts, "redirect"), Some(target.into()), "{contact}");
    }
}

#[test]
fn compact_and_folded_fields_mean_the_same() {
    let octets = format!(
        "INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h\r\ni : abc@h\r\ncseq:\r\n 7\r\n\tINVITE\r\nm: <sip:x@y>\r\n\
         c: application/sdp\r\nl: {}\r\n\r\n{OFFER}",
        OFFER.len()
    );
    for transport in [Transport::Tcp, Transport::Udp] {
        let facts = play(&PROTOCOL, transport, &[(Initiator, octets.as_bytes())]);
        assert_eq!(detail(&facts, "call_id"), Some("abc@h".into()));
        assert_eq!(media(&facts).len(), 1);
    }
}

#[test]
fn the_description_is_found_among_the_parts_of_a_body() {
    let body = format!(
        "--b1\r\nContent-Type: application/isup\r\n\r\n\u{1}\u{2}\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b1--\r\n"
    );
    let octets = format!(
        "INVITE sip:a@b SIP/2.0\r\nCall-ID: c\r\nContent-Type: multipart/mixed;boundary=\"b1\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, octets.as_bytes())]);
    assert_eq!(media(&facts)[0].port, 16384);
}

#[test]
fn hold_refusal_and_direction_show_in_the_promise() {
    let session = "v=0\r\nc=IN IP4 10.10.9.5\r\na=sendonly\r\n";
    let body = format!(
        "{session}m=audio 5000 RTP/AVP 0\r\na=recvonly\r\na=rtcp-mux\r\nm=video 0 RTP/AVP 31\r\n\
         m=image 5010/2 udptl t38\r\nm=audio 5020 RTP/SAVP 0\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\n\
         m=message 9 TCP/MSRP *\r\nm=audio 5030 RTP/AVP 0\r\nc=IN IP6 fd00::5\r\na=inactive\r\n"
    );
    let facts = facts_of(&invite(&body));
    let told: Vec<_> = media(&facts)
        .iter()
        .map(|media| (&*media.kind, media.port, media.rtcp_port, media.sends, media.receives))
        .collect();
    assert_eq!(
        told,
        [
            ("audio", 5000, 5000, false, true),
            ("video", 0, 0, true, false),
            ("image", 5010, 5011, true, false),
            ("audio", 5020, 5021, true, false),
            ("audio", 5030, 5031, false, false),
        ]
    );
    assert_eq!(media(&facts)[4].address.to_string(), "fd00::5");
}

#[test]
fn a_stream_whose_lines_are_cut_is_not_promised() {
    let whole = invite(&format!("{OFFER}m=video 16390 RTP/AVP 31\r\na=inactive\r\n"));
    let head = whole.len() - OFFER.len() - "m=video 16390 RTP/AVP 31\r\na=inactive\r\n".len();
    for cut in head..whole.len() {
        let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &whole[..cut])]);
        let ports: Vec<_> = media(&facts).iter().map(|media| media.port).collect();
        assert!(ports.is_empty() || ports == [16384], "cut at {cut}: {ports:?}");
    }
}

#[test]
fn a_length_that_a_rewriting_gateway_left_too_short_does_not_cut_a_datagram() {
    let octets = String::from_utf8(invite(OFFER)).unwrap();
    let octets = octets.replace(&format!("Content-Length: {}", OFFER.len()), "Content-Length: 100");
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, octets.as_bytes())]);
    assert_eq!(media(&facts).len(), 1);
}

#[test]
fn keep_alives_say_nothing_and_end_nothing() {
    let octets = [b"\r\n\r\n".to_vec(), bye(), b"\r\n".to_vec()].concat();
    let facts = play(&PROTOCOL, Transport::Tcp, &[(Initiator, &octets)]);
    assert!(facts.contains(&Fact::Close("BYE".into())));
    for octets in [&b"\r\n\r\n"[..], b"hello", b"\0\0\0\0", b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl"] {
        assert!(play(&PROTOCOL, Transport::Udp, &[(Initiator, octets)]).is_empty());
        assert_eq!(look(Transport::Udp, 5060, octets), Probe::Maybe);
        assert_eq!(look(Transport::Udp, 7777, octets), Probe::No);
    }
}

#[test]
fn a_body_of_another_type_is_stepped_over_without_being_awaited() {
    let head = b"MESSAGE sip:a@b SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: 90000\r\n\r\nhel";
    let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
    assert_eq!(dialogue.read(Initiator, head, &mut |_| ()), Ok(head.len() - 3 + 90_000));
}

#[test]
fn behind_a_gap_reading_goes_on_with_the_next_start_line() {
    let octets = [b"rest of a body\r\na=x\r\n".to_vec(), bye()].concat();
    for cut in 0..octets.len() {
        let mut dialogue = (PROTOCOL.open)(Transport::Tcp);
        assert!(dialogue.gap(Responder));
        let (mut facts, at, stop) = feed(&mut *dialogue, Responder, &octets[..cut]);
        assert!(stop.is_none_or(|stop| stop.is_incomplete()), "cut at {cut}");
        facts.extend(feed(&mut *dialogue, Responder, &octets[at..]).0);
        assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::Close(_))).count(), 1, "cut at {cut}");
    }
}

#[test]
fn only_sip_start_lines_are_recognised() {
    for line in ["SIP/2.0 200 OK\r\n", "INVITE sip:a@b SIP/2.0\r\n", "REGISTER sips:b SIP/2.0\r\n", "OPTIONS tel:+1 SIP/2.0\r\n"] {
        assert_eq!(look(Transport::Tcp, 7777, line.as_bytes()), Probe::Yes, "{line}");
        assert_eq!(look(Transport::Tcp, 7777, &line.as_bytes()[..4]), Probe::More, "{line}");
    }
    for line in ["GET http://a:5060/ HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "EHLO sip:a\r\n", "SIP/2.0 20 OK\r\n"] {
        assert_eq!(look(Transport::Tcp, 5060, line.as_bytes()), Probe::No, "{line}");
    }
    // Cut by the snap length.
    assert_eq!(look(Transport::Udp, 7777, b"INVITE sip:7000@mbx1.cont"), Probe::Yes);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_description_gives_bounded_promises(lines in proptest::collection::vec("[mcav]=[a-z0-9 :/.]{0,24}", 0..60)) {
        let body = format!("v=0\r\n{}\r\n", lines.join("\r\n"));
        proptest::prop_assert!(media(&facts_of(&invite(&body))).len() <= 16);
    }
}
