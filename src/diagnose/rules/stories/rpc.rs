//! The endpoint mapper's answer, and what becomes of the port that it names (signatures.md f, m).

use super::*;
use crate::flow::tests::story::{ACK, RST, SYN};

/// The port that [`MAP_ANSWER`] names.
pub const NAMED: u16 = 4997;

pub const STORIES: &[Story] = &[
    Story {
        claim: "135 answers, and the port it names is silent",
        expected: Finds(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), silent(NAMED), until(40 * S)],
    },
    Story {
        claim: "135 answers, and the port it names is rejected by a router",
        expected: Finds(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), to(NAMED).syn(0).icmp(MS, ROUTER, 3, 13).clone(), until(40 * S)],
    },
    Story {
        claim: "the host refuses the port that it named before its service restarted",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || {
            let mut line = to(NAMED);
            line.raw(0, Initiator, SYN, 1_000, 0, b"").raw(MS, Responder, RST | ACK, 0, 1_001, b"");
            vec![mapped(), line, until(40 * S)]
        },
    },
    Story {
        claim: "the port that 135 names works",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), works(CAS, NAMED, S), until(40 * S)],
    },
    Story {
        claim: "a silent port that 135 did not name",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), silent(NAMED + 1), until(40 * S)],
    },
    Story {
        claim: "a single SYN to the port that 135 named, never repeated",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), to(NAMED).knocks(&[0]).clone(), until(40 * S)],
    },
    Story {
        claim: "the port that 135 named before is silent, and 135 names another one by now",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), works(CAS, NAMED, -500 * MS), silent(NAMED), mapped_again(5 * S), until(40 * S)],
    },
    Story {
        claim: "a client that kept the port which 135 named before, though 135 names another one",
        expected: Finds(Kind::NoAnswer),
        told: || vec![mapped(), mapped_again(-500 * MS), silent(NAMED), works(CAS, 445, S), until(40 * S)],
    },
    Story {
        claim: "the port that 135 named just now is silent, and named otherwise only when the service was restarted",
        expected: Finds(Kind::RpcDynamicPortBlocked),
        told: || vec![mapped(), silent(NAMED), mapped_again(60 * S), until(90 * S)],
    },
    Story {
        claim: "the endpoint mapper does not know the interface",
        expected: Finds(Kind::RpcNotRegistered),
        told: || vec![asked(&[not_registered()]), until(10 * S)],
    },
    Story {
        claim: "the endpoint mapper knows the interface",
        expected: Spares(Kind::RpcNotRegistered),
        told: || vec![mapped(), works(CAS, NAMED, S), until(10 * S)],
    },
    Story {
        claim: "the service was only starting, and is known when asked again",
        expected: Spares(Kind::RpcNotRegistered),
        told: || vec![asked(&[not_registered(), MAP_ANSWER.to_vec()]), until(10 * S)],
    },
];

fn silent(port: u16) -> Line {
    silence::silent(port)
}

/// The client asks 135 for NSPI, two seconds before, and is told the port.
pub fn mapped() -> Line {
    asked(&[MAP_ANSWER.to_vec()])
}

/// It asks once more at that time, and is told the port behind [`NAMED`].
fn mapped_again(at: i64) -> Line {
    let mut answer = MAP_ANSWER.to_vec();
    let port = answer.windows(4).position(|octets| octets == [2, 0, 0x13, 0x85]).unwrap() + 3;
    answer[port] += 1;
    let mut again = between(CAS, 50_136, MBX, 135);
    let told = asked(&[answer]).told;
    again.told = told
        .into_iter()
        .map(|mut told| {
            told.at += at + 2 * S;
            for end in [&mut told.source, &mut told.destination] {
                end.port = if end.port == 135 { 135 } else { 50_136 };
            }
            told
        })
        .collect();
    again
}

/// The client asks 135 for NSPI and gets these answers.
pub fn asked(answers: &[Vec<u8>]) -> Line {
    let mut line = to(135);
    line.opens(-2 * S).says(-1_990 * MS, Initiator, BIND).says(-1_980 * MS, Responder, BIND_ACK);
    for (turn, answer) in (0i64..).zip(answers) {
        line.says(-1_900 * MS + turn * 20 * MS, Initiator, MAP).says(-1_890 * MS + turn * 20 * MS, Responder, answer);
    }
    line.closes(-S);
    line
}

/// The answer without towers: status 0x16c9a0d6.
fn not_registered() -> Vec<u8> {
    let mut answer = MAP_ANSWER[..24].to_vec();
    answer[8..10].copy_from_slice(&64u16.to_le_bytes());
    answer[16..20].copy_from_slice(&40u32.to_le_bytes());
    answer.extend([0; 24]); // no handle, no towers
    answer.extend([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // room for four, none there
    answer.extend(0x16c9_a0d6_u32.to_le_bytes());
    answer
}

/// Bind to the endpoint mapper with NDR (C706 chapter 12, Appendix O).
pub const BIND: &[u8] = b"\x05\x00\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0\xd0\x16\xd0\x16\0\0\0\0\x01\0\0\0\0\0\x01\0\
\x08\x83\xaf\xe1\x1f\x5d\xc9\x11\x91\xa4\x08\0\x2b\x14\xa0\xfa\x03\0\0\0\
\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\0\0";

pub const BIND_ACK: &[u8] =
    b"\x05\x00\x0c\x03\x10\0\0\0\x3c\0\0\0\x01\0\0\0\xd0\x16\xd0\x16\xe5\xc8\0\0\x04\x00135\0\0\0\
\x01\0\0\0\0\0\0\0\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\0\0";

/// `ept_map` for NSPI over TCP.
const MAP: &[u8] = b"\x05\x00\x00\x03\x10\0\0\0\x9c\0\0\0\x01\0\0\0\x84\0\0\0\0\0\x03\0\
\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x4b\0\0\0\x4b\0\0\0\
\x05\0\x13\0\x0d\x18\x5a\xcc\xf5\x64\x42\x1a\x10\x8c\x59\x08\0\x2b\x2f\x84\x26\x38\0\x02\0\0\0\
\x13\0\x0d\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\x02\0\0\0\
\x01\0\x0b\x02\0\0\0\x01\0\x07\x02\0\0\x87\x01\0\x09\x04\0\0\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0";

/// Its answer: port 4997.
pub const MAP_ANSWER: &[u8] = b"\x05\x00\x02\x03\x10\0\0\0\x98\0\0\0\x01\0\0\0\x80\0\0\0\0\0\0\0\
\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\x03\0\0\0\x4b\0\0\0\x4b\0\0\0\
\x05\0\x13\0\x0d\x18\x5a\xcc\xf5\x64\x42\x1a\x10\x8c\x59\x08\0\x2b\x2f\x84\x26\x38\0\x02\0\0\0\
\x13\0\x0d\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\x02\0\0\0\
\x01\0\x0b\x02\0\0\0\x01\0\x07\x02\0\x13\x85\x01\0\x09\x04\0\x0a\0\x02\x15\0\0\0\0\0";
