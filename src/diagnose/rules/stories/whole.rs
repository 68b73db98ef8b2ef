//! Claims about the capture itself (signatures.md i, n).

use super::*;
use crate::flow::tests::story::ACK;

pub const STORIES: &[Story] = &[
    Story {
        claim: "the client acknowledges what was never captured",
        expected: Finds(Kind::OneWayCapture),
        told: || vec![half(445, Initiator), silence::silent(443), until(40 * S)],
    },
    Story {
        claim: "both directions were captured",
        expected: Spares(Kind::OneWayCapture),
        told: || vec![works(CAS, 445, 0), silence::silent(443), until(40 * S)],
    },
    Story {
        claim: "one stray acknowledgement among connections that were captured whole",
        expected: Spares(Kind::OneWayCapture),
        told: || vec![half(25, Responder), works(CAS, 445, 0), works(OTHER, 443, S), until(40 * S)],
    },
    Story {
        claim: "connections that were under way when the capture began",
        expected: Finds(Kind::StartedMidway),
        told: || vec![midway(445), midway(443)],
    },
    Story {
        claim: "one connection of three was under way",
        expected: Spares(Kind::StartedMidway),
        told: || vec![midway(445), works(CAS, 443, S), works(CAS, 80, S)],
    },
    Story {
        claim: "connections of which one direction was captured are another matter",
        expected: Spares(Kind::StartedMidway),
        told: || vec![half(445, Initiator), half(443, Responder)],
    },
    Story {
        claim: "data that was acknowledged and not captured, time and again",
        expected: Finds(Kind::CaptureLoss),
        told: || vec![lossy(5)],
    },
    Story {
        claim: "data lost by the network is sent again",
        expected: Spares(Kind::CaptureLoss),
        told: || {
            let mut line = to(443);
            line.opens(0);
            for at in 1..20 {
                line.says(at * S, Initiator, b"data").again(at * S + 300 * MS).ack(at * S + 301 * MS, Responder);
            }
            vec![line]
        },
    },
    Story {
        claim: "acknowledgements captured before their data are no loss",
        expected: Spares(Kind::CaptureLoss),
        told: || {
            let mut line = to(443);
            line.opens(0);
            for at in 1..20i64 {
                let next = 1_001 + u32::try_from(at).unwrap() * 4;
                line.raw(at * S, Responder, ACK, 5_001, next, b"").raw(
                    at * S + 50,
                    Initiator,
                    ACK,
                    next - 4,
                    5_001,
                    b"data",
                );
            }
            vec![line]
        },
    },
    Story {
        claim: "every packet is there twice",
        expected: Finds(Kind::DuplicatePackets),
        told: || {
            let mut line = works(CAS, 445, 0);
            line.told = line
                .told
                .iter()
                .flat_map(|told| {
                    let mut copy = told.clone();
                    copy.at += 5;
                    [told.clone(), copy]
                })
                .collect();
            vec![line]
        },
    },
    Story {
        claim: "retransmissions are no copies",
        expected: Spares(Kind::DuplicatePackets),
        told: || {
            let mut line = to(443);
            line.opens(0);
            for at in 1..20 {
                line.says(at * S, Initiator, b"data").again(at * S + 300 * MS).ack(at * S + 301 * MS, Responder);
            }
            vec![line]
        },
    },
    Story {
        claim: "keep-alives are no copies",
        expected: Spares(Kind::DuplicatePackets),
        told: || {
            let mut line = to(443);
            line.opens(0).talks(S);
            for at in 1..20 {
                line.raw(at * 60 * S, Initiator, ACK, 1_008, 5_007, b"\0").ack(at * 60 * S + MS, Responder);
            }
            vec![line]
        },
    },
    Story {
        claim: "most of the payload was cut off",
        expected: Finds(Kind::TruncatedPackets),
        told: || {
            let mut line = to(443);
            line.opens(0);
            for at in 1..10 {
                line.says(at * S, Initiator, &[b'x'; 1_000]).cut(990).ack(at * S + MS, Responder);
            }
            vec![line]
        },
    },
    Story { claim: "nothing was cut", expected: Spares(Kind::TruncatedPackets), told: || vec![works(CAS, 445, 0)] },
    Story {
        claim: "one packet of many was cut",
        expected: Spares(Kind::TruncatedPackets),
        told: || {
            let mut line = to(443);
            line.opens(0).says(S, Initiator, &[b'x'; 1_000]).cut(990);
            for at in 2..40 {
                line.talks(at * S);
            }
            vec![line]
        },
    },
    Story {
        claim: "the clock goes back an hour",
        expected: Finds(Kind::ClockJump),
        told: || {
            let mut line = works(CAS, 445, 0);
            line.but(|told| told.drift = -3_600 * S);
            vec![line]
        },
    },
    Story {
        claim: "two queues of one interface are a little out of step",
        expected: Spares(Kind::ClockJump),
        told: || vec![works(CAS, 445, 0), works(CAS, 443, 5)],
    },
    Story {
        claim: "an hour of silence is no jump",
        expected: Spares(Kind::ClockJump),
        told: || vec![works(CAS, 445, 0), works(CAS, 443, 3_600 * S)],
    },
];

/// One direction of a connection that works.
fn half(port: u16, side: anyany_dissectors::Side) -> Line {
    let mut line = works(CAS, port, 0);
    let source = if side == Initiator { line.client } else { line.server };
    line.told.retain(|told| told.source == source);
    line
}

/// A connection whose beginning was not captured.
fn midway(port: u16) -> Line {
    let mut line = to(port);
    line.opens(0);
    line.told.clear();
    line.talks(S).talks(2 * S);
    line
}

/// A connection of which the capture lost several stretches.
fn lossy(stretches: i64) -> Line {
    let mut line = to(443);
    line.opens(0);
    for at in 0..stretches {
        line.talks((1 + 2 * at) * S).says((2 + 2 * at) * S, Initiator, &[b'x'; 500]);
        line.told.pop();
        line.ack((2 + 2 * at) * S + MS, Responder);
    }
    line
}
