//! ICMP errors (signatures.md d).

use super::*;

pub const STORIES: &[Story] = &[
    Story {
        claim: "a router says that it is prohibited, and the host is alive",
        expected: Finds(Kind::IcmpProhibited),
        told: || vec![rejected(ROUTER, 3, 13), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "the host's own packet filter rejects",
        expected: Finds(Kind::IcmpProhibited),
        told: || vec![rejected(MBX, 3, 10), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "prohibited, but nothing shows that the host is alive",
        expected: Spares(Kind::IcmpProhibited),
        told: || vec![rejected(ROUTER, 3, 13), until(40 * S)],
    },
    Story {
        claim: "fragmentation needed asks for smaller packets",
        expected: Spares(Kind::IcmpProhibited),
        told: || vec![rejected(ROUTER, 3, 4), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "time exceeded is a routing loop",
        expected: Spares(Kind::IcmpProhibited),
        told: || vec![rejected(ROUTER, 11, 0), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "port unreachable for UDP from the host itself is a closed port",
        expected: Spares(Kind::IcmpProhibited),
        told: || {
            let mut line = to(53);
            line.asks(0, b"question").icmp(MS, MBX, 3, 3);
            vec![line, works(CAS, 445, 2 * S), until(40 * S)]
        },
    },
    Story {
        claim: "an error about a connection that then works",
        expected: Spares(Kind::IcmpProhibited),
        told: || {
            let mut line = to(443);
            line.syn(0).icmp(MS, ROUTER, 3, 13);
            line.syn_ack(S).ack(S + MS, Initiator).talks(2 * S).closes(3 * S);
            vec![line, until(40 * S)]
        },
    },
    Story {
        claim: "unreachable at once, while the same hosts talk on another port",
        expected: Finds(Kind::IcmpProhibited),
        told: || vec![works(CAS, 389, -2 * S), rejected(ROUTER, 3, 1), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "unreachable at once, and reached on another port only later: the way was missing",
        expected: Spares(Kind::IcmpProhibited),
        told: || vec![rejected(ROUTER, 3, 0), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "unreachable at once, as is a connection that worked: the host is gone for a while",
        expected: Spares(Kind::IcmpProhibited),
        told: || {
            let mut cut = to(135);
            cut.opens(-2 * S).talks(-S).says(S, Initiator, b"more").icmp(S + MS, ROUTER, 3, 1);
            vec![cut, rejected(ROUTER, 3, 1), works(CAS, 445, 20 * S), until(40 * S)]
        },
    },
    Story {
        claim: "the last router cannot find the host, of which nothing is heard",
        expected: Finds(Kind::HostUnreachable),
        told: || vec![rejected(ROUTER, 3, 1), until(40 * S)],
    },
    Story {
        claim: "a router that answers for a host which talks to the same client",
        expected: Spares(Kind::HostUnreachable),
        told: || vec![works(CAS, 389, -2 * S), rejected(ROUTER, 3, 1), works(CAS, 445, 2 * S), until(40 * S)],
    },
    Story {
        claim: "prohibited is not unreachable",
        expected: Spares(Kind::HostUnreachable),
        told: || vec![rejected(ROUTER, 3, 13), works(CAS, 445, 2 * S), until(40 * S)],
    },
];

/// A SYN that meets an ICMP error.
fn rejected(by: &str, kind: u8, code: u8) -> Line {
    to(443).syn(0).icmp(MS, by, kind, code).clone()
}
