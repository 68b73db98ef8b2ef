//! How sure a block is, and whose (signatures.md l; the contract's rule of life).

use super::*;
use crate::flow::tests::story::{ACK, RST, SYN};

fn silent() -> Line {
    silence::silent(443)
}

#[test]
fn silence_alone_of_a_living_host_is_no_more_than_seven_tenths_and_of_either_place() {
    let finding = the(Kind::SynDropped, &[silent(), works(OTHER, 445, S), until(40 * S)]);
    assert!(finding.judgement.confidence <= 0.7);
    assert_eq!(finding.judgement.attribution, Attribution::NetworkOrEndpoint);
}

#[test]
fn attempts_alone_do_not_make_silence_surer() {
    let mut lines: Vec<Line> =
        (0..8).map(|at| between(CAS, 51_000 + at, MBX, 443).knocks(&[0, 3 * S, 9 * S]).clone()).collect();
    lines.extend([works(OTHER, 445, S), until(40 * S)]);
    let finding = the(Kind::SynDropped, &lines);
    assert!(finding.judgement.confidence <= 0.7, "{}", finding.judgement.confidence);
    assert_eq!(finding.attempts, 8);
}

#[test]
fn a_service_that_answered_this_client_before_may_have_been_stopped_since() {
    // A Windows host firewall silences a stopped service: what worked before and is silent now proves no device.
    let finding = the(Kind::SynDropped, &[works(CAS, 443, -3_600 * S), silent(), works(OTHER, 445, S), until(40 * S)]);
    assert!(finding.judgement.confidence <= 0.7, "{}", finding.judgement.confidence);
    assert_eq!(finding.judgement.attribution, Attribution::NetworkOrEndpoint);
    assert!(finding.last_success.is_some() && !finding.resolved);
}

#[test]
fn another_client_that_was_answered_only_before_proves_no_device_either() {
    let finding = the(Kind::SynDropped, &[works(OTHER, 443, -120 * S), silent(), works(OTHER, 445, S), until(40 * S)]);
    assert!(finding.judgement.confidence <= 0.7, "{}", finding.judgement.confidence);
    assert_eq!(finding.judgement.attribution, Attribution::NetworkOrEndpoint);
}

#[test]
fn other_ports_raise_it_and_another_client_puts_it_into_the_network() {
    let ports = the(Kind::SynDropped, &[silent(), works(CAS, 445, S), until(40 * S)]);
    assert!(ports.judgement.confidence > 0.7);
    let clients = the(Kind::SynDropped, &[silent(), works(CAS, 445, S), works(OTHER, 443, 5 * S), until(40 * S)]);
    assert!(clients.judgement.confidence > ports.judgement.confidence);
    assert_eq!(clients.judgement.attribution, Attribution::Network);
}

#[test]
fn a_host_first_heard_after_the_attempt_may_have_come_up_only_then() {
    let later = the(Kind::SynDropped, &[silent(), works(CAS, 445, 25 * S), until(60 * S)]);
    assert!(later.judgement.confidence <= 0.7, "{}", later.judgement.confidence);
    let before_too = [works(CAS, 135, -S), silent(), works(CAS, 445, 25 * S), until(60 * S)];
    assert!(the(Kind::SynDropped, &before_too).judgement.confidence > 0.7);
}

#[test]
fn closed_ports_that_answer_put_silence_into_the_network() {
    let mut closed = to(8_080);
    closed.raw(S, Initiator, SYN, 1_000, 0, b"").raw(S + MS, Responder, RST | ACK, 0, 1_001, b"");
    let finding = the(Kind::SynDropped, &[silent(), closed, works(OTHER, 445, S), until(40 * S)]);
    assert_eq!(finding.judgement.attribution, Attribution::Network);
}

#[test]
fn beside_the_server_silence_is_the_servers_own() {
    let mut lines = [silent(), works(CAS, 445, S)];
    for line in &mut lines {
        for told in &mut line.told {
            told.ttl = if told.source.address.to_string() == MBX { 128 } else { 126 };
        }
    }
    let [silent, works] = lines;
    let finding = the(Kind::SynDropped, &[silent, works, until(40 * S)]);
    assert_eq!(finding.judgement.attribution, Attribution::Endpoint);
}

#[test]
fn attempts_on_one_path_are_one_finding_that_counts_them() {
    let lines: Vec<Line> = (0..4u16)
        .map(|at| {
            let start = i64::from(at) * 60 * S;
            between(CAS, 52_000 + at, MBX, 443).knocks(&[start, start + 3 * S, start + 9 * S]).clone()
        })
        .chain([works(CAS, 445, S), works(CAS, 443, 400 * S), until(500 * S)])
        .collect();
    let finding = the(Kind::SynDropped, &lines);
    assert_eq!((finding.attempts, finding.resolved), (4, true));
}

#[test]
fn two_blocked_kinds_between_strangers_are_one_unsure_finding() {
    let outside = "198.18.7.7";
    let line = |port: u16| Line::new(&format!("{CAS}:{port}"), &format!("{outside}:443"));
    let mut rejected = line(52_001);
    rejected
        .raw(0, Initiator, SYN, 1_000, 0, b"")
        .raw(MS, Responder, RST | ACK, 0, 1_001, b"")
        .but(|told| told.ttl = 250);
    let mut other = Line::new(&format!("{CAS}:52002"), &format!("{outside}:80"));
    other.opens(S).talks(2 * S).closes(3 * S);
    let lines = [line(52_000).knocks(&[0, 3 * S, 9 * S]).clone(), rejected, other, until(40 * S)];
    let found = findings(&tell(&lines));
    assert_eq!(kinds(&found), [Kind::NoAnswer]);
    assert_eq!(found[0].attempts, 2);
}

#[test]
fn the_clock_may_go_back_in_a_capture_without_hiding_what_was_reached() {
    let mut told = tell(&[works(CAS, 445, 4_000 * S)]);
    told.extend(tell(&[silence::silent(443), works(CAS, 80, S), until(40 * S)]));
    let found = findings(&told);
    let blocked = found.iter().find(|finding| finding.judgement.kind == Kind::SynDropped).unwrap();
    assert!(blocked.judgement.confidence > 0.7, "the pair talks on port 80 at that time");
}

#[test]
fn a_time_that_the_clock_shows_twice_proves_no_silence() {
    let mut told = tell(&[works(CAS, 445, 0), works(OTHER, 445, 30 * S)]);
    told.extend(tell(&[silence::silent(443), works(CAS, 80, 2 * S), until(40 * S)]));
    let found = findings(&told);
    assert!(!kinds(&found).contains(&Kind::SynDropped), "{:?}", kinds(&found));
    assert!(kinds(&found).contains(&Kind::NoAnswer) && kinds(&found).contains(&Kind::ClockJump));
}

#[test]
fn what_the_mapper_just_named_speaks_against_a_stopped_service() {
    let told = rpc::STORIES.iter().find(|story| matches!(story.expected, Finds(Kind::RpcDynamicPortBlocked))).unwrap();
    let finding = the(Kind::RpcDynamicPortBlocked, &(told.told)());
    let stopped = finding.judgement.alternatives.iter().find(|one| one.cause.contains("stopped")).unwrap();
    assert!(stopped.against.contains("names it as running (frame "), "{stopped:?}");
    assert!(finding.judgement.confidence > 0.8, "{}", finding.judgement.confidence);
}
