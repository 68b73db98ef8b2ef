//! SYNs and SYN-ACKs that get no answer (signatures.md c, i, j, l, n).

use super::*;

pub const STORIES: &[Story] = &[
    Story {
        claim: "three SYNs into silence, while the same hosts talk on another port",
        expected: Finds(Kind::SynDropped),
        told: || vec![silent(443), works(CAS, 445, S), until(40 * S)],
    },
    Story {
        claim: "three SYNs into silence, while the port answers another client",
        expected: Finds(Kind::SynDropped),
        told: || vec![silent(443), works(OTHER, 443, 5 * S), until(40 * S)],
    },
    Story {
        claim: "a server that was never heard may be down",
        expected: Spares(Kind::SynDropped),
        told: || vec![silent(443), until(40 * S)],
    },
    Story {
        claim: "a server that was last heard long before may have gone down",
        expected: Spares(Kind::SynDropped),
        told: || vec![works(CAS, 445, -400 * S), silent(443), until(40 * S)],
    },
    Story {
        claim: "the capture ends before an answer could have come",
        expected: Spares(Kind::SynDropped),
        told: || vec![works(CAS, 445, -S), to(443).knocks(&[0]).clone(), until(2 * S)],
    },
    Story {
        claim: "Windows dials 445 and 139 at once, and 445 answers",
        expected: Spares(Kind::SynDropped),
        told: || vec![silent(139), works(CAS, 445, 0), until(40 * S)],
    },
    Story {
        claim: "one SYN that was not repeated, to a host that talks to others",
        expected: Spares(Kind::SynDropped),
        told: || vec![to(443).knocks(&[0]).clone(), works(OTHER, 445, 0), until(40 * S)],
    },
    Story {
        claim: "a slow server answers the third SYN",
        expected: Spares(Kind::SynDropped),
        told: || {
            let mut line = to(443);
            line.knocks(&[0, 3 * S, 9 * S]).syn_ack(9 * S + 5 * MS).ack(9 * S + 6 * MS, Initiator).talks(10 * S);
            vec![line, works(CAS, 445, S), until(40 * S)]
        },
    },
    Story {
        claim: "no answer from a host that was heard only long before",
        expected: Finds(Kind::NoAnswer),
        told: || vec![works(CAS, 445, -400 * S), silent(443), until(40 * S)],
    },
    Story {
        claim: "no answer while the host talks is more than no answer",
        expected: Spares(Kind::NoAnswer),
        told: || vec![works(CAS, 445, -200 * S), silent(443), until(40 * S)],
    },
    Story {
        claim: "no answer from a host never heard is a silent host",
        expected: Spares(Kind::NoAnswer),
        told: || vec![silent(443), until(40 * S)],
    },
    Story {
        claim: "nothing was ever heard of the server",
        expected: Finds(Kind::HostSilent),
        told: || vec![silent(443), silent(445), until(40 * S)],
    },
    Story {
        claim: "the server is heard two minutes later",
        expected: Spares(Kind::HostSilent),
        told: || vec![silent(443), works(OTHER, 445, 120 * S)],
    },
    Story {
        claim: "the server is heard, though long before",
        expected: Spares(Kind::HostSilent),
        told: || vec![works(OTHER, 445, -900 * S), silent(443), until(40 * S)],
    },
    Story {
        claim: "a SYN one second before the end",
        expected: Finds(Kind::CaptureEdge),
        told: || vec![works(CAS, 445, -S), to(443).knocks(&[0]).clone(), until(S)],
    },
    Story {
        claim: "a SYN long before the end",
        expected: Spares(Kind::CaptureEdge),
        told: || vec![silent(443), works(CAS, 445, S), until(40 * S)],
    },
    Story {
        claim: "a handshake that completes just before the end",
        expected: Spares(Kind::CaptureEdge),
        told: || vec![works(CAS, 445, -S), to(443).opens(0).clone()],
    },
    Story {
        claim: "client and server both repeat themselves",
        expected: Finds(Kind::SynAckDropped),
        told: || vec![unheard_answers(), until(40 * S)],
    },
    Story {
        claim: "client and server both repeat themselves until the server gives up with RST",
        expected: Finds(Kind::SynAckDropped),
        told: || {
            let mut line = unheard_answers();
            line.raw(30 * S, Responder, crate::flow::tests::story::RST, 5_001, 0, b"");
            vec![line, until(40 * S)]
        },
    },
    Story {
        claim: "a client that asks once and never completes (a scan, a flood)",
        expected: Spares(Kind::SynAckDropped),
        told: || vec![to(443).syn(0).syn_ack(MS).again(3 * S).again(9 * S).clone(), until(40 * S)],
    },
    Story {
        claim: "the server repeats its answer to a client that says nothing more, and talks on another port meanwhile",
        expected: Finds(Kind::SynAckDropped),
        told: || {
            let open = to(443).syn(0).syn_ack(MS).again(3 * S).again(9 * S).clone();
            vec![open, works(CAS, 445, 2 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a client that was heard only before leaves a handshake open: it may have died",
        expected: Spares(Kind::SynAckDropped),
        told: || {
            let open = to(443).syn(0).syn_ack(MS).again(3 * S).again(9 * S).clone();
            vec![works(CAS, 445, -5 * S), open, until(40 * S)]
        },
    },
    Story {
        claim: "the server repeats its answer although the client said ACK, as one whose queue is full",
        expected: Spares(Kind::SynAckDropped),
        told: || {
            let mut open = to(443);
            open.syn(0).syn_ack(MS).again(3 * S).again(9 * S).ack(9 * S + MS, Initiator);
            vec![open, works(CAS, 445, 2 * S), until(40 * S)]
        },
    },
    Story {
        claim: "a slow answer crosses the second SYN as the capture ends",
        expected: Spares(Kind::SynAckDropped),
        told: || {
            let mut line = to(443);
            line.syn(0).syn_ack(2_990 * MS);
            let mut second = line.told[0].clone();
            (second.at, second.ip_id) = (3 * S, Some(9_999));
            line.told.push(second);
            vec![line, until(3_010 * MS)]
        },
    },
    Story {
        claim: "a handshake that completes at the second try",
        expected: Spares(Kind::SynAckDropped),
        told: || {
            let mut line = unheard_answers();
            line.told.truncate(4);
            line.ack(3 * S + 5 * MS, Initiator).talks(4 * S);
            vec![line, until(40 * S)]
        },
    },
];

/// SYNs of a Windows client that nobody answers.
pub(super) fn silent(port: u16) -> Line {
    to(port).knocks(&[0, 3 * S, 9 * S]).clone()
}

/// SYN and SYN-ACK, three times.
fn unheard_answers() -> Line {
    let mut line = to(443);
    line.syn(0).syn_ack(MS);
    for at in [3 * S, 9 * S] {
        for (first, after) in [(0, 0), (1, MS)] {
            let mut again = line.told[first].clone();
            again.at = at + after;
            again.ip_id = again.ip_id.map(|id| id + u16::try_from(at / S).unwrap());
            line.told.push(again);
        }
    }
    line
}
