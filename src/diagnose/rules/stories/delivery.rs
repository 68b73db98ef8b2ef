//! What is delivered and what is not: by content, by size, and by a host that has too much to do
//! (signatures.md f, g, h and m).

use super::rpc::{BIND, BIND_ACK, MAP_ANSWER, asked};
use super::*;
use crate::flow::tests::story::{ACK, RST, SYN};

pub const STORIES: &[Story] = &[
    Story {
        claim: "a ClientHello repeated into silence while another port works",
        expected: Finds(Kind::TlsBlocked),
        told: || {
            let mut line = greeted();
            line.again(300 * MS).again(900 * MS).again(2 * S).again(5 * S);
            vec![line, works(CAS, 445, 4 * S), until(20 * S)]
        },
    },
    Story {
        claim: "a ClientHello answered by a device's RST",
        expected: Finds(Kind::TlsBlocked),
        told: || vec![greeted().rst(12 * MS, Responder).but(|told| told.ttl = 250).clone(), until(20 * S)],
    },
    Story {
        claim: "a ClientHello answered by the server's own RST",
        expected: Spares(Kind::TlsBlocked),
        told: || vec![greeted().rst(12 * MS, Responder).clone(), works(CAS, 445, S), until(20 * S)],
    },
    Story {
        claim: "a ClientHello answered by a TLS alert",
        expected: Spares(Kind::TlsBlocked),
        told: || {
            let mut line = greeted();
            line.says(12 * MS, Responder, b"\x15\x03\x03\0\x02\x02\x28").fin(13 * MS, Responder).closes(14 * MS);
            vec![line, works(CAS, 445, S), until(20 * S)]
        },
    },
    Story {
        claim: "a ClientHello that the server acknowledges, and then nothing",
        expected: Spares(Kind::TlsBlocked),
        told: || vec![greeted().ack(12 * MS, Responder).clone(), works(CAS, 445, S), until(40 * S)],
    },
    Story {
        claim: "a ClientHello repeated into silence by a server that went down",
        expected: Spares(Kind::TlsBlocked),
        told: || {
            let mut line = greeted();
            line.again(300 * MS).again(900 * MS).again(2 * S).again(5 * S);
            vec![line, until(400 * S)]
        },
    },
    Story {
        claim: "the bind to the port that 135 named is repeated into silence",
        expected: Finds(Kind::RpcDynamicPortBlocked),
        told: || {
            let mut line = to(4_997);
            line.opens(0).says(10 * MS, Initiator, BIND);
            line.again(300 * MS).again(900 * MS).again(2 * S).again(5 * S);
            vec![asked(&[MAP_ANSWER.to_vec()]), line, works(CAS, 445, 4 * S), until(20 * S)]
        },
    },
    Story {
        claim: "the bind to the port that 135 named is answered",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut line = to(4_997);
            line.opens(0).says(10 * MS, Initiator, BIND).says(12 * MS, Responder, BIND_ACK).closes(S);
            vec![asked(&[MAP_ANSWER.to_vec()]), line, until(20 * S)]
        },
    },
    Story {
        claim: "a full packet is repeated, smaller ones pass, the receiver asks for it",
        expected: Finds(Kind::PmtuBlackHole),
        told: || vec![large(0, &[b"a smaller one"]), until(20 * S)],
    },
    Story {
        claim: "full packets of two connections are repeated in silence, and a small connection works meanwhile",
        expected: Finds(Kind::PmtuBlackHole),
        told: || {
            let mut other = large(0, &[]);
            for told in &mut other.told {
                for end in [&mut told.source, &mut told.destination] {
                    end.port = if end.port == 80 { 80 } else { 50_998 };
                }
            }
            let mut small = between(CAS, 50_997, MBX, 80);
            small.opens(3 * S).talks(3_100 * MS).closes(4 * S);
            vec![large(0, &[]), other, small, until(20 * S)]
        },
    },
    Story {
        claim: "beside the receiver, the full packets that begin a stream never arrive, what is behind them does",
        expected: Finds(Kind::PmtuBlackHole),
        told: || {
            let mut line = to(80);
            line.opens(0).raw(20 * MS, Initiator, ACK, 3_921, 5_001, &[7; 600]).ack(21 * MS, Responder);
            for told in &mut line.told {
                told.ttl = if told.source == line.server { 128 } else { 127 };
                let syn = told.tcp().control & SYN != 0;
                told.tcp().mss = syn.then_some(1_460);
            }
            vec![line, works(CAS, 445, 5 * S), until(20 * S)]
        },
    },
    Story {
        claim: "a full packet passes once it is cut into pieces",
        expected: Finds(Kind::PmtuBlackHole),
        told: || {
            let mut line = large(0, &[]);
            line.raw(9 * S, Responder, ACK, 5_007, 1_009, &[7; 536]).raw(9_001 * MS, Initiator, ACK, 1_009, 5_543, b"");
            line.raw(9_002 * MS, Responder, ACK, 5_543, 1_009, &[7; 924]);
            line.raw(9_003 * MS, Initiator, ACK, 1_009, 6_467, b"");
            vec![line, until(20 * S)]
        },
    },
    Story {
        claim: "a full packet is repeated while others of that size pass",
        expected: Spares(Kind::PmtuBlackHole),
        told: || {
            let mut other = between(CAS, 50_999, MBX, 80);
            other.opens(0).says(10 * MS, Initiator, b"question").says(12 * MS, Responder, &[7; 1_460]);
            other.ack(13 * MS, Initiator).closes(S);
            vec![large(0, &[b"a smaller one"]), other, until(20 * S)]
        },
    },
    Story {
        claim: "a full packet is lost once and arrives when it is repeated",
        expected: Spares(Kind::PmtuBlackHole),
        told: || {
            let mut line = to(80);
            line.opens(0).talks(10 * MS).says(100 * MS, Responder, &[7; 1_460]).again(400 * MS);
            line.ack(401 * MS, Initiator).closes(S);
            vec![line, until(20 * S)]
        },
    },
    Story {
        claim: "packets of all sizes meet silence",
        expected: Spares(Kind::PmtuBlackHole),
        told: || {
            let mut line = to(80);
            line.opens(0).talks(10 * MS).says(100 * MS, Responder, &[7; 1_460]);
            line.again(400 * MS).again(S).again(2 * S).again(5 * S);
            vec![line, works(CAS, 445, 6 * S), until(20 * S)]
        },
    },
    Story {
        claim: "a bind that is answered after twelve seconds",
        expected: Finds(Kind::ServiceSlow),
        told: || vec![bound(12 * S), until(20 * S)],
    },
    Story {
        claim: "a ClientHello that the host acknowledges, also later, and its program does not answer",
        expected: Finds(Kind::ServiceSlow),
        told: || {
            let mut line = greeted();
            line.ack(12 * MS, Responder).fin(15 * S, Initiator).ack(15 * S + MS, Responder);
            vec![line, until(20 * S)]
        },
    },
    Story {
        claim: "a bind that is answered after two seconds",
        expected: Spares(Kind::ServiceSlow),
        told: || vec![bound(2 * S), until(20 * S)],
    },
    Story {
        claim: "a bind that had to be sent again: the network took the time",
        expected: Spares(Kind::ServiceSlow),
        told: || {
            let mut line = to(4_997);
            line.opens(0).says(10 * MS, Initiator, BIND).again(3 * S).again(9 * S);
            line.says(12 * S, Responder, BIND_ACK).closes(13 * S);
            vec![line, until(20 * S)]
        },
    },
    Story {
        claim: "a question that waits by nature (a long poll)",
        expected: Spares(Kind::ServiceSlow),
        told: || {
            let mut line = to(80);
            line.opens(0).says(10 * MS, Initiator, b"POST /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\n\r\n");
            line.ack(12 * MS, Responder).says(600 * S, Responder, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            vec![line.closes(601 * S).clone(), until(700 * S)]
        },
    },
    Story {
        claim: "a port that refuses some and takes others in the same second",
        expected: Finds(Kind::HostOverloaded),
        told: || {
            crowd(&[(100, false), (200, true), (300, false), (400, true), (500, false), (600, true), (700, false)])
        },
    },
    Story {
        claim: "SYNs of several clients answered only when they come again, others at once",
        expected: Finds(Kind::HostOverloaded),
        told: || {
            let mut lines: Vec<_> =
                [(CAS, 1), (OTHER, 2), (CAS, 3), (OTHER, 4)].map(|(who, at)| hesitant(who, at)).into();
            lines.extend((5..9).map(|at| taken(OTHER, at * 100)));
            lines.extend([works(CAS, 445, S), works(OTHER, 445, S), until(20 * S)]);
            lines
        },
    },
    Story {
        claim: "two connections wait for a word of the program, and a third SYN is not answered",
        expected: Finds(Kind::HostOverloaded),
        told: || vec![waits(1), waits(2), silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "a SYN is not answered while two connections wait for a word of the program",
        expected: Spares(Kind::SynDropped),
        told: || vec![waits(1), waits(2), silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "two connections wait, a SYN is not answered, and another client is served meanwhile",
        expected: Spares(Kind::HostOverloaded),
        told: || {
            let mut other = between(OTHER, 50_001, MBX, 80);
            other.opens(4 * S).talks(5 * S).closes(6 * S);
            vec![waits(1), waits(2), silence::silent(80), other, works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "two connections wait, and the capture ends a moment after a SYN",
        expected: Spares(Kind::HostOverloaded),
        told: || vec![waits(1), waits(2), to(80).knocks(&[0]).clone(), until(200 * MS)],
    },
    Story {
        claim: "one connection has nothing to say, and a SYN is not answered",
        expected: Spares(Kind::HostOverloaded),
        told: || vec![waits(1), silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "one connection has got no word, and a SYN is not answered: a block and a full queue look alike",
        expected: Spares(Kind::SynDropped),
        told: || vec![waits(1), silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "of the one connection that waits the capture lost the SYN-ACK",
        expected: Spares(Kind::SynDropped),
        told: || {
            let mut line = between(CAS, 53_001, MBX, 80);
            line.syn(-S).ack(-S + MS, Initiator).says(-S + 2 * MS, Initiator, b"hello").ack(-S + 3 * MS, Responder);
            vec![line, silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the first words of a connection are dropped, and no other one waits",
        expected: Finds(Kind::MidstreamDrop),
        told: || vec![unaccepted(), works(CAS, 445, 5 * S), until(40 * S)],
    },
    Story {
        claim: "the first words of a connection meet silence, and one made before is acknowledged and has got no word: a full queue does so",
        expected: Spares(Kind::MidstreamDrop),
        told: || {
            let mut taken = waits(1);
            taken.says(-500 * MS, Initiator, b"hello").ack(-499 * MS, Responder);
            vec![taken, unaccepted(), works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "one connection stands open that was served, and a SYN is not answered",
        expected: Finds(Kind::SynDropped),
        told: || {
            let mut line = waits(1);
            line.talks(-500 * MS);
            vec![line, silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "two connections that were served stand open, and a SYN is not answered",
        expected: Spares(Kind::HostOverloaded),
        told: || {
            let mut lines = [waits(1), waits(2)];
            for line in &mut lines {
                line.talks(-500 * MS);
            }
            let [one, other] = lines;
            vec![one, other, silence::silent(80), works(CAS, 445, 5 * S), until(40 * S)]
        },
    },
    Story {
        claim: "one client whose SYN had to be sent again",
        expected: Spares(Kind::HostOverloaded),
        told: || {
            let mut lines = vec![hesitant(CAS, 1), works(CAS, 445, S), until(20 * S)];
            lines.extend((5..9).map(|at| taken(OTHER, at * 100)));
            lines
        },
    },
    Story {
        claim: "a service that stops: taken before, refused after",
        expected: Spares(Kind::HostOverloaded),
        told: || {
            crowd(&[(100, true), (200, true), (300, true), (400, false), (500, false), (600, false), (700, false)])
        },
    },
    Story {
        claim: "loss that strikes all ports alike",
        expected: Spares(Kind::HostOverloaded),
        told: || {
            let mut lines: Vec<_> =
                [(CAS, 1), (OTHER, 2), (CAS, 3), (OTHER, 4)].map(|(who, at)| hesitant(who, at)).into();
            lines.extend((5..9).map(|at| taken(OTHER, at * 100)));
            for who in [CAS, OTHER] {
                let mut line = between(who, 41_000, MBX, 445);
                line.syn(S).again(4 * S).syn_ack(4 * S + MS).ack(4 * S + 2 * MS, Initiator).closes(5 * S);
                lines.push(line);
            }
            lines.push(until(20 * S));
            lines
        },
    },
];

/// A connection that is taken a second before, and on which nobody says a word.
fn waits(number: u16) -> Line {
    let mut line = between(CAS, 53_000 + number, MBX, 80);
    line.opens(-S + i64::from(number) * MS);
    line
}

/// The handshake passes, and nothing after it is acknowledged.
fn unaccepted() -> Line {
    let mut line = to(80);
    line.opens(0).says(10 * MS, Initiator, b"question");
    for at in [300 * MS, 900 * MS, 2 * S, 4 * S, 8 * S] {
        line.raw(at, Initiator, ACK, 1_001, 5_001, b"question");
    }
    line
}

/// TCP is there and the client begins TLS.
fn greeted() -> Line {
    let mut line = to(443);
    line.opens(0).says(10 * MS, Initiator, &client_hello());
    line
}

/// A ClientHello of TLS 1.2 with one cipher suite (RFC 5246 §7.4.1.2).
fn client_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    hello.extend([0x5a; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    hello
}

/// A bind that is answered at that time.
fn bound(at: i64) -> Line {
    let mut line = to(4_997);
    line.opens(0).says(10 * MS, Initiator, BIND).ack(12 * MS, Responder).says(at, Responder, BIND_ACK);
    line.closes(at + S);
    line
}

/// The server sends a full packet, what else there is behind it, and the packet again and again; the client
/// answers what is behind it.
fn large(at: i64, behind: &[&[u8]]) -> Line {
    let mut line = to(80);
    line.opens(at).says(at + 10 * MS, Initiator, b"question").says(at + 13 * MS, Responder, b"answer");
    line.raw(at + 14 * MS, Initiator, ACK, 1_009, 5_007, b"");
    line.raw(at + 100 * MS, Responder, ACK, 5_007, 1_009, &[7; 1_460]);
    let mut next = 6_467;
    for octets in behind {
        line.raw(at + 101 * MS, Responder, ACK, next, 1_009, octets);
        next += u32::try_from(octets.len()).unwrap();
    }
    for again in [400, 1_000, 2_200, 4_600] {
        line.raw(at + again * MS, Responder, ACK, 5_007, 1_009, &[7; 1_460]);
        if !behind.is_empty() {
            line.raw(at + (again + 1) * MS, Initiator, ACK, 1_009, 5_007, b"");
        }
    }
    line
}

/// Connections of one client to port 80 at these milliseconds: taken, or refused.
fn crowd(turns: &[(i64, bool)]) -> Vec<Line> {
    let mut lines = vec![works(CAS, 445, S), until(20 * S)];
    for &(at, takes) in turns {
        lines.push(if takes { taken(CAS, at) } else { refused(at) });
    }
    lines
}

fn taken(client: &str, at: i64) -> Line {
    let mut line = between(client, 51_000 + u16::try_from(at).unwrap(), MBX, 80);
    line.opens(at * MS).talks((at + 10) * MS).closes((at + 20) * MS);
    line
}

fn refused(at: i64) -> Line {
    let mut line = between(CAS, 51_000 + u16::try_from(at).unwrap(), MBX, 80);
    line.raw(at * MS, Initiator, SYN, 1_000, 0, b"").raw((at + 1) * MS, Responder, RST | ACK, 0, 1_001, b"");
    line
}

/// The SYN is answered when it comes again, three seconds later.
fn hesitant(client: &str, at: i64) -> Line {
    let mut line = between(client, 52_000 + u16::try_from(at).unwrap(), MBX, 80);
    let at = at * 100 * MS;
    line.syn(at).again(at + 3 * S).syn_ack(at + 3_001 * MS).ack(at + 3_002 * MS, Initiator).closes(at + 4 * S);
    line
}
