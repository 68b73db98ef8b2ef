//! Calls and their media.

use super::*;
use crate::flow::tests::story::What;

pub const STORIES: &[Story] = &[
    Story {
        claim: "the callee's sound flows, the caller's never comes",
        expected: Finds(Kind::MediaBlocked),
        told: || vec![call(&Call::default()), sound(MBX, CAS, 3 * S), until(20 * S)],
    },
    Story {
        claim: "no sound either way, while other datagrams of the two are captured",
        expected: Finds(Kind::MediaBlocked),
        told: || {
            let mut other = between(CAS, 123, MBX, 123);
            other.asks(-S, &[0x1b; 48]).answers(-S + MS, &[0x1c; 48]);
            vec![call(&Call::default()), other, until(20 * S)]
        },
    },
    Story {
        claim: "a capture of nothing but the signalling",
        expected: Spares(Kind::MediaBlocked),
        told: || vec![call(&Call::default()), until(20 * S)],
    },
    Story {
        claim: "sound both ways, thinned by silence in one",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let mut thin = media(CAS, RTP, MBX, RTP);
            thin.asks(2 * S, &rtp(1));
            vec![call(&Call::default()), sound(MBX, CAS, 3 * S), thin, until(20 * S)]
        },
    },
    Story {
        claim: "the caller hangs up before anyone speaks",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let short = Call { lasts: 1_500 * MS, ..Call::default() };
            vec![call(&short), sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the caller is on hold from the start: it said that it only receives",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let hold = Call { offered: "a=recvonly\r\n", ..Call::default() };
            vec![call(&hold), sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the call is refused, whatever was offered",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let refused = Call { answer: "486 Busy Here", ..Call::default() };
            vec![call(&refused), sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the caller's sound comes from another port to the promised one",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let mut moved = Line::new("10.0.3.3:31000", &format!("{MBX}:{RTP}"));
            for at in 0..150 {
                moved.asks(i64::from(at) * 20 * MS + S, &rtp(at));
            }
            vec![call(&Call::default()), sound(MBX, CAS, 3 * S), moved, until(20 * S)]
        },
    },
    Story {
        claim: "the callee promises to receive at an address of which nothing is ever heard",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let mut elsewhere = call(&Call::default());
            for told in &mut elsewhere.told {
                if let What::Udp(payload) = &mut told.what {
                    let text =
                        String::from_utf8_lossy(payload).replace(&format!("c=IN IP4 {MBX}"), "c=IN IP4 10.0.2.9");
                    *payload = text.into_bytes();
                }
            }
            vec![elsewhere, sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the capture stands beside the caller, which sends nothing",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let beside = |mut line: Line| {
                line.told = line.told.into_iter().map(beside_caller).collect();
                line
            };
            vec![beside(call(&Call::default())), beside(sound(MBX, CAS, 3 * S)), until(20 * S)]
        },
    },
    Story {
        claim: "the call is put on hold at once, by another INVITE",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let mut held = call(&Call::default());
            let hold = description(CAS, "a=inactive\r\n");
            held.asks(S + 500 * MS, &sip("INVITE sip:um@um.test SIP/2.0", "3 INVITE", &hold));
            let agreed = description(MBX, "a=inactive\r\n");
            held.answers(S + 600 * MS, &sip("SIP/2.0 200 OK", "3 INVITE", &agreed));
            held.asks(S + 610 * MS, &sip("ACK sip:um@um.test SIP/2.0", "3 ACK", ""));
            vec![held, sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "a fax: T.38 replaces the sound before any came",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let mut fax = call(&Call::default());
            let image =
                |address| description(address, "").replace("m=audio 16000 RTP/AVP 8", "m=image 16002 udptl t38");
            fax.answers(S + 500 * MS, &sip("INVITE sip:a@a.test SIP/2.0", "1 INVITE", &image(MBX)));
            fax.asks(S + 600 * MS, &sip("SIP/2.0 200 OK", "1 INVITE", &image(CAS)));
            fax.answers(S + 610 * MS, &sip("ACK sip:a@a.test SIP/2.0", "1 ACK", ""));
            vec![fax, sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the call goes elsewhere: the first server only redirects it",
        expected: Spares(Kind::MediaBlocked),
        told: || {
            let redirected = Call { answer: "302 Moved Temporarily", ..Call::default() };
            vec![call(&redirected), sound(MBX, CAS, 3 * S), until(20 * S)]
        },
    },
];

#[test]
fn missing_media_are_told_of_their_sender_with_both_ports_and_calls_are_counted() {
    let second = |line: Line| {
        let mut line = line;
        for told in &mut line.told {
            told.at += 10 * S;
            if let What::Udp(payload) = &mut told.what {
                let text = String::from_utf8_lossy(payload).replace("Call-ID: one@", "Call-ID: two@");
                *payload = text.into_bytes();
            }
        }
        line
    };
    let later = |mut line: Line| {
        line.told.iter_mut().for_each(|told| told.at += 10 * S);
        line
    };
    let calls = [call(&Call::default()), second(call(&Call::default()))];
    let [one, two] = calls;
    let lines = [one, two, sound(MBX, CAS, 3 * S), later(sound(MBX, CAS, 3 * S)), until(40 * S)];
    let finding = the(Kind::MediaBlocked, &lines);
    assert_eq!((finding.client_port, finding.port, finding.attempts), (Some(RTP), Some(RTP), 2));
    assert_eq!(finding.service, Some("rtp"));
}

/// Seen beside the caller: its packets have passed no router, those of the callee two.
fn beside_caller(mut told: Told) -> Told {
    told.ttl = if told.source.address.to_string() == CAS { 128 } else { 126 };
    told
}

/// One call, from INVITE to BYE.
struct Call {
    /// Further lines of the caller's description.
    offered: &'static str,
    answer: &'static str,
    lasts: i64,
}

impl Default for Call {
    fn default() -> Self {
        Self { offered: "", answer: "200 OK", lasts: 5 * S }
    }
}

fn call(call: &Call) -> Line {
    let mut line = between(CAS, 5_060, MBX, 5_060).ttl(127, 128);
    let offer = description(CAS, call.offered);
    line.asks(0, &sip("INVITE sip:um@um.test SIP/2.0", "1 INVITE", &offer));
    line.answers(100 * MS, &sip("SIP/2.0 100 Trying", "1 INVITE", ""));
    let accepted = call.answer.starts_with('2');
    let answer = if accepted { description(MBX, "") } else { String::new() };
    line.answers(S, &sip(&format!("SIP/2.0 {}", call.answer), "1 INVITE", &answer));
    line.asks(S + 10 * MS, &sip("ACK sip:um@um.test SIP/2.0", "1 ACK", ""));
    line.asks(S + call.lasts, &sip("BYE sip:um@um.test SIP/2.0", "2 BYE", ""));
    line.answers(S + call.lasts + 10 * MS, &sip("SIP/2.0 200 OK", "2 BYE", ""));
    line
}

fn description(address: &str, more: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {RTP} RTP/AVP 8\r\n{more}"
    )
}

fn sip(start: &str, sequence: &str, body: &str) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{start}\r\nVia: SIP/2.0/UDP {CAS}:5060;branch=z9hG4bK{}\r\nFrom: <sip:a@{CAS}>;tag=1\r\nTo: <sip:um@{MBX}>\r\n\
         Call-ID: one@{CAS}\r\nCSeq: {sequence}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        sequence.len(),
        body.len()
    )
    .into_bytes()
}

/// Three seconds of sound, or as long as is said, fifty packets a second.
fn sound(from: &str, to: &str, lasts: i64) -> Line {
    let mut line = media(from, RTP, to, RTP);
    let packets = u8::try_from(lasts / (20 * MS)).unwrap();
    for at in 0..packets {
        line.asks(S + 50 * MS + i64::from(at) * 20 * MS, &rtp(at));
    }
    line
}

fn media(from: &str, from_port: u16, to: &str, to_port: u16) -> Line {
    let line = between(from, from_port, to, to_port);
    if from == CAS { line.ttl(127, 128) } else { line.ttl(128, 127) }
}

/// An RTP packet of G.711 A-law (RFC 3550 §5.1).
fn rtp(number: u8) -> Vec<u8> {
    let mut packet = vec![0x80, 8, 0, number, 0, 0, number, 160, 0, 0, 0x5f, 0x3c];
    packet.extend([0xd5; 160]);
    packet
}

const RTP: u16 = 16_000;
