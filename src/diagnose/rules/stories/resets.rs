//! RSTs: whose (signatures.md b), and everyday ones (k).

use super::*;
use crate::flow::tests::story::{ACK, RST};

pub const STORIES: &[Story] = &[
    Story {
        claim: "a RST to a SYN with another machine's TTL",
        expected: Finds(Kind::SynRejected),
        told: || vec![refused(443, 254), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "a RST to a SYN with the host's own TTL",
        expected: Spares(Kind::SynRejected),
        told: || vec![refused(443, 127), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "a RST to a SYN after a route that is one router longer",
        expected: Spares(Kind::SynRejected),
        told: || vec![refused(443, 126), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "a RST to a SYN after one of several ways that is three routers longer",
        expected: Spares(Kind::SynRejected),
        told: || vec![refused(443, 124), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "a RST to a SYN from three routers nearer than the host",
        expected: Finds(Kind::SynRejected),
        told: || {
            let mut far = works(CAS, 445, S);
            for told in far.told.iter_mut().filter(|told| told.source == far.server) {
                told.ttl = 123;
            }
            vec![refused(443, 126), far, until(10 * S)]
        },
    },
    Story {
        claim: "a RST to a SYN of a host of which nothing else is known",
        expected: Spares(Kind::SynRejected),
        told: || vec![refused(443, 64), until(10 * S)],
    },
    Story {
        claim: "two ports of a host answer with RST, and one of the RSTs has passed no router",
        expected: Finds(Kind::SynRejected),
        told: || vec![refused(443, 64), refused(8_080, 127), until(10 * S)],
    },
    Story {
        claim: "a load balancer on this link serves one port, and a server behind it refuses another",
        expected: Spares(Kind::SynRejected),
        told: || {
            let mut balanced = works(CAS, 445, S);
            for told in balanced.told.iter_mut().filter(|told| told.source == balanced.server) {
                told.ttl = 64;
            }
            vec![refused(443, 127), balanced, until(10 * S)]
        },
    },
    Story {
        claim: "a closed port of a host that is known",
        expected: Finds(Kind::RefusedByHost),
        told: || vec![refused(443, 127), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "a closed port refused in the host's name by a device",
        expected: Spares(Kind::RefusedByHost),
        told: || vec![refused(443, 254), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "POP3 is off unless someone starts it",
        expected: Spares(Kind::RefusedByHost),
        told: || vec![refused(110, 127), works(CAS, 445, S), until(10 * S)],
    },
    Story {
        claim: "139 refused while 445 works",
        expected: Spares(Kind::RefusedByHost),
        told: || vec![refused(139, 127), works(CAS, 445, 0), until(10 * S)],
    },
    Story {
        claim: "a service that comes up between two tries of one attempt",
        expected: Spares(Kind::RefusedByHost),
        told: || {
            let mut line = refused(443, 127);
            line.opens(S).talks(2 * S).closes(3 * S);
            vec![line, until(10 * S)]
        },
    },
    Story {
        claim: "a RST in the server's name with a device's TTL, after which the server goes on",
        expected: Finds(Kind::MidstreamReset),
        told: || {
            let mut line = asking();
            line.rst(S, Responder).but(|told| told.ttl = 250);
            line.says(S + MS, Responder, b"HTTP/1.1 200 OK\r\n\r\n");
            vec![line, until(10 * S)]
        },
    },
    Story {
        claim: "a RST in the server's name that has passed no router, as all its packets have",
        expected: Finds(Kind::MidstreamReset),
        told: || vec![asking().rst(S, Responder).but(|told| told.ttl = 128).clone(), until(10 * S)],
    },
    Story {
        claim: "a device on this link cuts the connection, with the TTL that the host begins with",
        expected: Spares(Kind::ResetByHost),
        told: || vec![asking().rst(S, Responder).but(|told| told.ttl = 128).clone(), until(10 * S)],
    },
    Story {
        claim: "a RST with the server's own TTL",
        expected: Spares(Kind::MidstreamReset),
        told: || vec![asking().rst(S, Responder).clone(), until(10 * S)],
    },
    Story {
        claim: "a RST after FIN, from a device that keeps connections short",
        expected: Spares(Kind::MidstreamReset),
        told: || {
            let mut line = asking();
            line.fin(S, Initiator).rst(S + MS, Responder).but(|told| told.ttl = 250);
            vec![line, until(10 * S)]
        },
    },
    Story {
        claim: "a RST when retransmissions run out is the victim's",
        expected: Spares(Kind::MidstreamReset),
        told: || {
            let mut line = asking();
            line.again(S).again(2 * S).again(4 * S).again(8 * S).rst(16 * S, Initiator);
            vec![line, until(30 * S)]
        },
    },
    Story {
        claim: "a RST after a route that is one router longer",
        expected: Spares(Kind::MidstreamReset),
        told: || vec![asking().rst(S, Responder).but(|told| told.ttl = 126).clone(), until(10 * S)],
    },
    Story {
        claim: "a RST after one of several ways that is three routers longer",
        expected: Spares(Kind::MidstreamReset),
        told: || vec![asking().rst(S, Responder).but(|told| told.ttl = 124).clone(), until(10 * S)],
    },
    Story {
        claim: "a load balancer looks whether the port is open and breaks off",
        expected: Spares(Kind::MidstreamReset),
        told: || vec![to(443).syn(0).syn_ack(MS).raw(2 * MS, Initiator, RST, 1_001, 0, b"").clone(), until(10 * S)],
    },
    Story {
        claim: "a server that cuts the connection while a question waits",
        expected: Finds(Kind::ResetByHost),
        told: || vec![asking().rst(S, Responder).clone(), until(10 * S)],
    },
    Story {
        claim: "a server that hangs up after its answer",
        expected: Spares(Kind::ResetByHost),
        told: || {
            let mut line = asking();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            line.says(S, Responder, answer).says(S + MS, Responder, answer).rst(2 * S, Responder);
            vec![line, until(10 * S)]
        },
    },
    Story {
        claim: "a device that cuts the connection while a question waits",
        expected: Spares(Kind::ResetByHost),
        told: || vec![asking().rst(S, Responder).but(|told| told.ttl = 250).clone(), until(10 * S)],
    },
    Story {
        claim: "a client that leaves while its question waits",
        expected: Spares(Kind::ResetByHost),
        told: || vec![asking().rst(S, Initiator).clone(), until(10 * S)],
    },
];

/// A SYN answered by RST with this TTL.
pub(super) fn refused(port: u16, ttl: u8) -> Line {
    let mut line = to(port);
    line.raw(0, Initiator, crate::flow::tests::story::SYN, 1_000, 0, b"");
    line.raw(MS, Responder, RST | ACK, 0, 1_001, b"").but(|told| told.ttl = ttl);
    line
}

/// A web request that waits for its answer.
fn asking() -> Line {
    let mut line = to(80);
    line.opens(0).says(10 * MS, Initiator, b"GET / HTTP/1.1\r\nHost: mbx1\r\n\r\n").ack(11 * MS, Responder);
    line.says(12 * MS, Initiator, b"GET /2 HTTP/1.1\r\nHost: mbx1\r\n\r\n");
    line
}
