//! What two hosts need of each other and was never seen: only where it would have been.

use super::*;
use crate::topology::Host;

pub const STORIES: &[Story] = &[
    Story {
        claim: "two nodes ship logs for two minutes, and not one heartbeat is seen",
        expected: Finds(Kind::ExpectedNotSeen),
        told: || vec![ships(120), asks_dns(CAS), asks_dns(MBX), until(130 * S)],
    },
    Story {
        claim: "the endpoint mapper names a port three times, and it is never called",
        expected: Finds(Kind::ExpectedNotSeen),
        told: || vec![asked(0), asked(25), asked(50), works(OTHER, rpc::NAMED, 3 * S), until(90 * S)],
    },
    Story {
        claim: "two nodes ship logs, and heartbeats are seen",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![ships(120), beats(CAS, MBX), asks_dns(CAS), asks_dns(MBX), until(130 * S)],
    },
    Story {
        claim: "heartbeats take the other network of the same two hosts",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![ships(120), beats(SECOND_CAS, SECOND_MBX), asks_dns(CAS), asks_dns(MBX), until(130 * S)],
    },
    Story {
        claim: "twenty seconds of log shipping are too short to miss anything",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![ships(20), asks_dns(CAS), asks_dns(MBX), until(130 * S)],
    },
    Story {
        claim: "a capture of nothing but TCP shows no heartbeats",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![ships(120), works(CAS, 445, 0), works(OTHER, 445, 0), until(130 * S)],
    },
    Story {
        claim: "two servers that ship no logs owe each other no heartbeats",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || {
            let mut mail = to(25);
            mail.opens(0).talks(S).talks(60 * S).talks(119 * S).closes(120 * S);
            vec![mail, asks_dns(CAS), asks_dns(MBX), until(130 * S)]
        },
    },
    Story {
        claim: "the port that the endpoint mapper names is called",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || {
            vec![asked(0), asked(25), works(CAS, rpc::NAMED, 26 * S), works(OTHER, rpc::NAMED, 3 * S), until(90 * S)]
        },
    },
    Story {
        claim: "the port that the endpoint mapper names is called in vain: that is another matter",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![asked(0), asked(25), silence::silent(rpc::NAMED), works(OTHER, rpc::NAMED, 3 * S), until(90 * S)],
    },
    Story {
        claim: "the host calls the named port from another of its addresses",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || {
            vec![
                asked(0),
                asked(25),
                works(SECOND_CAS, rpc::NAMED, 26 * S),
                works(OTHER, rpc::NAMED, 3 * S),
                until(90 * S),
            ]
        },
    },
    Story {
        claim: "the endpoint mapper names a port once, as the capture ends",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![asked(0), works(OTHER, rpc::NAMED, -3 * S), until(5 * S)],
    },
    Story {
        claim: "a capture of port 135 alone shows no calls to what it names",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || vec![asked(0), asked(25), asked(50), until(90 * S)],
    },
    Story {
        claim: "RPC and pings, POP3 and IMAP4: what nobody uses is missed by nobody",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || (0..25).map(|at| works(CAS, 443 + at % 2, i64::from(at) * 60 * S)).chain([until(1_600 * S)]).collect(),
    },
];

/// Two nodes with two addresses each, a third server, and two domain controllers, all in one site.
pub fn roster() -> Roster {
    let other_site = Host { site: Some("Lyon".to_owned()), ..servers::host(&[FAR_DC], &["dc", "gc"]) };
    let hosts = vec![
        servers::host(&[CAS, SECOND_CAS], &["mailbox", "cas"]),
        servers::host(&[OTHER], &["cas"]),
        servers::host(&[MBX, SECOND_MBX], &["mailbox"]),
        servers::host(&[DC], &["dc", "gc"]),
        other_site,
    ];
    Roster::new(hosts, Some("2010".to_owned()))
}

#[test]
fn strangers_owe_each_other_nothing() {
    for story in STORIES {
        let found = findings(&tell(&(story.told)()));
        assert!(!kinds(&found).contains(&Kind::ExpectedNotSeen), "{}", story.claim);
    }
}

#[test]
fn roles_that_are_only_likely_owe_nothing() {
    let mut hosts = roster().hosts().to_vec();
    hosts.iter_mut().flat_map(|host| &mut host.roles).for_each(|claim| claim.confidence = 0.9);
    let likely = Roster::new(hosts, Some("2010".to_owned()));
    for story in STORIES {
        assert!(!kinds(&known(&tell(&(story.told)()), &likely)).contains(&Kind::ExpectedNotSeen), "{}", story.claim);
    }
}

#[test]
fn half_of_a_capture_shows_nothing_missing() {
    for story in STORIES {
        for lost in [CAS, MBX] {
            let mut told = tell(&(story.told)());
            told.retain(|told| told.source.address.to_string() != lost);
            let found = known(&told, &roster());
            assert!(!kinds(&found).contains(&Kind::ExpectedNotSeen), "{}, without {lost}", story.claim);
        }
    }
}

#[test]
fn a_server_that_gets_tickets_of_a_controller_and_never_asks_the_directory_is_told() {
    let finding = the_one(&tickets(CAS, DC), &[directory(OTHER, DC), until(1_600 * S)]).unwrap();
    let address = |party: &Option<crate::diagnose::Party>| party.as_ref().unwrap().address.to_string();
    assert_eq!((address(&finding.client), address(&finding.server)), (CAS.to_owned(), DC.to_owned()));
    assert_eq!((finding.port, finding.service, finding.attempts), (Some(389), Some("ldap"), 0));
    assert_eq!(finding.judgement.kind.verdict(), Verdict::Inconclusive);
    assert!(finding.last_success.is_none() && !finding.resolved);
}

#[test]
fn the_directory_may_be_asked_of_any_controller() {
    let beside = [directory(OTHER, DC), directory(CAS, FAR_DC), until(1_600 * S)];
    assert!(the_one(&tickets(CAS, DC), &beside).is_none());
}

#[test]
fn a_controller_of_another_site_need_not_be_asked() {
    let beside = [directory(OTHER, FAR_DC), until(1_600 * S)];
    assert!(the_one(&tickets(CAS, FAR_DC), &beside).is_none());
}

#[test]
fn a_quarter_of_an_hour_is_too_short_to_miss_the_directory() {
    let tickets: Vec<Line> = tickets(CAS, DC).into_iter().take(9).collect();
    assert!(the_one(&tickets, &[directory(OTHER, DC), until(1_600 * S)]).is_none());
}

#[test]
fn a_capture_without_any_ldap_was_filtered_or_has_none() {
    assert!(the_one(&tickets(CAS, DC), &[until(1_600 * S)]).is_none());
}

#[test]
fn a_capture_that_lost_packets_misses_nothing() {
    let lines: Vec<Line> = tickets(CAS, DC).into_iter().chain([directory(OTHER, DC), until(1_600 * S)]).collect();
    let mut trace = trace(&tell(&lines), 1);
    trace.healths[0].summary.lost_by_capture = trace.healths[0].summary.packets;
    let found = diagnose(&[trace], &roster()).findings;
    assert!(!kinds(&found).contains(&Kind::ExpectedNotSeen));
}

#[test]
fn a_place_beside_the_sender_says_that_nothing_was_sent() {
    let far = |mut line: Line| {
        line.told.iter_mut().filter(|told| told.source.address.to_string() == MBX).for_each(|told| told.ttl = 126);
        line
    };
    let lines = [far(ships(120)), asks_dns(CAS), far(asks_dns(MBX)), until(130 * S)];
    let found = known(&tell(&lines), &roster());
    let finding = found.iter().find(|one| one.judgement.kind == Kind::ExpectedNotSeen).unwrap();
    assert_eq!(finding.judgement.attribution, Attribution::Endpoint);
    assert_eq!((finding.client_port, finding.port), (Some(3_343), Some(3_343)));
}

/// What is missing between known hosts: at most one path.
fn the_one(lines: &[Line], beside: &[Line]) -> Option<Finding> {
    let lines: Vec<Line> = lines.iter().chain(beside).cloned().collect();
    let found = known(&tell(&lines), &roster());
    let mut missing = found.into_iter().filter(|finding| finding.judgement.kind == Kind::ExpectedNotSeen);
    let one = missing.next();
    assert!(missing.next().is_none(), "one path");
    one
}

/// Log shipping that goes on for so many seconds.
fn ships(seconds: i64) -> Line {
    let mut line = between(CAS, 50_327, MBX, 64_327);
    line.opens(0);
    for at in (1..seconds).step_by(10) {
        line.talks(at * S);
    }
    line.closes(seconds * S);
    line
}

fn beats(from: &str, to: &str) -> Line {
    let mut line = between(from, 3_343, to, 3_343);
    for at in 0..120 {
        line.asks(at * S, &[7; 16]).answers(at * S + 400 * MS, &[7; 16]);
    }
    line
}

fn asks_dns(client: &str) -> Line {
    let mut line = between(client, 6_000, DC, 53);
    let mut answer = udp::query(1);
    answer[2] = 0x81;
    answer[3] = 0x80;
    line.asks(10 * S, &udp::query(1)).answers(10 * S + MS, &answer);
    line
}

/// The client asks 135 for NSPI so many seconds later, from a port of its own, and is told the port.
fn asked(later: u16) -> Line {
    let mut line = rpc::mapped();
    for told in &mut line.told {
        told.at += i64::from(later) * S;
        for end in [&mut told.source, &mut told.destination] {
            if end.port != 135 {
                end.port += later;
            }
        }
    }
    line
}

/// Tickets every two minutes for 24 minutes.
fn tickets(client: &str, server: &str) -> Vec<Line> {
    let one = |turn: u16| {
        let mut line = between(client, 52_000 + turn, server, 88);
        line.opens(i64::from(turn) * 120 * S)
            .talks(i64::from(turn) * 120 * S + S)
            .closes(i64::from(turn) * 120 * S + 2 * S);
        line
    };
    (0..13).map(one).collect()
}

fn directory(client: &str, server: &str) -> Line {
    let mut line = between(client, 53_000, server, 389);
    line.opens(0).talks(S).talks(700 * S).closes(1_500 * S);
    line
}

const SECOND_CAS: &str = "10.0.8.11";
const SECOND_MBX: &str = "10.0.8.21";
const DC: &str = "10.0.2.10";
const FAR_DC: &str = "10.0.6.10";
