//! Connections that fall silent, at once or after a pause (signatures.md c and e).

use super::*;
use crate::flow::tests::story::{ACK, FIN, SYN};

pub const STORIES: &[Story] = &[
    Story {
        claim: "data repeated into silence while the same server talks on another port",
        expected: Finds(Kind::MidstreamDrop),
        told: || vec![silenced(Initiator), works(CAS, 445, 10 * S), until(40 * S)],
    },
    Story {
        claim: "data of the server repeated into silence while the client talks on another port",
        expected: Finds(Kind::MidstreamDrop),
        told: || vec![silenced(Responder), works(CAS, 445, 10 * S), until(40 * S)],
    },
    Story {
        claim: "the RST of the victim whose repetitions ran out",
        expected: Finds(Kind::MidstreamDrop),
        told: || {
            let mut line = silenced(Initiator);
            line.rst(16 * S, Initiator);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the server goes on sending in the same connection and acknowledges nothing",
        expected: Finds(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            for (at, acknowledged) in [(2, 5_007), (3, 5_011), (5, 5_015), (9, 5_019)] {
                line.raw(at * S, Initiator, ACK, 1_009, acknowledged, b"more");
                line.raw(at * S + 10 * MS, Responder, ACK, acknowledged, 1_009, b"news");
            }
            vec![line, until(40 * S)]
        },
    },
    Story {
        claim: "who waits for what is repeated into silence gives up and says goodbye",
        expected: Finds(Kind::MidstreamDrop),
        told: || {
            let mut line = silenced(Responder);
            line.raw(14 * S, Initiator, FIN | ACK, 1_009, 5_007, b"");
            let mut other = between(CAS, 50_997, MBX, 445);
            other.opens(3 * S).talks(4 * S).closes(5 * S);
            vec![line, other, until(40 * S)]
        },
    },
    Story {
        claim: "a client that was away while the server repeated itself says goodbye when it is back",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = silenced(Responder);
            line.raw(14 * S, Initiator, FIN | ACK, 1_009, 5_007, b"");
            vec![line, until(40 * S)]
        },
    },
    Story {
        claim: "the last packet of the handshake never arrives: SYN-ACK and question are both repeated",
        expected: Finds(Kind::MidstreamDrop),
        told: || {
            let mut line = to(443);
            line.opens(0).says(10 * MS, Initiator, b"question");
            for at in [300 * MS, 900 * MS, 2 * S, 4 * S, 8 * S] {
                line.raw(at, Initiator, ACK, 1_001, 5_001, b"question");
            }
            for at in [S, 3 * S, 7 * S] {
                line.raw(at, Responder, SYN | ACK, 5_000, 1_001, b"").raw(at + MS, Initiator, ACK, 1_009, 5_001, b"");
            }
            line.told.sort_by_key(|told| told.at);
            vec![line, works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the server is not heard again: it went down",
        expected: Spares(Kind::MidstreamDrop),
        told: || vec![silenced(Initiator), until(400 * S)],
    },
    Story {
        claim: "the server is heard again only after the time that a restart takes",
        expected: Spares(Kind::MidstreamDrop),
        told: || vec![silenced(Initiator), works(CAS, 445, 200 * S), until(400 * S)],
    },
    Story {
        claim: "the server is away for twenty seconds and comes back on all ports",
        expected: Spares(Kind::MidstreamDrop),
        told: || vec![silenced(Initiator), works(CAS, 445, 22 * S), works(OTHER, 80, 23 * S), until(60 * S)],
    },
    Story {
        claim: "a router says that the server cannot be reached",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = silenced(Initiator);
            line.icmp(11 * S + MS, ROUTER, 3, 1);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the capture ends before the connection could have recovered",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.says(2 * S, Initiator, b"more").again(2_300 * MS).again(2_900 * MS).again(4_100 * MS);
            vec![line, works(CAS, 445, 4 * S), until(4_500 * MS)]
        },
    },
    Story {
        claim: "what was repeated is acknowledged in the end: loss",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = silenced(Initiator);
            line.ack(15 * S, Responder);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a burst of loss within a second",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.says(2 * S, Initiator, b"more").again(2_200 * MS).again(2_300 * MS).again(2_400 * MS);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a receiver without room: its program does not read",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.ack(1_500 * MS, Responder).but(|told| told.tcp().window = 0);
            line.says(2 * S, Initiator, b"more").again(3 * S).again(5 * S).again(9 * S).again(12 * S);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a server that had said goodbye",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.fin(1_500 * MS, Responder).ack(1_501 * MS, Initiator);
            line.says(2 * S, Initiator, b"more").again(3 * S).again(5 * S).again(9 * S).again(12 * S);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a goodbye into silence, to a host that has forgotten the connection",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.fin(1_500 * MS, Initiator).again(2 * S).again(3 * S).again(5 * S).again(9 * S);
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "answers that the capture lost: the client acknowledges what was never seen",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = asked();
            line.raw(1_500 * MS, Initiator, ACK, 1_009, 5_107, b"");
            for at in [2, 3, 5, 9] {
                line.raw(at * S, Initiator, ACK, 1_009, 5_107, b"more");
            }
            vec![line, works(CAS, 445, 10 * S), until(40 * S)]
        },
    },
    Story {
        claim: "an hour of pause, then silence; half an hour was survived",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut survivor = between(CAS, 50_999, MBX, 80);
            survivor.opens(0).talks(10 * MS).talks(1_800 * S).talks(3_590 * S);
            vec![forgotten(3_600), survivor, works(CAS, 445, 3_610 * S), until(3_700 * S)]
        },
    },
    Story {
        claim: "two connections die after nine and ten seconds, one lives with pauses of two and a half",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut other = between(CAS, 50_998, MBX, 80);
            other.opens(0).talks(10 * MS).says(10 * S, Initiator, b"more");
            other.again(10_300 * MS).again(10_900 * MS).again(12 * S).again(15 * S);
            let mut survivor = between(CAS, 50_999, MBX, 80);
            survivor.opens(0).talks(10 * MS).talks(2_500 * MS).talks(5 * S).talks(7_500 * MS);
            vec![forgotten(9), other, survivor, works(CAS, 445, 11 * S), until(40 * S)]
        },
    },
    Story {
        claim: "two connections die after thirteen and fifteen seconds, one lives with pauses of eight",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut other = between(CAS, 50_998, MBX, 80);
            other.opens(0).talks(10 * MS).says(15 * S, Initiator, b"more");
            other.again(15_300 * MS).again(15_900 * MS).again(17 * S).again(20 * S);
            let mut survivor = between(CAS, 50_999, MBX, 80);
            survivor.opens(0).talks(10 * MS).talks(8 * S).talks(16 * S);
            vec![forgotten(13), other, survivor, works(CAS, 445, 16 * S), until(40 * S)]
        },
    },
    Story {
        claim: "two connections die a little later than another one paused and lived",
        expected: Spares(Kind::IdleTimeout),
        told: || {
            let mut other = between(CAS, 50_998, MBX, 80);
            other.opens(0).talks(10 * MS).says(15 * S, Initiator, b"more");
            other.again(15_300 * MS).again(15_900 * MS).again(17 * S).again(20 * S);
            let mut survivor = between(CAS, 50_999, MBX, 80);
            survivor.opens(0).talks(10 * MS).talks(12 * S).talks(24 * S);
            vec![forgotten(13), other, survivor, works(CAS, 445, 16 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a pause after which a device answers with RST",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut line = asked();
            line.says(400 * S, Initiator, b"more").rst(400 * S + MS, Responder).but(|told| told.ttl = 250);
            vec![line, works(CAS, 445, 400 * S), until(450 * S)]
        },
    },
    Story {
        claim: "keep-alives into silence, an hour later",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut line = asked();
            for at in 0..6 {
                line.raw((3_605 + at) * S, Initiator, ACK, 1_008, 5_007, b"\0");
            }
            line.rst(3_612 * S, Initiator);
            vec![line, works(CAS, 445, 3_610 * S), until(3_700 * S)]
        },
    },
    Story {
        claim: "an answer after a long pause, sent into silence (a long poll)",
        expected: Finds(Kind::IdleTimeout),
        told: || {
            let mut line = asked();
            line.says(2 * S, Initiator, b"wait for mail").ack(2 * S + MS, Responder);
            line.says(900 * S, Responder, b"mail");
            line.again(901 * S).again(903 * S).again(907 * S).again(915 * S);
            vec![line, works(CAS, 445, 910 * S), until(1_000 * S)]
        },
    },
    Story {
        claim: "a pause that both survive",
        expected: Spares(Kind::IdleTimeout),
        told: || vec![asked().talks(3_600 * S).clone(), until(3_700 * S)],
    },
    Story {
        claim: "silence after a pause no longer than one that was survived",
        expected: Spares(Kind::IdleTimeout),
        told: || {
            let mut survivor = between(CAS, 50_999, MBX, 80);
            survivor.opens(0).talks(10 * MS).talks(3_620 * S);
            vec![forgotten(3_600), survivor, works(CAS, 445, 3_610 * S), until(3_700 * S)]
        },
    },
    Story {
        claim: "a server that closes idle connections itself, with its own RST",
        expected: Spares(Kind::IdleTimeout),
        told: || vec![asked().rst(120 * S, Responder).clone(), works(CAS, 445, 121 * S), until(200 * S)],
    },
    Story {
        claim: "a server that went down during the pause",
        expected: Spares(Kind::IdleTimeout),
        told: || vec![forgotten(3_600), until(4_000 * S)],
    },
    Story {
        claim: "a request that waits for its answer and nothing dies (a long poll)",
        expected: Spares(Kind::IdleTimeout),
        told: || {
            let mut line = asked();
            line.says(2 * S, Initiator, b"wait for mail").ack(2 * S + MS, Responder);
            vec![line, works(CAS, 445, 900 * S), until(1_000 * S)]
        },
    },
];

/// A connection on which question and answer went well.
fn asked() -> Line {
    let mut line = to(80);
    line.opens(0).says(10 * MS, Initiator, b"question").says(13 * MS, Responder, b"answer");
    line.ack(14 * MS, Initiator).raw(S, Responder, ACK, 5_007, 1_009, b"");
    line
}

/// Then a side repeats itself and hears nothing.
fn silenced(side: anyany_dissectors::Side) -> Line {
    let mut line = asked();
    line.says(2 * S, side, b"more").again(2_300 * MS).again(2_900 * MS).again(4_100 * MS).again(6_500 * MS);
    line.again(11 * S);
    line
}

/// The same after a pause of so many seconds.
fn forgotten(pause: i64) -> Line {
    let (mut line, at) = (asked(), (pause + 1) * S);
    line.says(at, Initiator, b"more").again(at + 300 * MS).again(at + 900 * MS).again(at + 2 * S).again(at + 5 * S);
    line
}
