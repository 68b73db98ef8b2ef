//! Stories between hosts whose roles are known: proxying, and whose name stands under a certificate.

use super::*;
use crate::topology::{Host, RoleClaim};

pub const STORIES: &[Story] = &[
    Story {
        claim: "one Exchange server gets no answer from another on 443, and reaches a third",
        expected: Finds(Kind::ProxyBlocked),
        told: || vec![knocks(MBX, 443), works(CAS, 444, 2 * S), until(40 * S)],
    },
    Story {
        claim: "a port that has nothing to do with proxying is blocked between Exchange servers",
        expected: Spares(Kind::ProxyBlocked),
        told: || vec![knocks(MBX, 25), works(CAS, 444, 2 * S), until(40 * S)],
    },
    Story {
        claim: "HTTPS to a host that is no Exchange server",
        expected: Spares(Kind::ProxyBlocked),
        told: || vec![knocks(STRANGER, 443), alive(STRANGER), until(40 * S)],
    },
    Story {
        claim: "the other server answers that nothing listens",
        expected: Spares(Kind::ProxyBlocked),
        told: || {
            let mut refused = to(443);
            refused.syn(0).rst(MS, Responder);
            vec![refused, works(CAS, 444, 2 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a certificate that an interception product signed",
        expected: Finds(Kind::TlsInterception),
        told: || vec![shows(CAS, 0, "Zscaler Intermediate Root CA", OLD), until(S)],
    },
    Story {
        claim: "one client sees a certificate made a minute ago, another the old one before and after",
        expected: Finds(Kind::TlsInterception),
        told: || {
            let others = [shows(OTHER, -60 * S, "Contoso CA", OLD), shows(OTHER, 60 * S, "Contoso CA", OLD)];
            vec![others[0].clone(), shows(CAS, 0, "Perimeter CA", FRESH), others[1].clone(), until(90 * S)]
        },
    },
    Story {
        claim: "a firewall's factory authority signed it, and says so in its organization alone",
        expected: Finds(Kind::TlsInterception),
        told: || vec![shows(CAS, 0, "FGT60E4Q16000000 of Fortinet", OLD), until(S)],
    },
    Story {
        claim: "an authority whose name speaks of inspection signed it",
        expected: Finds(Kind::TlsInterception),
        told: || vec![shows(CAS, 0, "Contoso TLS Inspection CA", OLD), until(S)],
    },
    Story {
        claim: "a certificate made a moment ago by a machine nearer than the one that answers on another port",
        expected: Finds(Kind::TlsInterception),
        told: || {
            let mut made = shows(CAS, 0, "Contoso Issuing CA 7", FRESH);
            for told in made.told.iter_mut().filter(|told| told.source == made.server) {
                told.ttl = 64;
            }
            vec![made, works(CAS, 445, S), until(2 * S)]
        },
    },
    Story {
        claim: "a load balancer's old certificate, and another machine behind another port",
        expected: Spares(Kind::TlsInterception),
        told: || {
            let mut made = shows(CAS, 0, "Contoso Issuing CA 7", OLD);
            for told in made.told.iter_mut().filter(|told| told.source == made.server) {
                told.ttl = 64;
            }
            vec![made, works(CAS, 445, S), until(2 * S)]
        },
    },
    Story {
        claim: "a firewall's own pages, with a certificate of its maker",
        expected: Spares(Kind::TlsInterception),
        told: || {
            let mut line = to(443);
            line.opens(0).says(10 * MS, Initiator, &client_hello());
            line.says(20 * MS, Responder, &server_flight("support of Fortinet", OLD, "FGT60E4Q16000000 of Fortinet"));
            vec![line.ack(21 * MS, Initiator).closes(30 * MS).clone(), until(S)]
        },
    },
    Story {
        claim: "a certificate made a moment ago, by the machine that answers on all ports",
        expected: Spares(Kind::TlsInterception),
        told: || vec![shows(CAS, 0, "Contoso Issuing CA 7", FRESH), works(CAS, 445, S), until(2 * S)],
    },
    Story {
        claim: "a certificate is renewed by another authority",
        expected: Spares(Kind::TlsInterception),
        told: || {
            vec![
                shows(OTHER, -60 * S, "Contoso CA", OLD),
                shows(CAS, 0, "Contoso New CA", FRESH),
                shows(OTHER, 60 * S, "Contoso New CA", FRESH),
                until(90 * S),
            ]
        },
    },
    Story {
        claim: "two servers behind one address, with certificates of two authorities",
        expected: Spares(Kind::TlsInterception),
        told: || {
            vec![
                shows(OTHER, -60 * S, "Contoso CA", OLD),
                shows(CAS, 0, "Fabrikam CA", OLD),
                shows(OTHER, 60 * S, "Contoso CA", OLD),
                until(90 * S),
            ]
        },
    },
    Story {
        claim: "a new certificate that every client sees in turn with the old one, as behind a load balancer",
        expected: Spares(Kind::TlsInterception),
        told: || {
            vec![
                shows(CAS, -60 * S, "Contoso CA", OLD),
                shows(CAS, 0, "Fabrikam CA", FRESH),
                shows(CAS, 60 * S, "Contoso CA", OLD),
                until(90 * S),
            ]
        },
    },
];

/// Who is who in these stories.
pub fn roster() -> Roster {
    Roster::new(vec![host(&[CAS], &["cas"]), host(&[OTHER], &["cas"]), host(&[MBX], &["mailbox"])], None)
}

/// A host that the topology file names.
pub fn host(addresses: &[&str], roles: &[&str]) -> Host {
    let claim = |role: &&str| RoleClaim { role: (*role).to_owned(), confidence: 1.0, because: String::new() };
    Host {
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        roles: roles.iter().map(claim).collect(),
        site: Some("Paris".to_owned()),
        known: true,
        ..Host::default()
    }
}

#[test]
fn between_strangers_inside_an_interception_product_is_told_by_its_name_and_outside_it_is_not_ours() {
    the(Kind::TlsInterception, &[shows(CAS, 0, "Zscaler Intermediate Root CA", OLD), until(S)]);
    let mut outside = shows(CAS, 0, "Zscaler Intermediate Root CA", OLD);
    let elsewhere = "198.18.7.7:443".parse::<std::net::SocketAddr>().unwrap();
    for told in &mut outside.told {
        for end in [&mut told.source, &mut told.destination] {
            if end.port == 443 {
                end.address = elsewhere.ip();
            }
        }
    }
    assert!(kinds(&findings(&tell(&[outside, until(S)]))).is_empty());
}

#[test]
fn without_roles_a_waiting_client_shows_that_a_server_hands_requests_on() {
    let mut outlook = between(STRANGER, 50_001, CAS, 443);
    outlook.opens(-2 * S).says(-S, Initiator, b"question").ack(-S + MS, Responder);
    outlook.says(12 * S, Responder, b"sorry").ack(12 * S + MS, Initiator);
    let waits = [outlook.clone(), knocks(MBX, 443), works(CAS, 444, 2 * S), until(40 * S)];
    assert!(the(Kind::ProxyBlocked, &waits).judgement.because.iter().any(|because| because.contains(STRANGER)));

    let mut served = between(STRANGER, 50_001, CAS, 443);
    served.opens(-2 * S).talks(-S).closes(20 * S);
    let served = [served, knocks(MBX, 443), works(CAS, 444, 2 * S), until(40 * S)];
    the(Kind::SynDropped, &served);
}

fn knocks(server: &str, port: u16) -> Line {
    let mut line = between(CAS, 50_443, server, port);
    line.knocks(&[0, 3 * S, 9 * S]);
    line
}

fn alive(server: &str) -> Line {
    let mut line = between(CAS, 40_080, server, 80);
    line.opens(2 * S).talks(2 * S + 10 * MS).closes(2 * S + 20 * MS);
    line
}

/// A connection to the server in which it shows a certificate.
fn shows(client: &str, at: i64, issuer: &str, not_before: &str) -> Line {
    let mut line = between(client, 51_000 + u16::try_from((at / S).rem_euclid(1_000)).unwrap(), MBX, 443);
    line.opens(at);
    line.says(at + 10 * MS, Initiator, &client_hello());
    line.says(at + 20 * MS, Responder, &server_flight(issuer, not_before, "mbx.contoso.test"));
    line.ack(at + 21 * MS, Initiator).closes(at + 30 * MS);
    line
}

/// A record of TLS 1.2 with one handshake message (RFC 5246 §6.2.1, §7.4).
fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    message.extend(body);
    let mut record = vec![22, 3, 3];
    record.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    record.extend(message);
    record
}

fn client_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([1; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    handshake(1, &body)
}

fn server_flight(issuer: &str, not_before: &str, subject: &str) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([2; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let certificate = certificate(issuer, not_before, subject);
    let sized = |octets: &[u8]| {
        let mut sized = u32::try_from(octets.len()).unwrap().to_be_bytes()[1..].to_vec();
        sized.extend(octets);
        sized
    };
    let mut flight = handshake(2, &hello);
    flight.extend(handshake(11, &sized(&sized(&certificate))));
    flight.extend(handshake(14, b""));
    flight
}

/// A certificate in DER (RFC 5280 §4.1) of which only the names and times mean anything.
fn certificate(issuer: &str, not_before: &str, subject: &str) -> Vec<u8> {
    // "name", or "name of organization".
    let name = |name: &str| {
        let part = |of: u8, text: &str| {
            der(0x31, &[der(0x30, &[der(0x06, &[&[0x55, 4, of][..]]), der(0x0c, &[text.as_bytes()])])])
        };
        let (common, organization) = name.split_once(" of ").unwrap_or((name, ""));
        let organization = if organization.is_empty() { Vec::new() } else { part(10, organization) };
        der(0x30, &[organization, part(3, common)])
    };
    let algorithm = der(0x30, &[der(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11][..]]), der(5, &[b""])]);
    let times = der(0x30, &[der(0x17, &[not_before.as_bytes()]), der(0x17, &[&b"300101000000Z"[..]])]);
    let key = der(0x30, &[algorithm.clone(), der(3, &[&[0, 0x30, 0][..]])]);
    let version = der(0xa0, &[der(2, &[&[2][..]])]);
    let serial = der(2, &[&[7][..]]);
    let signed = der(0x30, &[version, serial, algorithm.clone(), name(issuer), times, name(subject), key]);
    der(0x30, &[signed, algorithm, der(3, &[&[0, 1][..]])])
}

fn der(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect();
    let mut octets = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => octets.push(length),
        Ok(length) => octets.extend([0x81, length]),
        Err(_) => {
            octets.push(0x82);
            octets.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        }
    }
    octets.extend(content);
    octets
}

/// The stories begin on 12 January 1970 at 13:46:40 UTC.
const FRESH: &str = "700112134500Z";
const OLD: &str = "700101000000Z";
const STRANGER: &str = "10.0.2.77";
