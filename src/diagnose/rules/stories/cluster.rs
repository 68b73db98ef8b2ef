//! Members of a cluster: heartbeats, and what a failover needs.

use super::*;

pub const STORIES: &[Story] = &[
    Story {
        claim: "heartbeats go one way, and their receiver talks on other ports",
        expected: Finds(Kind::HeartbeatBlocked),
        told: || vec![beats(MBX, CAS, 0, 15), talk(5 * S), until(20 * S)],
    },
    Story {
        claim: "heartbeats of one member stop, those of the other go on",
        expected: Finds(Kind::HeartbeatBlocked),
        told: || vec![both(0, 8), beats(MBX, CAS, 8, 15), talk(12 * S), until(25 * S)],
    },
    Story {
        claim: "heartbeats stop in both directions, and the members go on talking",
        expected: Finds(Kind::HeartbeatBlocked),
        told: || vec![both(0, 10), talk(18 * S), back(19 * S), until(30 * S)],
    },
    Story {
        claim: "a member that is silent on every port is down",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || vec![both(0, 8), beats(MBX, CAS, 8, 15), talk(-2 * S), until(25 * S)],
    },
    Story {
        claim: "a member beside which was captured stops its own heartbeats",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || {
            let mut lines = [both(0, 10), talk(18 * S), back(19 * S)];
            for told in lines.iter_mut().flat_map(|line| &mut line.told) {
                told.ttl += if told.source.address.to_string() == MBX { 2 } else { 0 };
            }
            lines.into_iter().chain([until(30 * S)]).collect()
        },
    },
    Story {
        claim: "networks kept apart: the two addresses never talk at all",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || vec![beats(MBX, CAS, 0, 15), works(OTHER, 445, 3 * S), until(20 * S)],
    },
    Story {
        claim: "heartbeats both ways",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || vec![both(0, 20), talk(5 * S), until(20 * S)],
    },
    Story {
        claim: "a few heartbeats are lost",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || vec![both(0, 8), beats(MBX, CAS, 8, 4), talk(9 * S), until(12 * S)],
    },
    Story {
        claim: "the port of the heartbeats is closed, and the host says so",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || {
            let mut refused = beats(MBX, CAS, 0, 15);
            refused.icmp(15 * S, CAS, 3, 3);
            vec![refused, talk(5 * S), until(20 * S)]
        },
    },
    Story {
        claim: "a member leaves in order: its cluster connection ends with its heartbeats",
        expected: Spares(Kind::HeartbeatBlocked),
        told: || {
            let mut join = between(CAS, 49_800, MBX, 3_343);
            join.opens(S).talks(2 * S).closes(10 * S);
            vec![both(0, 10), join, talk(18 * S), back(19 * S), until(30 * S)]
        },
    },
    Story {
        claim: "heartbeats and log shipping are blocked together",
        expected: Finds(Kind::FailoverBlocked),
        told: || vec![beats(MBX, CAS, 0, 15), knocks(64_327), talk(5 * S), until(40 * S)],
    },
    Story {
        claim: "log shipping alone is blocked",
        expected: Spares(Kind::FailoverBlocked),
        told: || vec![both(0, 20), knocks(64_327), talk(5 * S), until(40 * S)],
    },
    Story {
        claim: "heartbeats alone are blocked",
        expected: Spares(Kind::FailoverBlocked),
        told: || vec![beats(MBX, CAS, 0, 15), talk(5 * S), until(20 * S)],
    },
    Story {
        claim: "file sharing with a host outside of the cluster is blocked beside log shipping",
        expected: Spares(Kind::FailoverBlocked),
        told: || {
            let mut share = between(CAS, 50_445, SHARE, 445);
            share.knocks(&[0, 3 * S, 9 * S]);
            let mut alive = between(CAS, 50_080, SHARE, 80);
            alive.opens(S).talks(S + 10 * MS).closes(S + 20 * MS);
            vec![both(0, 20), knocks(64_327), share, alive, talk(5 * S), until(40 * S)]
        },
    },
];

#[test]
fn the_ports_of_one_failover_are_one_incident_and_name_each_other() {
    let lines = [beats(MBX, CAS, 0, 15), knocks(64_327), knocks(445), talk(5 * S), until(40 * S)];
    let diagnosis = diagnose(&[trace(&tell(&lines), 1)], &Roster::default());
    let told: Vec<&Finding> =
        diagnosis.findings.iter().filter(|finding| finding.judgement.kind == Kind::FailoverBlocked).collect();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|finding| finding.incident.as_deref() == Some("I1")));
    assert_eq!(diagnosis.incidents.len(), 1);
    for finding in told {
        let because = finding.judgement.because.first().unwrap();
        let ports = ["3343", "64327", "445"].iter().filter(|port| because.contains(*port)).count();
        assert_eq!(ports, 2, "{because}");
    }
}

#[test]
fn a_missing_heartbeat_is_told_of_its_sender_with_both_ports() {
    let lines = [beats(MBX, CAS, 0, 15), talk(5 * S), until(20 * S)];
    let finding = the(Kind::HeartbeatBlocked, &lines);
    assert_eq!((finding.client_port, finding.port), (Some(3_343), Some(3_343)));
    assert_eq!(finding.client.unwrap().address.to_string(), CAS);
}

/// Heartbeats from one member to another, one a second.
fn beats(from: &str, to: &str, begin: i64, count: i64) -> Line {
    let mut line = between(from, 3_343, to, 3_343).ttl(126, 126);
    for at in begin..begin + count {
        line.asks(at * S, &heartbeat(at));
    }
    line
}

fn both(begin: i64, count: i64) -> Line {
    let mut line = between(MBX, 3_343, CAS, 3_343).ttl(126, 126);
    for at in begin..begin + count {
        line.asks(at * S, &heartbeat(at)).answers(at * S + 400 * MS, &heartbeat(at));
    }
    line
}

fn heartbeat(number: i64) -> [u8; 16] {
    let mut octets = [7; 16];
    octets[0] = u8::try_from(number.rem_euclid(256)).unwrap();
    octets
}

/// The first member calls the second.
fn talk(at: i64) -> Line {
    let mut line = between(CAS, 49_900, MBX, 135).ttl(126, 126);
    line.opens(at).talks(at + 10 * MS).closes(at + 20 * MS);
    line
}

/// And the second the first.
fn back(at: i64) -> Line {
    let mut line = between(MBX, 49_901, CAS, 135).ttl(126, 126);
    line.opens(at).talks(at + 10 * MS).closes(at + 20 * MS);
    line
}

fn knocks(port: u16) -> Line {
    let mut line = to(port).ttl(126, 126);
    line.knocks(&[0, 3 * S, 9 * S]);
    line
}

/// A file server, no member of the cluster.
const SHARE: &str = "10.0.2.88";
