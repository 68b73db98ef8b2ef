//! One record per attempt.

use super::*;
use crate::flow::{Oriented, Reset};
use crate::time::Span;
use story::{ACK, RST, SYN};

const CLIENT: &str = "10.0.0.1:50000";
const SERVER: &str = "10.0.0.2:443";

fn line() -> Line {
    Line::new(CLIENT, SERVER)
}

#[test]
fn repeated_syns_with_one_number_are_one_attempt_with_count_and_times() {
    let flow = line().knocks(&[0, 3 * S, 9 * S]).flow();
    let after: Vec<_> =
        flow.tries.kept().iter().map(|moment| moment.time.since(flow.first.time).0 / 1_000_000_000).collect();
    assert_eq!((flow.tries.count, after), (3, vec![0, 3, 9]));
    assert_eq!((flow.half(Initiator).packets, flow.half(Initiator).retransmissions), (3, 0));
    assert_eq!(flow.oriented, Oriented::Syn);
}

#[test]
fn many_syns_keep_the_first_times_and_the_last() {
    let times: Vec<_> = (0..1_000).map(|second| second * S).collect();
    let flow = line().knocks(&times).flow();
    let last = flow.tries.kept().last().unwrap().time;
    assert_eq!((flow.tries.count, flow.tries.kept().len()), (1_000, 7));
    assert_eq!(last.since(flow.first.time), Span::seconds(999));
}

#[test]
fn a_reused_five_tuple_with_another_number_is_another_attempt() {
    let mut first = line();
    first.opens(0).talks(10 * MS).closes(20 * MS);
    let mut second = line().isn(90_000, 70_000);
    second.opens(60 * S).talks(61 * S).closes(62 * S);
    let flows = watch(&story(&[&first, &second])).flows;
    assert_eq!(flows.len(), 2);
    for seen in flows {
        assert_eq!((seen.flow.tries.count, seen.flow.outcome(true)), (1, Outcome::Closed));
        assert_eq!(seen.observer.streams, [b"question".to_vec(), b"answer".to_vec()]);
        assert_eq!(seen.observer.ended, 1);
    }
}

#[test]
fn another_number_is_another_attempt_even_while_the_first_is_unanswered() {
    let mut first = line();
    first.knocks(&[0, 3 * S]);
    let mut second = line().isn(90_000, 0);
    second.syn(5 * S);
    let flows = watch(&story(&[&first, &second])).flows;
    assert_eq!(flows.iter().map(|seen| seen.flow.tries.count).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_stack_that_always_begins_with_the_same_number_makes_another_attempt_once_the_first_is_over() {
    let mut first = line();
    first.opens(0).talks(10 * MS).closes(20 * MS);
    let mut second = line();
    second.opens(60 * S).talks(61 * S).closes(62 * S);
    let flows = watch(&story(&[&first, &second])).flows;
    assert_eq!(flows.len(), 2);
    assert!(flows.iter().all(|seen| seen.flow.half(Initiator).retransmissions == 0));
}

#[test]
fn three_resets_to_a_windows_client_are_one_attempt() {
    let mut line = line();
    for at in [0, 500 * MS, 1_000 * MS] {
        line.raw(at, Initiator, SYN, 1_000, 0, b"").raw(at + MS, Responder, RST | ACK, 0, 1_001, b"");
    }
    let flow = line.flow();
    assert_eq!((flow.tries.count, flow.reset_count, flow.resets.len()), (3, 3, 3));
    assert_eq!((flow.outcome(true), flow.conn_state(), flow.history.text().as_str()), (Outcome::Refused, "REJ", "Sr"));
}

#[test]
fn a_service_that_comes_up_between_the_tries_was_reached() {
    let mut line = line();
    line.raw(0, Initiator, SYN, 1_000, 0, b"").raw(MS, Responder, RST | ACK, 0, 1_001, b"");
    line.opens(500 * MS).talks(600 * MS).closes(700 * MS);
    let flow = line.flow();
    assert_eq!((flow.outcome(true), flow.conn_state()), (Outcome::Closed, "SF"));
    assert_eq!(flow.tries.count, 2);
}

#[test]
fn an_old_connection_discovered_by_the_server_does_not_spoil_the_new_one() {
    // RFC 9293 §3.5.1, figure 9: SYN, an acknowledgement of the old connection, RST, SYN again.
    let mut line = line();
    line.raw(0, Initiator, SYN, 1_000, 0, b"").raw(MS, Responder, ACK, 800_000_000, 1_000_000, b"");
    line.raw(2 * MS, Initiator, RST, 1_000_000, 0, b"");
    line.opens(S).talks(2 * S).closes(3 * S);
    let seen = line.live();
    assert_eq!((seen.flow.outcome(true), seen.flow.half(Initiator).unseen), (Outcome::Closed, 0));
    assert_eq!(seen.flow.half(Initiator).retransmissions, 0);
    assert_eq!(seen.observer.streams, [b"question".to_vec(), b"answer".to_vec()]);
}

#[test]
fn an_answer_seen_first_names_the_client_and_joins_its_repeated_syn() {
    let mut line = line();
    line.raw(0, Responder, SYN | ACK, 5_000, 1_001, b"");
    assert_eq!(line.flow().oriented, Oriented::Answer);
    assert_eq!(line.flow().initiator, line.client);
    line.raw(3 * S, Initiator, SYN, 1_000, 0, b"");
    let flow = line.flow();
    assert_eq!((flow.tries.count, flow.answers.count), (1, 1));
    assert_eq!(flow.connect_time(), None, "the answer came before the question that was captured");
}

#[test]
fn a_server_captured_alone_shows_its_attempts_apart() {
    let mut line = line();
    line.raw(0, Responder, SYN | ACK, 5_000, 1_001, b"").raw(S, Responder, ACK, 5_001, 1_009, b"answer");
    line.raw(60 * S, Responder, SYN | ACK, 95_000, 91_001, b"");
    let flows = watch(&line.told).flows;
    assert_eq!(flows.len(), 2);
    assert!(flows.iter().all(|seen| seen.flow.outcome(true) == Outcome::OneSided));
}

#[test]
fn an_answer_repeated_is_the_same_attempt_with_or_without_its_syn() {
    let mut alone = line();
    alone.raw(0, Responder, SYN | ACK, 5_000, 1_001, b"").again(3 * S).again(9 * S);
    assert_eq!(alone.flow().answers.count, 3);
    let mut whole = line();
    whole.syn(0).syn_ack(MS).again(3 * S).again(9 * S);
    let flow = whole.flow();
    assert_eq!((flow.answers.count, flow.outcome(true), flow.conn_state()), (3, Outcome::HalfOpen, "S1"));
}

#[test]
fn both_opening_at_once_is_one_attempt_of_the_first() {
    let mut line = line();
    line.raw(0, Initiator, SYN, 1_000, 0, b"").raw(MS, Responder, SYN, 5_000, 0, b"");
    line.raw(2 * MS, Initiator, SYN | ACK, 1_000, 5_001, b"").raw(3 * MS, Responder, SYN | ACK, 5_000, 1_001, b"");
    line.raw(4 * MS, Initiator, ACK, 1_001, 5_001, b"x").raw(5 * MS, Responder, ACK, 5_001, 1_002, b"y");
    let seen = line.live();
    assert_eq!((seen.flow.tries.count, seen.flow.answers.count), (1, 1));
    assert_eq!(seen.observer.streams, [b"x".to_vec(), b"y".to_vec()]);
    assert_eq!(seen.flow.half(Initiator).retransmissions, 0);
}

#[test]
fn a_fast_open_carries_data_on_its_syn() {
    let mut line = line();
    line.raw(0, Initiator, SYN, 1_000, 0, b"early").raw(MS, Responder, SYN | ACK, 5_000, 1_006, b"");
    line.raw(2 * MS, Initiator, ACK, 1_006, 5_001, b"late");
    let seen = line.live();
    assert_eq!(seen.observer.streams[0], b"earlylate");
    assert_eq!((seen.flow.half(Initiator).payload, seen.flow.half(Initiator).retransmissions), (9, 0));
}

#[test]
fn a_fast_open_that_nobody_answers_is_unanswered() {
    let mut line = line();
    line.raw(0, Initiator, SYN, 1_000, 0, b"early").raw(S, Initiator, SYN, 1_000, 0, b"");
    assert_eq!(line.flow().outcome(true), Outcome::Unanswered);
}

#[test]
fn a_reset_keeps_all_that_tells_who_sent_it() {
    let mut line = line().ttl(128, 61);
    line.opens(0).talks(10 * MS);
    let own = line.told.iter().rfind(|told| told.source == line.server).unwrap().ip_id;
    line.raw(20 * MS, Responder, RST, 5_007, 0, b"").but(|told| {
        told.ttl = 254;
        told.ip_id = Some(4242);
        told.tcp().window = 77;
    });
    let flow = line.flow();
    let [Reset { side, ttl, ip_id, window, sequence, acknowledgement, expected, usual_ttl, usual_ip_id, .. }] =
        &flow.resets[..]
    else {
        panic!("one reset")
    };
    assert_eq!((*side, *ttl, *ip_id, *window), (Responder, 254, Some(4242), 77));
    assert_eq!((*sequence, *acknowledgement, *expected), (5_007, None, Some(5_007)));
    assert_eq!((usual_ttl.unwrap().low, usual_ttl.unwrap().high, *usual_ip_id), (61, 61, own));
    assert!(flow.resets[0].mid_stream && !flow.resets[0].after_fin);
    let usual = flow.half(Responder).ttl.unwrap();
    assert_eq!((usual.low, usual.high), (61, 61), "a RST does not change what its alleged sender looks like");
}

#[test]
fn what_a_host_sends_after_its_own_reset_is_counted() {
    let mut line = line();
    line.opens(0).talks(10 * MS).rst(20 * MS, Responder).but(|told| told.ttl = 250);
    line.says(21 * MS, Responder, b"more").says(22 * MS, Responder, b"and more");
    assert_eq!(line.flow().spoke_after_reset, [0, 2]);
}

#[test]
fn time_to_live_identification_and_window_are_kept_for_each_direction() {
    let mut line = line().ttl(128, 61);
    line.opens(0).talks(10 * MS).but(|told| told.tcp().window = 555);
    line.says(20 * MS, Responder, b"x").but(|told| told.ttl = 60);
    let flow = line.flow();
    let (client, server) = (flow.half(Initiator), flow.half(Responder));
    assert_eq!((client.ttl.unwrap().low, client.window), (128, 555));
    assert_eq!((server.ttl.unwrap().first, server.ttl.unwrap().low, server.window), (61, 60, 8192));
    assert_eq!(server.ip_id, line.told.last().unwrap().ip_id);
}

#[test]
fn an_icmp_error_finds_its_flow_in_both_directions() {
    let mut line = line();
    line.syn(0).icmp(MS, "10.0.0.254", 3, 13).icmp(2 * MS, "10.0.0.254", 3, 13);
    line.told.truncate(2);
    let flow = line.flow();
    assert_eq!((flow.icmp.len(), flow.icmp[0].about), (1, Initiator));
    assert_eq!((flow.outcome(true), flow.conn_state()), (Outcome::IcmpRejected, "S0"));

    let mut back = Line::new(CLIENT, SERVER);
    back.syn(0).syn_ack(MS).icmp(2 * MS, "10.0.0.254", 3, 10);
    let flow = back.flow();
    assert_eq!((flow.icmp[0].about, flow.outcome(true)), (Responder, Outcome::HalfOpen));
}

#[test]
fn many_errors_of_one_sort_leave_room_for_others() {
    let mut line = line();
    for second in 0..20 {
        line.raw(second * S, Initiator, SYN, 1_000, 0, b"").icmp(second * S + MS, "10.0.0.254", 11, 0);
    }
    line.raw(30 * S, Initiator, SYN, 1_000, 0, b"").icmp(30 * S + MS, "10.0.0.253", 3, 13);
    let flow = line.flow();
    assert_eq!(flow.icmp.iter().map(|report| report.error.code).collect::<Vec<_>>(), [0, 13]);
    assert_eq!(flow.outcome(true), Outcome::IcmpRejected);
}

#[test]
fn an_error_about_an_unknown_flow_is_counted() {
    let mut line = line();
    line.syn(0).icmp(MS, "10.0.0.254", 3, 1);
    let watched = watch(&line.told[1..]);
    assert_eq!((watched.flows.len(), watched.counters.stray_icmp), (0, 1));
}

#[test]
fn an_ack_scan_and_its_reset_are_no_connection() {
    let mut line = line();
    line.raw(0, Initiator, ACK, 77, 3_999_999_999, b"").raw(MS, Responder, RST, 3_999_999_999, 0, b"");
    let flow = line.flow();
    assert_eq!((flow.tries.count, flow.established, flow.conn_state()), (0, None, "OTH"));
    assert_eq!(flow.halves.each_ref().map(|half| half.unseen), [0, 0]);
}

#[test]
fn connect_time_is_from_syn_to_answer_and_unknown_when_the_syn_was_repeated() {
    let flow = line().opens(0).flow();
    assert_eq!(flow.connect_time(), Some(Span::millis(1)));
    let mut again = line();
    again.knocks(&[0, 3 * S]).syn_ack(4 * S);
    assert_eq!(again.flow().connect_time(), None);
}
