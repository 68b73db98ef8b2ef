//! Requests over UDP.

use super::*;

pub const STORIES: &[Story] = &[
    Story {
        claim: "queries without answers, while the server answers another client",
        expected: Finds(Kind::UdpBlocked),
        told: || vec![unanswered(), answered(OTHER, 6_001, 2 * S), until(40 * S)],
    },
    Story {
        claim: "queries without answers since a moment until which they were answered",
        expected: Finds(Kind::UdpBlocked),
        told: || vec![answered(CAS, 6_001, -60 * S), unanswered(), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "queries without answers until the capture ends, of which the first had its time",
        expected: Finds(Kind::UdpBlocked),
        told: || vec![answered(OTHER, 6_001, 2 * S), unanswered(), until(5 * S)],
    },
    Story {
        claim: "one query of many gets lost",
        expected: Spares(Kind::UdpBlocked),
        told: || {
            let mut lines: Vec<Line> =
                (0..20).map(|at| answered(CAS, 6_100 + at, i64::from(at) * S - 10 * S)).collect();
            lines.push(between(CAS, 6_000, MBX, 53).asks(0, &query(1)).clone());
            lines.push(answered(OTHER, 6_001, 2 * S));
            lines.push(until(40 * S));
            lines
        },
    },
    Story {
        claim: "nothing shows that the host answers this service at all",
        expected: Spares(Kind::UdpBlocked),
        told: || vec![unanswered(), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "one lost answer is nothing to NTP",
        expected: Spares(Kind::UdpBlocked),
        told: || {
            let mut ntp = between(CAS, 123, MBX, 123);
            let mut packet = [0; 48];
            packet[0] = 0x1b;
            ntp.asks(0, &packet);
            vec![ntp, works(CAS, 445, 2 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the capture ends before the answer could have come",
        expected: Spares(Kind::UdpBlocked),
        told: || {
            let soon = between(CAS, 6_000, MBX, 53).asks(0, &query(1)).again(S).clone();
            vec![answered(OTHER, 6_001, -2 * S), soon, until(2_500 * MS)]
        },
    },
];

#[test]
fn a_domain_controller_owes_answers_unless_its_programs_stand_still() {
    let roster = || {
        let role =
            |role: &str| crate::topology::RoleClaim { role: role.to_owned(), confidence: 1.0, because: String::new() };
        let host = crate::topology::Host {
            addresses: vec![MBX.parse().unwrap()],
            roles: vec![role("dc")],
            known: true,
            ..crate::topology::Host::default()
        };
        Roster::new(vec![host], None)
    };
    let told = |lines: &[Line]| kinds(&known(&tell(lines), &roster()));
    assert!(told(&[unanswered(), works(CAS, 445, 2 * S), until(40 * S)]).contains(&Kind::UdpBlocked));
    let mut held = between(CAS, 50_389, MBX, 389);
    held.opens(-S).says(-500 * MS, Initiator, BIND).ack(-499 * MS, Responder);
    held.says(12 * S, Responder, BOUND).ack(12 * S + MS, Initiator).closes(13 * S);
    let still = told(&[unanswered(), held, works(CAS, 445, 15 * S), until(40 * S)]);
    assert!(still.contains(&Kind::NoAnswer) && !still.contains(&Kind::UdpBlocked), "{still:?}");
}

/// A simple bind of LDAP and its answer (RFC 4511 §4.2).
const BIND: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0";
const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0";

/// Three queries of one resolver, as Windows repeats them.
fn unanswered() -> Line {
    let mut line = between(CAS, 6_000, MBX, 53);
    line.asks(0, &query(1)).again(S).again(3 * S);
    line
}

fn answered(client: &str, port: u16, at: i64) -> Line {
    let mut line = between(client, port, MBX, 53);
    let mut answer = query(2);
    answer[2] = 0x81;
    answer[3] = 0x80;
    line.asks(at, &query(2)).answers(at + 2 * MS, &answer);
    line
}

/// A DNS query for an address (RFC 1035 §4.1).
pub fn query(id: u8) -> Vec<u8> {
    let mut query = vec![0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(b"\x03dc1\x07contoso\x04test\0\0\x01\0\x01");
    query
}
