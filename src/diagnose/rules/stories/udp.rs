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
        told: || vec![answered(OTHER, 6_001, -2 * S), unanswered(), until(4_500 * MS)],
    },
];

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
