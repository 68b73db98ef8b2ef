//! What is said of paths, of the policy and of the next step, over recorded captures.

use super::*;
use crate::reference::Support;
use crate::report::recorded::{Judged, cas_and_mailbox, host};
use crate::topology::{Host, Roster};

/// Status, attempts and blocked ones of a row.
fn row(rows: &[PathRow], from: &str, to: &str, service: &str) -> Option<(&'static str, u64, u64)> {
    let is = |row: &&PathRow| row.from == from && row.to == to && row.service == service;
    rows.iter().find(is).map(|row| (row.status, row.flows, row.blocked))
}

fn judged(scenario: &str, hosts: &[(&str, &str)], version: &str) -> Judged {
    let hosts = hosts.iter().map(|(address, role)| host(address, role, role)).collect();
    Judged::new(scenario, Roster::new(hosts, Some(version.to_owned())))
}

fn blocked(judged: &Judged, port: u16) -> &Finding {
    let of_port =
        |finding: &&Finding| finding.port == Some(port) && finding.judgement.kind.verdict() == Verdict::Blocked;
    judged.diagnosis.findings.iter().find(of_port).unwrap()
}

#[test]
fn a_path_is_blocked_where_nothing_passes_and_ok_where_everything_does() {
    let judged = Judged::new("rpc/dynamic-dropped/client.pcap", cas_and_mailbox("cas-dmz"));
    let rows = paths(&judged.report());
    assert_eq!(row(&rows, "cas", "mailbox", "dcerpc"), Some(("blocked", 3, 3)));
    assert_eq!(row(&rows, "cas", "mailbox", "epm"), Some(("ok", 3, 0)));
    assert!(rows.iter().all(|row| row.blocked <= row.flows), "{rows:?}");
}

#[test]
fn attempts_of_paths_are_the_conversations_of_known_hosts() {
    let judged = Judged::new("rpc/dynamic-dropped/client.pcap", cas_and_mailbox("cas-dmz"));
    let ours = judged.traces[0].conversations.iter().filter(|one| {
        let ends = [one.flow.initiator.address, one.flow.responder.address];
        ends.iter().any(|end| judged.roster.role(*end) != "unknown")
    });
    let told: u64 = paths(&judged.report()).iter().map(|row| row.flows).sum();
    assert_eq!(told, ours.count() as u64);
}

#[test]
fn connections_on_which_tls_never_passes_are_blocked_although_they_connect() {
    let hosts = [("10.10.2.11", "cas"), ("10.10.3.11", "backend")];
    let mut judged = judged("web/tls-hello-dropped/client.pcap", &hosts, "2010");
    // 444 works, 443 connects in vain.
    assert_eq!(row(&paths(&judged.report()), "cas", "backend", "https"), Some(("degraded", 5, 2)));
    judged.traces[0].conversations.retain(|one| one.flow.responder.port == 443);
    assert_eq!(row(&paths(&judged.report()), "cas", "backend", "https"), Some(("blocked", 2, 2)));
    let finding = blocked(&judged, 443);
    assert_eq!(finding.judgement.kind, Kind::TlsBlocked);
}

#[test]
fn altered_mail_is_degraded() {
    let hosts = [("10.10.2.31", "hub"), ("10.10.1.25", "edge")];
    let judged = judged("mail/inspected-asa/client.pcap", &hosts, "2010");
    assert_eq!(row(&paths(&judged.report()), "hub", "edge", "smtp").map(|row| row.0), Some("degraded"));
}

#[test]
fn what_is_normal_degrades_nothing() {
    let hosts = [("10.10.1.11", "cas"), ("10.10.2.10", "dc")];
    let judged = judged("normal/smb-and-netbios/client.pcap", &hosts, "2010");
    let rows = paths(&judged.report());
    assert_eq!(row(&rows, "cas", "dc", "smb").map(|row| row.0), Some("ok"));
    assert!(row(&rows, "cas", "dc", "netbios-ssn").is_none_or(|row| row.0 == "ok"), "{rows:?}");
    let optional = rows.iter().find(|row| row.service == "netbios-ssn").unwrap();
    assert!(!optional.required);
}

#[test]
fn a_refused_service_is_degraded_and_not_blocked() {
    let hosts = [("10.10.2.11", "cas"), ("10.10.3.11", "cas"), ("10.10.1.11", "cas"), ("10.10.2.21", "mailbox")];
    let judged = judged("web/service-down/client.pcap", &hosts, "2010");
    let rows = paths(&judged.report());
    assert!(rows.iter().any(|row| row.status == "degraded" && row.blocked == 0), "{rows:?}");
    assert!(rows.iter().all(|row| row.status != "blocked"), "{rows:?}");
}

#[test]
fn only_what_known_hosts_that_talk_here_always_need_can_be_missing() {
    let missing = |judged: &Judged| -> Vec<String> {
        let rows = paths(&judged.report());
        rows.into_iter()
            .filter(|row| row.status == "never-seen")
            .map(|row| format!("{}>{} {}", row.from, row.to, row.service))
            .collect()
    };
    let directory = "directory/healthy/client.pcap";
    let known = judged(directory, &[("10.10.2.11", "cas"), ("10.10.2.10", "dc")], "2010");
    assert_eq!(missing(&known), ["cas>dc dcerpc", "cas>dc epm", "cas>dc ntp"]);
    // Named, and never heard; and heard of by its silence only.
    let silent = judged(directory, &[("10.10.2.11", "cas"), ("10.10.2.10", "dc"), ("10.99.0.1", "mailbox")], "2010");
    assert_eq!(missing(&silent), missing(&known));
    // An Edge server is in no domain; a stranger owes nothing.
    assert!(missing(&judged(directory, &[("10.10.2.11", "edge"), ("10.10.2.10", "dc")], "2010")).is_empty());
    assert!(missing(&judged(directory, &[("10.10.2.11", "cas")], "2010")).is_empty());
    let mut guessed = judged(directory, &[("10.10.2.11", "cas"), ("10.10.2.10", "dc")], "2010");
    let hosts = guessed.roster.hosts().iter().map(|host| Host { known: false, ..host.clone() }).collect();
    guessed.roster = Roster::new(hosts, Some("2010".to_owned()));
    assert!(missing(&guessed).is_empty());
}

#[test]
fn what_is_needed_depends_on_the_version() {
    let needed = |version: &str| -> Vec<String> {
        let judged = judged("rpc/healthy/client.pcap", &[("10.10.1.11", "cas"), ("10.10.2.21", "mailbox")], version);
        let rows = paths(&judged.report());
        rows.into_iter().filter(|row| row.required && row.from == "cas").map(|row| row.service).collect()
    };
    assert_eq!(needed("2010"), ["dcerpc", "epm", "smb"]);
    assert_eq!(needed("2013"), ["epm", "https", "smtp"]);
}

#[test]
fn a_capture_of_one_direction_says_neither_blocked_nor_never_seen() {
    for half in ["sent", "received"] {
        let capture = format!("vantage/one-direction/{half}.pcap");
        let judged = judged(&capture, &[("10.10.1.11", "cas"), ("10.10.2.21", "mailbox")], "2010");
        let rows = paths(&judged.report());
        assert!(rows.iter().all(|row| row.status == "ok"), "{half}: {rows:?}");
    }
}

#[test]
fn media_that_never_come_are_a_path_of_their_own_direction() {
    let hosts = [("10.10.9.60", "telephony"), ("10.10.2.41", "um")];
    let mut statuses = Vec::new();
    for capture in ["client", "server"] {
        let judged = judged(&format!("voice/media-dropped/{capture}.pcap"), &hosts, "2010");
        let told = judged.diagnosis.findings.iter().any(|finding| finding.judgement.kind == Kind::MediaBlocked);
        let rows = paths(&judged.report());
        let rtp = rows.iter().any(|row| row.service == "rtp" && row.status == "blocked");
        assert!(!told || rtp, "{capture}: {rows:?}");
        statuses.push(told);
    }
    assert!(statuses.contains(&true));
}

#[test]
fn of_two_versions_the_newer_one_counts_and_others_than_servers_have_none() {
    let ruling = |client: (&str, Option<&str>), server: (&str, Option<&str>), organization: &str| {
        let at = |address: &str, (role, version): (&str, Option<&str>)| Host {
            version: version.map(str::to_owned),
            ..host(address, role, role)
        };
        let hosts = vec![at("10.10.1.11", client), at("10.10.2.21", server)];
        let judged = Judged::new("rpc/dynamic-dropped/client.pcap", Roster::new(hosts, Some(organization.to_owned())));
        support(&judged.report(), blocked(&judged, 59_531))
    };
    let (old, new) = (Some("2003"), Some("2010"));
    assert_eq!(ruling(("backend", old), ("mailbox", new), "2003"), Support::Unsupported);
    assert_eq!(ruling(("cas", new), ("backend", old), "2003"), Support::Unsupported);
    assert_eq!(ruling(("backend", old), ("backend", old), "2010"), Support::NotApplicable);
    assert_eq!(ruling(("frontend", old), ("backend", old), "2010"), Support::Supported);
    // The organization has moved on; this pair has not, and a domain controller runs no Exchange.
    assert_eq!(ruling(("backend", old), ("dc", None), "2016"), Support::NotApplicable);
    assert_eq!(ruling(("mailbox", None), ("dc", None), "2016"), Support::Unsupported);
}

#[test]
fn what_was_allowed_of_2003_is_told_with_its_document() {
    let judged =
        judged("rpc/dynamic-dropped/client.pcap", &[("10.10.1.11", "frontend"), ("10.10.2.21", "backend")], "2003");
    let said = policy_sentence(&judged.report(), blocked(&judged, 59_531)).unwrap();
    assert!(said.contains("front-end server in the perimeter") && said.ends_with("perimeter network]"), "{said}");
}

#[test]
fn a_port_that_an_edge_server_needs_is_told_apart_from_one_that_it_does_not() {
    let edge = [("10.10.2.31", "hub"), ("10.10.1.25", "edge")];
    let needed = judged("mail/edgesync-dropped/client.pcap", &edge, "2010");
    let report = needed.report();
    let finding = blocked(&needed, 50_636);
    assert_eq!(support(&report, finding), Support::Supported);
    let said = policy_sentence(&report, finding).unwrap();
    assert!(said.contains("EdgeSync on TCP 50636") && !said.contains("not among"), "{said}");
    assert!(symptom(&report, finding).unwrap().contains("Test-EdgeSynchronization"));
    let advice = next_step(&report, finding);
    assert!(advice.contains("10.10.2.31 → 10.10.1.25 TCP 50636") && !advice.contains("any port"), "{advice}");

    let other = judged("rpc/dynamic-dropped/client.pcap", &[("10.10.1.11", "edge"), ("10.10.2.21", "mailbox")], "2010");
    let said = policy_sentence(&other.report(), blocked(&other, 59_531)).unwrap();
    assert!(said.contains("TCP 59531 is not among the ports that such hosts need"), "{said}");
}

#[test]
fn outlook_and_fixed_ports_are_named_and_may_be_filtered() {
    let mut cas = host("10.10.2.21", "cas", "cas");
    let emsmdb =
        crate::reference::Reference::embedded().interfaces().iter().find(|one| one.id == "emsmdb").unwrap().uuid;
    cas.static_ports.insert(59_531, vec![emsmdb]);
    let hosts = vec![host("10.10.1.11", "outlook", "outlook"), cas];
    let judged = Judged::new("rpc/dynamic-dropped/client.pcap", Roster::new(hosts, Some("2010".to_owned())));
    let report = judged.report();
    let finding = blocked(&judged, 59_531);
    assert_eq!(support(&report, finding), Support::Supported);
    assert!(policy_sentence(&report, finding).unwrap().contains("four TCP ports"));
    assert!(path(&report, finding).ends_with("TCP 59531 (EMSMDB)"));
    assert!(symptom(&report, finding).unwrap().starts_with("Outlook "));
}

#[test]
fn the_missing_rule_is_one_and_every_failing_pair_is_its_proof() {
    let judged = Judged::new("rpc/dynamic-dropped/client.pcap", cas_and_mailbox("cas-dmz"));
    let report = judged.report();
    for finding in judged.diagnosis.findings.iter().filter(|one| one.incident.is_some()) {
        let advice = next_step(&report, finding);
        assert!(advice.contains("any port and protocol, both ways"), "{advice}");
        assert!(advice.contains("\"Exchange Servers\" and \"Domain Controllers\""), "{advice}");
        assert!(advice.ends_with("10.10.1.11 → 10.10.2.21 TCP 59531, 59532"), "{advice}");
    }
    let incident = &judged.diagnosis.incidents[0];
    assert!(next_step_of(&report, incident).unwrap().contains("failing pairs, as proof"));
}

#[test]
fn internal_voice_servers_have_a_group_of_their_own() {
    let judged =
        judged("rpc/dynamic-dropped/client.pcap", &[("10.10.1.11", "lync"), ("10.10.2.21", "mailbox")], "2016");
    let advice = next_step(&judged.report(), blocked(&judged, 59_531));
    assert!(advice.contains("\"Exchange Servers\" and \"Lync and Skype for Business Servers\""), "{advice}");
}

#[test]
fn the_policy_speaks_only_where_the_policy_is_told() {
    for scenario in [
        "rpc/dynamic-dropped/client.pcap",
        "web/tls-hello-dropped/client.pcap",
        "web/synack-dropped/client.pcap",
        "rejects/icmp-3-13/client.pcap",
        "endpoint/host-firewall-drops/client.pcap",
        "rpc/not-registered/client.pcap",
    ] {
        let roster = cas_and_mailbox("cas-dmz");
        let judged = Judged::new(scenario, roster);
        let report = judged.report();
        for finding in &judged.diagnosis.findings {
            let judgement = &finding.judgement;
            let mut said = vec![summary(&report, finding), next_step(&report, finding)];
            said.extend(symptom(&report, finding));
            said.extend(judgement.because.iter().cloned());
            for text in said {
                let text = text.to_lowercase();
                assert!(["support", "violat", "forbid", "policy"].iter().all(|word| !text.contains(word)), "{text}");
            }
        }
    }
}
