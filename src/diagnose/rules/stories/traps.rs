//! The traps of the tables, each named by its id: what is normal, or meant to fail, between strangers and
//! between hosts that are known alike.

use super::*;
use crate::flow::tests::story::{ACK, RST, SYN};
use crate::reference::Reference;

pub const STORIES: &[Story] = &[
    Story {
        claim: "smb-139: 139 is silent beside a 445 that opens",
        expected: Passes,
        told: || vec![silence::silent(139), works(CAS, 445, 0), until(40 * S)],
    },
    Story {
        claim: "smb-139: 139 is refused beside a 445 that opens",
        expected: Passes,
        told: || vec![refuses(139), works(CAS, 445, 0), until(40 * S)],
    },
    Story {
        claim: "smb-445-repl-net: file sharing is silent at an address that only ships logs",
        expected: Passes,
        told: || vec![ships(), knocks(REPLICATION_CAS, REPLICATION_MBX, 445), talks(), until(40 * S)],
    },
    Story {
        claim: "smb-445-repl-net: and so it is to who calls from the other network",
        expected: Passes,
        told: || vec![ships(), knocks(CAS, REPLICATION_MBX, 445), talks(), until(40 * S)],
    },
    Story {
        claim: "mapi-repl-isolation: log shipping between the two networks is dropped",
        expected: Passes,
        told: || vec![ships(), knocks(CAS, REPLICATION_MBX, 64_327), talks(), until(40 * S)],
    },
    Story {
        claim: "mapi-repl-isolation: a router between the two networks says that it is prohibited",
        expected: Passes,
        told: || {
            let mut prohibited = knocks(CAS, REPLICATION_MBX, 135);
            prohibited.icmp(9 * S + MS, ROUTER, 3, 13);
            vec![ships(), prohibited, talks(), until(40 * S)]
        },
    },
    Story {
        claim: "popimap-off: POP3 and IMAP4 are refused on all of their ports",
        expected: Passes,
        told: || [110, 143, 993, 995].into_iter().map(refuses).chain([works(CAS, 445, 0), until(40 * S)]).collect(),
    },
    Story {
        claim: "port-465: the server greets in clear on 465 and offers STARTTLS",
        expected: Passes,
        told: || {
            let mut mail = to(465);
            mail.opens(0)
                .says(4 * S, Responder, b"220 mbx Microsoft ESMTP MAIL Service ready\r\n")
                .ack(4 * S + MS, Initiator);
            mail.says(5 * S, Initiator, b"EHLO cas\r\n").says(
                5 * S + MS,
                Responder,
                b"250-mbx\r\n250-STARTTLS\r\n250 XRDST\r\n",
            );
            mail.says(6 * S, Initiator, b"QUIT\r\n").says(6 * S + MS, Responder, b"221 2.0.0 bye\r\n").closes(7 * S);
            vec![mail, works(CAS, 445, 0), until(40 * S)]
        },
    },
    Story {
        claim: "port-808-890-81: what servers say to themselves is missed by nobody",
        expected: Spares(Kind::ExpectedNotSeen),
        told: || (0..24).map(|at| works(CAS, 444 + at, i64::from(at) * 60 * S)).chain([until(1_500 * S)]).collect(),
    },
    Story {
        claim: "health-probe-rst: a load balancer opens every few seconds and breaks off at once",
        expected: Passes,
        told: || (0..12).map(probe).chain([works(CAS, 443, S), until(70 * S)]).collect(),
    },
    Story {
        claim: "udp-notify-oneway: the server tells Outlook of new mail, and nobody answers",
        expected: Passes,
        told: || {
            let mut notice = between(MBX, 1_900, OUTLOOK, 1_100);
            notice.asks(0, &[7; 8]).asks(5 * S, &[7; 8]).asks(11 * S, &[7; 8]);
            let mut mail = between(OUTLOOK, 50_135, MBX, 135);
            mail.opens(-S).talks(S).talks(12 * S).closes(20 * S);
            vec![notice, mail, until(40 * S)]
        },
    },
    Story {
        claim: "eas-long-poll: a request waits for a quarter of an hour, and is answered",
        expected: Passes,
        told: || {
            let mut poll = between(OUTLOOK, 50_443, CAS, 443);
            poll.opens(0).says(S, Initiator, b"question").ack(S + MS, Responder);
            poll.says(901 * S, Responder, b"answer").ack(901 * S + MS, Initiator).closes(902 * S);
            vec![poll, until(930 * S)]
        },
    },
    Story {
        claim: "edge-probes: an Edge server looks whether who sends it mail is an open proxy",
        expected: Passes,
        told: || {
            let mut mail = between(SENDER, 40_025, EDGE, 25);
            mail.opens(-5 * S).says(-4 * S, Responder, b"220 edge Microsoft ESMTP MAIL Service\r\n");
            mail.says(-3 * S, Initiator, b"EHLO sender\r\n").says(20 * S, Responder, b"250 edge\r\n").closes(30 * S);
            [1080, 1081, 23, 6588, 3128, 80]
                .map(|port| knocks(EDGE, SENDER, port))
                .into_iter()
                .chain([mail, until(40 * S)])
                .collect()
        },
    },
    Story {
        claim: "port-range-only: a silent port of the dynamic range is not RPC by its number",
        expected: Spares(Kind::RpcDynamicPortBlocked),
        told: || vec![silence::silent(50_000), works(CAS, 135, 0), until(40 * S)],
    },
    Story {
        claim: "epm-ipv4-floor: the endpoint mapper names a port and 0.0.0.0; only the port counts",
        expected: Finds(Kind::RpcDynamicPortBlocked),
        told: || vec![rpc::asked(&[nowhere()]), silence::silent(rpc::NAMED), until(40 * S)],
    },
    Story {
        claim: "epm-ipv4-floor: and the port that works is a port that works",
        expected: Passes,
        told: || vec![rpc::asked(&[nowhere()]), works(CAS, rpc::NAMED, S), until(40 * S)],
    },
];

/// Two members of a cluster with two networks each, an Edge server, and Outlook.
pub fn roster() -> Roster {
    let hosts = vec![
        servers::host(&[CAS, REPLICATION_CAS], &["cas", "mailbox"]),
        servers::host(&[OTHER], &["cas"]),
        servers::host(&[MBX, REPLICATION_MBX], &["mailbox"]),
        servers::host(&[EDGE], &["edge"]),
        servers::host(&[OUTLOOK], &["outlook"]),
    ];
    Roster::new(hosts, Some("2010".to_owned()))
}

#[test]
fn every_trap_of_the_tables_has_its_story() {
    // What is judged by more than one finding, or is told of the policy and has its test in `reference`.
    let elsewhere = ["dual-endpoints", "rst-from-service-off-vs-stealth"];
    let of_policy = [
        "other-host-firewalls",
        "perimeter",
        "suspended-case",
        "one-cas-many-symptoms",
        "group-not-ports",
        "um-isolation-advice",
        "edge-opens-mail",
        "mixed-versions",
        "never-seen",
    ];
    for trap in Reference::embedded().traps() {
        let told = STORIES.iter().any(|story| story.claim.starts_with(&format!("{}: ", trap.id)));
        let known = elsewhere.contains(&trap.id.as_str()) || of_policy.contains(&trap.id.as_str());
        assert!(told != known, "{}", trap.id);
    }
}

#[test]
fn dual_endpoints_rpc_that_falls_back_to_pipes_and_http_is_one_incident() {
    let late = |port: u16| {
        let mut line = to(port);
        line.knocks(&[22 * S, 25 * S, 31 * S]);
        line
    };
    let lines = [
        rpc::mapped(),
        silence::silent(rpc::NAMED),
        late(445),
        late(593),
        late(6_001),
        works(CAS, 443, 23 * S),
        until(80 * S),
    ];
    for roster in [Roster::default(), roster()] {
        let diagnosis = diagnose(&[trace(&tell(&lines), 1)], &roster);
        let blocked = diagnosis.findings.iter().filter(|one| one.judgement.kind.verdict() == Verdict::Blocked);
        assert_eq!(blocked.count(), 4, "{:?}", kinds(&diagnosis.findings));
        assert_eq!(diagnosis.incidents.len(), 1);
    }
}

#[test]
fn dual_endpoints_a_pipe_that_was_tried_before_is_another_incident() {
    let mut before = to(445);
    before.knocks(&[-30 * S, -27 * S, -21 * S]);
    let lines = [before, rpc::mapped(), silence::silent(rpc::NAMED), works(CAS, 443, 3 * S), until(80 * S)];
    assert_eq!(diagnose(&[trace(&tell(&lines), 1)], &Roster::default()).incidents.len(), 2);
}

#[test]
fn rst_from_service_off_vs_stealth_silence_alone_blames_no_network() {
    let lines = [silence::silent(443), works(OTHER, 445, S), until(40 * S)];
    let finding = the(Kind::SynDropped, &lines);
    assert!(finding.judgement.confidence <= 0.7, "{}", finding.judgement.confidence);
    assert_eq!(finding.judgement.attribution, Attribution::NetworkOrEndpoint);
}

#[test]
fn an_address_that_also_does_other_things_is_no_replication_network() {
    // The one network of a small group: its members talk on it, so a silent 445 there is worth a word.
    let mut directory = between(REPLICATION_MBX, 50_389, "10.0.2.10", 389);
    directory.opens(0).talks(S).closes(2 * S);
    let lines = [ships(), knocks(REPLICATION_CAS, REPLICATION_MBX, 445), directory, until(40 * S)];
    let found = known(&tell(&lines), &roster());
    assert!(found.iter().any(|finding| finding.judgement.kind == Kind::SynDropped), "{:?}", kinds(&found));
}

#[test]
fn logs_shipped_between_addresses_that_do_other_things_tell_no_network_apart() {
    // A capture on one member shows of the other nothing but what the two do together.
    let mut logs = between(CAS, 50_327, MBX, 64_327);
    logs.opens(-S).talks(0).talks(20 * S).closes(30 * S);
    let mut directory = between(CAS, 50_389, "10.0.2.10", 389);
    directory.opens(0).talks(S).closes(2 * S);
    for (client, port) in [(CAS, 445), (OTHER, 445), (CAS, 5_985)] {
        let lines = [logs.clone(), directory.clone(), knocks(client, MBX, port), until(40 * S)];
        let found = known(&tell(&lines), &roster());
        assert!(found.iter().any(|finding| finding.judgement.kind == Kind::SynDropped), "{client} {port}");
    }
}

#[test]
fn log_shipping_dropped_between_two_replication_addresses_is_blocked() {
    let mut third = between("10.0.8.31", 50_327, REPLICATION_MBX, 64_327);
    third.opens(0).talks(S).talks(10 * S).closes(20 * S);
    let lines = [third, knocks(REPLICATION_CAS, REPLICATION_MBX, 64_327), until(40 * S)];
    let found = known(&tell(&lines), &roster());
    assert!(found.iter().any(|finding| finding.judgement.kind == Kind::SynDropped), "{:?}", kinds(&found));
}

#[test]
fn a_port_among_those_of_probes_that_one_server_closes_to_another_is_blocked() {
    let mut mail = between(MBX, 40_025, CAS, 25);
    mail.opens(-5 * S).talks(0).talks(10 * S).closes(20 * S);
    let lines = [mail, silence::silent(80), works(CAS, 443, S), until(40 * S)];
    let found = known(&tell(&lines), &roster());
    assert!(found.iter().any(|finding| finding.judgement.kind.verdict() == Verdict::Blocked), "{:?}", kinds(&found));
}

/// Logs go from one replication address to the other.
fn ships() -> Line {
    let mut line = between(REPLICATION_CAS, 50_327, REPLICATION_MBX, 64_327);
    line.opens(-S).talks(0).talks(5 * S).talks(20 * S).closes(30 * S);
    line
}

/// The other addresses of the same two hosts talk of other things.
fn talks() -> Line {
    works(CAS, 135, S)
}

fn knocks(client: &str, server: &str, port: u16) -> Line {
    let mut line = between(client, 51_000 + port % 10_000, server, port);
    line.knocks(&[0, 3 * S, 9 * S]);
    line
}

fn refuses(port: u16) -> Line {
    let mut line = to(port);
    line.raw(0, Initiator, SYN, 1_000, 0, b"").raw(MS, Responder, RST | ACK, 0, 1_001, b"");
    line
}

/// SYN, SYN-ACK, and every other time an ACK, then RST.
fn probe(number: u16) -> Line {
    let mut line = between(BALANCER, 40_000 + number, MBX, 443);
    let at = i64::from(number) * 5 * S;
    line.syn(at).syn_ack(at + MS);
    if number.is_multiple_of(2) {
        line.ack(at + 2 * MS, Initiator);
    }
    line.rst(at + 3 * MS, Initiator);
    line
}

/// The endpoint mapper's answer with 0.0.0.0 in its last floor.
fn nowhere() -> Vec<u8> {
    let mut answer = rpc::MAP_ANSWER.to_vec();
    let at = answer.windows(4).position(|window| window == [10, 0, 2, 21]).unwrap();
    answer[at..at + 4].copy_from_slice(&[0; 4]);
    answer
}

/// The other network of the two members of the cluster.
const REPLICATION_CAS: &str = "10.0.8.11";
const REPLICATION_MBX: &str = "10.0.8.21";
const EDGE: &str = "10.0.3.25";
const OUTLOOK: &str = "10.0.9.50";
const BALANCER: &str = "10.0.2.99";
/// A mail server on the Internet.
const SENDER: &str = "198.18.7.25";
